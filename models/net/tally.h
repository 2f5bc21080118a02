#ifndef OFFING_MODELS_NET_TALLY_H
#define OFFING_MODELS_NET_TALLY_H

#include <stddef.h>
#include <stdint.h>

#include "models/ids.h"
#include "models/net/rate_curve.h"

/**
 * What one direction of a link has done by any instant: a flow, so that what it does in
 * [a, b) and in [b, c) adds up to [a, c). A message counts its bytes as they leave and its
 * wait once it has left; packets dropped and sent again count as the message is sent. A link is
 * busy while it sends and, behind a bucket, until that is full again (so that busy time is bytes
 * over rate); an outage is neither.
 */

/** Totals from the start of the run. */
struct tally_sums {
	double busy_s;
	double wait_s, left; /* of messages that have left: their waiting, their number */
	double kind_bytes[TRANSFER_KINDS]; /* on the wire, what was sent again included */
	double dropped, resent;            /* packets */
};

/** A message that a link has accepted in order of arrival: its times may lie ahead. */
struct tally_piece {
	int64_t first_ns, last_ns; /* its bytes leave between */
	int64_t busy_from_ns, busy_to_ns;
	double bytes, at_once_bytes; /* of them in the first instant, the others evenly */
	double from_bytes;           /* with a curve: it leaves as the curve passes these */
	double wait_s;
	enum transfer_kind kind;
};

struct tally {
	struct tally_sums done, before; /* @before: when the window began */
	struct tally_piece *ring;       /* not over yet, oldest first */
	size_t head, n, cap;            /* cap: a power of two */
};

void tally_finish(struct tally *t);

/** Where one more piece goes that is accepted at @now_ns, all of it to be filled in by the caller;
 *  @c: the link's curve, or NULL. Amortised O(1). */
struct tally_piece *tally_next(struct tally *t, const struct rate_curve *c, int64_t now_ns);

/** What had been done when @at_ns began. */
struct tally_sums tally_by(const struct tally *t, const struct rate_curve *c, int64_t at_ns);

void tally_sums_add(struct tally_sums *to, const struct tally_sums *s, double sign);

#endif
