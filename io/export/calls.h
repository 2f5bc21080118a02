#ifndef OFFING_IO_EXPORT_CALLS_H
#define OFFING_IO_EXPORT_CALLS_H

#include "base/mem.h"
#include "io/export/export.h"

/** Between the files of io/export/: requests as a load generator sees them. */

/** A request as its client saw it. */
struct call {
	int64_t start_ns, ttft_ns, latency_ns; /* the last two 0: it failed */
	uint32_t input_tok, output_tok;
	const char *error;
	bool good;
};

struct calls {
	const struct export_spec *spec;
	struct arena arena;
	size_t n, cap;
	struct call *at;
	size_t completed, good;
	bool deadlines;
	uint64_t input_tok, output_tok;
	const char *model; /* of the first one */
	size_t n_groups, groups_cap;
	const char **groups; /* those that have requests */
	double duration_s;
};

/** Those that @spec asks for, of one replication. ERR_INPUT where they have no tokens. Finish it
 *  also on false. */
MUST_CHECK bool calls_read(struct calls *b, const struct export_spec *spec, struct err *err);
void calls_finish(struct calls *b);

/** From token @k to the next one, of @c->output_tok - 1 gaps: tokens come evenly between the first
 *  and the last, and the sum of the gaps is exact. */
int64_t call_gap_ns(const struct call *c, uint32_t k);

/** The most under way at once, of those that were answered. */
size_t calls_most_at_once(const struct calls *b);
/** Of the seconds since the first of these was sent, the one with most tokens. */
double calls_most_tokens(const struct calls *b);

#endif
