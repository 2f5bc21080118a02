/* Benchmark Report 0.2.1 of llm-d (its schema at 8bc9f1d): YAML, times in seconds. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "io/export/export.h"
#include "io/export/numbers.h"
#include "io/results/requests.h"

struct report {
	const struct export_spec *spec;
	const struct results_run *run;
	FILE *to;
};

/* Metrics: the mean over the replications, or what one of them came to. NaN: not measured. */

static bool metric_of(
	double *out, const struct report *r, const char *scope, const char *name, struct err *err)
{
	const struct export_spec *spec = r->spec;
	const struct results_metric *all;
	struct results_summary summary;
	size_t n;

	*out = (double)NAN;
	if (spec->replication == 0) {
		if (!results_summary(&summary, spec->results, spec->run, scope, name, err))
			return false;
		*out = summary.mean;
		return true;
	}
	if (!results_metrics(&n, &all, spec->results, spec->run, scope, err))
		return false;
	for (size_t m = 0; m < n; m++)
		for (size_t i = 0; !strcmp(all[m].name, name) && i < all[m].n; i++)
			if (all[m].numbers[i] == spec->replication)
				*out = all[m].values[i];
	return true;
}

/* A count over all replications that are told of. */
static bool count_of(uint64_t *out, const struct report *r, const char *name, struct err *err)
{
	const struct results_metric *all;
	double sum = 0.0;
	size_t n;

	if (!results_metrics(&n, &all, r->spec->results, r->spec->run, "", err))
		return false;
	for (size_t m = 0; m < n; m++)
		for (size_t i = 0; !strcmp(all[m].name, name) && i < all[m].n; i++)
			if (r->spec->replication == 0 || all[m].numbers[i] == r->spec->replication)
				sum += isfinite(all[m].values[i]) ? all[m].values[i] : 0.0;
	*out = (uint64_t)sum;
	return true;
}

/* YAML */

static void key(const struct report *r, int depth, const char *name)
{
	fprintf(r->to, "%*s%s:", 2 * depth, "", name);
}

static void section(const struct report *r, int depth, const char *name)
{
	key(r, depth, name);
	fputc('\n', r->to);
}

static void text(const struct report *r, int depth, const char *name, const char *s)
{
	key(r, depth, name);
	fputc(' ', r->to);
	json_string(r->to, s);
	fputc('\n', r->to);
}

static void number(const struct report *r, int depth, const char *name, double x)
{
	key(r, depth, name);
	fputc(' ', r->to);
	json_number(r->to, x);
	fputc('\n', r->to);
}

static void whole(const struct report *r, int depth, const char *name, uint64_t x)
{
	key(r, depth, name);
	fprintf(r->to, " %" PRIu64 "\n", x);
}

/** What a metric and its kin say of a quantity: {"mean", "e2e.mean_s"}, ... */
struct part {
	const char *name, *metric;
};

/* Left out where there is no mean. */
static bool statistics(const struct report *r, int depth, const char *name, const char *units,
	const char *scope, const struct part *parts, double factor, struct err *err)
{
	double x;

	if (!metric_of(&x, r, scope, parts[0].metric, err))
		return false;
	if (!isfinite(x))
		return true;
	section(r, depth, name);
	text(r, depth + 1, "units", units);
	for (; parts->name; parts++) {
		if (!metric_of(&x, r, scope, parts->metric, err))
			return false;
		if (isfinite(x))
			number(r, depth + 1, parts->name, factor * x);
	}
	return true;
}

#define SPAN_PARTS(name) \
	{ \
		{"mean", name ".mean_s"}, {"stddev", name ".sd_s"}, {"p50", name ".p50_s"}, \
			{"p90", name ".p90_s"}, {"p95", name ".p95_s"}, {"p99", name ".p99_s"}, \
		{ \
			NULL, NULL \
		} \
	}
#define MEAN_PART(metric) \
	{ \
		{"mean", (metric)}, \
		{ \
			NULL, NULL \
		} \
	}
static const struct part ttft[] = SPAN_PARTS("ttft"), tpot[] = SPAN_PARTS("tpot"),
			 e2e[] = SPAN_PARTS("e2e"),
			 per_token[] = MEAN_PART("latency.mean_ms_per_token"),
			 tokens_per_s[] = MEAN_PART("throughput.tok_per_s"),
			 requests_per_s[] = MEAN_PART("throughput.req_per_s"),
			 busy[] = MEAN_PART("busy.share"), preemptions[] = MEAN_PART("preemptions"),
			 hits[] = MEAN_PART("prefix.hit_share");

/* Lengths, from the requests where they were kept */

struct lengths {
	struct sample prompt, output;
};

static bool read_lengths(struct lengths *l, const struct report *r, struct err *err)
{
	struct results_requests *all;
	struct results_request q;
	struct err none = {0};
	int got;

	if (!results_requests_open(
		    &all, r->spec->results, r->spec->run, r->spec->replication, &none))
		return none.kind == ERR_INPUT || err_run(err, "%s", none.msg);
	while ((got = results_requests_next(all, &q, err)) > 0) {
		if (!q.measured || q.output_tok == 0)
			continue;
		sample_add(&l->prompt, q.prompt_tok);
		if (!strcmp(q.fate, "done"))
			sample_add(&l->output, q.output_tok);
	}
	results_requests_close(all);
	sample_sort(&l->prompt);
	sample_sort(&l->output);
	return got == 0;
}

static void length(const struct report *r, int depth, const char *name, const struct sample *s)
{
	static const struct {
		const char *name;
		double q;
	} quantiles[] = {{"min", 0.0}, {"p1", 0.01}, {"p5", 0.05}, {"p10", 0.1}, {"p25", 0.25},
		{"p50", 0.5}, {"p75", 0.75}, {"p90", 0.9}, {"p95", 0.95}, {"p99", 0.99},
		{"max", 1.0}};

	if (s->n == 0)
		return;
	section(r, depth, name);
	text(r, depth + 1, "units", "count");
	number(r, depth + 1, "mean", sample_mean(s));
	number(r, depth + 1, "stddev", sample_sd(s));
	for (size_t i = 0; i < sizeof quantiles / sizeof quantiles[0]; i++)
		number(r, depth + 1, quantiles[i].name, sample_quantile(s, quantiles[i].q));
}

/* Parts of the report */

static bool run_part(const struct report *r, struct err *err)
{
	const struct results_replication *all;
	double window_s = 0.0;
	size_t n;

	if (!results_replications(&n, &all, r->spec->results, r->spec->run, err))
		return false;
	for (size_t i = 0; i < n; i++)
		if (all[i].number == (r->spec->replication ? r->spec->replication : all[0].number))
			window_s = all[i].horizon_s;
	section(r, 0, "run");
	fprintf(r->to, "  uid: \"%.16s-", r->run->sha256);
	for (const char *c = r->run->policy; *c; c++)
		fputc(strchr("\"\\", *c) ? '_' : *c, r->to);
	if (r->spec->replication)
		fprintf(r->to, "-%u", r->spec->replication);
	fputs("\"\n", r->to);
	text(r, 1, "eid", r->run->sha256);
	section(r, 1, "time");
	if (*r->run->started_utc)
		text(r, 2, "start", r->run->started_utc);
	fputs("    duration: \"PT", r->to);
	json_number(r->to, isfinite(window_s) ? window_s : 0.0);
	fputs("S\"\n", r->to);
	key(r, 1, "description");
	fputs(" \"simulated by offing; times are those of the simulation\"\n", r->to);
	return true;
}

/* The scenario as it was resolved, a block of text. */
static bool native(const struct report *r, int depth, struct err *err)
{
	const char *scenario, *line, *end;

	if (!results_scenario(&scenario, r->spec->results, r->spec->run, err))
		return false;
	section(r, depth, "native");
	key(r, depth + 1, "config");
	fputs(" |2\n", r->to);
	for (line = scenario; *line; line = *end ? end + 1 : end) {
		end = strchrnul(line, '\n');
		fprintf(r->to, "%*s%.*s\n", end > line ? 2 * (depth + 2) : 0, "", (int)(end - line),
			line);
	}
	return true;
}

static void sequence(const struct report *r, const char *name, const struct sample *s)
{
	section(r, 3, name);
	text(r, 4, "distribution", s->at[0] < s->at[s->n - 1] ? "other" : "fixed");
	number(r, 4, "value", sample_mean(s));
	whole(r, 4, "min", (uint64_t)s->at[0]);
	whole(r, 4, "max", (uint64_t)s->at[s->n - 1]);
}

static bool scenario_part(const struct report *r, const struct lengths *l, struct err *err)
{
	if (l->prompt.n == 0 || l->output.n == 0)
		return true;
	section(r, 0, "scenario");
	section(r, 1, "load");
	section(r, 2, "metadata");
	text(r, 3, "cfg_id", r->run->sha256);
	text(r, 3, "description", r->run->name);
	section(r, 2, "standardized");
	text(r, 3, "tool", "offing");
	text(r, 3, "tool_version", r->run->version);
	text(r, 3, "source", "unknown");
	sequence(r, "input_seq_len", &l->prompt);
	sequence(r, "output_seq_len", &l->output);
	return native(r, 2, err);
}

static bool requests_part(const struct report *r, const struct lengths *l, struct err *err)
{
	uint64_t created, rejected, dropped, left;

	if (!count_of(&created, r, "requests.created", err) ||
		!count_of(&rejected, r, "requests.rejected", err) ||
		!count_of(&dropped, r, "requests.dropped", err) ||
		!count_of(&left, r, "requests.in_system", err))
		return false;
	section(r, 3, "requests");
	whole(r, 4, "total", created);
	whole(r, 4, "failures", rejected + dropped);
	whole(r, 4, "incomplete", left);
	length(r, 4, "input_length", &l->prompt);
	length(r, 4, "output_length", &l->output);
	return true;
}

static bool performance_part(const struct report *r, const struct lengths *l, struct err *err)
{
	section(r, 0, "results");
	section(r, 1, "request_performance");
	section(r, 2, "aggregate");
	if (!requests_part(r, l, err))
		return false;
	key(r, 3, "latency");
	fputc('\n', r->to);
	if (!statistics(r, 4, "time_to_first_token", "s", "", ttft, 1.0, err) ||
		!statistics(r, 4, "normalized_time_per_output_token", "ms/token", "", per_token,
			1.0, err) ||
		!statistics(r, 4, "time_per_output_token", "s/token", "", tpot, 1.0, err) ||
		!statistics(r, 4, "request_latency", "s", "", e2e, 1.0, err))
		return false;
	section(r, 3, "throughput");
	return statistics(r, 4, "output_token_rate", "tokens/s", "", tokens_per_s, 1.0, err) &&
	       statistics(r, 4, "request_rate", "queries/s", "", requests_per_s, 1.0, err);
}

static bool instance_part(const struct report *r, const char *scope, struct err *err)
{
	fputs("    - component_label: ", r->to);
	json_string(r->to, scope + strlen("instance:"));
	fputs("\n      aggregate:\n", r->to);
	return statistics(r, 4, "gpu_utilization", "percent", scope, busy, 100.0, err) &&
	       statistics(r, 4, "cache_hit_rate", "percent", scope, hits, 100.0, err) &&
	       statistics(r, 4, "preemptions", "count", scope, preemptions, 1.0, err);
}

/* Instances, each once: the measured are in order of scope. */
static bool instances_part(const struct report *r, struct err *err)
{
	const struct results_metric *all;
	const char *last = "";
	size_t n;

	if (!results_metrics(&n, &all, r->spec->results, r->spec->run, NULL, err))
		return false;
	for (size_t m = 0; m < n; m++) {
		if (strncmp(all[m].scope, "instance:", 9) != 0 || !strcmp(all[m].scope, last))
			continue;
		if (!*last)
			fputs("  observability:\n    components:\n", r->to);
		last = all[m].scope;
		if (!instance_part(r, last, err))
			return false;
	}
	return true;
}

bool export_report(FILE *to, const struct export_spec *spec, struct err *err)
{
	const struct report r = {spec, results_run(spec->results, spec->run), to};
	struct lengths l = {0};
	bool ok;

	ok = read_lengths(&l, &r, err);
	fputs("version: \"0.2.1\"\n", to);
	ok = ok && run_part(&r, err) && scenario_part(&r, &l, err) &&
	     performance_part(&r, &l, err) && instances_part(&r, err);
	sample_finish(&l.prompt);
	sample_finish(&l.output);
	return ok;
}
