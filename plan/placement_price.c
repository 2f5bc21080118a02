/* What a placement costs, and whether it keeps the rules: term by term, for any that is handed in.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "plan/placement_parts.h"

/* One executor's part of the chain. */
struct load {
	double fetch_s, wait_s, most_wait_s;
	bool entered, streams;
};

static bool price_stream(const struct placement_problem *p, size_t unit, size_t on,
	struct load *load, double *used, struct err *err)
{
	const struct placement_executor *e = &p->executors[on];
	double wait_s = placement_wait_s(p, unit, on);

	if (!(placement_fetch_s(p, unit, on) < HUGE_VAL))
		return err_input(err, "'%s': '%s' cannot be streamed to '%s'", p->name,
			p->units[unit].name, e->name);
	used[e->host] += p->units[unit].bytes;
	used[e->memory] += load->streams ? 0.0 : e->buffer_bytes;
	load->streams = true;
	load->fetch_s += placement_fetch_s(p, unit, on);
	load->wait_s += wait_s;
	load->most_wait_s = fmax(load->most_wait_s, wait_s);
	return true;
}

static bool price_unit(struct placement_terms *out, const struct placement_problem *p, size_t unit,
	const struct placement_home *homes, struct load *loads, double *used, struct err *err)
{
	size_t on = (size_t)homes[unit].executor,
	       before = unit > 0 ? (size_t)homes[unit - 1].executor : on;
	const struct placement_executor *e = &p->executors[on];

	if (!(placement_exec_s(p, unit, on) < HUGE_VAL))
		return err_input(err, "'%s': '%s' cannot run on '%s'", p->name, p->units[unit].name,
			e->name);
	if (loads[on].entered && before != on)
		return err_input(err, "'%s': '%s' is entered twice", p->name, e->name);
	if (!(placement_hop_s(p, before, on) < HUGE_VAL))
		return err_input(err, "'%s': no way from '%s' to '%s'", p->name,
			p->executors[before].name, e->name);
	loads[on].entered = true;
	out->exec_s += placement_exec_s(p, unit, on);
	out->hop_s += placement_hop_s(p, before, on);
	used[e->memory] += p->units[unit].kv_bytes;
	if (homes[unit].streamed)
		return price_stream(p, unit, on, &loads[on], used, err);
	used[e->memory] += p->units[unit].bytes;
	return true;
}

static bool price_draft(struct placement_terms *out, const struct placement_problem *p,
	const struct placement_home *homes, double *used, struct err *err)
{
	size_t on = (size_t)homes[p->n_units].executor, first = (size_t)homes[0].executor;

	if (homes[p->n_units].streamed)
		return err_input(err, "'%s': a draft is not streamed", p->name);
	if (!(p->draft_s[on] < HUGE_VAL))
		return err_input(err, "'%s': '%s' cannot run on '%s'", p->name, p->draft->name,
			p->executors[on].name);
	out->draft_s = p->draft_s[on];
	out->talk_s = placement_talk_s(p, on, first);
	if (!(out->talk_s < HUGE_VAL))
		return err_input(err, "'%s': no way from '%s' to '%s'", p->name,
			p->executors[on].name, p->executors[first].name);
	used[p->executors[on].memory] += p->draft->bytes + p->draft->kv_bytes;
	return true;
}

static bool price_ends(struct placement_terms *out, const struct placement_problem *p, size_t first,
	size_t last, struct err *err)
{
	out->ends_s = p->executors[first].enter_s + p->executors[last].leave_s;
	out->back_s = placement_back_s(p, last, first);
	if (!(out->ends_s < HUGE_VAL))
		return err_input(err, "'%s': no way from the users to '%s' and from '%s' to them",
			p->name, p->executors[first].name, p->executors[last].name);
	if (!(out->back_s < HUGE_VAL))
		return err_input(err, "'%s': no way from '%s' to '%s'", p->name,
			p->executors[last].name, p->executors[first].name);
	return true;
}

static bool price_all(struct placement_terms *out, const struct placement_problem *p,
	const struct placement_home *homes, struct load *loads, double *used, struct err *err)
{
	for (size_t u = 0; u < placement_n_homes(p); u++)
		if (homes[u].executor < 0 || (size_t)homes[u].executor >= p->n_executors)
			return err_input(
				err, "'%s': there is no executor %d", p->name, homes[u].executor);
	for (size_t u = 0; u < p->n_units; u++)
		if (!price_unit(out, p, u, homes, loads, used, err))
			return false;
	if (!price_ends(
		    out, p, (size_t)homes[0].executor, (size_t)homes[p->n_units - 1].executor, err))
		return false;
	if (p->draft && !price_draft(out, p, homes, used, err))
		return false;
	for (size_t m = 0; m < p->n_memories; m++)
		if (used[m] > p->memories[m].bytes)
			return err_input(err, "'%s': %.17g bytes in '%s', which has %.17g", p->name,
				used[m], p->memories[m].name, p->memories[m].bytes);
	return true;
}

bool placement_price(struct placement_terms *out, const struct placement_problem *p,
	const struct placement_home *homes, struct err *err)
{
	struct load *loads = mem_zalloc(p->n_executors, sizeof *loads);
	double *used = mem_zalloc(p->n_memories, sizeof *used);
	bool ok;

	*out = (struct placement_terms){0};
	ok = price_all(out, p, homes, loads, used, err);
	for (size_t d = 0; d < p->n_executors; d++) {
		out->wait_s += loads[d].wait_s - loads[d].most_wait_s;
		out->fetch_s = fmax(out->fetch_s, loads[d].fetch_s);
	}
	out->token_s = fmax(out->fetch_s, out->exec_s + out->wait_s + out->hop_s + out->back_s +
						  out->ends_s + out->draft_s + out->talk_s);
	free(loads);
	free(used);
	return ok;
}
