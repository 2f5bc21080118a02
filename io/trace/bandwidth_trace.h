#ifndef OFFING_IO_TRACE_BANDWIDTH_TRACE_H
#define OFFING_IO_TRACE_BANDWIDTH_TRACE_H

#include "base/err.h"
#include "base/mem.h"
#include "models/net/rate_curve.h"

/**
 * Reads what a link carries over time, gzipped or not, into memory. Refused with file, line and
 * column: an unknown or missing column, a value that is none, times that go back, rates below
 * 0, no rows.
 */

/** mahimahi: a line is the millisecond, a whole number, at which one 1500-byte packet may pass. The
 *  file repeats after its last line. */
MUST_CHECK bool bandwidth_trace_mahimahi(const struct rate_curve **out, struct arena *arena,
	const char *file, struct src_pos at, struct err *err);

/**
 * CSV with a heading: `t_s` and one of `rate` or `rate_bps` (bit/s), `kbit_per_s`, `mbit_per_s`.
 * From each time on that rate; times are counted from the first. A column `trace` numbers several
 * traces in one file, of which @number is read. @period_ns: repeats so; 0: the last rate stays.
 */
MUST_CHECK bool bandwidth_trace_rates(const struct rate_curve **out, struct arena *arena,
	const char *file, double number, int64_t period_ns, struct src_pos at, struct err *err);

#endif
