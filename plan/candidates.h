#ifndef OFFING_PLAN_CANDIDATES_H
#define OFFING_PLAN_CANDIDATES_H

#include "plan/units.h"

/**
 * The ways in which runs can have a model on the devices of a scenario, the best of each sort:
 * whole on a gpu, with the draft beside it or on another gpu; with layers on the CPU, streamed
 * ones, or both; as a pipeline over two, three or four gpus of one kind or of several.
 */
enum candidate_sort {
	CANDIDATE_WHOLE,
	CANDIDATE_DRAFTED,
	CANDIDATE_DRAFTED_APART,
	CANDIDATE_CPU,
	CANDIDATE_STREAMED,
	CANDIDATE_MIXED,
	CANDIDATE_PIPELINE,
	CANDIDATE_SORTS,
};
extern const char *const candidate_sort_names[CANDIDATE_SORTS];

struct candidate {
	enum candidate_sort sort;
	const char *
		where; /* "edge1", "edge1, edge2"; of drafts made elsewhere "cloud, drafts edge1" */
	struct deployment dep; /* its token_s: expected, as plan/token_time.h has it */
	struct instance_spec instance;
};

struct candidates {
	size_t n, cap;
	struct candidate *at; /* the fastest first */
	struct arena arena;
};

/** @free_device marks the gpus that may be used. Of sorts that do not fit there is none: *@out may
 *  be empty. Free with candidates_finish(). */
void candidates_make(struct candidates *out, const struct units *t, const struct devices *d,
	const bool *free_device);
void candidates_finish(struct candidates *c);

/** As one of them: the sort, the places and the instance of @dep, whose token_s is set. */
MUST_CHECK bool candidate_of(struct candidate *out, struct arena *a, const struct units *t,
	const struct devices *d, const struct deployment *dep, struct err *err);

#endif
