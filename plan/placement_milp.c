/* The repaired form as a mixed integer linear program. */
#include "plan/placement_milp.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

static const size_t no_column = SIZE_MAX;

struct placement_milp {
	const struct placement_problem *p;
	struct milp *program;
	double scale_s;
	size_t *on;       /* [u][d]: unit u runs on d */
	size_t *streamed; /* [u][d]: and is streamed */
	size_t *longest;  /* [u][d]: its wait is the one that d does not have */
	size_t *flow;     /* [u][d][e]: on d, and the next one on e */
	size_t *streams;  /* [d]: something is streamed to d */
	size_t *home;     /* [d][f]: from the last, d, back to the first, f */
	size_t *draft;    /* [d] */
	size_t *talk;     /* [d][f]: draft on d, first on f */
	size_t token;     /* the objective */
	double row_bytes; /* of the row at hand, what is 1 */
	double load;      /* of a memory at hand, and what is in it */
	size_t n_held;
};

static size_t *columns(size_t n)
{
	size_t *c = mem_zalloc(n + 1, sizeof *c);

	for (size_t i = 0; i <= n; i++)
		c[i] = no_column;
	return c;
}

static size_t column(struct placement_milp *m, const char *kind, size_t u, size_t d, size_t e,
	enum milp_kind whole, double cost)
{
	char name[80];

	snprintf(name, sizeof name, "%s[%zu,%zu,%zu]", kind, u, d, e);
	return milp_column(m->program, name, 0.0, 1.0, whole, cost);
}

static void add(struct placement_milp *m, size_t at, double factor)
{
	if (at != no_column)
		milp_add(m->program, at, factor);
}

static void make_units(struct placement_milp *m)
{
	const struct placement_problem *p = m->p;
	size_t n = p->n_executors;

	for (size_t u = 0; u < p->n_units; u++)
		for (size_t d = 0; d < n; d++) {
			if (!placement_may_run(p, u, d))
				continue;
			m->on[u * n + d] = column(m, "on", u, d, 0, MILP_WHOLE, 0.0);
			if (!(placement_fetch_s(p, u, d) < HUGE_VAL))
				continue;
			m->streamed[u * n + d] = column(m, "streamed", u, d, 0, MILP_WHOLE, 0.0);
			if (placement_wait_s(p, u, d) > 0.0)
				m->longest[u * n + d] =
					column(m, "longest", u, d, 0, MILP_WHOLE, 0.0);
			if (m->streams[d] == no_column)
				m->streams[d] = column(m, "streams", 0, d, 0, MILP_WHOLE, 0.0);
		}
	for (size_t d = 0; p->draft && d < n; d++)
		if (p->draft_s[d] < HUGE_VAL)
			m->draft[d] = column(m, "draft", 0, d, 0, MILP_WHOLE, 0.0);
}

static void make_flows(struct placement_milp *m)
{
	const struct placement_problem *p = m->p;
	size_t n = p->n_executors, last = (p->n_units - 1) * n;

	for (size_t d = 0; d < n; d++)
		for (size_t e = 0; e < n; e++) {
			for (size_t u = 0; u + 1 < p->n_units; u++)
				if (m->on[u * n + d] != no_column &&
					m->on[(u + 1) * n + e] != no_column &&
					placement_hop_s(p, d, e) < HUGE_VAL)
					m->flow[(u * n + d) * n + e] =
						column(m, "flow", u, d, e, MILP_REAL, 0.0);
			if (p->back_s && m->on[last + d] != no_column && m->on[e] != no_column &&
				placement_back_s(p, d, e) < HUGE_VAL)
				m->home[d * n + e] = column(m, "home", 0, d, e, MILP_REAL, 0.0);
			if (p->talk_s && m->draft[d] != no_column && m->on[e] != no_column &&
				placement_talk_s(p, d, e) < HUGE_VAL)
				m->talk[d * n + e] = column(m, "talk", 0, d, e, MILP_REAL, 0.0);
		}
}

static void group(struct placement_milp *m, char kind, size_t index)
{
	char name[40];

	snprintf(name, sizeof name, "%c%zu", kind, index);
	milp_group(m->program, name);
}

static void somewhere(struct placement_milp *m)
{
	const struct placement_problem *p = m->p;
	size_t n = p->n_executors;

	for (size_t u = 0; u < p->n_units; u++) {
		milp_row(m->program, "somewhere", 1.0, 1.0);
		for (size_t d = 0; d < n; d++)
			add(m, m->on[u * n + d], 1.0);
	}
	if (!p->draft)
		return;
	milp_row(m->program, "draft somewhere", 1.0, 1.0);
	for (size_t d = 0; d < n; d++)
		add(m, m->draft[d], 1.0);
}

/* sum of @n pairs, @stride apart from @from on, is where the unit is. */
static void couple(struct placement_milp *m, const size_t *pair, size_t n, size_t stride, size_t is)
{
	milp_row(m->program, "couple", 0.0, 0.0);
	for (size_t i = 0; i < n; i++)
		add(m, pair[i * stride], 1.0);
	add(m, is, -1.0);
}

static void connect(struct placement_milp *m)
{
	const struct placement_problem *p = m->p;
	size_t n = p->n_executors, last = (p->n_units - 1) * n;

	for (size_t d = 0; d < n; d++) {
		for (size_t u = 0; u + 1 < p->n_units; u++) {
			const size_t *out = &m->flow[u * n * n];

			couple(m, out + d * n, n, 1, m->on[u * n + d]);
			couple(m, out + d, n, n, m->on[(u + 1) * n + d]);
		}
		if (p->back_s) {
			couple(m, m->home + d * n, n, 1, m->on[last + d]);
			couple(m, m->home + d, n, n, m->on[d]);
		}
		if (p->draft && p->talk_s) {
			couple(m, m->talk + d * n, n, 1, m->draft[d]);
			couple(m, m->talk + d, n, n, m->on[d]);
		}
	}
}

/* No executor is entered twice. */
static void enter_once(struct placement_milp *m)
{
	size_t n = m->p->n_executors;

	for (size_t e = 0; e < n; e++) {
		milp_row(m->program, "entered", -HUGE_VAL, 1.0);
		add(m, m->on[e], 1.0);
		for (size_t u = 0; u + 1 < m->p->n_units; u++)
			for (size_t d = 0; d < n; d++)
				if (d != e)
					add(m, m->flow[(u * n + d) * n + e], 1.0);
	}
}

static void at_most(struct placement_milp *m, size_t a, size_t b)
{
	milp_row(m->program, "at most", -HUGE_VAL, 0.0);
	add(m, a, 1.0);
	add(m, b, -1.0);
}

static void stream(struct placement_milp *m)
{
	size_t n = m->p->n_executors;

	for (size_t d = 0; d < n; d++) {
		for (size_t u = 0; u < m->p->n_units; u++) {
			if (m->streamed[u * n + d] == no_column)
				continue;
			at_most(m, m->streamed[u * n + d], m->on[u * n + d]);
			at_most(m, m->streamed[u * n + d], m->streams[d]);
			if (m->longest[u * n + d] != no_column)
				at_most(m, m->longest[u * n + d], m->streamed[u * n + d]);
		}
		milp_row(m->program, "one longest", -HUGE_VAL, 1.0);
		for (size_t u = 0; u < m->p->n_units; u++)
			add(m, m->longest[u * n + d], 1.0);
	}
}

/* What executor @d has of @memory, each column with what it takes. */
static void visit_memory(struct placement_milp *m, size_t memory, size_t d,
	void (*visit)(struct placement_milp *, size_t at, double bytes))
{
	const struct placement_problem *p = m->p;
	const struct placement_executor *e = &p->executors[d];
	size_t n = p->n_executors;

	for (size_t u = 0; u < p->n_units; u++) {
		const struct placement_unit *unit = &p->units[u];

		if ((size_t)e->memory == memory) {
			visit(m, m->on[u * n + d], unit->bytes + unit->kv_bytes);
			visit(m, m->streamed[u * n + d], -unit->bytes);
		}
		if (e->host != PLACEMENT_NONE && (size_t)e->host == memory)
			visit(m, m->streamed[u * n + d], unit->bytes);
	}
	if ((size_t)e->memory != memory)
		return;
	visit(m, m->streams[d], e->buffer_bytes);
	if (p->draft)
		visit(m, m->draft[d], p->draft->bytes + p->draft->kv_bytes);
}

static void take(struct placement_milp *m, size_t at, double bytes)
{
	if (at != no_column && bytes != 0.0)
		milp_add(m->program, at, bytes / m->row_bytes);
}

/* As parts of each memory: what one byte is hangs on its size. */
static void remember(struct placement_milp *m)
{
	for (size_t i = 0; i < m->p->n_memories; i++) {
		m->row_bytes = fmax(1.0, m->p->memories[i].bytes);
		group(m, 'm', i);
		milp_row(m->program, "memory", -HUGE_VAL, m->p->memories[i].bytes / m->row_bytes);
		for (size_t d = 0; d < m->p->n_executors; d++)
			visit_memory(m, i, d, take);
	}
}

static void time_of(struct placement_milp *m, size_t at, double s)
{
	if (at != no_column && s != 0.0)
		milp_add(m->program, at, -s / m->scale_s);
}

static void sum_pairs(struct placement_milp *m, size_t d, size_t e)
{
	const struct placement_problem *p = m->p;
	size_t n = p->n_executors;

	for (size_t u = 0; d != e && u + 1 < p->n_units; u++)
		time_of(m, m->flow[(u * n + d) * n + e], placement_hop_s(p, d, e));
	time_of(m, m->home[d * n + e], placement_back_s(p, d, e));
	if (p->draft)
		time_of(m, m->talk[d * n + e], placement_talk_s(p, d, e));
}

/* token >= the sum of all times. */
static void sum_up(struct placement_milp *m)
{
	const struct placement_problem *p = m->p;
	size_t n = p->n_executors, last = (p->n_units - 1) * n;

	milp_row(m->program, "token", 0.0, HUGE_VAL);
	milp_add(m->program, m->token, 1.0);
	for (size_t d = 0; d < n; d++) {
		for (size_t u = 0; u < p->n_units; u++) {
			size_t at = u * n + d;

			time_of(m, m->on[at], placement_exec_s(p, u, d));
			if (m->streamed[at] == no_column)
				continue;
			time_of(m, m->streamed[at], placement_wait_s(p, u, d));
			time_of(m, m->longest[at], -placement_wait_s(p, u, d));
		}
		time_of(m, m->on[d], p->executors[d].enter_s);
		time_of(m, m->on[last + d], p->executors[d].leave_s);
		if (p->draft)
			time_of(m, m->draft[d], p->draft_s[d]);
		for (size_t e = 0; e < n; e++)
			sum_pairs(m, d, e);
	}
}

static void fetch(struct placement_milp *m)
{
	size_t n = m->p->n_executors;

	for (size_t d = 0; d < n; d++) {
		if (m->streams[d] == no_column)
			continue;
		milp_row(m->program, "fetch", 0.0, HUGE_VAL);
		milp_add(m->program, m->token, 1.0);
		for (size_t u = 0; u < m->p->n_units; u++)
			if (m->streamed[u * n + d] != no_column)
				time_of(m, m->streamed[u * n + d], placement_fetch_s(m->p, u, d));
	}
}

struct placement_milp *placement_milp_create(const struct placement_problem *p, double scale_s)
{
	struct placement_milp *m = mem_zalloc(1, sizeof *m);
	size_t n = p->n_executors, all = p->n_units * n;

	m->p = p;
	m->scale_s = scale_s;
	m->program = milp_create(p->name);
	m->on = columns(all);
	m->streamed = columns(all);
	m->longest = columns(all);
	m->flow = columns(all * n);
	m->streams = columns(n);
	m->home = columns(n * n);
	m->draft = columns(n);
	m->talk = columns(n * n);
	m->token = milp_column(m->program, "token", 0.0, HUGE_VAL, MILP_REAL, 1.0);
	make_units(m);
	make_flows(m);
	connect(m);
	enter_once(m);
	sum_up(m);
	fetch(m);
	stream(m);
	somewhere(m);
	remember(m);
	return m;
}

void placement_milp_destroy(struct placement_milp *m)
{
	if (!m)
		return;
	milp_destroy(m->program);
	free(m->on);
	free(m->streamed);
	free(m->longest);
	free(m->flow);
	free(m->streams);
	free(m->home);
	free(m->draft);
	free(m->talk);
	free(m);
}

struct milp *placement_milp_program(struct placement_milp *m)
{
	return m->program;
}

static bool is_set(const struct placement_milp *m, size_t at)
{
	return at != no_column && milp_value(m->program, at) > 0.5;
}

void placement_milp_homes(const struct placement_milp *m, struct placement_home *homes)
{
	size_t n = m->p->n_executors;

	for (size_t u = 0; u < m->p->n_units; u++)
		for (size_t d = 0; d < n; d++)
			if (is_set(m, m->on[u * n + d]))
				homes[u] = (struct placement_home){
					(int)d, is_set(m, m->streamed[u * n + d])};
	for (size_t d = 0; m->p->draft && d < n; d++)
		if (is_set(m, m->draft[d]))
			homes[m->p->n_units] = (struct placement_home){(int)d, false};
}

static void weigh(struct placement_milp *m, size_t at, double bytes)
{
	if (!is_set(m, at))
		return;
	m->load += bytes;
	m->n_held += bytes > 0.0;
}

static void hold(struct placement_milp *m, size_t at, double bytes)
{
	if (at == no_column)
		return;
	if (bytes > 0.0 && is_set(m, at))
		milp_add(m->program, at, 1.0);
	if (bytes < 0.0 && !is_set(m, at))
		milp_add(m->program, at, -1.0);
}

bool placement_milp_forbid(struct placement_milp *m)
{
	size_t n = m->p->n_executors;
	bool any = false;

	for (size_t i = 0; i < m->p->n_memories; i++) {
		m->load = 0.0;
		m->n_held = 0;
		for (size_t d = 0; d < n; d++)
			visit_memory(m, i, d, weigh);
		if (m->load <= m->p->memories[i].bytes)
			continue;
		any = true;
		group(m, 'm', i);
		milp_row(m->program, "cover", -HUGE_VAL, (double)m->n_held - 1.0);
		for (size_t d = 0; d < n; d++)
			visit_memory(m, i, d, hold);
	}
	return any;
}

static void set(double *x, size_t at, double value)
{
	if (at != no_column)
		x[at] = value;
}

/* The longest wait of each executor is the one it does not have. */
static void set_longest(
	const struct placement_milp *m, const struct placement_home *homes, double *x)
{
	size_t n = m->p->n_executors;

	for (size_t d = 0; d < n; d++) {
		size_t best = no_column;
		double most = 0.0;

		for (size_t u = 0; u < m->p->n_units; u++)
			if (homes[u].executor == (int)d && homes[u].streamed &&
				placement_wait_s(m->p, u, d) > most) {
				most = placement_wait_s(m->p, u, d);
				best = m->longest[u * n + d];
			}
		set(x, best, 1.0);
	}
}

void placement_milp_start(struct placement_milp *m, const struct placement_home *homes)
{
	const struct placement_problem *p = m->p;
	double *x = mem_zalloc(milp_n_columns(m->program), sizeof *x);
	size_t n = p->n_executors, first = (size_t)homes[0].executor,
	       last = (size_t)homes[p->n_units - 1].executor;
	struct placement_terms terms;
	struct err err = {0};

	for (size_t u = 0; u < p->n_units; u++) {
		size_t d = (size_t)homes[u].executor;

		set(x, m->on[u * n + d], 1.0);
		if (homes[u].streamed) {
			set(x, m->streamed[u * n + d], 1.0);
			set(x, m->streams[d], 1.0);
		}
		if (u + 1 < p->n_units)
			set(x, m->flow[(u * n + d) * n + (size_t)homes[u + 1].executor], 1.0);
	}
	set_longest(m, homes, x);
	set(x, m->home[last * n + first], 1.0);
	if (p->draft) {
		size_t d = (size_t)homes[p->n_units].executor;

		set(x, m->draft[d], 1.0);
		set(x, m->talk[d * n + first], 1.0);
	}
	if (placement_price(&terms, p, homes, &err))
		set(x, m->token, terms.token_s / m->scale_s);
	milp_start(m->program, x);
	free(x);
}
