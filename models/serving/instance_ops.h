#ifndef OFFING_MODELS_SERVING_INSTANCE_OPS_H
#define OFFING_MODELS_SERVING_INSTANCE_OPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "models/cost/cost.h"
#include "models/ids.h"
#include "models/probe.h"
#include "models/serving/sequence.h"
#include "models/serving/spec.h"
#include "sim/engine.h"
#include "sim/stat.h"

/** For those who implement a kind of instance: station.c, batch.c. */
struct instance_state; /* each kind's own .c file completes it: no cast */
struct instance;
struct draft_letter;

/** What it may tell its owner; never from within a question. */
struct instance_host {
	/** Its part of @seq is done and its place is free. */
	void (*served)(struct world *w, struct instance_id i, uint32_t seq);
	/** It has made a token of @seq that is not the last. Told only where instance_build.tells
	 * is set, and by those who make tokens one by one. */
	void (*token)(struct world *w, struct instance_id i, uint32_t seq);
	/** A step, or a run of steps, is over. Told only where instance_tell_steps() asked for it.
	 */
	void (*stepped)(struct world *w, const struct step_span *s);
	/** From now on it could (not) do more work at a time if there were more for it. */
	void (*full)(struct world *w, struct instance_id i, bool yes);
	/** What it can take has changed by itself: a preempted one waits, or is back. */
	void (*room)(struct world *w, struct instance_id i);
	/** Where KV leaves layer by layer: the prompt of @seq, a sequence of which only that is
	 * asked, is being computed; its first layer is there at @layer_ns, all at @end_ns. */
	void (*computing)(struct world *w, struct instance_id i, uint32_t seq, int64_t layer_ns,
		int64_t end_ns);
	/** Blocks were set aside for the KV of @seq, which had to wait for them. */
	void (*granted)(struct world *w, struct instance_id i, uint32_t seq);
};

/** What is asked of an instance, and what it has in it already. The former goes by its address: a
 *  copy made of what was just written would wait for it. */
enum service { SERVE_WHOLE, SERVE_PREFILL, SERVE_DECODE };
struct demand {
	uint32_t prompt_tok;
	uint32_t whose; /* its sequence + 1, which may be found in part; 0: nobody's */
	double output_tok;
	enum service what;
	struct group_id group; /* whose it is */
};
struct load {
	uint32_t n;
	union {
		double context_tok; /* together, at a time */
		double service_s;   /* of a synthetic instance with a law for each group: their
				       means, together */
	};
};

/** Expected seconds. */
struct expectation {
	double wait_s, prefill_s, decode_s;
};

/** What an instance that runs a model holds. */
struct gauge {
	double kv_peak_bytes; /* since instance_measure() */
	double kv_fill;       /* share of the memory for KV that is used or set aside now */
	double kv_blocks;     /* in all */
	uint64_t parked;      /* requests whose KV lies there and goes on elsewhere */
	/* of a prefix cache, since then: tokens of prompts that started, those of them that were
	 * found, blocks given up */
	bool has_prefix_cache;
	uint64_t prompt_tok, cached_tok, evicted_blocks;
	/* of a pipeline, since then: hand-over of its rounds, times the tokens of each; tokens */
	double hop_s, hop_tok;
};

/** Rounds of speculation. A drafted token is looked at up to the first that is not accepted. */
struct speculation_counts {
	uint64_t rounds, drafted, looked_at, accepted;
	uint64_t wasted;    /* drafted, and not in an answer */
	uint64_t given;     /* tokens of answers */
	double draft_bytes; /* sent from where they were drafted */
};

/** What a stage of a pipeline has done since instance_measure(). */
struct stage_gauge {
	double busy_s;
	double kv_peak_bytes; /* of its layers, when all of them held most */
};

struct net;
struct route;

/** The stages of a pipeline, in order; all borrowed, @specs for the call. */
struct pipeline_build {
	struct net *net; /* sealed */
	const struct cost *const *costs;
	const struct cost_spec *specs;     /* what those were made from */
	const struct route *const *routes; /* to the next, of the last to the first; NULL: within a
					      site */
};

/** What drafts promise on average, for expectations. */
struct draft_outlook {
	double acceptance; /* of the users who may come */
	double away_s;     /* that a round takes elsewhere */
};

/** What an instance is made from. */
struct instance_build {
	const struct instance_spec *spec; /* borrowed for good */
	struct instance_id id;
	const struct instance_host *host;
	struct world *world; /* handed back to @host */
	struct engine *engine;
	struct sequences *sequences;
	/* where the kind needs a cost: borrowed; those that are alike share it */
	const struct cost *cost;
	const struct offload *offload;     /* of layers that are not on the device; NULL: none */
	const struct cost_spec *cost_spec; /* what it was made from, for the call */
	const struct pipeline_build *pipeline; /* of those that are one, for the call */
	const struct cost *draft_cost; /* of its draft on the same device; NULL: none there */
	const struct cost_spec *draft_cost_spec;
	struct planned *planned;        /* where its k is planned; those alike share one */
	struct draft_line *draft_lines; /* to those who draft elsewhere; its counts are set here */
	size_t n_draft_lines;
	struct draft_outlook draft_outlook;
	uint64_t seed;
	uint32_t replication;
	bool step_by_step; /* one event per decode step instead of one per batch change */
	bool tells;        /* of every token: then step by step */
};

struct instance {
	const struct instance_ops *ops;
	struct instance_state *state;
	const struct instance_spec *spec;
	struct instance_id id;
	/* of the spec, which among many is far away: @plain, it neither drafts nor does one phase
	   alone, and has no host_time */
	struct model_id model;
	const struct instance_host *host;
	struct world *world;
	struct engine *engine;
	struct sequences *sequences;
	struct site_id site;
	bool plain;

	/* set by init() */
	uint32_t places;   /* while called free; UINT32_MAX: for all */
	uint32_t capacity; /* most in system, the overflow is dropped; 0: no limit */

	/* kept by instance.c, but for @held */
	uint32_t assigned; /* given to it and not served */
	bool tells;        /* of every token */
	bool tells_steps;
	bool full;          /* was told last */
	bool held;          /* a preempted request waits: no more until it is back */
	bool takes_kv;      /* the phases of its requests can be apart; set by init() */
	double context_tok; /* expected of what is assigned */

	/* counted since instance_measure() */
	struct stat_level in_system, running, busy;
	uint64_t served, preemptions;
	double swap_bytes;    /* of KV between device and host, out and in */
	double kv_sent_bytes; /* to other instances, kept by the owner */
	int64_t kv_free_ns;   /* so is this: what it sends within its site has left by then */
};

struct instance_ops {
	const char *name; /* "station", "batch" */
	size_t state_size;
	bool needs_cost; /* it runs a model on a device */
	/** Required. @i->state is zeroed; set places and capacity. False, with the place in the
	 *  scenario, when it cannot be; finish() runs all the same. */
	bool (*init)(struct instance *i, const struct instance_build *b, struct err *err);
	void (*finish)(struct instance *i);
	/** Required. Questions: they change nothing, and may be asked in any state. */
	bool (*can_hold)(const struct instance *i, const struct demand *d);   /* ever */
	bool (*has_memory)(const struct instance *i, const struct demand *d); /* now, to begin */
	struct expectation (*expect)(
		const struct instance *i, const struct demand *d, struct load l);
	double (*step_s)(const struct instance *i, struct load l); /* with one more */
	/** Required of those that have a host_time: what comes now is told of its first token so
	 * much later than its steps take. */
	double (*lag_s)(const struct instance *i);
	/** Optional. @seq is on its way here; @place: it was called free when this was decided. Set
	 *  memory aside. */
	void (*assigned)(struct instance *i, uint32_t seq, bool place);
	/** Required. Between advance() and begin() it only lines up. */
	void (*enqueue)(struct instance *i, uint32_t seq);
	/** Required. False: nothing ended that a scheduler need know. */
	bool (*advance)(struct instance *i, uint32_t seq);
	/** Optional: the same at any other event of its own kind. */
	bool (*moved)(struct instance *i, const struct event *ev);
	/** Optional: a draft of @seq is here, made in @turn. */
	void (*drafted)(struct instance *i, const struct draft_letter *l);
	/** Optional: NULL when advance() itself goes on, as a station does. */
	void (*begin)(struct instance *i);
	/** Both required where @takes_kv is set. The KV of @seq, whose prompt was computed here and
	 * is parked, has left: its blocks are free. True: it stands between two steps now, and
	 * begin() is to follow. Or it goes on here: as enqueue(), with the blocks that it has. */
	bool (*release)(struct instance *i, uint32_t seq);
	void (*resume)(struct instance *i, uint32_t seq);
	/** Optional: of those that may draw from a random stream, whether it has. */
	bool (*drew)(const struct instance *i);
	/** Optional, of those that run a model. */
	void (*gauge)(const struct instance *i, struct gauge *out);
	/** Optional, of those that may speculate: since measure(). False: it does not. */
	bool (*speculated)(const struct instance *i, struct speculation_counts *out);
	void (*measure)(struct instance *i); /* start the gauge afresh */
	/** Optional: what it has sent by now is on the links. Others send in time anyway. */
	void (*settle)(struct instance *i);
	/** Optional, of a pipeline: stage @k from 0. False: there are fewer. */
	bool (*stage)(const struct instance *i, size_t k, struct stage_gauge *out);
	/** Optional, of those whose work is steps: the run is over, tell of the one in flight. */
	void (*close)(struct instance *i);
};

extern const struct instance_ops instance_station, instance_batch, instance_pipeline;

/** kinds.c: the kind that serves what @spec says. */
const struct instance_ops *instance_kind(const struct instance_spec *spec);

/* For the kinds */

static inline struct sequence *instance_sequence(const struct instance *i, uint32_t seq)
{
	return &i->sequences->at[seq];
}

/** So many are in its step; the share of it that works. */
static inline void instance_works(struct instance *i, double running, double busy)
{
	int64_t now_ns = engine_now_ns(i->engine);

	level_set(&i->running, now_ns, running);
	level_set(&i->busy, now_ns, busy);
}

/** It could do no more at a time, however many came; or it could. After instance_served() of what
 *  made the difference. Places that are taken by those on their way are taken, too. */
static inline void instance_tell_full(struct instance *i, bool yes)
{
	yes = yes || i->assigned >= i->places;
	if (i->full == yes)
		return;
	i->full = yes;
	i->host->full(i->world, i->id, yes);
}

/** Its part of @seq is done: give up the place and tell the owner. */
void instance_served(struct instance *i, uint32_t seq);

/** A preempted request waits, or is back: tell the owner. */
void instance_hold(struct instance *i, bool held);

#endif
