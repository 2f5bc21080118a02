#ifndef OFFING_IO_RECORD_SCHEMA_H
#define OFFING_IO_RECORD_SCHEMA_H

/** Its number, the user_version of the file. One more with every change of the tables. */
#define REC_SCHEMA 6

/** Who writes such files, its application_id: "offg" in ASCII. */
#define REC_APPLICATION 0x6f666667

/** Its tables, as SQL, in a transaction of their own. */
extern const char rec_schema[];

/** What is put on top of request rows, once all are there. */
extern const char rec_schema_index[];

/** How it is written, as SQL to be run before that: by a run, so that others can read meanwhile and
 *  nothing is lost with the process ... */
extern const char rec_schema_live[];
/** ... and where nobody reads until it is whole, and it is written anew where that fails. */
extern const char rec_schema_beside[];

#endif
