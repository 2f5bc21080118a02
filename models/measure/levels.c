#include "models/measure/levels.h"

#include <stdlib.h>

struct probe_state {
	uint64_t in_system;
	double *x;
	size_t n, cap;
	int64_t step_ns, next_ns;
};

static void sample(struct probe_state *l, int64_t until_ns)
{
	while (l->next_ns <= until_ns) {
		if (l->n == l->cap) {
			for (size_t i = 0; i < l->cap / 2; i++)
				l->x[i] = l->x[2 * i + 1];
			l->n = l->cap / 2;
			l->step_ns *= 2;
			l->next_ns = (int64_t)(l->n + 1) * l->step_ns;
			continue;
		}
		l->x[l->n++] = (double)l->in_system;
		l->next_ns += l->step_ns;
	}
}

static void in_system(struct probe_state *l, int64_t at_ns, uint64_t n)
{
	sample(l, at_ns - 1);
	l->in_system = n;
}

double *levels_take(const struct probe *p, int64_t now_ns, size_t *n)
{
	struct probe_state *l = p->state;
	double *x = l->x;

	sample(l, now_ns);
	*n = l->n;
	*l = (struct probe_state){0};
	return x;
}

static const struct probe_ops ops = {.name = "levels", .in_system = in_system};

struct probe levels_create(struct arena *a, size_t n)
{
	struct probe_state *l = arena_alloc(a, 1, sizeof *l);

	l->cap = 2 * n;
	l->x = mem_zalloc(l->cap, sizeof *l->x);
	l->step_ns = l->next_ns = 1000000;
	return (struct probe){&ops, l};
}

void levels_destroy(const struct probe *p)
{
	if (p->state)
		free(p->state->x);
}
