#ifndef OFFING_MODELS_SERVING_SPEC_H
#define OFFING_MODELS_SERVING_SPEC_H

#include <stdbool.h>

#include "base/err.h"
#include "models/cost/das.h"
#include "models/cost/spec.h"
#include "models/ids.h"
#include "sim/dist.h"

/**
 * Instances as a scenario says them: plain data that io/ fills in from a file and tests write as
 * literals. SI units throughout; every part keeps the place it was written at, so that any
 * complaint can point there. Strings and arrays are borrowed from whoever filled it in.
 */

struct profile; /* models/cost/profile.h */

enum batching { BATCHING_CONTINUOUS, BATCHING_CHUNKED, BATCHING_STATIC };
enum static_return { STATIC_RETURN_BATCH, STATIC_RETURN_EACH };
enum preemption { PREEMPTION_RECOMPUTE, PREEMPTION_SWAP };

/** What it does of a request: all, or the phase of that name alone. */
enum role { ROLE_BOTH, ROLE_PREFILL, ROLE_DECODE };

enum discipline { DISCIPLINE_FIFO, DISCIPLINE_PS };

/** What a step may hold. 0: not given. */
struct batch_limits {
	unsigned max_len_tok;       /* prompt and answer; not given: the model's context */
	unsigned max_batched_tok;   /* new tokens in a step */
	unsigned least_batched_tok; /* that max_batched_tok is when it is not given */
	unsigned prefill_limit;     /* continuous: prompts in a prefill step */
	/* static */
	double batch_wait_s; /* for others, after the first has come */
	enum static_return returns;
	struct src_pos max_len_at, max_batched_at;
};

/** Memory for keys and values. 0: not given. */
struct kv_spec {
	unsigned blocks;  /* how many; not given: what the device has room for */
	double share;     /* of its memory, for weights, reserve and KV together */
	double watermark; /* share of the blocks that stays free when somebody is admitted */
	enum preemption preemption;
	double swap_bytes;       /* of the host's memory for each device, for those swapped out */
	double pcie_bytes_per_s; /* that the host gives a device; not given: all it takes */
	struct src_pos blocks_at, share_at;
};

/** Gpus of a site that share the model. */
struct parallel_spec {
	unsigned ranks;                        /* how many; 0 is 1 */
	struct interconnect_spec interconnect; /* the site's, and how sums are added up over it */
	struct src_pos at;
};

/** Within a site, from one device to the next; @bytes_per_s 0: there is nothing between them. */
struct bus {
	double latency_s, bytes_per_s;
};

/** Some layers of a model, on a device of its own. */
struct stage_spec {
	struct site_id site;
	unsigned layers;
	const struct profile *profile; /* for the device there, */
	const struct gpu_spec *gpu;    /* this one */
	struct bus bus;                /* there */
	struct src_pos at;
};

/** A site where drafts are made. */
struct draft_site {
	struct site_id site;
	const struct profile *profile; /* of the draft there */
};

/** Drafts that the model verifies. */
struct draft_spec {
	const char *site; /* that or those, as written; NULL: on the same device */
	size_t n_sites;   /* where they are made */
	const struct draft_site *sites;
	bool by_home;       /* those of a user at his home, if that is one of them */
	bool drafts_ahead;  /* on the bet that all are accepted */
	unsigned max_batch; /* in a step of a drafter */
	double tok_bytes;   /* of a drafted token on its way */
	double verdict_bytes;
	bool on;                       /* it decodes by speculation */
	bool adaptive;                 /* @k is the most, and each round has the best */
	bool planned;                  /* the same, by the plan of the batch as it stands */
	unsigned k;                    /* tokens drafted a round */
	double acceptance;             /* of a drafted token; below 0: as assumed of the data set */
	const struct profile *profile; /* of the draft, on the same device */
	struct src_pos at, k_at, acceptance_at, site_at;
};

/** The law of the service of one group of users, at a synthetic instance. */
struct group_service {
	const char *name; /* of the group, as written */
	struct group_id group;
	struct dist_spec law;
	struct src_pos at;
};

struct instance_spec {
	const char *name;
	struct site_id site; /* of a pipeline: of its first stage */
	bool synthetic;

	/* LLM */
	struct model_id model;
	const struct profile *profile;
	const char *runtime;
	struct host_time host_time; /* of the runtime, or as the scenario says */
	enum batching batching;
	enum attention attention; /* of prompts */
	double decode_keep;       /* of the KV beyond 1024 tokens, read by a decode step; 0: all */
	unsigned max_batch;
	unsigned chunk_tok;   /* chunked: rows in a step, at least max_batch */
	unsigned block_tok;   /* tokens in one KV block */
	bool prefix_cache;    /* blocks of what is over are kept and found again */
	double reserve_bytes; /* kept free of weights and KV */
	struct batch_limits limits;
	struct kv_spec kv;
	struct parallel_spec parallel;
	struct offload_spec offload;
	struct draft_spec draft;
	struct src_pos max_batch_at, reserve_at, chunk_at, prefix_at;
	enum role role;
	bool kv_overlap; /* the KV of prompts leaves layer by layer while they are computed */
	struct src_pos role_at, kv_overlap_at;

	/* a pipeline: two stages or more, or two micro-batches or more; NULL: one device has it
	   whole */
	size_t n_stages;
	const struct stage_spec *stages; /* in order; their layers are the model's */
	unsigned micro_batches;
	struct src_pos stages_at;

	/* synthetic: @model is NO_ID when it serves every group */
	unsigned slots;
	unsigned capacity; /* most in system, 0: no limit; the overflow is dropped */
	enum discipline discipline;
	struct dist_spec service; /* of the groups that have none in @service_of */
	size_t n_service_of;
	const struct group_service *service_of;
	bool named_only; /* there is no such @service: other groups are not served */

	unsigned ahead; /* assigned beyond the batch (or the slots) while still called free */
	struct src_pos at;
};

/** What is said of the service of @g alone at a synthetic instance; NULL: nothing. */
static inline const struct dist_spec *instance_own_service(
	const struct instance_spec *s, struct group_id g)
{
	for (size_t k = 0; k < s->n_service_of; k++)
		if (s->service_of[k].group.i == g.i)
			return &s->service_of[k].law;
	return NULL;
}

/** How long a synthetic instance serves those of @g; NULL: it does not. */
static inline const struct dist_spec *instance_service(
	const struct instance_spec *s, struct group_id g)
{
	const struct dist_spec *own = instance_own_service(s, g);

	return own || s->named_only ? own : &s->service;
}

/** Devices of its site that it has. */
static inline unsigned instance_devices(const struct instance_spec *s)
{
	return s->parallel.ranks > 1 ? s->parallel.ranks : 1;
}

/** Requests that it serves at once, at most: slots, or rows of all the batches under way. */
static inline double instance_places(const struct instance_spec *s)
{
	if (s->synthetic)
		return s->slots;
	return (double)s->max_batch * (s->micro_batches > 1 ? s->micro_batches : 1);
}

/** Profiles whose times it may take: its device's, that of its host's CPU, of its draft, of its
 *  stages, of where its drafts are made. NULL: there is no such. */
static inline size_t instance_n_profiles(const struct instance_spec *s)
{
	return 3 + s->n_stages + s->draft.n_sites;
}

static inline const struct profile *instance_profile(const struct instance_spec *s, size_t k)
{
	const struct profile *first[] = {s->profile, s->offload.cpu, s->draft.profile};

	if (k < 3)
		return first[k];
	k -= 3;
	return k < s->n_stages ? s->stages[k].profile : s->draft.sites[k - s->n_stages].profile;
}

/** Is @p among the first @n of them? */
static inline bool instance_has_profile(
	const struct instance_spec *s, const struct profile *p, size_t n)
{
	for (size_t k = 0; k < n; k++)
		if (instance_profile(s, k) == p)
			return true;
	return false;
}

#endif
