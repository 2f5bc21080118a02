#include "plan/replay.h"

#include <stdio.h>
#include <stdlib.h>

#include "models/probe.h"
#include "models/world/world.h"

/** Who listens: a request is the next task of its group when it is created. */
struct probe_state {
	struct tasks *t;
	struct replay *out;
	size_t *next;    /* [group] the task to come */
	size_t *task_of; /* [request] */
	size_t n, cap;
};

static size_t next_of(struct probe_state *p, uint32_t group)
{
	size_t i = p->next[group];

	while (i < p->t->n && p->t->at[i].group != group)
		i++;
	p->next[group] = i + 1;
	return i;
}

static void created(struct probe_state *p, const struct request_row *r)
{
	while (p->n <= r->id) {
		p->task_of = mem_grow(p->task_of, p->n, &p->cap, sizeof *p->task_of);
		p->task_of[p->n++] = SIZE_MAX;
	}
	p->task_of[r->id] = next_of(p, r->group);
}

static void done(struct probe_state *p, int64_t at_ns, const struct request_row *r)
{
	int64_t network_ns = r->uploaded_ns - r->assigned_ns + r->delivered_ns - r->finished_ns;
	struct replay *out = p->out;

	out->done++;
	if (r->deadline_ns != TIME_NONE && at_ns > r->deadline_ns) {
		out->late_trans_s += 1e-9 * (double)network_ns;
		return;
	}
	out->in_time++;
	out->trans_s += 1e-9 * (double)network_ns;
	out->apart += r->prefill != r->instance;
	out->server_of[p->task_of[r->id]] = r->instance;
}

static void heard(struct probe_state *p, enum moment m, int64_t at_ns, const struct request_row *r)
{
	if (m == MOMENT_CREATED)
		created(p, r);
	else if (r->fate == FATE_DONE)
		done(p, at_ns, r);
	else if (r->fate == FATE_REJECTED)
		p->out->rejected++;
	else if (r->fate == FATE_DROPPED)
		p->out->dropped++;
}

static const struct probe_ops ops = {
	.name = "replay",
	.moments = 1u << MOMENT_CREATED | 1u << MOMENT_ENDED,
	.request = heard,
};

static bool run(
	struct replay *out, struct probe_state *p, const struct world_setup *setup, struct err *err)
{
	struct world_result result;
	struct world *w;
	bool ok;

	if (!world_create(&w, setup, err))
		return false;
	world_attach(w, &(struct probe){&ops, p});
	ok = world_run(w, &result, err);
	if (ok) {
		out->failed = result.status == RUN_FAILED;
		snprintf(out->failure, sizeof out->failure, "%s", result.failure);
		world_result_finish(&result);
	}
	world_destroy(w);
	return ok;
}

bool replay(struct replay *out, struct tasks *t, const struct policy_spec *policy,
	uint32_t replication, const atomic_bool *stop, struct err *err)
{
	struct probe_state p = {.t = t, .out = out};
	struct scenario_spec s;
	struct world_setup setup = {.spec = &s,
		.policy = policy,
		.seed = t->spec->run.seed,
		.replication = replication,
		.stop = stop};
	bool ok;

	*out = (struct replay){.server_of = mem_zalloc(t->n, sizeof *out->server_of)};
	for (size_t i = 0; i < t->n; i++)
		out->server_of[i] = UINT32_MAX;
	p.next = mem_zalloc(t->spec->n_groups, sizeof *p.next);
	tasks_scenario(&s, t);
	ok = run(out, &p, &setup, err);
	if (ok && stop && atomic_load(stop))
		ok = err_stop(err);
	free(p.next);
	free(p.task_of);
	return ok;
}

void replay_finish(struct replay *r)
{
	free(r->server_of);
	*r = (struct replay){0};
}
