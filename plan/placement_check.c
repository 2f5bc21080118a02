/* Whether a problem says what its header asks for. */
#include "plan/placement_parts.h"

static bool whole(
	const struct placement_problem *p, const char *name, double bytes, struct err *err)
{
	if (bytes >= 0.0 && bytes <= 0x1p53 && floor(bytes) == bytes)
		return true;
	return err_input(err,
		"'%s': the bytes of '%s' must be a whole number from 0 to 2^53, not %.17g", p->name,
		name, bytes);
}

static bool seconds(const struct placement_problem *p, const char *what, const double *s, size_t n,
	struct err *err)
{
	for (size_t i = 0; s && i < n; i++)
		if (!(s[i] >= 0.0))
			return err_input(err, "'%s': %s %zu is %g s, not 0 or above", p->name, what,
				i, s[i]);
	return true;
}

static bool executor(
	const struct placement_problem *p, const struct placement_executor *e, struct err *err)
{
	int n = (int)p->n_memories;

	if (e->memory < 0 || e->memory >= n || e->host < PLACEMENT_NONE || e->host >= n ||
		e->host == e->memory)
		return err_input(err, "'%s': '%s' has memory %d and host memory %d, of %d", p->name,
			e->name, e->memory, e->host, n);
	if (!(e->enter_s >= 0.0 && e->leave_s >= 0.0))
		return err_input(err, "'%s': the ways to and from '%s' take %g and %g s", p->name,
			e->name, e->enter_s, e->leave_s);
	return whole(p, e->name, e->buffer_bytes, err);
}

static bool sizes(const struct placement_problem *p, struct err *err)
{
	if (p->n_units < 1 || p->n_units > PLACEMENT_EXECUTORS_MOST)
		return err_input(err, "'%s' has %zu units, not 1 to %d", p->name, p->n_units,
			PLACEMENT_EXECUTORS_MOST);
	if (p->n_executors < 1 || p->n_executors > PLACEMENT_EXECUTORS_MOST)
		return err_input(err, "'%s' has %zu executors, not 1 to %d", p->name,
			p->n_executors, PLACEMENT_EXECUTORS_MOST);
	for (size_t m = 0; m < p->n_memories; m++)
		if (!whole(p, p->memories[m].name, p->memories[m].bytes, err))
			return false;
	for (size_t u = 0; u < p->n_units; u++)
		if (!whole(p, p->units[u].name, p->units[u].bytes, err) ||
			!whole(p, p->units[u].name, p->units[u].kv_bytes, err))
			return false;
	if (p->draft && (!whole(p, p->draft->name, p->draft->bytes, err) ||
				!whole(p, p->draft->name, p->draft->kv_bytes, err)))
		return false;
	return true;
}

bool placement_sound(const struct placement_problem *p, struct err *err)
{
	size_t n = p->n_executors, pairs = n * n;

	if (!sizes(p, err))
		return false;
	for (size_t d = 0; d < n; d++)
		if (!executor(p, &p->executors[d], err))
			return false;
	return seconds(p, "exec_s", p->exec_s, p->n_units * n, err) &&
	       seconds(p, "fetch_s", p->fetch_s, p->n_units * n, err) &&
	       seconds(p, "hop_s", p->hop_s, pairs, err) &&
	       seconds(p, "back_s", p->back_s, pairs, err) &&
	       seconds(p, "draft_s", p->draft ? p->draft_s : NULL, n, err) &&
	       seconds(p, "talk_s", p->draft ? p->talk_s : NULL, pairs, err);
}
