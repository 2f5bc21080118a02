#ifndef OFFING_PLAN_PLACEMENT_H
#define OFFING_PLAN_PLACEMENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/**
 * Where the parts of a model lie and run, Eq. 2 of the paper, in plain
 * numbers. The repaired form: a chain of units over executors, so that the expected time of a
 * token is least. The printed form is in plan/printed.h.
 *
 * Times are seconds a token: what happens once a round of E tokens is divided by E by the caller.
 */

enum { PLACEMENT_NONE = -1 };

struct placement_memory {
	const char *name;
	double bytes; /* free for what is placed; whole, 0 to 2^53 */
};

/** A GPU or a CPU. */
struct placement_executor {
	const char *name;
	int memory;          /* index: holds what runs here and its KV */
	int host;            /* index of the memory it can stream from, or PLACEMENT_NONE */
	double buffer_bytes; /* in @memory once anything is streamed to it */
	double enter_s;      /* the chain begins here: from the users, per token */
	double leave_s;      /* the chain ends here: to the users, per token */
};

/** The embedding, a layer, the head: in the order in which they run; or a draft, whole. */
struct placement_unit {
	const char *name;
	double bytes;    /* weights; whole, 0 to 2^53 */
	double kv_bytes; /* where it runs, streamed or not; whole */
};

/**
 * Of matrices, row by row: [u][d] is at u * n_executors + d, [d][e] at d * n_executors + e.
 *
 * A unit runs on one executor and lies in its memory or, streamed, in its host's. The units of the
 * chain that one executor runs follow each other: no executor is entered twice, as pipelines run.
 * A token takes
 *
 *	S = exec_s of all units + hop_s where two neighbours run apart + back_s + enter_s + leave_s
 *	    + waits + the draft's exec_s and talk_s
 *	max(S, for each executor the sum of fetch_s of what it streams)
 *
 * The fetch of one unit begins with the arithmetic of the streamed one before it, the first one's
 * when the last one's of the token before did: an executor waits for max(0, fetch_s - exec_s) of
 * each unit that it streams but the one with the longest wait. With alike layers on one GPU, or on
 * a CPU and a GPU, this is offload_wait_s() of models/cost/offload.h to the digit.
 */
struct placement_problem {
	const char *name; /* in messages */
	size_t n_memories, n_executors;
	const struct placement_memory *memories;
	const struct placement_executor *executors;
	size_t n_units; /* of the chain, at least 1 */
	const struct placement_unit *units;
	const double *exec_s;  /* [u][d], HUGE_VAL: cannot run there */
	const double *fetch_s; /* [u][d], HUGE_VAL: cannot be streamed there; NULL: nothing can */
	const double *hop_s;   /* [d][e], from d to e, HUGE_VAL: no way; of [d][d] 0 is taken */
	const double *back_s;  /* [d][e], from the last executor d to the first, e; NULL: 0 */

	const struct placement_unit *draft; /* NULL: none. On one executor, never streamed */
	const double *draft_s;              /* [d], of all its passes for a token */
	const double *talk_s; /* [d][e], draft on d, chain begins on e: both ways; NULL: 0 */
};

enum placement_method {
	PLACEMENT_AUTO,      /* the first below that is exact and expected to end in time */
	PLACEMENT_DYNAMIC,   /* dynamic programming over (executors used, last one, units so far) */
	PLACEMENT_MILP,      /* as flows, from the heuristic's answer on */
	PLACEMENT_HEURISTIC, /* the dynamic program with few states kept, and a bound without hops
			      */
};
extern const char *const placement_method_names[]; /* "auto", "dp", "milp", "heuristic" */

enum {
	PLACEMENT_DYNAMIC_MOST = 12,     /* executors */
	PLACEMENT_MILP_MOST = 20000,     /* columns for neighbours: units x executors^2 */
	PLACEMENT_EXECUTORS_MOST = 1000, /* of the heuristic; units, too */
};

struct placement_limits {
	enum placement_method method;
	double gap;              /* stop within this part of the objective; 0: exact */
	double seconds;          /* wall clock; 0: none */
	const atomic_bool *stop; /* NULL, or polled: true ends with ERR_STOP */
	bool use_cbc;            /* the MILP by the program `cbc` */
};

/** Where a unit went. */
struct placement_home {
	int executor; /* index; of printed.h: the device */
	bool streamed;
};

/** The terms of the objective: of the sum S above, and the longest fetch. */
struct placement_terms {
	double exec_s, wait_s, hop_s, back_s, ends_s; /* ends: enter_s and leave_s */
	double draft_s, talk_s;
	double fetch_s; /* the most that one executor streams */
	double token_s; /* max(S, fetch_s): the objective */
};

enum placement_status {
	PLACEMENT_OPTIMAL,  /* proved */
	PLACEMENT_FEASIBLE, /* with a gap */
};
extern const char *const placement_status_names[];

struct placement_answer {
	struct placement_home *homes; /* of n_units, and then of the draft where there is one */
	size_t n_homes;
	struct placement_terms terms;
	double objective; /* terms.token_s */
	double bound;     /* no placement has a lower objective */
	double gap;       /* (objective - bound) / objective, 0 where they are equal */
	double seconds;
	enum placement_status status;
	enum placement_method method; /* that was used, never PLACEMENT_AUTO */
	bool timed_out;
};

/**
 * Solve. @out is to be freed with placement_answer_finish(), also after false. Deterministic
 * unless the limit of time was hit. False are
 *	a bad argument;
 *	no placement: ERR_INPUT, and which units and memories make it so, none of them without need;
 *	too large for the method asked for: ERR_INPUT, with the size and what would do;
 *	out of time without any placement: ERR_RUN; interrupted: ERR_STOP.
 */
MUST_CHECK bool placement_solve(struct placement_answer *out, const struct placement_problem *p,
	const struct placement_limits *limits, struct err *err);
void placement_answer_finish(struct placement_answer *a);

/** The objective of @homes (of n_units and then of the draft), whatever found them. False, with
 *  the reason, where they break a rule. */
MUST_CHECK bool placement_price(struct placement_terms *out, const struct placement_problem *p,
	const struct placement_home *homes, struct err *err);

#endif
