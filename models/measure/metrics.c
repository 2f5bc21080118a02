#include "models/measure/metrics.h"

#include "models/measure/answer.h"
#include "sim/event.h"

struct probe_state {
	struct metrics m;
};

static void span_add(struct span_metrics *m, int64_t ns)
{
	double s = s_of_ns(ns);

	stat_mean_add(&m->mean, s);
	hist_add(&m->hist, s);
}

static bool in_time(const struct request_row *r, int64_t at_ns)
{
	return r->deadline_ns == TIME_NONE || at_ns <= r->deadline_ns;
}

static void answered(struct group_metrics *m, const struct request_row *r)
{
	span_add(&m->e2e, answer_e2e_ns(r));
	span_add(&m->wait, answer_wait_ns(r));
	stat_mean_add(&m->network, s_of_ns(answer_network_ns(r)));
	m->met += in_time(r, r->delivered_ns);
	m->prompt_tok += r->prompt_tok;
	m->cached_tok += r->cached_tok;
	if (r->output_tok == 0)
		return;
	span_add(&m->ttft, answer_ttft_ns(r));
	stat_mean_add(&m->ms_per_tok, answer_ms_per_tok(r));
	if (r->joined_ns != TIME_NONE)
		stat_mean_add(&m->kv_wait, s_of_ns(r->joined_ns - r->first_token_ns));
	if (r->output_tok >= 2)
		span_add(&m->tpot, answer_tpot_ns(r));
}

static void ended(struct metrics *m, int64_t at_ns, const struct request_row *r)
{
	struct group_metrics *g = &m->groups[r->group];

	if (m->open && r->fate == FATE_DONE) {
		m->delivered++;
		g->good += in_time(r, at_ns);
		m->delivered_tok += r->output_tok;
	}
	if (!r->measured)
		return;
	g->fate[r->fate]++;
	if (r->fate == FATE_DONE)
		answered(g, r);
	else if (r->fate == FATE_IN_SYSTEM)
		g->overdue += !in_time(r, at_ns);
}

static void request(
	struct probe_state *p, enum moment m, int64_t at_ns, const struct request_row *r)
{
	(void)m;
	ended(&p->m, at_ns, r);
}

static void line(struct probe_state *p, int64_t at_ns, size_t n)
{
	level_set(&p->m.line, at_ns, (double)n);
}

static void starved(struct probe_state *p, int64_t at_ns, bool yes)
{
	level_set(&p->m.starved, at_ns, yes ? 1.0 : 0.0);
}

static void window(struct probe_state *p, int64_t at_ns, bool open)
{
	struct metrics *m = &p->m;

	m->open = open;
	if (!open)
		return;
	level_restart(&m->line, at_ns);
	level_restart(&m->starved, at_ns);
}

uint64_t metrics_cohort(const struct metrics *m)
{
	uint64_t n = 0;

	for (size_t g = 0; g < m->n_groups; g++)
		for (enum fate f = 0; f < FATES; f++)
			n += m->groups[g].fate[f];
	return n;
}

void group_metrics_init(struct group_metrics *m)
{
	hist_init(&m->e2e.hist);
	hist_init(&m->ttft.hist);
	hist_init(&m->tpot.hist);
	hist_init(&m->wait.hist);
}

void group_metrics_finish(struct group_metrics *m)
{
	hist_finish(&m->e2e.hist);
	hist_finish(&m->ttft.hist);
	hist_finish(&m->tpot.hist);
	hist_finish(&m->wait.hist);
}

static const struct probe_ops ops = {
	.name = "metrics",
	.moments = 1u << MOMENT_ENDED,
	.request = request,
	.line = line,
	.starved = starved,
	.window = window,
};

struct probe metrics_create(struct arena *a, size_t n_groups)
{
	struct probe_state *p = arena_alloc(a, 1, sizeof *p);
	struct metrics *m = &p->m;

	m->n_groups = n_groups;
	m->groups = arena_alloc(a, n_groups, sizeof *m->groups);
	for (size_t g = 0; g < n_groups; g++)
		group_metrics_init(&m->groups[g]);
	return (struct probe){&ops, p};
}

void metrics_destroy(const struct probe *p)
{
	for (size_t g = 0; p->state && g < p->state->m.n_groups; g++)
		group_metrics_finish(&p->state->m.groups[g]);
}

const struct metrics *metrics_of(const struct probe *p)
{
	return &p->state->m;
}
