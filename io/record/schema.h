#ifndef OFFING_IO_RECORD_SCHEMA_H
#define OFFING_IO_RECORD_SCHEMA_H

/** What results.sqlite starts with: how it is written, then its tables, as SQL. */
extern const char rec_schema[];

#endif
