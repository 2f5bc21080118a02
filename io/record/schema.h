#ifndef OFFING_IO_RECORD_SCHEMA_H
#define OFFING_IO_RECORD_SCHEMA_H

/** Its number, the user_version of the file. One more with every change of the tables. */
#define REC_SCHEMA 5

/** What results.sqlite starts with: how it is written, then its tables, as SQL. */
extern const char rec_schema[];

#endif
