/* Definition 2 of the paper: room and a request it could serve must not coexist. */

#include <math.h>

#include "models/offload/scheduler_parts.h"

/* Requests with deadlines differ one by one: look at this many, the oldest, at each event. */
enum { LOOKS = 256 };

double conserving_least_s(const struct scheduler *s, const struct waiting *q)
{
	double least_s = HUGE_VAL;

	for (size_t c = 0; c < s->view.n_classes; c++) {
		struct instance_id i = s->class_views[c].members[0];
		double here_s;

		if (!fit_can_serve(s, q, i))
			continue;
		here_s = predict_idle(s, q, i, q->output_tok).total_s;
		least_s = here_s < least_s ? here_s : least_s;
	}
	return least_s;
}

/** Could an instance with room serve @q as 1b-1e stand now? */
static bool could_start(const struct scheduler *s, const struct waiting *q)
{
	const struct view *v = &s->view;
	bool any = q->deadline_s < HUGE_VAL && /* it can be in time nowhere */
		   v->now_s + conserving_least_s(s, q) > q->deadline_s;
	struct instance_id i;

	for (uint32_t c = 0; c < v->n_classes; c++) {
		if ((v->classes[c].n_free == 0 && q->phase == PHASE_PREFILL) ||
			!ranking_best(s, q, (struct class_id){c}, RANK_IDLE, &i))
			continue;
		if (any || !(q->deadline_s < HUGE_VAL) ||
			v->now_s + predict_idle(s, q, i, q->output_tok).total_s <= q->deadline_s)
			return true;
	}
	return false;
}

/** Without deadlines the shortest prompt of a group starts where any of its requests can
 *  (its answer is left out: every instance with room is taken to hold it in the end). */
static bool group_could_start(const struct scheduler *s, uint32_t g, enum phase p)
{
	const struct queue_group *group = &s->groups[g];
	struct waiting shortest = {.group = {g},
		.phase = p,
		.from = {NO_ID},
		.deadline_s = HUGE_VAL,
		.home_instance = {NO_ID},
		.output_tok = 1};

	if (group->waiting[p].n == 0)
		return false;
	shortest.prompt_tok = (uint32_t)shortest_least(&group->waiting[p]);
	return could_start(s, &shortest);
}

/** Those that wait to go on differ by where their KV lies. */
static bool one_could_go_on(const struct scheduler *s, uint32_t g)
{
	size_t n = s->line.n < LOOKS ? s->line.n : LOOKS;

	for (size_t k = 0; k < n; k++) {
		const struct waiting *q = &s->view.waiting[k];

		if (q->phase == PHASE_DECODE && q->group.i == g && could_start(s, q))
			return true;
	}
	return false;
}

static bool deadline_could_start(const struct scheduler *s)
{
	size_t n = s->line.n < LOOKS ? s->line.n : LOOKS;

	for (size_t k = 0; k < n; k++)
		if (s->view.waiting[k].deadline_s < HUGE_VAL && could_start(s, &s->view.waiting[k]))
			return true;
	return false;
}

bool conserving_starves(const struct scheduler *s)
{
	bool deadlines = false;

	if (s->n_staying > 0)
		return true;
	if (s->view.n_free == 0 || s->line.n == 0)
		return false;
	for (uint32_t g = 0; g < s->view.n_groups; g++) {
		if (s->groups[g].of.has_deadlines)
			deadlines = deadlines || s->groups[g].waiting[PHASE_PREFILL].n > 0 ||
				    s->groups[g].waiting[PHASE_DECODE].n > 0;
		else if (group_could_start(s, g, PHASE_PREFILL) ||
			 (group_could_start(s, g, PHASE_DECODE) && one_could_go_on(s, g)))
			return true;
	}
	return deadlines && deadline_could_start(s);
}
