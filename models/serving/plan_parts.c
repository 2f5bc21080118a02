#include "models/serving/plan_parts.h"

enum { ROUNDS_MOST = 512 }; /* rounds that are looked at one by one */

static struct pass_model model_of(const struct planner_spec *p)
{
	return (struct pass_model){p->cost, p->offload};
}

static struct pass_model draft_of(const struct planner_spec *p)
{
	return (struct pass_model){p->draft_cost, NULL};
}

static void fill_prefill(
	struct plan_parts *t, const struct planner_spec *p, const struct plan_answer *a)
{
	struct pass_model model = model_of(p), draft = draft_of(p);

	for (size_t i = 0; i < t->n_sizes; i++) {
		t->prefill_s[i] = passes_prefill_s(&model, a->n, t->size[i], a->prompt_tok);
		if (draft.cost)
			t->draft_prefill_s[i] =
				passes_prefill_s(&draft, a->n, t->size[i], a->prompt_tok);
	}
}

/** A round at moment @m, of passes of each size. */
static void add_round(struct plan_parts *t, const struct planner_spec *p, uint32_t k,
	const struct moment *m, double context_tok)
{
	const struct offload *o = p->offload;
	double tok = context_tok + m->won;

	t->rounds[k] += m->any;
	for (size_t i = 0; i < t->n_sizes; i++) {
		struct offload_step s = passes_of(&t->verify, m->n, t->size[i], tok);

		t->verify_s[k][i] += m->any * (s.before_s + s.gpu_s);
		if (o)
			t->wait_s[k][i] += m->any * offload_wait_s(o, &s, offload_tail_s(o, &s));
		if (k == 0)
			continue;
		/* the draft's context grows while it drafts */
		s = passes_of(&t->draft, m->n, t->size[i], tok + 0.5 * (k - 1.0));
		t->draft_s[k][i] += m->any * k * s.gpu_s;
	}
}

static struct moment moment_of(
	const struct planner_spec *p, const struct course *c, size_t r, const struct plan_answer *a)
{
	return p->keeps_rows ? course_static_moment(c, r, a->n, a->output_tok - 1.0)
			     : course_moment(c, r, a->n);
}

static void fill_rounds(
	struct plan_parts *t, const struct planner_spec *p, const struct plan_answer *a, uint32_t k)
{
	struct pass_model model = model_of(p);
	double context_tok = a->prompt_tok + 1.0; /* with the first token of the answer */
	struct course course;
	size_t stride;

	passes_init(&t->verify, &model, a->n, k, context_tok, context_tok + a->output_tok);
	t->n_sizes = t->verify.n_sizes;
	t->size = t->verify.size;
	course_init(&course, p->acceptance, k, a->output_tok - 1);
	stride = 1 + course.n / ROUNDS_MOST * 2; /* odd: each stands for its neighbours */
	for (size_t r = 0; r < course.n; r += stride) {
		size_t width = course.n - r < stride ? course.n - r : stride;
		struct moment m = moment_of(p, &course, r + width / 2, a);

		m.any *= (double)width;
		add_round(t, p, k, &m, context_tok);
	}
	course_finish(&course);
}

void plan_parts_fill(
	struct plan_parts *t, const struct planner_spec *p, const struct plan_answer *a)
{
	struct pass_model draft = draft_of(p);

	t->k_most = draft.cost ? PLAN_K_MOST : 0;
	if (draft.cost)
		passes_init(&t->draft, &draft, a->n, 0, a->prompt_tok + 1.0,
			a->prompt_tok + 1.0 + a->output_tok);
	for (uint32_t k = 0; k <= t->k_most; k++)
		fill_rounds(t, p, a, k);
	fill_prefill(t, p, a);
}

bool plan_binds_outside(enum plan_bound *out, const struct plan_answer *a)
{
	const struct plan *c = &a->best[0];
	bool memory = a->unlimited_s < c->total_s;

	*out = memory ? PLAN_MEMORY : PLAN_PREFILL;
	return memory || c->prefill_s > c->rounds * c->round_s;
}
