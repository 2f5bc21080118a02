#include "models/metrics.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "models/ev.h"
#include "models/state.h"

static const double NONE = (double)NAN; /* nothing to measure */

/* 128-bit sums: a run of 1e5 s with 1e5 requests in system overflows 64 bits. */

static void wide_add(struct wide *s, uint64_t a, uint64_t b)
{
	uint64_t a_hi = a >> 32, a_lo = a & UINT32_MAX, b_hi = b >> 32, b_lo = b & UINT32_MAX;
	uint64_t low = a_lo * b_lo, mid1 = a_hi * b_lo, mid2 = a_lo * b_hi;
	uint64_t carry = ((low >> 32) + (mid1 & UINT32_MAX) + (mid2 & UINT32_MAX)) >> 32;
	uint64_t lo = a * b;

	s->hi += a_hi * b_hi + (mid1 >> 32) + (mid2 >> 32) + carry;
	s->lo += lo;
	s->hi += s->lo < lo;
}

/* The number in system */

static void levels_sample(struct world *w, int64_t until_ns)
{
	struct level_samples *l = &w->metrics.levels;

	while (l->cap > 0 && l->next_ns <= until_ns) {
		if (l->n == l->cap) {
			for (size_t i = 0; i < l->cap / 2; i++)
				l->x[i] = l->x[2 * i + 1];
			l->n = l->cap / 2;
			l->step_ns *= 2;
			l->next_ns = (int64_t)(l->n + 1) * l->step_ns;
			continue;
		}
		l->x[l->n++] = (double)w->metrics.little.n;
		l->next_ns += l->step_ns;
	}
}

void metrics_in_system(struct world *w, int by)
{
	struct little *l = &w->metrics.little;
	int64_t now_ns = engine_now_ns(w->engine);

	if (w->metrics.levels.cap > 0)
		levels_sample(w, now_ns - 1);
	wide_add(&l->area, (uint64_t)(now_ns - l->at_ns), l->n);
	l->at_ns = now_ns;
	l->n += (uint64_t)(int64_t)by;
}

bool metrics_created(struct world *w, struct group_id g)
{
	bool counted = w->measuring && !w->ending;
	uint64_t wanted = w->spec->run.requests;

	if (counted && wanted > 0 && w->cohort_created >= wanted)
		counted = false; /* arrivals go on, unmeasured */
	if (counted) {
		w->cohort_created++;
		w->groups[g.i].metrics.created++;
	}
	return counted;
}

static void span_add(struct span_metrics *m, int64_t ns)
{
	double s = s_of_ns(ns);

	stat_mean_add(&m->mean, s);
	hist_add(&m->hist, s);
}

static void span_create(struct span_metrics *m)
{
	hist_init(&m->hist);
}

static int64_t network_ns(const struct request *r, int64_t now_ns)
{
	return r->uploaded_ns - r->assigned_ns + now_ns - r->finished_ns;
}

static void answered(struct world *w, const struct request *r)
{
	struct group_metrics *m = &w->groups[r->group].metrics;
	int64_t now_ns = engine_now_ns(w->engine);
	int64_t e2e_ns = now_ns - r->created_ns;
	const struct route *down =
		world_route(w, r->group, (struct instance_id){r->instance}, true);

	span_add(&m->e2e, e2e_ns);
	span_add(&m->wait, r->started_ns - r->created_ns - (r->uploaded_ns - r->assigned_ns));
	stat_mean_add(&m->network, s_of_ns(network_ns(r, now_ns)));
	m->met += now_ns <= r->deadline_ns;
	if (r->output_tok == 0)
		return;
	span_add(&m->ttft, r->first_token_ns + ns_of_s(down->delay_s) - r->created_ns);
	stat_mean_add(&m->ms_per_tok, s_of_ns(e2e_ns) * 1e3 / r->output_tok);
	if (r->output_tok >= 2)
		span_add(&m->tpot, (r->finished_ns - r->first_token_ns) / (r->output_tok - 1));
}

static void record(struct world *w, const struct request *r, enum fate fate, int64_t delivered_ns)
{
	struct record_sink *sink = w->setup.sink;

	if (!sink || !sink->request)
		return;
	sink->request(sink,
		&(struct request_row){
			.id = r->n,
			.group = r->group,
			.model = w->spec->groups[r->group].model.i,
			.instance = r->instance,
			.prompt_tok = r->prompt_tok,
			.output_tok = r->output_tok,
			.preemptions = r->preemptions,
			.fate = fate,
			.created_ns = r->created_ns,
			.assigned_ns = r->assigned_ns,
			.uploaded_ns = r->uploaded_ns,
			.started_ns = r->started_ns,
			.first_token_ns = r->first_token_ns,
			.finished_ns = r->finished_ns,
			.delivered_ns = delivered_ns,
			.deadline_ns = r->deadline_ns == INT64_MAX ? TIME_NONE : r->deadline_ns,
		});
}

void metrics_ended(struct world *w, const struct request *r, enum fate fate)
{
	int64_t now_ns = engine_now_ns(w->engine);

	wide_add(&w->metrics.little.sojourn, (uint64_t)(now_ns - r->created_ns), 1);
	if (w->measuring && !w->ending && fate == FATE_DONE) {
		w->metrics.delivered++;
		w->metrics.delivered_tok += r->output_tok;
	}
	record(w, r, fate, fate == FATE_DONE ? now_ns : TIME_NONE);
	if (!r->measured)
		return;
	w->groups[r->group].metrics.fate[fate]++;
	w->cohort_ended++;
	if (fate == FATE_DONE)
		answered(w, r);
	if (w->spec->run.requests > 0 && w->cohort_ended == w->spec->run.requests) {
		w->ending = true;
		engine_stop(w->engine);
	}
}

/* The window opens */

void metrics_measure(struct world *w)
{
	int64_t now_ns = engine_now_ns(w->engine);

	w->measuring = true;
	w->measure_from_ns = now_ns;
	level_restart(&w->metrics.line, now_ns);
	level_restart(&w->metrics.starved, now_ns);
	for (size_t g = 0; g < w->spec->n_groups; g++)
		level_restart(&w->groups[g].in_system, now_ns);
	for (size_t i = 0; i < w->spec->n_instances; i++) {
		struct instance_metrics *m = &w->instances[i].metrics;

		level_restart(&m->assigned, now_ns);
		level_restart(&m->running, now_ns);
		level_restart(&m->busy, now_ns);
		m->done = 0;
		m->preemptions = 0;
		if (w->instances[i].batch)
			batch_measure(w->instances[i].batch);
	}
	for (size_t l = 0; l < w->topology.n_links; l++)
		link_reset(&w->topology.links[l], now_ns);
}

/* Eq. 20 and 21, sampled at the end of each slot */

void metrics_slot(struct world *w)
{
	struct lyapunov *y = &w->metrics.lyapunov;
	size_t n = w->spec->n_instances;
	struct queue_sample s = {.t_s = engine_now_s(w->engine), .n = n + 1, .q = y->q};

	for (size_t i = 0; i < n; i++) {
		y->q[i] = w->instance_views[i].assigned;
		s.L += 0.5 * (double)y->q[i] * (double)y->q[i];
	}
	y->q[n] = (uint32_t)w->line.n;
	s.L += 0.5 * (double)y->q[n] * (double)y->q[n];
	s.drift = s.L - y->last_L;
	y->last_L = s.L;
	if (w->measuring) {
		stat_mean_add(&y->L, s.L);
		if (!isnan(s.drift))
			stat_mean_add(&y->drift, s.drift);
	}
	if (w->setup.sink && w->setup.sink->queues)
		w->setup.sink->queues(w->setup.sink, &s);
}

/* The end */

static bool in_pool(const struct request *r)
{
	return r->created_ns != TIME_NONE;
}

bool metrics_check(struct world *w)
{
	struct little *l = &w->metrics.little;
	struct wide sojourn = l->sojourn;
	int64_t now_ns = engine_now_ns(w->engine);
	uint64_t in_system = 0, ended = 0, created = 0;

	metrics_in_system(w, 0);
	for (size_t i = 0; i < w->requests.n; i++)
		if (in_pool(&w->requests.at[i])) {
			in_system++;
			wide_add(&sojourn, (uint64_t)(now_ns - w->requests.at[i].created_ns), 1);
		}
	for (size_t g = 0; g < w->spec->n_groups; g++) {
		const struct group_metrics *m = &w->groups[g].metrics;

		created += m->created;
		ended += m->fate[FATE_DONE] + m->fate[FATE_REJECTED] + m->fate[FATE_DROPPED];
	}
	if (in_system != l->n || created - ended != w->cohort_created - w->cohort_ended) {
		world_fail(w, "requests were lost: %llu counted in the system, %llu found",
			(unsigned long long)l->n, (unsigned long long)in_system);
		return false;
	}
	if (sojourn.hi != l->area.hi || sojourn.lo != l->area.lo) {
		world_fail(w, "Little's law does not hold: the integral of the number in system "
			      "differs from the sum of the sojourn times");
		return false;
	}
	return true;
}

static void row(
	struct world *w, const char *scope, const char *name, const char *unit, double value)
{
	struct rows *r = &w->metrics.rows;

	r->at = mem_grow(r->at, r->n, &r->cap, sizeof *r->at);
	r->at[r->n++] = (struct metric_row){scope, name, unit, value};
}

struct span_names {
	const char *mean, *sd, *p50, *p90, *p95, *p99;
};

#define SPAN_NAMES(word) \
	{ \
		word ".mean_s", word ".sd_s", word ".p50_s", word ".p90_s", word ".p95_s", \
			word ".p99_s" \
	}

static void span_rows(struct world *w, const char *scope, const struct span_names *names,
	const struct span_metrics *m)
{
	bool any = m->mean.n > 0;

	row(w, scope, names->mean, "s", any ? m->mean.mean : NONE);
	row(w, scope, names->sd, "s", stat_mean_sd(&m->mean));
	row(w, scope, names->p50, "s", hist_quantile(&m->hist, 0.50));
	row(w, scope, names->p90, "s", hist_quantile(&m->hist, 0.90));
	row(w, scope, names->p95, "s", hist_quantile(&m->hist, 0.95));
	row(w, scope, names->p99, "s", hist_quantile(&m->hist, 0.99));
}

static void span_merge(struct span_metrics *to, const struct span_metrics *from)
{
	stat_mean_merge(&to->mean, &from->mean);
	hist_merge(&to->hist, &from->hist);
}

static void group_create(struct group_metrics *m)
{
	span_create(&m->e2e);
	span_create(&m->ttft);
	span_create(&m->tpot);
	span_create(&m->wait);
}

static void group_destroy(struct group_metrics *m)
{
	hist_finish(&m->e2e.hist);
	hist_finish(&m->ttft.hist);
	hist_finish(&m->tpot.hist);
	hist_finish(&m->wait.hist);
}

static void group_merge(struct group_metrics *to, const struct group_metrics *from)
{
	span_merge(&to->e2e, &from->e2e);
	span_merge(&to->ttft, &from->ttft);
	span_merge(&to->tpot, &from->tpot);
	span_merge(&to->wait, &from->wait);
	stat_mean_merge(&to->ms_per_tok, &from->ms_per_tok);
	stat_mean_merge(&to->network, &from->network);
	to->created += from->created;
	to->met += from->met;
	for (size_t f = 0; f < FATES; f++)
		to->fate[f] += from->fate[f];
}

static double mean_or_nan(const struct stat_mean *m)
{
	return m->n > 0 ? m->mean : NONE;
}

/** Cohort requests that are in the system although their deadline is past. */
static uint64_t overdue(const struct world *w, uint32_t group)
{
	int64_t now_ns = engine_now_ns(w->engine);
	uint64_t n = 0;

	for (size_t i = 0; i < w->requests.n; i++) {
		const struct request *r = &w->requests.at[i];

		if (in_pool(r) && r->measured && r->deadline_ns < now_ns &&
			(group == NO_ID || r->group == group))
			n++;
	}
	return n;
}

static void group_rows(struct world *w, const char *scope, uint32_t group,
	const struct group_metrics *m, double window_s)
{
	static const struct span_names e2e = SPAN_NAMES("e2e"), ttft = SPAN_NAMES("ttft"),
				       tpot = SPAN_NAMES("tpot"), wait = SPAN_NAMES("wait");
	uint64_t ended = m->fate[FATE_DONE] + m->fate[FATE_REJECTED] + m->fate[FATE_DROPPED];
	uint64_t judged = ended + overdue(w, group);

	row(w, scope, "requests.created", "1", (double)m->created);
	row(w, scope, "requests.done", "1", (double)m->fate[FATE_DONE]);
	row(w, scope, "requests.rejected", "1", (double)m->fate[FATE_REJECTED]);
	row(w, scope, "requests.dropped", "1", (double)m->fate[FATE_DROPPED]);
	row(w, scope, "requests.in_system", "1", (double)(m->created - ended));
	if (w->has_tokens)
		row(w, scope, "latency.mean_ms_per_token", "ms/token", mean_or_nan(&m->ms_per_tok));
	span_rows(w, scope, &e2e, &m->e2e);
	if (w->has_tokens) {
		span_rows(w, scope, &ttft, &m->ttft);
		span_rows(w, scope, &tpot, &m->tpot);
	}
	span_rows(w, scope, &wait, &m->wait);
	row(w, scope, "goodput.req_per_s", "1/s", (double)m->met / window_s);
	row(w, scope, "qos.share", "1", judged > 0 ? (double)m->met / (double)judged : NONE);
	row(w, scope, "network.mean_s", "s", mean_or_nan(&m->network));
}

static void system_rows(struct world *w, double window_s)
{
	int64_t now_ns = engine_now_ns(w->engine);
	const struct world_metrics *m = &w->metrics;
	struct group_metrics all = {0};

	group_create(&all);
	for (size_t g = 0; g < w->spec->n_groups; g++)
		group_merge(&all, &w->groups[g].metrics);
	group_rows(w, "", NO_ID, &all, window_s);
	if (w->has_tokens)
		row(w, "", "throughput.tok_per_s", "token/s", (double)m->delivered_tok / window_s);
	row(w, "", "throughput.req_per_s", "1/s", (double)m->delivered / window_s);
	row(w, "", "objective.S", "1/s", -(double)all.met / window_s);
	row(w, "", "objective.T_s", "s", all.network.mean * (double)all.network.n);
	row(w, "", "queue.mean", "1", level_mean(&m->line, now_ns));
	row(w, "", "queue.max", "1", level_max(&m->line));
	if (w->spec->record.queues_s > 0.0) {
		row(w, "", "lyapunov.L_mean", "1", mean_or_nan(&m->lyapunov.L));
		row(w, "", "lyapunov.drift_mean", "1", mean_or_nan(&m->lyapunov.drift));
	}
	row(w, "", "work_conserving.violation_s", "s", level_integral(&m->starved, now_ns));
	group_destroy(&all);
}

static double energy_j(const struct world *w, uint32_t i, double busy_s)
{
	return w->spec->sites[w->spec->instances[i].site.i].gpu.tdp_w * busy_s;
}

static double cost_usd(const struct world *w, uint32_t i, double window_s)
{
	return w->spec->sites[w->spec->instances[i].site.i].gpu.usd_per_h * window_s / 3600.0;
}

static void instance_rows(struct world *w, uint32_t i, double window_s)
{
	const struct instance *inst = &w->instances[i];
	const struct instance_metrics *m = &inst->metrics;
	const char *scope = arena_printf(&w->arena, "instance:%s", inst->spec->name);
	int64_t now_ns = engine_now_ns(w->engine);
	double busy_s = level_integral(&m->busy, now_ns);

	row(w, scope, "requests.done", "1", (double)m->done);
	row(w, scope, "busy.share", "1", busy_s / window_s);
	row(w, scope, "busy.s_per_request", "s",
		w->metrics.delivered > 0 ? busy_s / (double)w->metrics.delivered : NONE);
	row(w, scope, "batch.mean", "1",
		busy_s > 0.0 ? level_integral(&m->running, now_ns) / busy_s : NONE);
	row(w, scope, "queue.mean", "1", level_mean(&m->assigned, now_ns));
	row(w, scope, "queue.max", "1", level_max(&m->assigned));
	if (!inst->batch)
		return;
	row(w, scope, "kv.peak_bytes", "B", (double)batch_kv_peak_bytes(inst->batch));
	row(w, scope, "preemptions", "1", (double)m->preemptions);
	row(w, scope, "energy.J", "J", energy_j(w, i, busy_s));
	row(w, scope, "cost.usd", "USD", cost_usd(w, i, window_s));
}

static void site_rows(struct world *w, uint32_t site, double window_s)
{
	const char *scope = arena_printf(&w->arena, "site:%s", w->spec->sites[site].name);
	int64_t now_ns = engine_now_ns(w->engine);
	double busy_s = 0.0, running_s = 0.0;
	uint64_t done = 0;
	size_t n = 0;

	for (uint32_t i = 0; i < w->spec->n_instances; i++) {
		if (w->spec->instances[i].site.i != site)
			continue;
		n++;
		busy_s += level_integral(&w->instances[i].metrics.busy, now_ns);
		running_s += level_integral(&w->instances[i].metrics.running, now_ns);
		done += w->instances[i].metrics.done;
	}
	if (n == 0)
		return;
	row(w, scope, "requests.done", "1", (double)done);
	row(w, scope, "busy.share", "1", busy_s / window_s / (double)n);
	row(w, scope, "busy.s_per_request", "s",
		w->metrics.delivered > 0 ? busy_s / (double)w->metrics.delivered : NONE);
	row(w, scope, "batch.mean", "1", busy_s > 0.0 ? running_s / busy_s : NONE);
}

static void total_rows(struct world *w, double window_s)
{
	int64_t now_ns = engine_now_ns(w->engine);
	double j = 0.0, usd = 0.0;

	for (uint32_t i = 0; i < w->spec->n_instances; i++) {
		if (!w->instances[i].batch)
			continue;
		j += energy_j(w, i, level_integral(&w->instances[i].metrics.busy, now_ns));
		usd += cost_usd(w, i, window_s);
	}
	if (!w->has_tokens)
		return;
	row(w, "", "energy.J", "J", j);
	row(w, "", "cost.usd", "USD", usd);
}

static void link_rows(struct world *w, const struct link *l, double window_s)
{
	const char *scope = arena_printf(&w->arena, "link:%s", l->name);

	row(w, scope, "busy.share", "1", link_busy_s(l, engine_now_ns(w->engine)) / window_s);
	row(w, scope, "wait.mean_s", "s", l->messages > 0 ? l->wait_s / (double)l->messages : NONE);
	row(w, scope, "bytes.wire", "B", l->bytes);
}

static void left_over(struct world *w)
{
	for (size_t i = 0; i < w->requests.n; i++)
		if (in_pool(&w->requests.at[i]))
			record(w, &w->requests.at[i], FATE_IN_SYSTEM, TIME_NONE);
}

/** The rows with strings of their own: they outlive the world. */
static void hand_over(struct rows *rows, struct world_result *out)
{
	size_t bytes = 0, at = 0;
	const char *last = NULL;

	for (size_t i = 0; i < rows->n; i++)
		bytes += strlen(rows->at[i].scope) + 1;
	out->strings = mem_zalloc(bytes, 1);
	for (size_t i = 0; i < rows->n; i++) {
		if (rows->at[i].scope == last) {
			rows->at[i].scope = rows->at[i - 1].scope;
			continue;
		}
		last = rows->at[i].scope;
		strcpy(out->strings + at, last);
		rows->at[i].scope = out->strings + at;
		at += strlen(last) + 1;
	}
	out->metrics = rows->at;
	out->n_metrics = rows->n;
	*rows = (struct rows){0};
}

void metrics_finish(struct world *w, struct world_result *out)
{
	int64_t now_ns = engine_now_ns(w->engine);
	double window_s = s_of_ns(now_ns - w->measure_from_ns);

	left_over(w);
	levels_sample(w, now_ns);
	system_rows(w, window_s);
	total_rows(w, window_s);
	for (uint32_t g = 0; g < w->spec->n_groups; g++)
		group_rows(w, arena_printf(&w->arena, "group:%s", w->spec->groups[g].name), g,
			&w->groups[g].metrics, window_s);
	for (uint32_t s = 0; s < w->spec->n_sites; s++)
		site_rows(w, s, window_s);
	for (uint32_t i = 0; i < w->spec->n_instances; i++)
		instance_rows(w, i, window_s);
	for (size_t l = 0; l < w->topology.n_links; l++)
		link_rows(w, &w->topology.links[l], window_s);
	hand_over(&w->metrics.rows, out);
	out->levels = w->metrics.levels.x;
	out->n_levels = w->metrics.levels.n;
	w->metrics.levels = (struct level_samples){0};
}

void metrics_create(struct world *w)
{
	struct world_metrics *m = &w->metrics;

	level_init(&m->line, 0, 0.0);
	level_init(&m->starved, 0, 0.0);
	m->lyapunov.q = arena_alloc(&w->arena, w->spec->n_instances + 1, sizeof *m->lyapunov.q);
	m->lyapunov.last_L = NONE;
	if (w->setup.n_level_samples > 0) {
		m->levels.cap = 2 * w->setup.n_level_samples;
		m->levels.x = mem_zalloc(m->levels.cap, sizeof *m->levels.x);
		m->levels.step_ns = 1000000; /* doubles until the run is over */
		m->levels.next_ns = m->levels.step_ns;
	}
	for (size_t g = 0; g < w->spec->n_groups; g++) {
		group_create(&w->groups[g].metrics);
		level_init(&w->groups[g].in_system, 0, 0.0);
	}
	for (size_t i = 0; i < w->spec->n_instances; i++) {
		level_init(&w->instances[i].metrics.assigned, 0, 0.0);
		level_init(&w->instances[i].metrics.running, 0, 0.0);
		level_init(&w->instances[i].metrics.busy, 0, 0.0);
	}
}

void metrics_destroy(struct world *w)
{
	for (size_t g = 0; g < w->spec->n_groups && w->groups; g++)
		group_destroy(&w->groups[g].metrics);
	free(w->metrics.levels.x);
	free(w->metrics.rows.at);
}
