#ifndef OFFING_CLI_COMPARED_H
#define OFFING_CLI_COMPARED_H

#include "cli/sampled.h"
#include "io/results/results.h"
#include "models/measure/metric.h"
#include "study/compare.h"
#include "study/ranking.h"

/** Results on disk, and what study/ says of them. All is borrowed from the results. */

/** A policy of a folder. */
struct contender {
	struct results *of;
	size_t run;
	const char *label; /* its policy, with the folder where several have one of that name */
};

static inline const struct results_run *contender_run(const struct contender *c)
{
	return results_run(c->of, c->run);
}

/** A metric that both have. */
struct compared_metric {
	const char *scope;
	enum metric_id id;
	struct comparison is;
};

struct compared {
	const struct contender *a, *b;
	bool paired; /* they have the same seed */
	size_t n_pairs;
	struct sampled of_a, of_b;
	size_t n;
	struct compared_metric *at; /* in order of scope and metric */
};

/** Of all scopes, or of the system's own metrics. Free with compared_finish(), also on false. */
MUST_CHECK bool compared_read(struct compared *out, const struct contender *a,
	const struct contender *b, bool all_scopes, struct err *err);
void compared_finish(struct compared *c);

struct ranked_all {
	enum metric_id metric;
	double indifference, error; /* of the metric */
	size_t n_values;            /* that all have: replications, or antithetic pairs */
	struct sampled sampled;     /* which of the two */
	size_t n;
	const struct contender *contenders;
	struct ranked *at;
	struct ranking is;
};

/** @share: the indifference, of the best mean. ERR_INPUT where they cannot be ranked by @metric.
 *  Free with ranked_finish(), also on false. */
MUST_CHECK bool ranked_read(struct ranked_all *out, const struct contender *contenders, size_t n,
	enum metric_id metric, double share, struct err *err);
void ranked_finish(struct ranked_all *r);

/** By how much the best leads all others at least; 0: by nothing that is certain. */
double ranked_lead(const struct ranked_all *r);
/** Contenders, the best first; to be freed by the caller. */
size_t *ranked_order(const struct ranked_all *r);
/** Is 0 outside of the interval? Without one nothing is known. */
bool compared_differs(const struct comparison *c);
/** "better", "worse", "more" or "less": what B is beside A; "": not certain. */
const char *compared_word(enum metric_id id, const struct comparison *c);

enum { COMPARED_WIDTH = 100 }; /* columns, of what is broken at blanks */

/* compare_print.c */
void compare_print(FILE *to, const struct compared *c, bool all_scopes);
void compare_json(FILE *to, const struct compared *c);
/* ranking_print.c */
void ranking_print(FILE *to, const struct ranked_all *r);
void ranking_json(FILE *to, const struct ranked_all *r);

#endif
