#ifndef OFFING_MODELS_SERVING_SPECULATIVE_H
#define OFFING_MODELS_SERVING_SPECULATIVE_H

#include "models/serving/batch_parts.h"
#include "models/serving/planned.h"
#include "sim/rng.h"

/**
 * Rounds of speculation: the draft makes k tokens a sequence, one step of the model verifies them,
 * and the accepted ones and one more are kept (acceptance.h). The whole batch goes in lockstep.
 *
 * How long an answer takes is random, so no closed form says when the batch changes: the rounds
 * are made in a loop on copies of what they change, one event stands for all of them (made.c), and
 * the sequences learn of it when it is over. What is accepted in round r of a request is looked up
 * under (request, r) and depends on nothing else: cutting a run and making it again, another k,
 * batch or instance change no coin.
 */

/** Numbers of a request for four rounds, kept: rounds are made again where a run is cut, and the
 * next run begins among the same. */
struct tossed {
	uint64_t id, block; /* block: from 1, of four rounds; 0: none */
	uint64_t coin[RNG_TABLE_WORDS];
};

/** A copy of a sequence, some rounds ahead of it. */
struct ahead {
	uint64_t id;
	uint64_t coin[RNG_TABLE_WORDS]; /* of the four rounds around @round */
	double acceptance, won, tried;
	uint32_t tok;  /* of context: its next round stores from that number on */
	uint32_t left; /* to its answer's end */
	uint32_t round, seq;
	uint32_t k; /* drafted for it, where that is done elsewhere */
	bool all;   /* accepted in its last round, and one more would have been */
};

/** A round of the run in flight. */
struct made {
	int64_t end_ns;
	uint64_t need; /* blocks held in it, beyond those in use */
	uint32_t k;
	struct speculation_counts sum; /* up to its end, from the begin of the run */
};

struct speculation {
	const struct draft_spec *draft;
	const struct cost *cost; /* of the draft; NULL: it is elsewhere */
	struct planned *planned; /* NULL: its k is not */
	struct draft_outlook outlook;
	struct rng_table coins;
	struct tossed *tossed; /* by the low bits of a request's number */
	size_t tossed_mask;
	bool drew; /* some were looked up */

	struct ahead *ahead; /* in the order of the heap of those that run */
	size_t n;
	size_t rows;        /* of a static batch with those that have ended, as long as they were */
	size_t n_want;      /* that have not ended; the others wait for them, to leave as one */
	uint64_t ended_tok; /* of context, of rows that have ended and left */
	uint64_t at;        /* rounds that they are ahead */
	uint64_t held,
		stored; /* blocks of the sequences when the run began; tokens of context now */
	uint64_t want;  /* tokens now to the ends of their answers */
	struct planned_row *plans; /* for so many at their acceptance; NULL: not asked yet */
	struct planned_answer plan;
	uint64_t blocks;   /* that the coming round holds, if it is of @blocks_k, too */
	uint32_t blocks_k; /* UINT32_MAX: not known */
	struct made *made;
	size_t n_made, cap_made;
	uint64_t need_most;
	struct cost_work work; /* of the round beside prompts, drafts made elsewhere */
	struct member *away;   /* those whose drafts are elsewhere, b->n_away of them */
	struct speculation_counts counts, before; /* of runs that are over; those of the warm-up */
};

/** Make @b, which is prepared, speculate as @build says. */
void speculation_init(struct batch *b, const struct instance_build *build);
/** Does the cache hold one round? */
MUST_CHECK bool speculation_fits(const struct batch *b, struct err *err);
void speculation_finish(struct batch *b);

/** Copy all that run: no round is made yet. */
void speculation_copy(struct batch *b);

/** Tokens to draft in the coming round of the copies: as given, the best, or as planned. */
uint32_t speculation_k(const struct batch *b);

/** Blocks that the coming round holds with @k, beyond those in use when they were copied. */
uint64_t speculation_need(const struct batch *b, uint32_t k);

/** Seconds of a round of @n sequences with @context_tok tokens between them, drafted here. */
double speculation_round_s(const struct batch *b, size_t n, double context_tok, uint32_t k);

/** Seconds a token of one of @n sequences, as a policy may know it: a round, all of them in it,
 * over the tokens that it gives on average. */
double speculation_token_s(const struct batch *b, size_t n, double context_tok);

/** What the model has to do in the coming round of the copies, drafted elsewhere. */
struct cost_work speculation_work(const struct batch *b);

/** Make a round of @k. True: somebody has his last token. */
bool speculation_round(struct batch *b, uint32_t k, struct speculation_counts *sum);

/** The tokens that copy @i wins in its coming round of @k. */
uint32_t speculation_wins(const struct batch *b, size_t i, uint32_t k);

/** It has come to pass: the sequences are where the copies are; those at their end come first. */
void speculation_commit(struct batch *b, const struct speculation_counts *sum);

/** What was counted since the window began, rounds of the run in flight included. */
struct speculation_counts speculation_counted(const struct batch *b);
void speculation_measure(struct batch *b);

extern const struct jump_ops jump_made;

#endif
