/* Why there is no placement, in the names of the problem. */
#include "plan/placement_conflict.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/placement_milp.h"
#include "plan/placement_pack.h"

enum { NAMES_MOST = 5, CELLS_MOST = 3000 };
static const double seconds_most = 10.0;

static double unit_bytes(const struct placement_problem *p, size_t u)
{
	const struct placement_unit *unit = u < p->n_units ? &p->units[u] : p->draft;

	return unit->bytes + unit->kv_bytes;
}

static const char *unit_name(const struct placement_problem *p, size_t u)
{
	return u < p->n_units ? p->units[u].name : p->draft->name;
}

static bool has_room_alone(const struct placement_problem *p, size_t u, size_t d)
{
	const struct placement_executor *e = &p->executors[d];

	if (unit_bytes(p, u) <= p->memories[e->memory].bytes)
		return true;
	return u < p->n_units && placement_fetch_s(p, u, d) < HUGE_VAL &&
	       e->buffer_bytes + p->units[u].kv_bytes <= p->memories[e->memory].bytes &&
	       p->units[u].bytes <= p->memories[e->host].bytes;
}

/* The first unit that has no room on any executor, even alone; n_homes: none. */
static size_t find_alone(const struct placement_problem *p)
{
	for (size_t u = 0; u < placement_n_homes(p); u++) {
		bool fits = false;

		for (size_t d = 0; d < p->n_executors && !fits; d++)
			fits = placement_may_run(p, u, d) && has_room_alone(p, u, d);
		if (!fits)
			return u;
	}
	return placement_n_homes(p);
}

/* Wherever the next one is. *@c has nothing where there is room. */
static bool find_spread(struct placement_conflict *c, const struct placement_problem *p,
	const struct placement_limits *limits, double end_s, struct err *err)
{
	struct pack *k = pack_create(p, end_s, limits->stop);
	bool none, ok = pack_has_none(k, &none, err);

	if (ok && none)
		ok = pack_conflict(k, c->unit, c->memory, &c->irreducible, err);
	for (size_t u = 0; u < placement_n_homes(p); u++)
		c->n += c->unit[u];
	for (size_t m = 0; m < p->n_memories; m++)
		c->n += c->memory[m];
	pack_destroy(k);
	return ok;
}

/* One after the other: which memories are in the way. */
static bool find_chain(struct placement_conflict *c, const struct placement_problem *p,
	const struct placement_limits *limits, double end_s, struct err *err)
{
	struct placement_milp *m = placement_milp_create(p, 1.0);
	struct milp_limits of = {.seconds = fmax(1e-3, end_s - clock_s()), .stop = limits->stop};
	const char *const *names;
	bool ok =
		milp_conflict(placement_milp_program(m), &of, &names, &c->n, &c->irreducible, err);

	c->chain = true;
	for (size_t i = 0; ok && i < c->n; i++)
		c->memory[strtoul(names[i] + 1, NULL, 10)] = true;
	free((void *)names);
	placement_milp_destroy(m);
	return ok;
}

bool placement_conflict_find(struct placement_conflict *c, const struct placement_problem *p,
	const struct placement_limits *limits, struct err *err)
{
	double end_s = clock_s() + seconds_most;

	if (limits->seconds > 0.0)
		end_s = clock_s() + fmin(seconds_most, limits->seconds);
	*c = (struct placement_conflict){0};
	c->unit = mem_zalloc(p->n_units + 1, sizeof *c->unit);
	c->memory = mem_zalloc(p->n_memories + 1, sizeof *c->memory);
	if (!find_spread(c, p, limits, end_s, err))
		return false;
	return c->n > 0 || find_chain(c, p, limits, end_s, err);
}

void placement_conflict_finish(struct placement_conflict *c)
{
	free(c->unit);
	free(c->memory);
}

static void separate(struct buf *to, size_t n)
{
	if (n > 0)
		buf_puts(to, ", ");
}

/* "embedding, layer 3 to layer 17, draft". */
static void put_units(
	struct buf *to, const struct placement_problem *p, const struct placement_conflict *c)
{
	size_t n = 0, left = 0, homes = placement_n_homes(p);

	for (size_t u = 0, end; u < homes; u = end + 1) {
		for (end = u; end < homes && c->unit[end] && (end == u || end < p->n_units); end++)
			;
		if (end == u)
			continue;
		if (n == NAMES_MOST) {
			left += end - u;
			continue;
		}
		separate(to, n++);
		buf_puts(to, unit_name(p, u));
		if (end - u > 1)
			buf_printf(to, "%s%s", end - u == 2 ? ", " : " to ", unit_name(p, end - 1));
		end -= end < homes && c->unit[end]; /* the draft, which begins anew */
	}
	if (left > 0)
		buf_printf(to, " and %zu more", left);
}

static void put_memories(
	struct buf *to, const struct placement_problem *p, const struct placement_conflict *c)
{
	size_t n = 0, left = 0;

	for (size_t m = 0; m < p->n_memories; m++) {
		if (!c->memory[m])
			continue;
		if (n == NAMES_MOST) {
			left++;
			continue;
		}
		separate(to, n++);
		buf_puts(to, p->memories[m].name);
	}
	if (left > 0)
		buf_printf(to, " and %zu more", left);
}

static double sum_units(const struct placement_problem *p, const struct placement_conflict *c)
{
	double sum = 0.0;

	for (size_t u = 0; u < placement_n_homes(p); u++)
		sum += c->unit[u] || c->chain ? unit_bytes(p, u) : 0.0;
	return sum;
}

static double sum_memories(const struct placement_problem *p, const struct placement_conflict *c)
{
	double sum = 0.0;

	for (size_t m = 0; m < p->n_memories; m++)
		sum += c->memory[m] ? p->memories[m].bytes : 0.0;
	return sum;
}

static void say(
	const struct placement_problem *p, const struct placement_conflict *c, struct err *err)
{
	const char *more = c->irreducible ? "" : "; time ran out, fewer may do";
	double units_gb = sum_units(p, c) / 1e9, room_gb = sum_memories(p, c) / 1e9;
	struct buf units, memories;

	buf_init(&units);
	buf_init(&memories);
	put_units(&units, p, c);
	put_memories(&memories, p, c);
	if (c->n == 0 && !c->irreducible)
		err_input(err,
			"no placement of '%s': its units (%.4g GB) have room, but not where they "
			"can run one "
			"after the other",
			p->name, units_gb);
	else if (c->n == 0)
		err_input(err, "no placement of '%s': its units have no way through the executors",
			p->name);
	else if (c->chain)
		err_input(err,
			"no placement of '%s': with %s (%.4g GB) its units (%.4g GB) have room, "
			"but not "
			"where they can run one after the other%s",
			p->name, memories.s, room_gb, units_gb, more);
	else
		err_input(err,
			"no placement of '%s': %s (%.4g GB with their KV) have no room in %s "
			"together (%.4g GB)%s",
			p->name, units.s, units_gb, memories.s, room_gb, more);
	buf_finish(&units);
	buf_finish(&memories);
}

static void say_alone(const struct placement_problem *p, size_t u, struct err *err)
{
	double most = -1.0;

	for (size_t d = 0; d < p->n_executors; d++)
		if (placement_may_run(p, u, d))
			most = fmax(most, p->memories[p->executors[d].memory].bytes);
	if (most < 0.0)
		err_input(err, "no placement of '%s': '%s' can run on no executor", p->name,
			unit_name(p, u));
	else
		err_input(err,
			"no placement of '%s': '%s' takes %.4g GB with its KV, the largest memory "
			"where it "
			"can run has %.4g GB",
			p->name, unit_name(p, u), unit_bytes(p, u) / 1e9, most / 1e9);
}

bool placement_conflict_tell(
	const struct placement_problem *p, const struct placement_limits *limits, struct err *err)
{
	size_t alone = find_alone(p);
	struct placement_conflict c;

	if (alone < placement_n_homes(p)) {
		say_alone(p, alone, err);
		return false;
	}
	if (p->n_units * p->n_executors > CELLS_MOST)
		return err_input(err,
			"no placement of '%s': its %zu units have no room on its %zu executors "
			"where they "
			"can run one after the other",
			p->name, p->n_units, p->n_executors);
	if (placement_conflict_find(&c, p, limits, err))
		say(p, &c, err);
	placement_conflict_finish(&c);
	return false;
}
