#ifndef OFFING_MODELS_SERVING_PLAN_SIDES_H
#define OFFING_MODELS_SERVING_PLAN_SIDES_H

#include "models/serving/course.h"
#include "models/serving/planner.h"

/**
 * The two sides of a batch whose drafts are made elsewhere. Drafting, the ways and verifying
 * go on side by side as far as the batch is cut into parts, and what it is cut into follows from
 * how runs work (drafter.c, apart.c): a part is what was told in one letter, up to what the drafter
 * takes in a step; the drafter takes whoever wants a token in order, the model verifies whoever is
 * there. So parts are followed through their rounds, each with as many sequences as still run
 * (course.h) of those it began with:
 *
 *	round of one part = k draft steps + way of drafts + verification + way of verdicts
 *	total             = prefill + the sum over rounds r of any(r) (end(r) - end(r - 1))
 *	                    + (any(r) - any(r + 1)) (last(r) - end(r))
 *
 * where end(r) is the mean over the parts, and last(r) the end of the last of all sequences if it
 * is in round r, in whichever part.
 */
enum { MOMENTS_MOST = 24, MOMENTS_FIRST = 4 };

/** Rounds that are looked at, each for some. */
struct moments {
	size_t n;
	double rounds;
	struct {
		double share; /* of the sequences that still run, if somebody does */
		double tok;   /* of context */
		double weight;
		double any;           /* that somebody runs as it begins */
		double log_others;    /* of the probability that one does not end in it, if all have
					 ended by then */
		double seen;          /* sequences of parts that have made it */
		double end_s, link_s; /* mean over parts */
		double last_s;        /* end of the last sequence of all, if that is in it */
		double draft_s, verify_s; /* work in it */
	} at[MOMENTS_MOST + MOMENTS_FIRST + 1];
};

/** What a letter takes: affine in its sequences. */
struct letters {
	struct plan_trip one, more;
	double free_s;
};

/** Sequences that go together. */
struct part {
	double n;       /* sequences that it began with */
	double there_s; /* its draft or verdict */
	uint32_t made;
	uint16_t moment;
	bool drafted; /* its draft is made */
};

struct sides {
	const struct plan_answer *a;
	struct passes verify, draft;
	struct letters up, down;
	struct moments m;
	uint32_t k, draft_batch;
	struct part *part; /* by when they were told */
	size_t n, cap;
	double model_free_s, drafter_free_s;
	double most; /* that were verified together */
};

/** Of rounds of @k, about a batch of @a's; nothing has begun. */
void sides_init(
	struct sides *s, const struct planner_spec *p, const struct plan_answer *a, uint32_t k);

/** Prefill passes of @prefill_batch, then all rounds; drafts in steps of up to @draft_batch.
 * Returns when the prefill is over. */
double sides_follow(struct sides *s, const struct planner_spec *p, uint32_t prefill_batch,
	uint32_t draft_batch);

/** Seconds of a letter with @n of them, and of a step of @n, one at least. */
double sides_letter_s(const struct letters *l, double n);
double sides_step_s(const struct sides *s, const struct passes *p, double n, double tok);

#endif
