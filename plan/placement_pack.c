/* Units of a kind counted, executor by executor: a small program however many layers there are. */
#include "plan/placement_pack.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "plan/milp.h"

struct kind {
	size_t like; /* its first unit; n_units: the draft */
	size_t n;    /* of the kind */
	size_t must; /* have room */
};

struct pack {
	const struct placement_problem *p;
	struct kind *kinds;
	size_t n_kinds;
	size_t *kind_of; /* [unit, and the draft] */
	bool *memory;    /* [memory]: has a limit */
	double end_s;
	const atomic_bool *stop;
	bool sure;
	/* of the program at hand */
	struct milp *program;
	size_t streamed, streams; /* the first columns of these; counts begin at 0 */
};

static const struct placement_unit *unit_of(const struct pack *k, size_t u)
{
	return u < k->p->n_units ? &k->p->units[u] : k->p->draft;
}

static bool may_stream(const struct pack *k, size_t u, size_t d)
{
	return u < k->p->n_units && placement_fetch_s(k->p, u, d) < HUGE_VAL;
}

static bool are_alike(const struct pack *k, size_t u, size_t v)
{
	const struct placement_unit *a = unit_of(k, u), *b = unit_of(k, v);

	if (a->bytes != b->bytes || a->kv_bytes != b->kv_bytes)
		return false;
	for (size_t d = 0; d < k->p->n_executors; d++)
		if (placement_may_run(k->p, u, d) != placement_may_run(k->p, v, d) ||
			may_stream(k, u, d) != may_stream(k, v, d))
			return false;
	return true;
}

static void find_kinds(struct pack *k)
{
	for (size_t u = 0; u < placement_n_homes(k->p); u++) {
		size_t i = 0;

		while (i < k->n_kinds && !are_alike(k, k->kinds[i].like, u))
			i++;
		if (i == k->n_kinds)
			k->kinds[k->n_kinds++].like = u;
		k->kind_of[u] = i;
		k->kinds[i].must = ++k->kinds[i].n;
	}
}

struct pack *pack_create(const struct placement_problem *p, double end_s, const atomic_bool *stop)
{
	struct pack *k = mem_zalloc(1, sizeof *k);
	size_t n = placement_n_homes(p);

	k->p = p;
	k->end_s = end_s;
	k->stop = stop;
	k->sure = true;
	k->kinds = mem_zalloc(n, sizeof *k->kinds);
	k->kind_of = mem_zalloc(n, sizeof *k->kind_of);
	k->memory = mem_zalloc(p->n_memories + 1, sizeof *k->memory);
	for (size_t m = 0; m < p->n_memories; m++)
		k->memory[m] = true;
	find_kinds(k);
	return k;
}

void pack_destroy(struct pack *k)
{
	if (!k)
		return;
	free(k->kinds);
	free(k->kind_of);
	free(k->memory);
	free(k);
}

static size_t at(const struct pack *k, size_t kind, size_t d)
{
	return kind * k->p->n_executors + d;
}

static void make_columns(struct pack *k)
{
	size_t n = k->p->n_executors;

	for (size_t i = 0; i < k->n_kinds; i++)
		for (size_t d = 0; d < n; d++) {
			bool may = placement_may_run(k->p, k->kinds[i].like, d);

			milp_column(k->program, "resident", 0.0,
				may ? (double)k->kinds[i].must : 0.0, MILP_WHOLE, 0.0);
		}
	k->streamed = milp_n_columns(k->program);
	for (size_t i = 0; i < k->n_kinds; i++)
		for (size_t d = 0; d < n; d++) {
			bool may = placement_may_run(k->p, k->kinds[i].like, d) &&
				   may_stream(k, k->kinds[i].like, d);

			milp_column(k->program, "streamed", 0.0,
				may ? (double)k->kinds[i].must : 0.0, MILP_WHOLE, 0.0);
		}
	k->streams = milp_n_columns(k->program);
	for (size_t d = 0; d < n; d++)
		milp_column(k->program, "streams", 0.0, 1.0, MILP_WHOLE, 0.0);
}

static void make_counts(struct pack *k)
{
	for (size_t i = 0; i < k->n_kinds; i++) {
		double must = (double)k->kinds[i].must;

		milp_row(k->program, "all", must, must);
		for (size_t d = 0; d < k->p->n_executors; d++) {
			milp_add(k->program, at(k, i, d), 1.0);
			milp_add(k->program, k->streamed + at(k, i, d), 1.0);
		}
		for (size_t d = 0; d < k->p->n_executors; d++) {
			milp_row(k->program, "streams", -HUGE_VAL, 0.0);
			milp_add(k->program, k->streamed + at(k, i, d), 1.0);
			milp_add(k->program, k->streams + d, -must);
		}
	}
}

static void make_memory(struct pack *k, size_t m)
{
	double one = fmax(1.0, k->p->memories[m].bytes);

	milp_row(k->program, "memory", -HUGE_VAL, k->p->memories[m].bytes / one);
	for (size_t d = 0; d < k->p->n_executors; d++) {
		const struct placement_executor *e = &k->p->executors[d];
		bool own = (size_t)e->memory == m;

		if (own)
			milp_add(k->program, k->streams + d, e->buffer_bytes / one);
		for (size_t i = 0; i < k->n_kinds; i++) {
			const struct placement_unit *u = unit_of(k, k->kinds[i].like);

			if (own) {
				milp_add(k->program, at(k, i, d), (u->bytes + u->kv_bytes) / one);
				milp_add(k->program, k->streamed + at(k, i, d), u->kv_bytes / one);
			}
			if (e->host != PLACEMENT_NONE && (size_t)e->host == m)
				milp_add(k->program, k->streamed + at(k, i, d), u->bytes / one);
		}
	}
}

bool pack_has_none(struct pack *k, bool *none, struct err *err)
{
	struct milp_limits limits = {.stop = k->stop};
	struct milp_answer a;
	bool ok;

	if (k->end_s < HUGE_VAL)
		limits.seconds = fmax(1e-3, k->end_s - clock_s());
	k->program = milp_create(k->p->name);
	make_columns(k);
	make_counts(k);
	for (size_t m = 0; m < k->p->n_memories; m++)
		if (k->memory[m])
			make_memory(k, m);
	ok = milp_solve(k->program, &limits, &a, err);
	milp_destroy(k->program);
	if (!ok)
		return false;
	*none = a.status == MILP_INFEASIBLE;
	k->sure = k->sure && a.status != MILP_TIMED_OUT;
	return true;
}

/* The fewest of a kind that have no room with all others. */
static bool lessen(struct pack *k, struct kind *kind, struct err *err)
{
	size_t low = 0, high = kind->must;

	while (low < high) {
		bool none;

		kind->must = (low + high) / 2;
		if (!pack_has_none(k, &none, err))
			return false;
		if (none)
			high = kind->must;
		else
			low = kind->must + 1;
	}
	kind->must = high;
	return true;
}

bool pack_conflict(struct pack *k, bool *unit, bool *memory, bool *sure, struct err *err)
{
	size_t homes = placement_n_homes(k->p);

	for (size_t i = 0; i < k->n_kinds; i++)
		if (!lessen(k, &k->kinds[i], err))
			return false;
	for (size_t m = 0; m < k->p->n_memories; m++) {
		bool none;

		k->memory[m] = false;
		if (!pack_has_none(k, &none, err))
			return false;
		memory[m] = k->memory[m] = !none;
	}
	for (size_t u = homes; u-- > 0;) {
		struct kind *kind = &k->kinds[k->kind_of[u]];

		unit[u] = kind->must > 0;
		kind->must -= unit[u];
	}
	*sure = k->sure;
	return true;
}
