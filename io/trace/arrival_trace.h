#ifndef OFFING_IO_TRACE_ARRIVAL_TRACE_H
#define OFFING_IO_TRACE_ARRIVAL_TRACE_H

#include "models/workload/trace.h"

/**
 * Reads traces of requests, gzipped or not, one row at a time: memory is
 * 128 KB a file, or the longest line (1 MiB at most), whatever the length.
 * Formats, and what each takes from its columns, are in docs/formats.md; of
 * those in no order all rows are kept, 40 bytes each.
 *
 * Refused with file, line and column: a missing column, a value that is not
 * one, a prompt of 0 tokens, times that go back, a file cut short. Rows whose
 * output is 0 or empty are left out and counted.
 */
extern const struct trace_opener arrival_trace_opener;

/** The words for formats, by enum trace_format; ends with NULL. */
extern const char *const arrival_trace_formats[];

#endif
