#ifndef OFFING_MODELS_NET_DELAY_LINE_H
#define OFFING_MODELS_NET_DELAY_LINE_H

#include <stddef.h>
#include <stdint.h>

/**
 * A delay that holds so many packets and no more (netem's `limit`): packet k enters when
 * packet k - limit has come out. Trains of packets in closed form: those of a train enter at
 * equal steps. What a train has to look back at is kept, O(1) amortised.
 */
struct delay_train {
	double before, packets; /* that entered before it, its own */
	int64_t first_ns, last_ns;
};

struct delay_line {
	struct delay_train *ring; /* oldest first */
	size_t head, n, cap;      /* cap: a power of two */
	double entered;
};

void delay_line_finish(struct delay_line *d);

/** A train of @packets wants to enter between *@first_ns and *@last_ns a line of @delay_ns that
 *  holds @limit >= 1: both become the times at which it does. */
void delay_line_enter(struct delay_line *d, double limit, int64_t delay_ns, double packets,
	int64_t *first_ns, int64_t *last_ns);

#endif
