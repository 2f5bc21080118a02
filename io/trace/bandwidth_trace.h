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

enum bandwidth_format {
	BANDWIDTH_MAHIMAHI,
	BANDWIDTH_RATE,
	BANDWIDTH_PENSIEVE,
	BANDWIDTH_MS_KBIT,
	BANDWIDTH_HSDPA,
	BANDWIDTH_AUTO, /* as the first line shows */
};

/** The words for them; ends with NULL. */
extern const char *const bandwidth_trace_formats[];

/** Which of them @file has. Where two do, @err names both. */
MUST_CHECK bool bandwidth_trace_format(
	enum bandwidth_format *out, const char *file, struct src_pos at, struct err *err);

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

/**
 * No heading, numbers between blanks: `pensieve`, seconds and Mbit/s, the rate of a line from the
 * time before it on, as in Pensieve's own simulator; `ms-kbit`, milliseconds and kbit/s from then
 * on; `hsdpa`, the logs of Riiser et al., whose fifth column is the bytes that came in the
 * milliseconds of the sixth, which end with the second.
 */
MUST_CHECK bool bandwidth_trace_columns(const struct rate_curve **out, struct arena *arena,
	enum bandwidth_format format, const char *file, int64_t period_ns, struct src_pos at,
	struct err *err);

#endif
