/* What was counted, as the rows of docs/results.md. */

#include "models/measure/metrics.h"

#include <math.h>
#include <string.h>

#include "sim/event.h"

static const double NONE = (double)NAN; /* nothing to measure */

struct maker {
	const struct metric_sources *s;
	struct arena *arena;
	struct metric_rows *rows;
	double window_s;
	bool has_tokens; /* some instance makes them */
	bool has_prefix_cache;
	bool has_roles;
	uint32_t causes; /* bit per cause to which time can go at all */
};

static void row(const struct maker *k, const char *scope, enum metric_id id, double value)
{
	struct metric_rows *r = k->rows;

	r->at = mem_grow(r->at, r->n, &r->cap, sizeof *r->at);
	r->at[r->n++] = (struct metric_row){scope, id, value};
}

/* @first: the mean, which the others follow. */
static void span_rows(const struct maker *k, const char *scope, enum metric_id first,
	const struct span_metrics *m)
{
	bool any = m->mean.n > 0;

	row(k, scope, first + SPAN_MEAN, any ? m->mean.mean : NONE);
	row(k, scope, first + SPAN_SD, stat_mean_sd(&m->mean));
	row(k, scope, first + SPAN_P50, hist_quantile(&m->hist, 0.50));
	row(k, scope, first + SPAN_P90, hist_quantile(&m->hist, 0.90));
	row(k, scope, first + SPAN_P95, hist_quantile(&m->hist, 0.95));
	row(k, scope, first + SPAN_P99, hist_quantile(&m->hist, 0.99));
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
	stat_mean_merge(&to->kv_wait, &from->kv_wait);
	to->prompt_tok += from->prompt_tok;
	to->cached_tok += from->cached_tok;
	to->met += from->met;
	to->good += from->good;
	to->overdue += from->overdue;
	for (size_t f = 0; f < FATES; f++)
		to->fate[f] += from->fate[f];
}

static double share(uint64_t part, uint64_t all)
{
	return all > 0 ? (double)part / (double)all : NONE;
}

static double mean_or_nan(const struct stat_mean *m)
{
	return m->n > 0 ? m->mean : NONE;
}

/* Means and shares of what @spec makes possible, the same rows in each replication. */
static void cause_rows(const struct maker *k, const char *scope, struct cause_sums c)
{
	double all_s = 0.0;

	for (enum cause of = 0; of < CAUSES; of++)
		all_s += (double)c.ns[of] * 1e-9;
	for (enum cause of = 0; of < CAUSES; of++) {
		double s = (double)c.ns[of] * 1e-9;

		if (!(k->causes >> of & 1))
			continue;
		row(k, scope, METRIC_TIME + of, c.n > 0 ? s / (double)c.n : NONE);
		row(k, scope, METRIC_TIME_SHARE + of, all_s > 0.0 ? s / all_s : NONE);
	}
}

static void group_rows(const struct maker *k, const char *scope, const struct group_metrics *m)
{
	uint64_t left = m->fate[FATE_IN_SYSTEM];
	uint64_t ended = m->fate[FATE_DONE] + m->fate[FATE_REJECTED] + m->fate[FATE_DROPPED];
	uint64_t judged = ended + m->overdue;

	row(k, scope, METRIC_REQUESTS_CREATED, (double)(ended + left));
	row(k, scope, METRIC_REQUESTS_DONE, (double)m->fate[FATE_DONE]);
	row(k, scope, METRIC_REQUESTS_REJECTED, (double)m->fate[FATE_REJECTED]);
	row(k, scope, METRIC_REQUESTS_DROPPED, (double)m->fate[FATE_DROPPED]);
	row(k, scope, METRIC_REQUESTS_IN_SYSTEM, (double)left);
	if (k->has_tokens)
		row(k, scope, METRIC_LATENCY_PER_TOKEN, mean_or_nan(&m->ms_per_tok));
	span_rows(k, scope, METRIC_E2E_MEAN, &m->e2e);
	if (k->has_tokens) {
		span_rows(k, scope, METRIC_TTFT_MEAN, &m->ttft);
		span_rows(k, scope, METRIC_TPOT_MEAN, &m->tpot);
	}
	span_rows(k, scope, METRIC_WAIT_MEAN, &m->wait);
	if (k->has_roles)
		row(k, scope, METRIC_KV_WAIT, mean_or_nan(&m->kv_wait));
	if (k->has_prefix_cache)
		row(k, scope, METRIC_PREFIX_HIT_SHARE, share(m->cached_tok, m->prompt_tok));
	row(k, scope, METRIC_GOODPUT, (double)m->good / k->window_s);
	row(k, scope, METRIC_QOS_SHARE, judged > 0 ? (double)m->met / (double)judged : NONE);
	row(k, scope, METRIC_NETWORK_MEAN, mean_or_nan(&m->network));
}

static void choice_rows(const struct maker *k, const char *scope, const struct choice_sums *c)
{
	row(k, scope, METRIC_PREDICTION_BIAS, mean_or_nan(&c->bias));
	row(k, scope, METRIC_PREDICTION_ERROR, mean_or_nan(&c->error));
	row(k, scope, METRIC_CHOICE_MARGIN, mean_or_nan(&c->margin));
}

/* Of Eq. 22; not known without an interval. */
static void fit_rows(const struct maker *k)
{
	struct drift_fit f = drift_fit(k->s->drift);

	row(k, "", METRIC_LYAPUNOV_EPSILON, isnan(f.epsilon.half) ? NONE : f.epsilon.mean);
	row(k, "", METRIC_LYAPUNOV_B, isnan(f.B.half) ? NONE : f.B.mean);
}

static void system_rows(const struct maker *k)
{
	static const struct drift_question by_default = {
		.error = DRIFT_ERROR, .indifference = DRIFT_INDIFFERENCE};
	const struct metrics *m = k->s->metrics;
	int64_t to_ns = k->s->to_ns;
	struct group_metrics all = {0};
	struct cause_sums causes = {0}, of_group;
	struct choice_sums chosen = {0};

	group_metrics_init(&all);
	for (size_t g = 0; g < m->n_groups; g++) {
		group_merge(&all, &m->groups[g]);
		of_group = causes_of_group(k->s->causes, g);
		causes_merge(&causes, &of_group);
	}
	group_rows(k, "", &all);
	cause_rows(k, "", causes);
	if (k->has_tokens)
		row(k, "", METRIC_THROUGHPUT_TOKENS, (double)m->delivered_tok / k->window_s);
	row(k, "", METRIC_THROUGHPUT_REQUESTS, (double)m->delivered / k->window_s);
	row(k, "", METRIC_OBJECTIVE_S, -(double)all.good / k->window_s);
	row(k, "", METRIC_OBJECTIVE_T, all.network.mean * (double)all.network.n);
	row(k, "", METRIC_QUEUE_MEAN, level_mean(&m->line, to_ns));
	row(k, "", METRIC_QUEUE_MAX, level_max(&m->line));
	if (k->s->lyapunov) {
		row(k, "", METRIC_LYAPUNOV_L, mean_or_nan(&k->s->lyapunov->L));
		row(k, "", METRIC_LYAPUNOV_DRIFT, mean_or_nan(&k->s->lyapunov->drift));
		fit_rows(k);
	}
	if (k->s->evidence)
		row(k, "", METRIC_LYAPUNOV_VERDICT,
			drift_judge(k->s->evidence, &by_default).verdict);
	row(k, "", METRIC_VIOLATION, level_integral(&m->starved, to_ns));
	for (size_t g = 0; k->s->choices && g < m->n_groups; g++) {
		struct choice_sums of = choices_of_group(k->s->choices, g);

		choices_merge(&chosen, &of);
	}
	if (k->s->choices)
		choice_rows(k, "", &chosen);
	if (!isnan(k->s->regret))
		row(k, "", METRIC_POLICY_REGRET, k->s->regret);
	if (!isnan(k->s->late_beyond))
		row(k, "", METRIC_POLICY_LATE, k->s->late_beyond);
	group_metrics_finish(&all);
}

static const struct gpu_spec *gpu_of(const struct maker *k, size_t i)
{
	return &k->s->spec->sites[k->s->spec->instances[i].site.i].gpu;
}

static double devices(const struct maker *k, size_t i)
{
	return instance_devices(&k->s->spec->instances[i]);
}

static double busy_s(const struct maker *k, size_t i)
{
	return level_integral(&k->s->instances[i].busy, k->s->to_ns);
}

static const struct site_spec *stage_site(const struct maker *k, size_t i, size_t stage)
{
	return &k->s->spec->sites[k->s->spec->instances[i].stages[stage].site.i];
}

static double energy_of(const struct gpu_spec *gpu, double busy_s)
{
	return gpu->tdp_w > 0.0 ? gpu->tdp_w * busy_s : NONE;
}

static double cost_of(const struct maker *k, const struct gpu_spec *gpu, double devices)
{
	return gpu->usd_per_h > 0.0 ? gpu->usd_per_h * devices * k->window_s / 3600.0 : NONE;
}

/* Not known of a device whose power is not, nor is then a sum with it. */
static double energy_j(const struct maker *k, size_t i)
{
	struct stage_gauge g;
	double j = 0.0;

	if (k->s->spec->instances[i].n_stages == 0)
		return energy_of(gpu_of(k, i), devices(k, i) * busy_s(k, i));
	for (size_t n = 0; instance_stage(&k->s->instances[i], n, &g); n++)
		j += energy_of(&stage_site(k, i, n)->gpu, g.busy_s);
	return j;
}

static double cost_usd(const struct maker *k, size_t i)
{
	size_t n_stages = k->s->spec->instances[i].n_stages;
	double usd = 0.0;

	if (n_stages == 0)
		return cost_of(k, gpu_of(k, i), devices(k, i));
	for (size_t n = 0; n < n_stages; n++)
		usd += cost_of(k, &stage_site(k, i, n)->gpu, 1.0);
	return usd;
}

/** The part of an instance in what a delivered request cost. */
static double per_request(const struct maker *k, double s)
{
	uint64_t n = k->s->metrics->delivered;

	return n > 0 ? s / (double)n : NONE;
}

/** Others have nothing to say of it. */
static bool swaps(const struct maker *k, size_t i)
{
	const struct instance_spec *s = &k->s->spec->instances[i];

	return !s->synthetic && s->kv.preemption == PREEMPTION_SWAP;
}

static void speculation_rows(
	const struct maker *k, const char *scope, const struct speculation_counts *c)
{
	double rounds = (double)c->rounds, seen = (double)c->looked_at, won = (double)c->accepted;

	row(k, scope, METRIC_SPEC_ACCEPTANCE, seen > 0.0 ? won / seen : NONE);
	row(k, scope, METRIC_SPEC_TOKENS, rounds > 0.0 ? (won + rounds) / rounds : NONE);
	row(k, scope, METRIC_SPEC_ROUNDS, rounds);
	row(k, scope, METRIC_SPEC_DRAFTED, (double)c->drafted);
	row(k, scope, METRIC_SPEC_WASTED, (double)c->wasted);
	row(k, scope, METRIC_SPEC_BYTES, c->draft_bytes);
}

/** All instances together, if some speculates. */
static void all_speculation(const struct maker *k)
{
	struct speculation_counts sum = {0}, one;
	bool any = false;

	for (size_t i = 0; i < k->s->spec->n_instances; i++) {
		if (!instance_speculated(&k->s->instances[i], &one))
			continue;
		any = true;
		speculation_add(&sum, &one);
	}
	if (any)
		speculation_rows(k, "", &sum);
}

/** The stages of a pipeline; of one that is not, nothing. */
static void stage_rows(const struct maker *k, size_t i)
{
	const struct instance_spec *spec = &k->s->spec->instances[i];
	double all_s = busy_s(k, i);
	struct stage_gauge g;

	for (size_t n = 0; instance_stage(&k->s->instances[i], n, &g); n++) {
		const char *scope = arena_printf(k->arena, "stage:%s/%zu", spec->name, n + 1);

		row(k, scope, METRIC_LAYERS, spec->stages[n].layers);
		row(k, scope, METRIC_BUSY_SHARE, g.busy_s / k->window_s);
		row(k, scope, METRIC_BUBBLE_SHARE, all_s > 0.0 ? 1.0 - g.busy_s / all_s : NONE);
	}
}

static void instance_rows(const struct maker *k, size_t i)
{
	const struct instance *inst = &k->s->instances[i];
	const char *scope = arena_printf(k->arena, "instance:%s", k->s->spec->instances[i].name);
	int64_t to_ns = k->s->to_ns;
	double s = busy_s(k, i);
	struct gauge gauge;
	struct speculation_counts rounds;
	struct choice_sums chosen;
	bool has_model = instance_gauge(inst, &gauge);

	row(k, scope, METRIC_REQUESTS_DONE, (double)inst->served);
	if (k->s->choices) {
		chosen = choices_of_instance(k->s->choices, i);
		choice_rows(k, scope, &chosen);
	}
	row(k, scope, METRIC_BUSY_SHARE, s / k->window_s);
	row(k, scope, METRIC_BUSY_PER_REQUEST, per_request(k, s));
	if (has_model)
		row(k, scope, METRIC_BATCH_MEAN,
			s > 0.0 ? level_integral(&inst->running, to_ns) / s : NONE);
	row(k, scope, METRIC_QUEUE_MEAN, level_mean(&inst->in_system, to_ns));
	row(k, scope, METRIC_QUEUE_MAX, level_max(&inst->in_system));
	cause_rows(k, scope, causes_of_instance(k->s->causes, i));
	if (!has_model)
		return;
	row(k, scope, METRIC_KV_PEAK, gauge.kv_peak_bytes);
	row(k, scope, METRIC_PREEMPTIONS, (double)inst->preemptions);
	if (swaps(k, i))
		row(k, scope, METRIC_SWAP_BYTES, inst->swap_bytes);
	if (k->has_roles)
		row(k, scope, METRIC_KV_BYTES, inst->kv_sent_bytes);
	if (gauge.has_prefix_cache) {
		row(k, scope, METRIC_PREFIX_HIT_SHARE, share(gauge.cached_tok, gauge.prompt_tok));
		row(k, scope, METRIC_PREFIX_EVICTED, (double)gauge.evicted_blocks);
	}
	if (instance_speculated(inst, &rounds))
		speculation_rows(k, scope, &rounds);
	row(k, scope, METRIC_ENERGY, energy_j(k, i));
	row(k, scope, METRIC_COST, cost_usd(k, i));
	if (k->s->spec->instances[i].n_stages > 0)
		row(k, scope, METRIC_HOPS_MEAN,
			gauge.hop_tok > 0.0 ? gauge.hop_s / gauge.hop_tok : NONE);
	stage_rows(k, i);
}

struct site_sums {
	double busy_s, running_s;
	double kv_peak_bytes; /* of its instances together, each at its own peak */
	double swap_bytes;
	bool swaps;
	uint64_t done, preemptions;
	/* instances, and stages of pipelines; those that run a model; and have it whole */
	size_t n, n_models, n_batching;
};

/** What is done at a site that has stages of a pipeline: requests come to the first and leave from
 *  it. */
static void sum_stages(const struct maker *k, size_t i, struct site_sums *sums)
{
	const struct instance_spec *spec = &k->s->spec->instances[i];
	const struct instance *inst = &k->s->instances[i];
	struct stage_gauge g;

	sums[spec->site.i].done += inst->served;
	sums[spec->site.i].preemptions += inst->preemptions;
	for (size_t n = 0; instance_stage(inst, n, &g); n++) {
		struct site_sums *s = &sums[spec->stages[n].site.i];

		s->busy_s += g.busy_s;
		s->kv_peak_bytes += g.kv_peak_bytes;
		s->n++;
		s->n_models++;
	}
}

static struct site_sums *sum_sites(const struct maker *k)
{
	const struct scenario_spec *spec = k->s->spec;
	struct site_sums *sums = arena_alloc(k->arena, spec->n_sites, sizeof *sums);

	for (size_t i = 0; i < spec->n_instances; i++) {
		const struct instance *inst = &k->s->instances[i];
		struct site_sums *s = &sums[spec->instances[i].site.i];
		struct gauge gauge;

		if (spec->instances[i].n_stages > 0) {
			sum_stages(k, i, sums);
			continue;
		}
		s->busy_s += busy_s(k, i);
		s->running_s += level_integral(&inst->running, k->s->to_ns);
		s->done += inst->served;
		s->preemptions += inst->preemptions;
		s->swap_bytes += inst->swap_bytes;
		s->swaps = s->swaps || swaps(k, i);
		s->n++;
		if (!instance_gauge(inst, &gauge))
			continue;
		s->n_batching++;
		s->n_models++;
		s->kv_peak_bytes += gauge.kv_peak_bytes;
	}
	return sums;
}

static void site_rows(const struct maker *k, const char *scope, const struct site_sums *s)
{
	row(k, scope, METRIC_REQUESTS_DONE, (double)s->done);
	row(k, scope, METRIC_BUSY_SHARE, s->busy_s / k->window_s / (double)s->n);
	row(k, scope, METRIC_BUSY_PER_REQUEST, per_request(k, s->busy_s));
	if (s->n_batching == s->n)
		row(k, scope, METRIC_BATCH_MEAN, s->busy_s > 0.0 ? s->running_s / s->busy_s : NONE);
	if (s->n_models == 0)
		return;
	row(k, scope, METRIC_KV_PEAK, s->kv_peak_bytes);
	row(k, scope, METRIC_PREEMPTIONS, (double)s->preemptions);
	if (s->swaps)
		row(k, scope, METRIC_SWAP_BYTES, s->swap_bytes);
}

static void total_rows(const struct maker *k)
{
	double j = 0.0, usd = 0.0, kv_bytes = 0.0;

	for (size_t i = 0; i < k->s->spec->n_instances; i++) {
		if (!k->s->instances[i].ops->needs_cost)
			continue;
		j += energy_j(k, i);
		kv_bytes += k->s->instances[i].kv_sent_bytes;
		usd += cost_usd(k, i);
	}
	if (k->has_roles)
		row(k, "", METRIC_KV_BYTES, kv_bytes);
	if (!k->has_tokens)
		return;
	row(k, "", METRIC_ENERGY, j);
	row(k, "", METRIC_COST, usd);
}

/* Where requests were served, of a system that has both tiers. */
static void tier_rows(const struct maker *k)
{
	uint64_t served[] = {[TIER_EDGE] = 0, [TIER_CLOUD] = 0}, all;
	bool has[] = {[TIER_EDGE] = false, [TIER_CLOUD] = false};

	for (size_t i = 0; i < k->s->spec->n_instances; i++) {
		enum tier tier = scenario_tier(k->s->spec, &k->s->spec->instances[i]);

		served[tier] += k->s->instances[i].served;
		has[tier] = true;
	}
	if (!has[TIER_EDGE] || !has[TIER_CLOUD])
		return;
	all = served[TIER_EDGE] + served[TIER_CLOUD];
	row(k, "", METRIC_EDGE_SHARE, all > 0 ? (double)served[TIER_EDGE] / (double)all : NONE);
	row(k, "", METRIC_CLOUD_SHARE, all > 0 ? (double)served[TIER_CLOUD] / (double)all : NONE);
}

static void link_rows(const struct maker *k, const struct net_link *l)
{
	const char *scope = arena_printf(k->arena, "link:%s", l->name);
	const struct tally_sums *did = &l->sums;
	double wire_bytes = 0.0;

	for (enum transfer_kind kind = 0; kind < TRANSFER_KINDS; kind++)
		wire_bytes += did->kind_bytes[kind];
	row(k, scope, METRIC_BUSY_SHARE, did->busy_s / k->window_s);
	row(k, scope, METRIC_WAIT_MEAN, did->left > 0.0 ? did->wait_s / did->left : NONE);
	row(k, scope, METRIC_BYTES_WIRE, wire_bytes);
	for (enum transfer_kind kind = 0; kind < TRANSFER_KINDS; kind++)
		row(k, scope, METRIC_BYTES_PROMPT + kind, did->kind_bytes[kind]);
	if (!l->drops)
		return;
	row(k, scope, METRIC_PACKETS_DROPPED, did->dropped);
	row(k, scope, METRIC_PACKETS_RESENT, did->resent);
}

static bool any_model(const struct metric_sources *s)
{
	for (size_t i = 0; i < s->spec->n_instances; i++)
		if (s->instances[i].ops->needs_cost)
			return true;
	return false;
}

static bool any_role(const struct metric_sources *s)
{
	for (size_t i = 0; i < s->spec->n_instances; i++)
		if (!s->spec->instances[i].synthetic && s->spec->instances[i].role != ROLE_BOTH)
			return true;
	return false;
}

static bool any_prefix_cache(const struct metric_sources *s)
{
	for (size_t i = 0; i < s->spec->n_instances; i++)
		if (s->spec->instances[i].prefix_cache)
			return true;
	return false;
}

static void all_groups(const struct maker *k)
{
	struct choice_sums chosen;
	const struct metric_sources *s = k->s;

	for (size_t g = 0; g < s->spec->n_groups; g++) {
		const char *scope = arena_printf(k->arena, "group:%s", s->spec->groups[g].name);

		group_rows(k, scope, &s->metrics->groups[g]);
		cause_rows(k, scope, causes_of_group(s->causes, g));
		if (s->choices) {
			chosen = choices_of_group(s->choices, g);
			choice_rows(k, scope, &chosen);
		}
		if (s->spec->groups[g].arrivals.process == ARRIVAL_TRACE)
			row(k, scope, METRIC_ROWS_SKIPPED, (double)s->rows_skipped[g]);
		if (!s->spec->groups[g].sessions.on)
			continue;
		row(k, scope, METRIC_SESSIONS_BEGUN, (double)s->sessions[g].begun);
		row(k, scope, METRIC_SESSIONS_CUT, (double)s->sessions[g].cut);
	}
}

static uint32_t possible_causes(const struct metric_sources *s)
{
	uint32_t bits = 0;

	for (enum cause c = 0; c < CAUSES; c++)
		bits |= (uint32_t)cause_possible(c, s->spec) << c;
	return bits;
}

void metric_rows(struct metric_rows *out, const struct metric_sources *s, struct arena *a)
{
	const struct maker k = {s, a, out, s_of_ns(s->to_ns - s->from_ns), any_model(s),
		any_prefix_cache(s), any_role(s), possible_causes(s)};
	const struct site_sums *sites = sum_sites(&k);

	system_rows(&k);
	all_speculation(&k);
	total_rows(&k);
	tier_rows(&k);
	all_groups(&k);
	for (size_t i = 0; i < s->spec->n_sites; i++)
		if (sites[i].n > 0)
			site_rows(
				&k, arena_printf(a, "site:%s", s->spec->sites[i].name), &sites[i]);
	for (size_t i = 0; i < s->spec->n_instances; i++)
		instance_rows(&k, i);
	for (size_t l = 0; l < s->n_links; l++)
		link_rows(&k, &s->links[l]);
}
