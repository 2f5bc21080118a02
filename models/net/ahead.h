#ifndef OFFING_MODELS_NET_AHEAD_H
#define OFFING_MODELS_NET_AHEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "models/net/net.h"

/**
 * Messages ahead of the clock. Who alone sends over links of rate and delay alone can work out
 * when each of his messages will be there before he comes to send it: nobody else's can make a
 * difference. The times are those that net_send() gives, to the nanosecond.
 */

/** Does nothing but what is sent along @r pass its links, all of rate and delay alone, and has
 *  one sender alone asked for it? To be asked after net_seal(). */
bool net_alone(struct net *n, const struct route *r);

/** When a message is there that is sent at @at_ns. Of each link of @r, @free_ns has when what was
 *  sent before has left; it is brought up to date. Messages come in order of time. */
int64_t net_ahead_ns(const struct route *r, int64_t *free_ns, int64_t at_ns, double payload_bytes,
	enum transfer_kind kind);

/** The same for good, the links' own memory in place of @free_ns: it is counted. */
int64_t net_send_ahead(struct net *n, const struct route *r, int64_t at_ns, double payload_bytes,
	enum transfer_kind kind);

#endif
