#include "models/measure/metrics.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "models/ev.h"
#include "models/state.h"

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

void metrics_line(struct world *w, size_t n)
{
	level_set(&w->metrics.line, engine_now_ns(w->engine), (double)n);
}

void metrics_starved(struct world *w, bool starved)
{
	level_set(&w->metrics.starved, engine_now_ns(w->engine), starved ? 1.0 : 0.0);
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

static int64_t network_ns(const struct request *r, int64_t now_ns)
{
	return r->uploaded_ns - r->assigned_ns + now_ns - r->finished_ns;
}

static void answered(struct world *w, const struct request *r, const struct sequence *q)
{
	struct group_metrics *m = &w->groups[r->group].metrics;
	int64_t now_ns = engine_now_ns(w->engine);
	int64_t e2e_ns = now_ns - r->created_ns;
	const struct route *down =
		world_route(w, r->group, (struct instance_id){r->instance}, true);

	span_add(&m->e2e, e2e_ns);
	span_add(&m->wait, q->started_ns - r->created_ns - (r->uploaded_ns - r->assigned_ns));
	stat_mean_add(&m->network, s_of_ns(network_ns(r, now_ns)));
	m->met += now_ns <= r->deadline_ns;
	if (q->output_tok == 0)
		return;
	span_add(&m->ttft, ns_after(q->first_token_ns, ns_of_s(down->delay_s)) - r->created_ns);
	stat_mean_add(&m->ms_per_tok, s_of_ns(e2e_ns) * 1e3 / q->output_tok);
	if (q->output_tok >= 2)
		span_add(&m->tpot, (r->finished_ns - q->first_token_ns) / (q->output_tok - 1));
}

static void record(struct world *w, uint32_t slot, enum fate fate, int64_t delivered_ns)
{
	const struct request *r = &w->requests.at[slot];
	const struct sequence *q = world_sequence(w, slot);
	struct record_sink *sink = w->setup.sink;

	if (!sink || !sink->request)
		return;
	sink->request(sink,
		&(struct request_row){
			.id = r->n,
			.group = r->group,
			.model = w->spec->groups[r->group].model.i,
			.instance = r->instance,
			.prompt_tok = q->prompt_tok,
			.output_tok = q->output_tok,
			.preemptions = q->preemptions,
			.fate = fate,
			.created_ns = r->created_ns,
			.assigned_ns = r->assigned_ns,
			.uploaded_ns = r->uploaded_ns,
			.started_ns = q->started_ns,
			.first_token_ns = q->first_token_ns,
			.finished_ns = r->finished_ns,
			.delivered_ns = delivered_ns,
			.deadline_ns = r->deadline_ns == NS_NEVER ? TIME_NONE : r->deadline_ns,
		});
}

void metrics_ended(struct world *w, uint32_t slot, enum fate fate)
{
	const struct request *r = &w->requests.at[slot];
	const struct sequence *q = world_sequence(w, slot);
	int64_t now_ns = engine_now_ns(w->engine);

	wide_add(&w->metrics.little.sojourn, (uint64_t)(now_ns - r->created_ns), 1);
	if (w->measuring && !w->ending && fate == FATE_DONE) {
		w->metrics.delivered++;
		w->metrics.delivered_tok += q->output_tok;
	}
	record(w, slot, fate, fate == FATE_DONE ? now_ns : TIME_NONE);
	if (!r->measured)
		return;
	w->groups[r->group].metrics.fate[fate]++;
	w->cohort_ended++;
	if (fate == FATE_DONE)
		answered(w, r, q);
}

/* The window opens */

void metrics_measure(struct world *w)
{
	int64_t now_ns = engine_now_ns(w->engine);

	w->measuring = true;
	w->measure_from_ns = now_ns;
	level_restart(&w->metrics.line, now_ns);
	level_restart(&w->metrics.starved, now_ns);
	for (size_t i = 0; i < w->spec->n_instances; i++)
		instance_measure(&w->instances[i], now_ns);
	transfers_settle(w);
	for (size_t l = 0; l < w->topology.n_links; l++)
		link_reset(&w->topology.links[l], now_ns);
}

/* Eq. 20 and 21, sampled at the end of each slot */

void metrics_slot(struct world *w, size_t n_waiting)
{
	struct lyapunov *y = &w->metrics.lyapunov;
	size_t n = w->spec->n_instances;
	struct queue_sample s = {.t_s = engine_now_s(w->engine), .n = n + 1, .q = y->q};

	for (size_t i = 0; i < n; i++) {
		y->q[i] = w->instances[i].assigned;
		s.L += 0.5 * (double)y->q[i] * (double)y->q[i];
	}
	y->q[n] = (uint32_t)n_waiting;
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

bool metrics_holds(const struct request *r)
{
	return r->created_ns != TIME_NONE;
}

bool metrics_check(struct world *w, struct err *err)
{
	struct little *l = &w->metrics.little;
	struct wide sojourn = l->sojourn;
	int64_t now_ns = engine_now_ns(w->engine);
	uint64_t in_system = 0, ended = 0, created = 0;

	metrics_in_system(w, 0);
	for (size_t i = 0; i < w->requests.n; i++)
		if (metrics_holds(&w->requests.at[i])) {
			in_system++;
			wide_add(&sojourn, (uint64_t)(now_ns - w->requests.at[i].created_ns), 1);
		}
	for (size_t g = 0; g < w->spec->n_groups; g++) {
		const struct group_metrics *m = &w->groups[g].metrics;

		created += m->created;
		ended += m->fate[FATE_DONE] + m->fate[FATE_REJECTED] + m->fate[FATE_DROPPED];
	}
	if (in_system != l->n || created - ended != w->cohort_created - w->cohort_ended) {
		return err_run(err, "requests were lost: %llu counted in the system, %llu found",
			(unsigned long long)l->n, (unsigned long long)in_system);
	}
	if (sojourn.hi != l->area.hi || sojourn.lo != l->area.lo) {
		return err_run(err,
			"Little's law does not hold: the integral of the number in system "
			"differs from the sum of the sojourn times");
	}
	return true;
}

void metrics_close(struct world *w)
{
	for (uint32_t i = 0; i < w->requests.n; i++)
		if (metrics_holds(&w->requests.at[i]))
			record(w, i, FATE_IN_SYSTEM, TIME_NONE);
	levels_sample(w, engine_now_ns(w->engine));
}

void group_metrics_create(struct group_metrics *m)
{
	hist_init(&m->e2e.hist);
	hist_init(&m->ttft.hist);
	hist_init(&m->tpot.hist);
	hist_init(&m->wait.hist);
}

void group_metrics_destroy(struct group_metrics *m)
{
	hist_finish(&m->e2e.hist);
	hist_finish(&m->ttft.hist);
	hist_finish(&m->tpot.hist);
	hist_finish(&m->wait.hist);
}

void metrics_create(struct world *w)
{
	struct world_metrics *m = &w->metrics;

	level_init(&m->line, 0, 0.0);
	level_init(&m->starved, 0, 0.0);
	m->lyapunov.q = arena_alloc(&w->arena, w->spec->n_instances + 1, sizeof *m->lyapunov.q);
	m->lyapunov.last_L = (double)NAN;
	if (w->setup.n_level_samples > 0) {
		m->levels.cap = 2 * w->setup.n_level_samples;
		m->levels.x = mem_zalloc(m->levels.cap, sizeof *m->levels.x);
		m->levels.step_ns = 1000000; /* doubles until the run is over */
		m->levels.next_ns = m->levels.step_ns;
	}
	for (size_t g = 0; g < w->spec->n_groups; g++)
		group_metrics_create(&w->groups[g].metrics);
}

void metrics_destroy(struct world *w)
{
	for (size_t g = 0; g < w->spec->n_groups && w->groups; g++)
		group_metrics_destroy(&w->groups[g].metrics);
	free(w->metrics.levels.x);
	free(w->metrics.rows.at);
}
