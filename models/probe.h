#ifndef OFFING_MODELS_PROBE_H
#define OFFING_MODELS_PROBE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/cause.h"
#include "models/ids.h"

/**
 * What a replication tells while it runs. Those who run it (world/,
 * offload/) tell; measure/, io/record and tests listen. Nobody who tells knows
 * who listens, and nobody who listens can change the run.
 */

enum fate { FATE_IN_SYSTEM, FATE_DONE, FATE_REJECTED, FATE_DROPPED, FATES };

/** Not reached, or not known. */
#define TIME_NONE INT64_MIN

/** The moments of a request's life, in order. */
enum moment {
	MOMENT_CREATED,
	MOMENT_ASSIGNED,
	MOMENT_ARRIVED, /* its prompt is at the instance */
	MOMENT_SERVED,  /* the instance is done with it */
	MOMENT_ENDED,   /* fate says how; FATE_IN_SYSTEM: the run is over first */
	MOMENTS,
};

/** What an assignment was predicted to take, from then to the last byte received; all zero unless
 *  somebody asked for it. */
struct foreseen {
	uint32_t second; /* the instance that was predicted to take least of all others that can
			    serve it; NO_ID: there is no other */
	double chosen_s, second_s;
};

/** A request at one of them. Indexes are those of the scenario; NO_ID: none. Borrowed for the
 *  call. */
struct request_row {
	uint64_t id;
	uint32_t group, model, instance;
	uint32_t prefill; /* the instance that computed its prompt: @instance, unless apart */
	uint32_t prompt_tok, output_tok; /* 0 where no model serves */
	uint32_t preemptions;
	uint32_t cached_tok; /* of its prompt, found in a prefix cache when it started */
	uint32_t rounds;     /* of speculation */
	uint32_t prefix_tok; /* of its prompt, with which others may begin, too */
	uint64_t prefix;     /* the stream they are of (content.h); 0: not known, or none */
	uint64_t own;        /* the stream of the rest; 0: not known */
	enum fate fate;
	bool measured; /* one of the cohort */
	int64_t created_ns, assigned_ns, uploaded_ns, started_ns, first_token_ns, finished_ns,
		delivered_ns, deadline_ns;
	int64_t heard_ns;  /* of one done: its first token is with its user */
	int64_t joined_ns; /* its phases were apart, and it began to decode where it went on */
	struct foreseen foreseen; /* when it was first assigned */
	const int64_t *cause_ns;  /* CAUSES of them: where its time went; at its end all of it */
};

enum step_kind {
	STEP_PREFILL,
	STEP_DECODE,
	STEP_CHUNK,
	STEP_VERIFY, /* a round of speculation: drafts, where they are made here, and verification
		      */
	STEP_DRAFT,  /* a token of each draft, by a device that drafts for instances elsewhere */
};

/** What an instance that runs a model did without a pause: one step, or a run of steps of a batch
 *  that did not change. */
struct step_span {
	struct instance_id instance; /* NO_ID: it is no instance, but */
	uint32_t drafter;            /* from 1, a device that drafts, at */
	struct site_id site;         /* this site */
	uint32_t stage, lane; /* of a pipeline: from 1, and its micro-batch from 0; stage 0: none */
	enum step_kind kind;
	int64_t from_ns, to_ns; /* the run may end in the middle of it */
	uint64_t steps;         /* 0: a micro-batch has nothing more to do */
	uint32_t batch;         /* sequences in it */
	uint64_t prompt_tok;    /* computed in it, what was preempted included */
	uint64_t tok;           /* made in it */
	uint64_t kv_blocks;     /* in use at its end, before anybody leaves */
	size_t waiting;         /* prompts in line there at its end */
};

/** A message on one direction of a link: its bytes leave between the two. */
struct transfer_span {
	uint32_t link;    /* a number */
	const char *name; /* "access/campus-edge1/up"; lives as long as the run */
	bool shared;      /* with others: spans of the link overlap; else they come in order */
	enum transfer_kind kind;
	int64_t from_ns, to_ns; /* in order of arrival they may lie ahead */
	double bytes;           /* on the wire */
};

/** Q_j of every instance and of the scheduler at the end of a slot (Eq. 20). */
struct queue_sample {
	int64_t at_ns;
	size_t n;          /* instances + 1 */
	const uint32_t *q; /* per instance, the scheduler's own queue last; borrowed */
};

struct probe_state; /* each probe's own .c file completes it: no cast */

struct probe_ops {
	const char *name;
	uint32_t moments; /* bit per moment that request() wants to hear of */
	/* All optional. */
	void (*request)(
		struct probe_state *p, enum moment m, int64_t at_ns, const struct request_row *r);
	/** @n requests are in the system now; they come and go one at a time. */
	void (*in_system)(struct probe_state *p, int64_t at_ns, uint64_t n);
	/** The scheduler's queue has @n requests now. */
	void (*line)(struct probe_state *p, int64_t at_ns, size_t n);
	/** From now on an instance could (not) do more work at a time if there were more for it. */
	void (*full)(struct probe_state *p, int64_t at_ns, struct instance_id i, bool yes);
	/** An instance is done with a request, or with its part of it; full() comes after that. */
	void (*served)(struct probe_state *p, int64_t at_ns, struct instance_id i);
	/** From now on, room and a request that it could serve do (not) coexist. */
	void (*starved)(struct probe_state *p, int64_t at_ns, bool yes);
	/** A step, or a run of them, is over; those of one instance come in order. */
	void (*step)(struct probe_state *p, const struct step_span *s);
	/** A link has accepted a message, or, where flows share it, is through with one. */
	void (*transfer)(struct probe_state *p, const struct transfer_span *s);
	/** A slot of the queue record ends. */
	void (*slot)(struct probe_state *p, const struct queue_sample *q);
	/** The window opens, or all who are measured have ended. */
	void (*window)(struct probe_state *p, int64_t at_ns, bool open);
	/** The last request has come, or is about to: no group sends any more. */
	void (*quiet)(struct probe_state *p, int64_t at_ns);
};

struct probe {
	const struct probe_ops *ops;
	struct probe_state *state;
};

enum { PROBES_MOST = 8 };

/** Those who listen to one thing. */
struct listeners {
	size_t n;
	struct probe at[PROBES_MOST];
};

/** Who listens, by what to: telling nobody costs one test. {0}: nobody. */
struct probes {
	struct listeners request[MOMENTS];
	struct listeners in_system, line, full, served, starved, step, transfer, slot, window,
		quiet;
};

static inline void listeners_add(struct listeners *l, const struct probe *one, bool wants)
{
	if (!wants)
		return;
	assert(l->n < PROBES_MOST);
	l->at[l->n++] = *one;
}

static inline void probes_add(struct probes *p, const struct probe *one)
{
	for (enum moment m = 0; m < MOMENTS; m++)
		listeners_add(&p->request[m], one, one->ops->moments >> m & 1);
	listeners_add(&p->in_system, one, one->ops->in_system);
	listeners_add(&p->line, one, one->ops->line);
	listeners_add(&p->full, one, one->ops->full);
	listeners_add(&p->served, one, one->ops->served);
	listeners_add(&p->starved, one, one->ops->starved);
	listeners_add(&p->step, one, one->ops->step);
	listeners_add(&p->transfer, one, one->ops->transfer);
	listeners_add(&p->slot, one, one->ops->slot);
	listeners_add(&p->window, one, one->ops->window);
	listeners_add(&p->quiet, one, one->ops->quiet);
}

/* A function cannot name the member. */
#define TELL(list, member, ...) \
	for (size_t k = 0; k < (list)->n; k++) \
	(list)->at[k].ops->member((list)->at[k].state, __VA_ARGS__)

/** Is a row to be made at @m? */
static inline bool probes_want(const struct probes *p, enum moment m)
{
	return p->request[m].n > 0;
}

static inline void probes_request(
	const struct probes *p, enum moment m, int64_t at_ns, const struct request_row *r)
{
	TELL(&p->request[m], request, m, at_ns, r);
}

static inline void probes_in_system(const struct probes *p, int64_t at_ns, uint64_t n)
{
	TELL(&p->in_system, in_system, at_ns, n);
}

static inline void probes_line(const struct probes *p, int64_t at_ns, size_t n)
{
	TELL(&p->line, line, at_ns, n);
}

static inline void probes_full(
	const struct probes *p, int64_t at_ns, struct instance_id i, bool yes)
{
	TELL(&p->full, full, at_ns, i, yes);
}

static inline void probes_served(const struct probes *p, int64_t at_ns, struct instance_id i)
{
	TELL(&p->served, served, at_ns, i);
}

static inline void probes_starved(const struct probes *p, int64_t at_ns, bool yes)
{
	TELL(&p->starved, starved, at_ns, yes);
}

static inline void probes_step(const struct probes *p, const struct step_span *s)
{
	TELL(&p->step, step, s);
}

static inline void probes_transfer(const struct probes *p, const struct transfer_span *s)
{
	TELL(&p->transfer, transfer, s);
}

static inline void probes_slot(const struct probes *p, const struct queue_sample *q)
{
	TELL(&p->slot, slot, q);
}

static inline void probes_window(const struct probes *p, int64_t at_ns, bool open)
{
	TELL(&p->window, window, at_ns, open);
}

static inline void probes_quiet(const struct probes *p, int64_t at_ns)
{
	TELL(&p->quiet, quiet, at_ns);
}

#undef TELL

#endif
