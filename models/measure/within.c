#include "models/measure/within.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

#include "models/measure/answer.h"
#include "sim/batch_means.h"

struct probe_state {
	struct within_mean of[WITHIN_METRICS];
};

enum { E2E, WAIT, NETWORK, TTFT, TPOT, PER_TOKEN };

static const enum metric_id ids[WITHIN_METRICS] = {
	[E2E] = METRIC_E2E_MEAN,
	[WAIT] = METRIC_WAIT_MEAN,
	[NETWORK] = METRIC_NETWORK_MEAN,
	[TTFT] = METRIC_TTFT_MEAN,
	[TPOT] = METRIC_TPOT_MEAN,
	[PER_TOKEN] = METRIC_LATENCY_PER_TOKEN,
};

void within_add(struct within_mean *m, double x)
{
	m->last += x;
	m->of += m->of == 0;
	if (++m->filled < m->of)
		return;
	m->sums[m->n++] = m->last;
	m->last = 0.0;
	m->filled = 0;
	if (m->n < WITHIN_SUMS)
		return;
	for (size_t i = 0; i < WITHIN_SUMS / 2; i++)
		m->sums[i] = m->sums[2 * i] + m->sums[2 * i + 1];
	m->n /= 2;
	m->of *= 2;
}

double within_half(const struct within_mean *m)
{
	const double values = (double)m->n * (double)m->of;
	struct batch_means b;

	if (values < WITHIN_LEAST)
		return (double)NAN;
	b = batch_means_of(m->sums, m->n, 0);
	if (b.correlated)
		return (double)NAN;
	return gsl_cdf_tdist_Pinv(0.975, b.df) * sqrt(b.var) / values;
}

static void request(
	struct probe_state *p, enum moment m, int64_t at_ns, const struct request_row *r)
{
	(void)m;
	(void)at_ns;
	if (!r->measured || r->fate != FATE_DONE)
		return;
	within_add(&p->of[E2E], s_of_ns(answer_e2e_ns(r)));
	within_add(&p->of[WAIT], s_of_ns(answer_wait_ns(r)));
	within_add(&p->of[NETWORK], s_of_ns(answer_network_ns(r)));
	if (r->output_tok == 0)
		return;
	within_add(&p->of[TTFT], s_of_ns(answer_ttft_ns(r)));
	within_add(&p->of[PER_TOKEN], answer_ms_per_tok(r));
	if (r->output_tok >= 2)
		within_add(&p->of[TPOT], s_of_ns(answer_tpot_ns(r)));
}

static const struct probe_ops ops = {
	.name = "within",
	.moments = 1u << MOMENT_ENDED,
	.request = request,
};

struct probe within_create(struct arena *a)
{
	return (struct probe){&ops, arena_alloc(a, 1, sizeof(struct probe_state))};
}

void within_read(struct within_interval out[static WITHIN_METRICS], const struct probe *p)
{
	for (size_t i = 0; i < WITHIN_METRICS; i++)
		out[i] = (struct within_interval){ids[i], within_half(&p->state->of[i])};
}
