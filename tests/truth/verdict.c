#include "tests/truth/verdict.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tests/truth/grid.h"

/* What one line of the table is about. */
enum claim {
	CLAIM_SINGLE,
	CLAIM_COLD,
	CLAIM_WARM,
	CLAIM_MAKESPAN,
	CLAIM_FLOW,
	CLAIM_SUPER,
	CLAIM_BEHIND,
	CLAIMS,
};

/* Above @outlier an error is listed and explained; a bar of HUGE_VAL is none. */
static const struct {
	const char *name;
	double median_bar, worst_bar, outlier;
} claims[CLAIMS] = {
	[CLAIM_SINGLE] = {"single transfers", 0.005, 0.05, 0.02},
	[CLAIM_COLD] = {"cold behind delay", 0.01, HUGE_VAL, 0.04},
	[CLAIM_WARM] = {"warm behind delay", 0.005, 0.05, 0.02},
	[CLAIM_MAKESPAN] = {"all of 2 to 8 flows", 0.001, HUGE_VAL, 0.005},
	[CLAIM_FLOW] = {"each of 2 to 8 flows", 0.05, HUGE_VAL, 0.15},
	[CLAIM_SUPER] = {"htb gso, bounds", 0.005, 0.05, 0.01},
	[CLAIM_BEHIND] = {"short behind long", HUGE_VAL, HUGE_VAL, HUGE_VAL},
};

/* Of what rides in the burst only the hosts' own time is left, some microseconds a packet. */
static const double LEAST_S = 1e-3;

struct result {
	struct cell cell;
	struct rig_figures figures;
	enum claim claim;
	size_t flow; /* n_flows: the last of all */
	size_t reps;
	double measured_s, p25_s, p75_s, predicted_s;
	double least_s, most_s; /* super-packets */
	double error;
};

struct verdict {
	struct result *results;
	size_t n, cap;
	size_t last; /* the first result of the last cell */
};

struct verdict *verdict_create(void)
{
	return mem_zalloc(1, sizeof(struct verdict));
}

void verdict_destroy(struct verdict *v)
{
	if (v == NULL)
		return;
	free(v->results);
	free(v);
}

static enum claim claim_of(const struct cell *c, size_t flow)
{
	switch (c->family) {
	case FAMILY_COLD:
		return CLAIM_COLD;
	case FAMILY_WARM:
		return CLAIM_WARM;
	case FAMILY_SHARE:
		return flow < c->n_flows ? CLAIM_FLOW : CLAIM_MAKESPAN;
	case FAMILY_SUPER:
		return CLAIM_SUPER;
	case FAMILY_BEHIND:
		return CLAIM_BEHIND;
	case FAMILY_SINGLE:
	case FAMILIES:
		break;
	}
	return CLAIM_SINGLE;
}

/* A flow's time is from its own start. */
static double flow_start_s(const struct cell *c, size_t i)
{
	return i < c->n_flows ? c->flow[i].start_s : 0.0;
}

/* Outside of bounds: by how much; inside: 0. */
static double bounds_error(const struct result *r)
{
	if (r->measured_s < r->least_s)
		return r->least_s / r->measured_s - 1.0;
	return r->measured_s > r->most_s ? r->most_s / r->measured_s - 1.0 : 0.0;
}

static double add_result(struct verdict *v, const struct cell *c, const struct measured *m,
	const struct rig_figures *f, size_t i)
{
	const double start_s = flow_start_s(c, i);
	struct sample p;
	struct result r = {
		.cell = *c,
		.figures = *f,
		.claim = claim_of(c, i),
		.flow = i,
		.reps = m->n,
		.measured_s = measured_quantile_s(m, c->n_flows, i, 0.5) - start_s,
		.p25_s = measured_quantile_s(m, c->n_flows, i, 0.25) - start_s,
		.p75_s = measured_quantile_s(m, c->n_flows, i, 0.75) - start_s,
	};

	predict(&p, c, f);
	r.predicted_s = (i < c->n_flows ? p.end_s[i] : p.makespan_s) - start_s;
	r.error = predict_bounds(&r.least_s, &r.most_s, c, f) ? bounds_error(&r)
							      : r.predicted_s / r.measured_s - 1.0;
	v->results = mem_grow(v->results, v->n, &v->cap, sizeof(*v->results));
	v->results[v->n++] = r;
	return fabs(r.error);
}

double verdict_add(struct verdict *v, const struct cell *c, const struct measured *m,
	const struct rig_figures *f)
{
	const bool behind = c->family == FAMILY_BEHIND;
	const double worst = add_result(v, c, m, f, behind ? c->n_flows - 1 : c->n_flows);

	v->last = v->n - 1;
	if (c->family == FAMILY_SHARE)
		for (size_t i = 0; i < c->n_flows; i++)
			if (measured_quantile_s(m, c->n_flows, i, 0.5) - flow_start_s(c, i) >=
				LEAST_S)
				add_result(v, c, m, f, i);
	return worst;
}

void verdict_drop(struct verdict *v)
{
	v->n = v->last;
}

/* ---- the table ---- */

static int by_size(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print_bar(double bar, FILE *out)
{
	if (bar < HUGE_VAL)
		fprintf(out, " %5.1f", 100.0 * bar);
	else
		fprintf(out, "     -");
}

static bool print_claim(const struct verdict *v, enum claim claim, FILE *out)
{
	double *e = mem_zalloc(v->n + 1, sizeof(*e)), median, worst;
	size_t n = 0;
	bool ok;

	for (size_t i = 0; i < v->n; i++)
		if (v->results[i].claim == claim)
			e[n++] = fabs(v->results[i].error);
	qsort(e, n, sizeof(*e), by_size);
	median = n == 0 ? 0.0 : n % 2 ? e[n / 2] : 0.5 * (e[n / 2 - 1] + e[n / 2]);
	worst = n == 0 ? 0.0 : e[n - 1];
	ok = median <= claims[claim].median_bar && worst <= claims[claim].worst_bar;
	if (n > 0) {
		fprintf(out, "%-22s %5zu %8.3f %8.3f %8.3f  ", claims[claim].name, n,
			100.0 * median, 100.0 * e[n - 1 - n / 20], 100.0 * worst);
		print_bar(claims[claim].median_bar, out);
		print_bar(claims[claim].worst_bar, out);
		fprintf(out, "  %s\n",
			!(claims[claim].median_bar < HUGE_VAL) ? "not claimed"
			: ok                                   ? "met"
							       : "MISSED");
	}
	free(e);
	return ok;
}

/* ---- outliers ---- */

static double predict_late(const struct result *r, double late_s)
{
	struct rig_figures f = r->figures;
	struct sample p;

	f.timer_late_s = late_s;
	predict(&p, &r->cell, &f);
	return (r->flow < r->cell.n_flows ? p.end_s[r->flow] : p.makespan_s) -
	       flow_start_s(&r->cell, r->flow);
}

/* Equal shares hold on average; who is off, and why. */
static void explain_flow(const struct result *r, FILE *out)
{
	static const double FEW_BYTES = 32768.0;
	const struct cell *c = &r->cell;

	if (c->qdisc == QDISC_HTB)
		fprintf(out, "the parent's debt is paid in another order");
	else if (c->gso)
		fprintf(out, "super-packets: who comes first holds the queue");
	else if (c->burst_bytes > (double)c->flow[r->flow].bytes)
		fprintf(out, "others used up the burst first");
	else if ((double)c->flow[r->flow].bytes < FEW_BYTES)
		fprintf(out, "a few windows long: waits for whole windows of the others");
	else
		fprintf(out, "TCP's windows share the queue unequally");
	fprintf(out, " (%.3f..%.3f ms)", r->p25_s * 1e3, r->p75_s * 1e3);
}

/* What explains an outlier, by evidence. */
static void explain(const struct result *r, const struct lateness *late, FILE *out)
{
	static const double HOST_JITTER_S = 100e-6, FRAME_BYTES = 1514.0;
	const double off_s = r->predicted_s - r->measured_s;
	const double soon_s = predict_late(r, late->p5_s), slow_s = predict_late(r, late->p95_s);

	if (r->claim == CLAIM_FLOW)
		explain_flow(r, out);
	else if (fabs(off_s) < HOST_JITTER_S)
		fprintf(out, "%.0f us, as the hosts' own time varies", fabs(off_s) * 1e6);
	else if (r->p75_s - r->p25_s > fabs(off_s))
		fprintf(out, "repetitions differ as much: %.3f..%.3f ms", r->p25_s * 1e3,
			r->p75_s * 1e3);
	else if (slow_s - soon_s > 0.3 * fabs(off_s))
		fprintf(out, "tokens lost to late timers: %.3f..%.3f ms for lateness p5..p95",
			soon_s * 1e3, slow_s * 1e3);
	else if (fabs(off_s) * r->cell.bytes_per_s < FRAME_BYTES * (double)r->cell.n_flows)
		fprintf(out, "%.1f packets: flows take turns by whole ones",
			fabs(off_s) * r->cell.bytes_per_s / FRAME_BYTES);
	else
		fprintf(out, "unexplained");
}

static void print_outliers(const struct verdict *v, const struct lateness *late, FILE *out)
{
	char text[300];
	bool any = false;

	for (size_t i = 0; i < v->n; i++) {
		const struct result *r = &v->results[i];

		if (fabs(r->error) <= claims[r->claim].outlier)
			continue;
		if (!any)
			fprintf(out, "\noutliers (measured, predicted ms, error %%):\n");
		any = true;
		fprintf(out, "%10.3f %10.3f %7.2f  %s", r->measured_s * 1e3, r->predicted_s * 1e3,
			100.0 * r->error, cell_print(text, sizeof(text), &r->cell));
		if (r->flow < r->cell.n_flows)
			fprintf(out, " [flow %zu]", r->flow);
		fprintf(out, ": ");
		explain(r, late, out);
		fprintf(out, "\n");
	}
}

static void print_csv(const struct verdict *v, FILE *csv)
{
	char text[300];

	fprintf(csv, "claim,cell,flow,reps,p25_ms,median_ms,p75_ms,predicted_ms,error\n");
	for (size_t i = 0; i < v->n; i++) {
		const struct result *r = &v->results[i];

		fprintf(csv, "%s,\"%s\",%zu,%zu,%.4f,%.4f,%.4f,%.4f,%.6f\n", claims[r->claim].name,
			cell_print(text, sizeof(text), &r->cell), r->flow, r->reps, r->p25_s * 1e3,
			r->measured_s * 1e3, r->p75_s * 1e3, r->predicted_s * 1e3, r->error);
	}
}

bool verdict_print(struct verdict *v, const struct lateness *late, FILE *csv, FILE *out)
{
	bool ok = true;

	fprintf(out, "\n%-22s %5s %8s %8s %8s   bars: median, worst\n", "|error|, %", "cells",
		"median", "p95", "worst");
	for (size_t i = 0; i < CLAIMS; i++)
		ok = print_claim(v, (enum claim)i, out) && ok;
	print_outliers(v, late, out);
	if (csv != NULL)
		print_csv(v, csv);
	return ok;
}
