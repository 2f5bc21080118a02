#ifndef OFFING_PLAN_OFFLOADS_H
#define OFFING_PLAN_OFFLOADS_H

#include "plan/units.h"

/**
 * A model on one gpu and its host, as runs can have it (models/cost/offload.h): the first layers
 *may be the CPU's, the next may be streamed. With x layers on the CPU and y streamed a token takes
 *
 *	max(P + G, P + G + (y - 1)(f - g), y f)
 *
 * P what the CPU takes with its hand-over, G what the gpu takes, g of it one layer, f its fetch.
 */

struct offload_choice {
	unsigned cpu_layers, streamed_layers;
	double token_s; /* HUGE_VAL: nothing fits */
};

/** Which are looked at; bits. */
enum { OFFLOAD_CPU = 1, OFFLOAD_STREAMED = 2 };

double offloads_token_s(
	const struct units *t, const struct kind_price *p, unsigned cpu, unsigned streamed);
bool offloads_fit(
	const struct units *t, const struct kind_price *p, unsigned cpu, unsigned streamed);

/** The best by looking at all; of equals that with fewest layers off the gpu. If @mixed there must
 *  be layers in each place that is allowed, and more streamed ones than buffers, which save
 *  nothing. O(layers^2). */
struct offload_choice offloads_best(
	const struct units *t, const struct kind_price *p, unsigned allowed, bool mixed);

#endif
