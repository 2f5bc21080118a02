#include "models/measure/lyapunov.h"

struct probe_state {
	bool open;
	int64_t from_ns;
	struct lyapunov now;
	struct lyapunov_means means;
};

void lyapunov_next(struct lyapunov *y, const struct queue_sample *s)
{
	double last = y->L;

	y->L = 0.0;
	for (size_t i = 0; i < s->n; i++)
		y->L += 0.5 * (double)s->q[i] * (double)s->q[i];
	y->drift = y->L - last;
}

static void slot(struct probe_state *p, const struct queue_sample *s)
{
	lyapunov_next(&p->now, s);
	if (!p->open || s->at_ns <= p->from_ns) /* a slot that ends there lies before it */
		return;
	stat_mean_add(&p->means.L, p->now.L);
	if (!isnan(p->now.drift))
		stat_mean_add(&p->means.drift, p->now.drift);
}

static void window(struct probe_state *p, int64_t at_ns, bool open)
{
	p->open = open;
	p->from_ns = at_ns;
}

static const struct probe_ops ops = {.name = "lyapunov", .slot = slot, .window = window};

struct probe lyapunov_create(struct arena *a)
{
	struct probe_state *p = arena_alloc(a, 1, sizeof *p);

	p->now = lyapunov_begin();
	return (struct probe){&ops, p};
}

const struct lyapunov_means *lyapunov_means(const struct probe *p)
{
	return &p->state->means;
}
