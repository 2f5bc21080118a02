#ifndef OFFING_TESTS_PREFIX_TWIN_H
#define OFFING_TESTS_PREFIX_TWIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/cost/cost.h"

/**
 * One instance with a prefix cache in the plainest way: every token of every sequence has a number,
 * a cached block is the list of all tokens up to its end, memory is counted by looking at all, and
 * a loop turn is a step. Nothing is shared with the engine but what a step costs.
 */
enum { TWIN_TOKENS = 700 };

struct twin_request {
	double ready_s;
	uint32_t prompt, output;
	uint64_t tok[TWIN_TOKENS]; /* prompt and answer */

	enum { TWIN_COMING, TWIN_WAITING, TWIN_PROMPT, TWIN_RUNNING, TWIN_DONE } stage;
	uint32_t emitted, computed, chunk, preemptions;
	uint32_t cached;   /* of the prompt, found when it first started */
	uint64_t held_tok; /* what its blocks were last asked to hold */
	uint64_t in_table; /* of its blocks, from the first: the others are its own */
	uint64_t reserved;
	long order;         /* of waiting: preempted ones first, last preempted foremost */
	unsigned long born; /* order of admission */
	double first_s, finished_s;
};

struct twin_block {
	const uint64_t *tok;
	uint64_t n; /* tokens up to its end */
	uint32_t holders;
	uint64_t let_go; /* order of the last time */
};

struct twin {
	struct cost *cost;
	bool chunked;
	uint32_t max_batch, block_tok, budget, cap_tok;
	uint64_t total;
	struct twin_request *r; /* in order of arrival */
	size_t n;

	double now_s;
	struct twin_block *table;
	size_t n_table, cap_table;
	uint64_t order, evicted;
	unsigned long admissions;
	long front;
	uint64_t *used; /* at the end of each step, before anybody leaves */
	size_t n_steps, cap_steps;
};

/** Until all are done. */
void twin_run(struct twin *v);
void twin_finish(struct twin *v);

#endif
