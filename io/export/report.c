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
	size_t n; /* metrics of the run, in order of scope and name */
	const struct results_metric *metrics;
};

/* Metrics: the mean over the replications, or what one of them came to. NaN: not measured. */

static int by_name(const void *a, const void *b)
{
	const struct results_metric *x = a, *y = b;
	const int scopes = strcmp(x->scope, y->scope);

	return scopes ? scopes : strcmp(x->name, y->name);
}

/* Empty where there is none. */
static struct results_metric named(const struct report *r, const char *scope, const char *name)
{
	const struct results_metric key = {.scope = scope, .name = name};
	const struct results_metric *found = NULL;

	if (r->n > 0)
		found = bsearch(&key, r->metrics, r->n, sizeof key, by_name);
	return found ? *found : key;
}

static bool metric_of(
	double *out, const struct report *r, const char *scope, const char *name, struct err *err)
{
	const struct export_spec *spec = r->spec;
	const struct results_metric m = named(r, scope, name);
	struct results_summary summary = {.mean = metric_at(&m, spec->replication)};

	if (spec->replication == 0 &&
		!results_summary(&summary, spec->results, spec->run, scope, name, err))
		return false;
	*out = summary.mean;
	return true;
}

/* A count over all replications that are told of. */
static uint64_t count_of(const struct report *r, const char *name)
{
	const struct results_metric m = named(r, "", name);
	double sum = 0.0;

	for (size_t i = 0; i < m.n; i++)
		if (r->spec->replication == 0 || m.numbers[i] == r->spec->replication)
			sum += isfinite(m.values[i]) ? m.values[i] : 0.0;
	return (uint64_t)sum;
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
	text(r, 1, "description", "simulated by offing; times are those of the simulation");
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

static void requests_part(const struct report *r, const struct lengths *l)
{
	section(r, 3, "requests");
	whole(r, 4, "total", count_of(r, "requests.created"));
	whole(r, 4, "failures", count_of(r, "requests.rejected") + count_of(r, "requests.dropped"));
	whole(r, 4, "incomplete", count_of(r, "requests.in_system"));
	length(r, 4, "input_length", &l->prompt);
	length(r, 4, "output_length", &l->output);
}

static bool performance_part(const struct report *r, const struct lengths *l, struct err *err)
{
	section(r, 0, "results");
	section(r, 1, "request_performance");
	section(r, 2, "aggregate");
	requests_part(r, l);
	section(r, 3, "latency");
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
	const char *last = "";

	for (size_t m = 0; m < r->n; m++) {
		const char *scope = r->metrics[m].scope;

		if (strncmp(scope, "instance:", 9) != 0 || !strcmp(scope, last))
			continue;
		if (!*last)
			fputs("  observability:\n    components:\n", r->to);
		last = scope;
		if (!instance_part(r, last, err))
			return false;
	}
	return true;
}

bool export_report(FILE *to, const struct export_spec *spec, struct err *err)
{
	struct report r = {spec, results_run(spec->results, spec->run), to, 0, NULL};
	struct lengths l = {0};
	bool ok;

	ok = results_by_replication(&r.n, &r.metrics, spec->results, spec->run, NULL, err) &&
	     read_lengths(&l, &r, err);
	fputs("version: \"0.2.1\"\n", to);
	ok = ok && run_part(&r, err) && scenario_part(&r, &l, err) &&
	     performance_part(&r, &l, err) && instances_part(&r, err);
	sample_finish(&l.prompt);
	sample_finish(&l.output);
	return ok;
}
