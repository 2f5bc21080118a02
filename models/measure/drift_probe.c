#include "models/measure/drift_probe.h"

#include <string.h>

struct probe_state {
	struct drift drift;
	bool open, quiet; /* the window is; nobody will come any more */
	int64_t from_ns;
	uint64_t in_system; /* now */
	uint64_t left;      /* since the slot before ended */
	size_t n;
	int64_t last_ns; /* its end; TIME_NONE: there was none */
	uint32_t *last;  /* the queues then */
};

static void in_system(struct probe_state *p, int64_t at_ns, uint64_t n)
{
	(void)at_ns;
	p->left += n < p->in_system;
	p->in_system = n;
}

static uint64_t backlog(const uint32_t *q, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += q[i];
	return sum;
}

static struct drift_step step(const struct probe_state *p, const struct queue_sample *now)
{
	struct drift_step s = {.backlog = (uint32_t)backlog(p->last, p->n)};

	s.dN = (double)backlog(now->q, p->n) - (double)s.backlog;
	for (size_t i = 0; i < p->n; i++) {
		double q = (double)p->last[i], by = (double)now->q[i] - q;

		s.squares += 0.5 * by * by;
		s.dL += q * by;
	}
	s.dL += s.squares; /* (q + by)^2 / 2 - q^2 / 2 */
	return s;
}

static void slot(struct probe_state *p, const struct queue_sample *now)
{
	struct drift_step s;

	if (p->open && !p->quiet && p->last_ns != TIME_NONE && p->last_ns >= p->from_ns) {
		s = step(p, now);
		drift_slot(&p->drift, &s);
		if ((double)p->left > p->drift.most_left)
			p->drift.most_left = (double)p->left;
	}
	memcpy(p->last, now->q, p->n * sizeof *p->last);
	p->last_ns = now->at_ns;
	p->left = 0;
}

static void window(struct probe_state *p, int64_t at_ns, bool open)
{
	p->open = open;
	p->from_ns = at_ns;
}

static void quiet(struct probe_state *p, int64_t at_ns)
{
	(void)at_ns;
	p->quiet = true;
}

static const struct probe_ops ops = {
	.name = "drift", .in_system = in_system, .slot = slot, .window = window, .quiet = quiet};

struct probe drift_create(struct arena *a, size_t n_instances)
{
	struct probe_state *p = arena_alloc(a, 1, sizeof *p);

	p->n = n_instances + 1;
	p->last = arena_alloc(a, p->n, sizeof *p->last);
	p->last_ns = TIME_NONE;
	return (struct probe){&ops, p};
}

void drift_destroy(const struct probe *p)
{
	if (p->state)
		drift_finish(&p->state->drift);
}

struct drift drift_take(const struct probe *p)
{
	struct drift d = p->state->drift;

	p->state->drift = (struct drift){0};
	return d;
}
