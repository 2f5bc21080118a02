/* Problems of Eq. 2 at random, and all their assignments. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "tests/plan/draw.h"
#include "tests/plan/made_placement.h"

static void allocate(struct made_placement *m, size_t units, size_t executors)
{
	*m = (struct made_placement){0};
	m->p = (struct placement_problem){.name = "made",
		.n_units = units,
		.n_executors = executors,
		.n_memories = executors};
	m->memories = mem_zalloc(executors, sizeof *m->memories);
	m->executors = mem_zalloc(executors, sizeof *m->executors);
	m->units = mem_zalloc(units, sizeof *m->units);
	m->exec_s = mem_zalloc(units * executors, sizeof(double));
	m->fetch_s = mem_zalloc(units * executors, sizeof(double));
	m->hop_s = mem_zalloc(executors * executors, sizeof(double));
	m->back_s = mem_zalloc(executors * executors, sizeof(double));
	m->talk_s = mem_zalloc(executors * executors, sizeof(double));
	m->draft_s = mem_zalloc(executors, sizeof(double));
	m->p.memories = m->memories;
	m->p.executors = m->executors;
	m->p.units = m->units;
	m->p.exec_s = m->exec_s;
	m->p.hop_s = m->hop_s;
}

void made_finish(struct made_placement *m)
{
	free(m->memories);
	free(m->executors);
	free(m->units);
	free(m->exec_s);
	free(m->fetch_s);
	free(m->hop_s);
	free(m->back_s);
	free(m->talk_s);
	free(m->draft_s);
}

static double some_s(uint64_t *state, double most, int one_in)
{
	if (one_in > 0 && draw_from(state, 1, one_in) == 1)
		return HUGE_VAL;
	return draw_real(state, 0.0, most);
}

/* Its own memory, or an earlier one's: then both share it. */
static void wild_executor(struct made_placement *m, uint64_t *state, size_t d, double mean_bytes)
{
	struct placement_executor *e = &m->executors[d];
	int n = (int)m->p.n_executors;

	m->memories[d] = (struct placement_memory){
		"memory", floor(mean_bytes * (double)m->p.n_units * draw_real(state, 0.0, 1.2))};
	*e = (struct placement_executor){.name = "executor",
		.memory = draw_from(state, 1, 4) == 1 ? draw_from(state, 0, n - 1) : (int)d,
		.host = draw_from(state, -1, n - 1),
		.buffer_bytes = draw_from(state, 0, 1) ? draw_from(state, 0, 40) : 0.0,
		.enter_s = some_s(state, 1.0, 12),
		.leave_s = some_s(state, 1.0, 12)};
	if (e->host == e->memory)
		e->host = PLACEMENT_NONE;
}

static void wild_times(struct made_placement *m, uint64_t *state, size_t d)
{
	size_t n = m->p.n_executors;
	double layer_s = draw_real(state, 0.1, 3.0), fetch_s = draw_real(state, 0.0, 6.0);
	bool alike = draw_from(state, 0, 1);

	for (size_t u = 0; u < m->p.n_units; u++) {
		m->exec_s[u * n + d] = alike ? layer_s : some_s(state, 3.0, 15);
		m->fetch_s[u * n + d] = alike ? fetch_s : some_s(state, 6.0, 5);
	}
	for (size_t e = 0; e < n; e++) {
		m->hop_s[d * n + e] = some_s(state, 2.0, 8);
		m->back_s[d * n + e] = some_s(state, 1.0, 10);
		m->talk_s[d * n + e] = some_s(state, 1.0, 10);
	}
	m->draft_s[d] = some_s(state, 2.0, 8);
}

/* @d is from now on just like the one before it. */
static void copy_before(struct made_placement *m, size_t d)
{
	size_t n = m->p.n_executors, from = d - 1;
	double *ways[] = {m->hop_s, m->back_s, m->talk_s};

	m->executors[d] = m->executors[from];
	m->executors[d].memory = (int)d;
	m->memories[d] = m->memories[m->executors[from].memory];
	if (m->executors[d].host == m->executors[d].memory)
		m->executors[d].host = PLACEMENT_NONE;
	for (size_t u = 0; u < m->p.n_units; u++) {
		m->exec_s[u * n + d] = m->exec_s[u * n + from];
		m->fetch_s[u * n + d] = m->fetch_s[u * n + from];
	}
	for (size_t w = 0; w < 3; w++)
		for (size_t e = 0; e < n; e++) {
			ways[w][d * n + e] = ways[w][from * n + e];
			ways[w][e * n + d] = ways[w][e * n + from];
		}
	m->draft_s[d] = m->draft_s[from];
}

void made_wild(struct made_placement *m, uint64_t *state, int units, int executors)
{
	bool alike = draw_from(state, 0, 1);
	int least = draw_from(state, 0, 1) ? 0 : 5;

	allocate(m, (size_t)draw_from(state, 1, units), (size_t)draw_from(state, 1, executors));
	for (size_t u = 0; u < m->p.n_units; u++)
		m->units[u] = alike && u > 0
				      ? m->units[0]
				      : (struct placement_unit){"unit", draw_from(state, least, 40),
						draw_from(state, 0, 9)};
	for (size_t d = 0; d < m->p.n_executors; d++) {
		wild_executor(m, state, d, 25.0);
		wild_times(m, state, d);
	}
	for (size_t d = 1; d < m->p.n_executors; d++)
		if (draw_from(state, 1, 3) == 1)
			copy_before(m, d);
	if (draw_from(state, 0, 1))
		m->p.fetch_s = m->fetch_s;
	if (draw_from(state, 0, 1))
		m->p.back_s = m->back_s;
	if (draw_from(state, 0, 1)) {
		m->draft = (struct placement_unit){
			"draft", draw_from(state, 0, 30), draw_from(state, 0, 9)};
		m->p.draft = &m->draft;
		m->p.draft_s = m->draft_s;
		m->p.talk_s = draw_from(state, 0, 1) ? m->talk_s : NULL;
	}
}

/* Llama-2-7B in int8 is 32 layers of 202 MB; the time of a layer is that of its bytes. */
static const double layer_bytes = 202383360.0, ends_bytes = 131072000.0;

struct kind {
	double bytes_per_s, pcie_bytes_per_s, share; /* share of all memory */
};
static const struct kind kinds[] = {
	{336e9, 6e9, 1.0}, {1008e9, 12e9, 2.0}, {480e9, 12e9, 1.5}, {60e9, 0.0, 3.0}, /* a CPU */
};

/* Hosts of up to four executors, the first of each its CPU; sites of two hosts. */
static const struct kind *kind_of(uint64_t *state, size_t d)
{
	return d % 4 == 0 ? &kinds[3] : &kinds[draw_from(state, 0, 2)];
}

static void cluster_ways(struct made_placement *m, size_t d)
{
	size_t n = m->p.n_executors;

	for (size_t e = 0; e < n; e++) {
		double s = d == e ? 0.0 : d / 4 == e / 4 ? 20e-6 : d / 8 == e / 8 ? 250e-6 : 5e-3;

		m->hop_s[d * n + e] = s;
		m->back_s[d * n + e] = 0.8 * s;
		m->talk_s[d * n + e] = 1.8 * s;
	}
}

static void cluster_executor(
	struct made_placement *m, uint64_t *state, size_t d, bool idle, double *share)
{
	const struct kind *k = kind_of(state, d);
	size_t n = m->p.n_executors, host = d - d % 4;

	m->executors[d] = (struct placement_executor){.name = "executor",
		.memory = (int)d,
		.host = d == host ? PLACEMENT_NONE : (int)host,
		.buffer_bytes = d == host ? 0.0 : 2 * layer_bytes,
		.enter_s = d / 8 == 0 ? 0.0 : 2e-3,
		.leave_s = d / 8 == 0 ? 0.0 : 2e-3};
	for (size_t u = 0; u < m->p.n_units; u++) {
		bool layer = u > 0 && u + 1 < m->p.n_units;

		m->exec_s[u * n + d] = (u == 0 ? 4096.0 : m->units[u].bytes) / k->bytes_per_s +
				       (layer ? 40e-6 : 0.0);
		m->fetch_s[u * n + d] =
			layer && d != host ? m->units[u].bytes / k->pcie_bytes_per_s : HUGE_VAL;
	}
	for (size_t u = 0; idle && d == host && u < m->p.n_units; u++)
		m->exec_s[u * n + d] = HUGE_VAL;
	m->draft_s[d] = 1.1e9 / k->bytes_per_s;
	*share += m->memories[d].bytes = k->share;
	cluster_ways(m, d);
}

void made_cluster(struct made_placement *m, uint64_t *state, int layers, int executors, double room)
{
	double share = 0.0, all = 0.0;
	bool idle = draw_from(state, 0, 2) == 0; /* CPUs: then hosts are for streaming alone */

	allocate(m, (size_t)layers + 2, (size_t)executors);
	m->draft = (struct placement_unit){"draft", 1100000000.0, 23000000.0};
	for (size_t u = 0; u < m->p.n_units; u++) {
		bool end = u == 0 || u + 1 == m->p.n_units;

		m->units[u] = (struct placement_unit){
			"unit", end ? ends_bytes : layer_bytes, end ? 0.0 : 33554432.0};
		all += m->units[u].bytes + m->units[u].kv_bytes;
	}
	for (size_t d = 0; d < m->p.n_executors; d++)
		cluster_executor(m, state, d, idle, &share);
	for (size_t d = 0; d < m->p.n_executors; d++) {
		m->memories[d].bytes =
			floor((all + 1123000000.0) * room * m->memories[d].bytes / share);
		m->memories[d].name = "memory";
	}
	m->p.fetch_s = m->fetch_s;
	m->p.back_s = m->back_s;
	if (draw_from(state, 0, 1)) {
		m->p.draft = &m->draft;
		m->p.draft_s = m->draft_s;
		m->p.talk_s = m->talk_s;
	}
}

/* One assignment at a time, in the words of the header. */
struct trial {
	const struct placement_problem *p;
	size_t on[8];
	bool streamed[8];
	size_t draft;
};

static double chain_s(const struct trial *t)
{
	const struct placement_problem *p = t->p;
	size_t n = p->n_executors, last = t->on[p->n_units - 1], first = t->on[0];
	double s = p->executors[first].enter_s + p->executors[last].leave_s;

	for (size_t u = 0; u < p->n_units; u++)
		s += p->exec_s[u * n + t->on[u]];
	for (size_t u = 1; u < p->n_units; u++)
		if (t->on[u] != t->on[u - 1])
			s += p->hop_s[t->on[u - 1] * n + t->on[u]];
	if (p->back_s)
		s += p->back_s[last * n + first];
	if (p->draft)
		s += p->draft_s[t->draft] + (p->talk_s ? p->talk_s[t->draft * n + first] : 0.0);
	return s;
}

/* What executor @d waits, and what it fetches. */
static double waits_s(const struct trial *t, size_t d, double *fetch_s)
{
	size_t n = t->p->n_executors;
	double sum = 0.0, longest = 0.0;

	for (size_t u = 0; u < t->p->n_units; u++) {
		double wait;

		if (t->on[u] != d || !t->streamed[u])
			continue;
		if (!t->p->fetch_s || t->p->executors[d].host < 0)
			return HUGE_VAL;
		wait = fmax(0.0, t->p->fetch_s[u * n + d] - t->p->exec_s[u * n + d]);
		*fetch_s += t->p->fetch_s[u * n + d];
		sum += wait;
		longest = fmax(longest, wait);
	}
	return *fetch_s < HUGE_VAL ? sum - longest : HUGE_VAL;
}

static bool entered_twice(const struct trial *t)
{
	for (size_t a = 0; a < t->p->n_units; a++)
		for (size_t b = a + 2; b < t->p->n_units; b++)
			for (size_t c = a + 1; c < b; c++)
				if (t->on[a] == t->on[b] && t->on[c] != t->on[a])
					return true;
	return false;
}

static bool has_room(const struct trial *t, int memory)
{
	const struct placement_problem *p = t->p;
	double used = 0.0;

	for (size_t d = 0; d < p->n_executors; d++) {
		bool streams = false;

		for (size_t u = 0; u < p->n_units; u++) {
			bool own = t->on[u] == d && p->executors[d].memory == memory;

			streams = streams || (t->on[u] == d && t->streamed[u]);
			used += own ? p->units[u].kv_bytes : 0.0;
			used += own && !t->streamed[u] ? p->units[u].bytes : 0.0;
			if (t->on[u] == d && t->streamed[u] && p->executors[d].host == memory)
				used += p->units[u].bytes;
		}
		if (p->executors[d].memory == memory)
			used += (streams ? p->executors[d].buffer_bytes : 0.0) +
				(p->draft && t->draft == d ? p->draft->bytes + p->draft->kv_bytes
							   : 0.0);
	}
	return used <= p->memories[memory].bytes;
}

static double trial_s(const struct trial *t)
{
	double s = chain_s(t), most_fetch_s = 0.0;

	if (!(s < HUGE_VAL) || entered_twice(t))
		return HUGE_VAL;
	for (size_t d = 0; d < t->p->n_executors; d++) {
		double fetch_s = 0.0;

		s += waits_s(t, d, &fetch_s);
		most_fetch_s = fmax(most_fetch_s, fetch_s);
	}
	for (size_t m = 0; s < HUGE_VAL && m < t->p->n_memories; m++)
		if (!has_room(t, (int)m))
			return HUGE_VAL;
	return fmax(s, most_fetch_s);
}

double made_least(const struct made_placement *m)
{
	struct trial t = {.p = &m->p};
	double least = HUGE_VAL;
	size_t u;

	do {
		least = fmin(least, trial_s(&t));
		for (u = 0; u < m->p.n_units; u++) {
			if (m->p.fetch_s && !t.streamed[u]) {
				t.streamed[u] = true;
				break;
			}
			t.streamed[u] = false;
			if (++t.on[u] < m->p.n_executors)
				break;
			t.on[u] = 0;
		}
		if (u == m->p.n_units && m->p.draft)
			u = ++t.draft < m->p.n_executors ? 0 : u;
	} while (u < m->p.n_units);
	return least;
}
