#include "tests/plan/made_optimum.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "tests/plan/draw.h"

/** What a task needs on a server, in seconds. */
struct need {
	double way, work, own;
};

/** A task: when it comes, when it is due, and what it needs where. */
struct task {
	double at, due;
	struct need on[MADE_SERVERS];
	uint32_t model;
};

static double exponential(uint64_t *r)
{
	return -log(1.0 - draw_real(r, 0.0, 1.0));
}

/** Prompts and answers as the testbed draws them. */
static void as_testbed(struct task *t, uint64_t *r)
{
	int home = draw_from(r, 0, 3);
	double prompt = (home == 3 ? 500.0 : 140.0) * (0.4 + 0.6 * exponential(r));
	double answer = 10.0 + 50.0 * exponential(r);

	t->due = home == 3 ? 5.0 : 3.0;
	for (int j = 0; j < MADE_SERVERS; j++) {
		bool far = j == MADE_SERVERS - 1;

		t->on[j].way = (far                ? 0.0203
				       : j == home ? 0.0041
						   : 0.0061) +
			       (prompt + answer) * 6.4e-7;
		t->on[j].work =
			far ? prompt * 7e-4 + answer * 2.7e-3 : prompt * 3.4e-3 + answer * 3e-3;
		t->on[j].own =
			far ? prompt * 7e-4 + answer * 8.5e-3 : prompt * 3.4e-3 + answer * 3.3e-2;
	}
}

static void as_random(struct task *t, uint64_t *r, double least_due, double most_due)
{
	t->due = draw_real(r, least_due, most_due);
	for (int j = 0; j < MADE_SERVERS; j++) {
		t->on[j].way = draw_real(r, 0.004, 0.030);
		t->on[j].work = t->on[j].own = draw_real(r, 0.2, 1.0);
	}
}

/** One of four kinds, the same in all but when it comes. */
static void as_one_of_four(struct task *t, uint64_t *r)
{
	int kind = draw_from(r, 0, 3);

	t->due = kind < 2 ? 2.0 : 3.0;
	for (int j = 0; j < MADE_SERVERS; j++) {
		t->on[j].way = j == kind ? 0.004 : j == MADE_SERVERS - 1 ? 0.020 : 0.006;
		t->on[j].work = t->on[j].own =
			(0.3 + 0.2 * kind) * (j == MADE_SERVERS - 1 ? 0.5 : 1.0);
	}
}

static void draw_task(struct task *t, enum made_kind kind, uint64_t *r)
{
	switch (kind) {
	case MADE_TESTBED:
		as_testbed(t, r);
		break;
	case MADE_ALIKE:
		as_one_of_four(t, r);
		break;
	case MADE_DEADLINES:
		as_random(t, r, 0.4, 6.0);
		break;
	default:
		as_random(t, r, 2.0, 4.0);
	}
	t->model = (uint32_t)draw_from(r, 0, MADE_MODELS - 1);
}

/** The mean over tasks of the least work that one asks for. */
static double mean_work(const struct task *t, size_t n)
{
	double sum = 0.0;

	for (size_t i = 0; i < n; i++) {
		double share = 0.0;

		for (int j = 0; j < MADE_SERVERS; j++)
			share += t[i].on[j].work > 0.0 ? 1.0 / t[i].on[j].work : 0.0;
		sum += 1.0 / share; /* all servers together do one in so long */
	}
	return sum / (double)n;
}

/** Arrivals at such a rate that @load times what can be done is asked for. */
static void draw_times(struct task *t, size_t n, enum made_kind kind, double load, uint64_t *r)
{
	double gap = mean_work(t, n) / load, at = 0.0;

	for (size_t i = 0; i < n; i++) {
		at += exponential(r) * gap;
		t[i].at = kind == MADE_AT_ONCE ? 0.0 : at;
		if (kind == MADE_AT_ONCE)
			t[i].due = gap * (double)n;
	}
}

static void draw_memory(struct made_optimum *m, uint64_t *r)
{
	for (int k = 0; k < MADE_MODELS; k++)
		m->model_bytes[k] = 4.0 + k;
	for (int j = 0; j < MADE_SERVERS; j++)
		m->memory_bytes[j] = draw_from(r, 0, 1) ? 6.0 : 10.5;
	m->p.model_bytes = m->model_bytes;
	m->p.memory_bytes = m->memory_bytes;
}

void made_optimum_init(
	struct made_optimum *m, enum made_kind kind, size_t n, double load, uint64_t seed)
{
	struct task *t = mem_zalloc(n, sizeof *t);
	uint64_t r = seed;

	*m = (struct made_optimum){0};
	m->pairs = mem_zalloc(n * MADE_SERVERS, sizeof *m->pairs);
	m->model_of = mem_zalloc(n, sizeof *m->model_of);
	for (size_t i = 0; i < n; i++)
		draw_task(&t[i], kind, &r);
	draw_times(t, n, kind, load, &r);
	for (size_t i = 0; i < n; i++) {
		m->model_of[i] = t[i].model;
		for (size_t j = 0; j < MADE_SERVERS; j++) {
			const struct need *x = &t[i].on[j];

			m->pairs[i * MADE_SERVERS + j] = (struct optimum_pair){.can = true,
				.from_ns = (int64_t)((t[i].at + 0.5 * x->way) * 1e9),
				.until_ns = (int64_t)((t[i].at + t[i].due - 0.5 * x->way) * 1e9),
				.work_ns = (int64_t)(x->work * 1e9),
				.comp_ns = (int64_t)(x->own * 1e9),
				.trans_s = x->way};
		}
	}
	m->p.n_tasks = n;
	m->p.n_servers = MADE_SERVERS;
	m->p.n_models = MADE_MODELS;
	m->p.pairs = m->pairs;
	m->p.model_of = m->model_of;
	if (kind == MADE_MEMORY)
		draw_memory(m, &r);
	free(t);
}

void made_optimum_finish(struct made_optimum *m)
{
	free(m->pairs);
	free(m->model_of);
}

const char *made_kind_name(enum made_kind kind)
{
	static const char *const names[] = {
		"testbed", "random", "deadlines", "memory", "at once", "alike"};

	return names[kind];
}
