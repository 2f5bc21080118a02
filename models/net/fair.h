#ifndef OFFING_MODELS_FAIR_H
#define OFFING_MODELS_FAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/net/qdisc.h"

/**
 * Flows that share links as fluids: equal shares of one link (processor sharing),
 * max-min fair rates over several (progressive filling: Bertsekas and Gallager,
 * "Data Networks", 6.5.2), classes with rate and ceil where the link is htb.
 * Knows no clock: the caller passes the time and asks when something happens next, so
 * that one pending event serves the whole set however many flows there are.
 *
 * Flows over the same pipes have the same rate, so they share one counter of attained
 * bytes and leave in order of counter-at-entry + size (virtual time). A change costs
 * O(log flows) for the heap and O(paths in use x their pipes) for the rates, or O(1) while
 * one path is in use. Two sets that no path joins should be two objects.
 */
struct fair;

/** A class of an htb link (tc class add ... htb). */
struct htb_class {
	double bytes_per_s;      /* rate, > 0: what it gets whatever the others do */
	double ceil_bytes_per_s; /* the most, with what others leave; >= rate */
	double burst_bytes, cburst_bytes;
	double quantum_bytes; /* share of what is left, against its siblings; 0: rate / 10 s,
			       * within 1000 and 200000 bytes, as tc does */
	unsigned prio;        /* what is left goes to the least number first */
};

enum { FAIR_MAX_PIPES = 16 }; /* most links on one path */

struct fair *fair_create(void);
void fair_destroy(struct fair *f); /* takes NULL */

/**
 * Add a link; answers with its number. Its pipes are numbered on from the pipe
 * before: one, or one for each of @n_classes. Buckets start full.
 */
uint32_t fair_add_link(
	struct fair *f, const struct qdisc *q, const struct htb_class *classes, size_t n_classes);
uint32_t fair_n_pipes(const struct fair *f);

/** The path over @pipes[0..@n), 0 < @n <= FAIR_MAX_PIPES; the same number for the same pipes. */
uint32_t fair_add_path(struct fair *f, const uint32_t *pipes, size_t n);

/**
 * A flow of @t begins at @now_s. True when the buckets let all of it pass at once:
 * then it is gone. Otherwise it stays until fair_leave() names its @id.
 */
bool fair_enter(struct fair *f, double now_s, uint32_t path, uint32_t id, const struct train *t);

/** When a flow ends or the rates change by themselves, if nothing else happens before;
 *  HUGE_VAL: never. */
double fair_next_s(const struct fair *f);

/** True when what happens next is that flow *@id ends. */
bool fair_first(const struct fair *f, uint32_t *id);

/** True when there is one flow, *@id. */
bool fair_only(const struct fair *f, uint32_t *id);

/** Move on to @now_s; true and *@id for a flow that has ended by then. Call until false. */
bool fair_leave(struct fair *f, double now_s, uint32_t *id);

/** The rate of @link changes at @now_s; 0: an outage, flows wait. */
void fair_set_rate(struct fair *f, double now_s, uint32_t link, double bytes_per_s);

/** The flows under way in the whole set, and over one path. */
size_t fair_n_flows(const struct fair *f);
size_t fair_n_path_flows(const struct fair *f, uint32_t path);

/** The rate one more flow over @path would have, about: with equal shares in every pipe. */
double fair_share_bytes_per_s(const struct fair *f, uint32_t path);

/** The only flow of the set is done: what of it is left passes now, and the buckets owe it. */
void fair_drop(struct fair *f, double now_s);

/** What a flow would have of a pipe if it were alone, its bucket as it is at @now_s, by which
 *  nothing else happens. */
struct fair_lone {
	double bytes_per_s, burst_bytes, tokens_bytes;
};
struct fair_lone fair_lone(struct fair *f, uint32_t pipe, double now_s);

/** How long @t would take over @path if it were alone and the rates stayed; without a rate: 0. */
double fair_lone_s(struct fair *f, uint32_t path, double now_s, const struct train *t);

/** Seconds until @now_s that flows were on @link or its bucket was filling, outages aside. */
double fair_busy_s(const struct fair *f, uint32_t link, double now_s);

/** The flows under way on a path, @k = 0, 1, ... until false, and what each has yet to send at
 *  @now_s, by which nothing else happens. */
struct fair_progress {
	uint32_t id;
	double left_bytes;
};
bool fair_under_way(
	const struct fair *f, uint32_t path, size_t k, double now_s, struct fair_progress *out);
size_t fair_n_paths(const struct fair *f);

/** What the buckets along @path would let pass at @now_s, by which nothing else happens. */
double fair_tokens_bytes(struct fair *f, uint32_t path, double now_s);

#endif
