#ifndef OFFING_TESTS_VIEW_FIXTURE_H
#define OFFING_TESTS_VIEW_FIXTURE_H

#include "models/offload/policy.h"

struct param_text; /* models/offload/spec.h */

/**
 * A view to try policies on, made from array literals. Predictions are linear,
 * so that expected choices can be worked out by hand:
 *
 *	idle  = upload + prompt_tok * prefill_s_per_tok + output_tok * decode_s_per_tok + download
 *	now   = idle + wait_s of the instance
 *
 * To go on in PHASE_DECODE takes kv_s instead of the upload and no prefill, nothing at all where
 * the KV lies; of a class that computes prompts only, what follows is the least of it.
 *
 * An instance can serve a request of its class's model (or any, model NO_ID)
 * with prompt and output within context_tok, if its class has the phase and somebody can follow; it
 * fits with room, and with kv_tok for the prompt and one token, and where it does both phases and
 * the KV lies. RANK_STEP goes by step_s, the other
 * ranks as models/offload/policy.h says. Random numbers come from splitmix64.
 */
enum { FIXTURE_MOST = 64 };

struct fixture_class {
	enum tier tier;
	uint32_t model; /* NO_ID: any */
	uint32_t context_tok;
	double upload_s, download_s, prefill_s_per_tok, decode_s_per_tok;
	unsigned phases; /* 0: both */
	double kv_s, kv_bytes_per_s;
	struct upkeep upkeep;
};

struct fixture_instance {
	uint32_t cls;
	uint32_t assigned, room, kv_tok;
	double idle_since_s; /* looked at only when nothing is assigned */
	double wait_s, step_s;
	double kv_fill;
};

struct fixture_group {
	uint32_t model; /* NO_ID: any */
	double output_mean_tok, output_q90_tok;
};

struct view_fixture {
	struct view v; /* first: the view's functions find the rest behind it */
	struct waiting waiting[FIXTURE_MOST];
	struct instance_view instances[FIXTURE_MOST];
	struct class_view classes[FIXTURE_MOST];
	struct instance_id members[FIXTURE_MOST][FIXTURE_MOST];
	struct group_view groups[FIXTURE_MOST];
	struct fixture_class of_class[FIXTURE_MOST];
	struct fixture_instance of_instance[FIXTURE_MOST];
	struct fixture_group of_group[FIXTURE_MOST];
	uint64_t *draws;     /* state of draw(); borrowed */
	size_t *predictions; /* counts calls of predict_idle when not NULL; borrowed */
};

/** Add one at the end; the counts in @f->v follow. Start with a zeroed fixture. */
void fixture_class(struct view_fixture *f, struct fixture_class c);
void fixture_group(struct view_fixture *f, struct fixture_group g);
void fixture_instance(struct view_fixture *f, struct fixture_instance i);
void fixture_wait(struct view_fixture *f, struct waiting w);

/** Point @f->v at the arrays and functions; once all is added, and after a copy of @f. */
const struct view *fixture_view(struct view_fixture *f);

/** What the world does with an answer: the request leaves the queue, the instance fills up. */
void fixture_apply(struct view_fixture *f, const struct assignment *a);

/** The place of request @id in the queue, or n_waiting. */
size_t fixture_find(const struct view *v, struct request_id id);

/** A random number of 64 bits from *@state. */
uint64_t fixture_random(uint64_t *state);

/** A zeroed state of @ops with its defaults, or those of the @n @texts. Free with free(). */
struct policy_state *fixture_state(
	const struct policy_ops *ops, const struct param_text *texts, size_t n);

#endif
