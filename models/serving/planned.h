#ifndef OFFING_MODELS_SERVING_PLANNED_H
#define OFFING_MODELS_SERVING_PLANNED_H

#include <stdbool.h>
#include <stdint.h>

#include "models/cost/cost.h"

/**
 * The planner inside a run: how many tokens to draft in the coming round, so that the batch as it
 * stands would have all its tokens soonest (course.h; docs/serving.md, "Speculation"). Sequences,
 * their mean context and the mean of what they want are rounded to a few values each, so that
 * nearly every question was answered before: that is a look at a table, and while the batch stays
 * two comparisons. An answer hangs on its
 * question alone, so instances that are alike share a planner.
 */
struct planned;

/** Both costs, made for @max_batch sequences, must stay while it lives. @keeps_rows: those that end
 * stay in the step until all have ended. */
struct planned *planned_create(
	const struct cost *model, const struct cost *draft, uint32_t max_batch, bool keeps_rows);
void planned_destroy(struct planned *p); /* takes NULL */

/* Rounded: a value stands for all with the same first binary digits. */
enum { PLANNED_CONTEXT_STEPS = 44, PLANNED_WANT_STEPS = 37 }; /* two, four an octave */

/** What is known of @n rows at one acceptance. */
struct planned_row {
	struct planned_row *next; /* of another acceptance */
	uint32_t n, percent;
	struct {
		uint8_t k;    /* one more; 0: not known */
		uint8_t from; /* the first step that is known to have the same, and all up to this
			       */
	} at[PLANNED_CONTEXT_STEPS][PLANNED_WANT_STEPS];
};

/** Of @n rows, at least 1, of whose drafted tokens @percent, up to 100, are accepted. */
struct planned_row *planned_row(struct planned *p, uint32_t n, uint32_t percent);

/** An answer, and for which sums over the sequences it holds. */
struct planned_answer {
	uint32_t k;                        /* tokens to draft; 0: none */
	uint64_t until_tok, from_want_tok; /* less context than that, and at least so much to win */
};

/** Rows, and those that want more: all but in a static batch; what they have and want together. */
struct planned_sums {
	uint32_t rows, n_want;
	uint64_t context_tok, want_tok;
};

struct planned_answer planned_look(
	struct planned *p, struct planned_row *row, const struct planned_sums *all);

/** Rows of a step with prompts for whose activations there are @room_bytes; at least one. */
uint64_t planned_rows(const struct llm_shape *s, double room_bytes);

#endif
