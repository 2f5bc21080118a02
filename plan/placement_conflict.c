/* Why there is no placement, in the names of the problem. */
#include "plan/placement_conflict.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "plan/placement_milp.h"

enum { NAMES_MOST = 5 };
static const double seconds_most = 10.0; /* for all of it */

struct conflict {
	const struct placement_problem *p;
	bool *unit, *memory; /* is in it; unit n_units is the draft */
	size_t n;
	bool irreducible;
};

static bool find(
	struct conflict *c, const struct placement_limits *limits, bool chain, struct err *err)
{
	struct placement_milp *m = placement_milp_create(c->p, 1.0, chain);
	struct milp_limits of = {.seconds = seconds_most, .stop = limits->stop};
	const char *const *names;
	bool ok;

	ok = milp_conflict(placement_milp_program(m), &of, &names, &c->n, &c->irreducible, err);
	for (size_t i = 0; ok && i < c->n; i++) {
		size_t index = strtoul(names[i] + 1, NULL, 10);

		if (names[i][0] == 'u')
			c->unit[index] = true;
		else
			c->memory[index] = true;
	}
	free((void *)names);
	placement_milp_destroy(m);
	return ok;
}

static void separate(struct buf *to, size_t n)
{
	if (n > 0)
		buf_puts(to, ", ");
}

/* "embedding, layer 3 to layer 17, draft". */
static void put_units(struct buf *to, const struct conflict *c)
{
	const struct placement_problem *p = c->p;
	size_t n = 0, left = 0;

	for (size_t u = 0; u < p->n_units;) {
		size_t end = u;

		while (end < p->n_units && c->unit[end])
			end++;
		if (end > u && n < NAMES_MOST) {
			separate(to, n++);
			buf_printf(to,
				end - u > 2    ? "%s to %s"
				: end - u == 2 ? "%s, %s"
					       : "%s",
				p->units[u].name, p->units[end - 1].name);
		} else {
			left += end - u;
		}
		u = end > u ? end : u + 1;
	}
	if (left > 0)
		buf_printf(to, " and %zu more", left);
	if (p->draft && c->unit[p->n_units]) {
		separate(to, n);
		buf_puts(to, p->draft->name);
	}
}

static void put_memories(struct buf *to, const struct conflict *c)
{
	size_t n = 0, left = 0;

	for (size_t m = 0; m < c->p->n_memories; m++) {
		if (!c->memory[m])
			continue;
		if (n < NAMES_MOST) {
			separate(to, n++);
			buf_puts(to, c->p->memories[m].name);
		} else {
			left++;
		}
	}
	if (left > 0)
		buf_printf(to, " and %zu more", left);
}

static double unit_bytes(const struct conflict *c)
{
	const struct placement_problem *p = c->p;
	double sum = 0.0;

	for (size_t u = 0; u < p->n_units; u++)
		sum += c->unit[u] ? p->units[u].bytes + p->units[u].kv_bytes : 0.0;
	if (p->draft && c->unit[p->n_units])
		sum += p->draft->bytes + p->draft->kv_bytes;
	return sum;
}

static double memory_bytes(const struct conflict *c)
{
	double sum = 0.0;

	for (size_t m = 0; m < c->p->n_memories; m++)
		sum += c->memory[m] ? c->p->memories[m].bytes : 0.0;
	return sum;
}

static bool say(const struct conflict *c, bool chain, struct err *err)
{
	struct buf units, memories;
	bool none;

	buf_init(&units);
	buf_init(&memories);
	put_units(&units, c);
	put_memories(&memories, c);
	none = memories.n == 0;
	err_input(err, "no placement of '%s': %s (%.4g GB with their KV) %s%s%s%s%s", c->p->name,
		units.s, unit_bytes(c) / 1e9,
		none ? "cannot run together on any of the devices" : "have no room in ", memories.s,
		none ? "" : " together",
		chain && !none ? " where they can run one after the other" : "",
		c->irreducible ? "" : "; time ran out, fewer may do");
	if (!none && memory_bytes(c) > 0.0 && err->kind == ERR_INPUT) {
		struct err more = {0};

		err_input(&more, "%s (%.4g GB)", err->msg, memory_bytes(c) / 1e9);
		*err = more;
	}
	buf_finish(&units);
	buf_finish(&memories);
	return false;
}

bool placement_conflict(
	const struct placement_problem *p, const struct placement_limits *limits, struct err *err)
{
	struct conflict c = {.p = p};
	bool chain = false, ok;

	c.unit = mem_zalloc(p->n_units + 1, sizeof *c.unit);
	c.memory = mem_zalloc(p->n_memories + 1, sizeof *c.memory);
	ok = find(&c, limits, chain, err);
	if (ok && c.n == 0) {
		chain = true;
		ok = find(&c, limits, chain, err);
	}
	if (ok && c.n == 0)
		err_input(err, "no placement of '%s': it has no way through its devices", p->name);
	else if (ok)
		say(&c, chain, err);
	free(c.unit);
	free(c.memory);
	return false;
}
