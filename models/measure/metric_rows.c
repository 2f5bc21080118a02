/* What was counted, as the rows of docs/results.md. */

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "models/state.h"

static const double NONE = (double)NAN; /* nothing to measure */

static void row(struct world *w, const char *scope, enum metric_id id, double value)
{
	struct rows *r = &w->metrics.rows;

	r->at = mem_grow(r->at, r->n, &r->cap, sizeof *r->at);
	r->at[r->n++] = (struct metric_row){scope, id, value};
}

/* @first: the mean, which the others follow. */
static void span_rows(
	struct world *w, const char *scope, enum metric_id first, const struct span_metrics *m)
{
	bool any = m->mean.n > 0;

	row(w, scope, first + SPAN_MEAN, any ? m->mean.mean : NONE);
	row(w, scope, first + SPAN_SD, stat_mean_sd(&m->mean));
	row(w, scope, first + SPAN_P50, hist_quantile(&m->hist, 0.50));
	row(w, scope, first + SPAN_P90, hist_quantile(&m->hist, 0.90));
	row(w, scope, first + SPAN_P95, hist_quantile(&m->hist, 0.95));
	row(w, scope, first + SPAN_P99, hist_quantile(&m->hist, 0.99));
}

static void span_merge(struct span_metrics *to, const struct span_metrics *from)
{
	stat_mean_merge(&to->mean, &from->mean);
	hist_merge(&to->hist, &from->hist);
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
	to->overdue += from->overdue;
	for (size_t f = 0; f < FATES; f++)
		to->fate[f] += from->fate[f];
}

static double mean_or_nan(const struct stat_mean *m)
{
	return m->n > 0 ? m->mean : NONE;
}

static void count_overdue(struct world *w)
{
	int64_t now_ns = engine_now_ns(w->engine);

	for (size_t i = 0; i < w->requests.n; i++) {
		const struct request *r = &w->requests.at[i];

		if (metrics_holds(r) && r->measured && r->deadline_ns < now_ns)
			w->groups[r->group].metrics.overdue++;
	}
}

static void group_rows(
	struct world *w, const char *scope, const struct group_metrics *m, double window_s)
{
	uint64_t ended = m->fate[FATE_DONE] + m->fate[FATE_REJECTED] + m->fate[FATE_DROPPED];
	uint64_t judged = ended + m->overdue;

	row(w, scope, METRIC_REQUESTS_CREATED, (double)m->created);
	row(w, scope, METRIC_REQUESTS_DONE, (double)m->fate[FATE_DONE]);
	row(w, scope, METRIC_REQUESTS_REJECTED, (double)m->fate[FATE_REJECTED]);
	row(w, scope, METRIC_REQUESTS_DROPPED, (double)m->fate[FATE_DROPPED]);
	row(w, scope, METRIC_REQUESTS_IN_SYSTEM, (double)(m->created - ended));
	if (w->has_tokens)
		row(w, scope, METRIC_LATENCY_PER_TOKEN, mean_or_nan(&m->ms_per_tok));
	span_rows(w, scope, METRIC_E2E_MEAN, &m->e2e);
	if (w->has_tokens) {
		span_rows(w, scope, METRIC_TTFT_MEAN, &m->ttft);
		span_rows(w, scope, METRIC_TPOT_MEAN, &m->tpot);
	}
	span_rows(w, scope, METRIC_WAIT_MEAN, &m->wait);
	row(w, scope, METRIC_GOODPUT, (double)m->met / window_s);
	row(w, scope, METRIC_QOS_SHARE, judged > 0 ? (double)m->met / (double)judged : NONE);
	row(w, scope, METRIC_NETWORK_MEAN, mean_or_nan(&m->network));
}

static void system_rows(struct world *w, double window_s)
{
	int64_t now_ns = engine_now_ns(w->engine);
	const struct world_metrics *m = &w->metrics;
	struct group_metrics all = {0};

	group_metrics_create(&all);
	for (size_t g = 0; g < w->spec->n_groups; g++)
		group_merge(&all, &w->groups[g].metrics);
	group_rows(w, "", &all, window_s);
	if (w->has_tokens)
		row(w, "", METRIC_THROUGHPUT_TOKENS, (double)m->delivered_tok / window_s);
	row(w, "", METRIC_THROUGHPUT_REQUESTS, (double)m->delivered / window_s);
	row(w, "", METRIC_OBJECTIVE_S, -(double)all.met / window_s);
	row(w, "", METRIC_OBJECTIVE_T, all.network.mean * (double)all.network.n);
	row(w, "", METRIC_QUEUE_MEAN, level_mean(&m->line, now_ns));
	row(w, "", METRIC_QUEUE_MAX, level_max(&m->line));
	if (w->spec->record.queues_s > 0.0) {
		row(w, "", METRIC_LYAPUNOV_L, mean_or_nan(&m->lyapunov.L));
		row(w, "", METRIC_LYAPUNOV_DRIFT, mean_or_nan(&m->lyapunov.drift));
	}
	row(w, "", METRIC_VIOLATION, level_integral(&m->starved, now_ns));
	group_metrics_destroy(&all);
}

/* Not known of a device whose power is not, nor is then a sum with it. */
static double energy_j(const struct world *w, uint32_t i, double busy_s)
{
	double tdp_w = w->spec->sites[w->spec->instances[i].site.i].gpu.tdp_w;

	return tdp_w > 0.0 ? tdp_w * busy_s : NONE;
}

static double cost_usd(const struct world *w, uint32_t i, double window_s)
{
	double usd_per_h = w->spec->sites[w->spec->instances[i].site.i].gpu.usd_per_h;

	return usd_per_h > 0.0 ? usd_per_h * window_s / 3600.0 : NONE;
}

static void instance_rows(struct world *w, uint32_t i, double window_s)
{
	const struct instance *inst = &w->instances[i];
	const char *scope = arena_printf(&w->arena, "instance:%s", inst->spec->name);
	int64_t now_ns = engine_now_ns(w->engine);
	double busy_s = level_integral(&inst->busy, now_ns);
	struct gauge gauge;
	bool has_model = instance_gauge(inst, &gauge);

	row(w, scope, METRIC_REQUESTS_DONE, (double)inst->served);
	row(w, scope, METRIC_BUSY_SHARE, busy_s / window_s);
	row(w, scope, METRIC_BUSY_PER_REQUEST,
		w->metrics.delivered > 0 ? busy_s / (double)w->metrics.delivered : NONE);
	if (has_model)
		row(w, scope, METRIC_BATCH_MEAN,
			busy_s > 0.0 ? level_integral(&inst->running, now_ns) / busy_s : NONE);
	row(w, scope, METRIC_QUEUE_MEAN, level_mean(&inst->in_system, now_ns));
	row(w, scope, METRIC_QUEUE_MAX, level_max(&inst->in_system));
	if (!has_model)
		return;
	row(w, scope, METRIC_KV_PEAK, gauge.kv_peak_bytes);
	row(w, scope, METRIC_PREEMPTIONS, (double)inst->preemptions);
	row(w, scope, METRIC_ENERGY, energy_j(w, i, busy_s));
	row(w, scope, METRIC_COST, cost_usd(w, i, window_s));
}

struct site_sums {
	double busy_s, running_s;
	double kv_peak_bytes; /* of its instances together, each at its own peak */
	uint64_t done, preemptions;
	size_t n, n_batching; /* instances, those that run a model */
};

static struct site_sums *sum_sites(struct world *w)
{
	struct site_sums *sums = arena_alloc(&w->arena, w->spec->n_sites, sizeof *sums);
	int64_t now_ns = engine_now_ns(w->engine);

	for (uint32_t i = 0; i < w->spec->n_instances; i++) {
		const struct instance *inst = &w->instances[i];
		struct gauge gauge;
		struct site_sums *s = &sums[w->spec->instances[i].site.i];

		s->busy_s += level_integral(&inst->busy, now_ns);
		s->running_s += level_integral(&inst->running, now_ns);
		s->done += inst->served;
		s->preemptions += inst->preemptions;
		s->n++;
		if (!instance_gauge(inst, &gauge))
			continue;
		s->n_batching++;
		s->kv_peak_bytes += gauge.kv_peak_bytes;
	}
	return sums;
}

static void site_rows(
	struct world *w, const char *scope, const struct site_sums *s, double window_s)
{
	row(w, scope, METRIC_REQUESTS_DONE, (double)s->done);
	row(w, scope, METRIC_BUSY_SHARE, s->busy_s / window_s / (double)s->n);
	row(w, scope, METRIC_BUSY_PER_REQUEST,
		w->metrics.delivered > 0 ? s->busy_s / (double)w->metrics.delivered : NONE);
	if (s->n_batching == s->n)
		row(w, scope, METRIC_BATCH_MEAN, s->busy_s > 0.0 ? s->running_s / s->busy_s : NONE);
	if (s->n_batching == 0)
		return;
	row(w, scope, METRIC_KV_PEAK, s->kv_peak_bytes);
	row(w, scope, METRIC_PREEMPTIONS, (double)s->preemptions);
}

static void total_rows(struct world *w, double window_s)
{
	int64_t now_ns = engine_now_ns(w->engine);
	double j = 0.0, usd = 0.0;

	for (uint32_t i = 0; i < w->spec->n_instances; i++) {
		if (!w->instances[i].ops->needs_cost)
			continue;
		j += energy_j(w, i, level_integral(&w->instances[i].busy, now_ns));
		usd += cost_usd(w, i, window_s);
	}
	if (!w->has_tokens)
		return;
	row(w, "", METRIC_ENERGY, j);
	row(w, "", METRIC_COST, usd);
}

/* Where requests were served, of a system that has both tiers. */
static void tier_rows(struct world *w)
{
	uint64_t served[] = {[TIER_EDGE] = 0, [TIER_CLOUD] = 0}, all;
	bool has[] = {[TIER_EDGE] = false, [TIER_CLOUD] = false};

	for (uint32_t i = 0; i < w->spec->n_instances; i++) {
		enum tier tier = w->spec->sites[w->spec->instances[i].site.i].tier;

		served[tier] += w->instances[i].served;
		has[tier] = true;
	}
	if (!has[TIER_EDGE] || !has[TIER_CLOUD])
		return;
	all = served[TIER_EDGE] + served[TIER_CLOUD];
	row(w, "", METRIC_EDGE_SHARE, all > 0 ? (double)served[TIER_EDGE] / (double)all : NONE);
	row(w, "", METRIC_CLOUD_SHARE, all > 0 ? (double)served[TIER_CLOUD] / (double)all : NONE);
}

static void link_rows(struct world *w, const struct link *l, double window_s)
{
	const char *scope = arena_printf(&w->arena, "link:%s", l->name);

	row(w, scope, METRIC_BUSY_SHARE, link_busy_s(l, engine_now_ns(w->engine)) / window_s);
	row(w, scope, METRIC_WAIT_MEAN, l->messages > 0 ? l->wait_s / (double)l->messages : NONE);
	row(w, scope, METRIC_BYTES_WIRE, l->bytes);
	for (enum transfer_kind k = 0; k < TRANSFER_KINDS; k++)
		row(w, scope, METRIC_BYTES_PROMPT + k, l->kind_bytes[k]);
	if (!l->random && l->spec->qdisc.kind == QDISC_NONE)
		return;
	row(w, scope, METRIC_PACKETS_DROPPED, l->dropped);
	row(w, scope, METRIC_PACKETS_RESENT, l->resent);
}

void metric_rows(struct world *w)
{
	int64_t now_ns = engine_now_ns(w->engine);
	double window_s = s_of_ns(now_ns - w->measure_from_ns);
	const struct site_sums *sites = sum_sites(w);

	count_overdue(w);
	system_rows(w, window_s);
	total_rows(w, window_s);
	tier_rows(w);
	for (uint32_t g = 0; g < w->spec->n_groups; g++) {
		const char *scope = arena_printf(&w->arena, "group:%s", w->spec->groups[g].name);

		group_rows(w, scope, &w->groups[g].metrics, window_s);
		if (w->spec->groups[g].arrivals.process == ARRIVAL_TRACE)
			row(w, scope, METRIC_ROWS_SKIPPED,
				(double)w->groups[g].metrics.rows_skipped);
	}
	for (uint32_t s = 0; s < w->spec->n_sites; s++)
		if (sites[s].n > 0)
			site_rows(w, arena_printf(&w->arena, "site:%s", w->spec->sites[s].name),
				&sites[s], window_s);
	for (uint32_t i = 0; i < w->spec->n_instances; i++)
		instance_rows(w, i, window_s);
	transfers_settle(w);
	for (size_t l = 0; l < w->topology.n_links; l++)
		link_rows(w, &w->topology.links[l], window_s);
}
