#ifndef OFFING_CLI_PLAN_PRINT_H
#define OFFING_CLI_PLAN_PRINT_H

#include <stdio.h>

#include "models/serving/planner.h"

/** What a plan is for. */
struct plan_subject {
	const char *instance, *model, *precision, *gpu;
	const char *draft, *draft_precision; /* NULL: none */
	const char *draft_gpu, *draft_site;  /* of drafts made elsewhere; else NULL */
	const char *undrafted;               /* users for whom nobody drafts; else NULL */
	const char *prompt_of, *output_of;   /* users whose mean it is; NULL: given */
	double acceptance;
	unsigned n_gpus; /* that share the model */
	size_t n_stages; /* of a pipeline; else 0 */
	const struct plan_stage *stages;
};

/** The best first, the runners-up below it, and what binds. */
void plan_print(FILE *to, const struct plan_subject *s, const struct plan_answer *a);
void plan_print_json(FILE *to, const struct plan_subject *s, const struct plan_answer *a);

#endif
