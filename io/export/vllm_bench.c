/* The result of `vllm bench serve`: its names, units and definitions, in the order it writes them
 * (vLLM at 009e6d4, benchmarks/serve). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/quantity.h"
#include "io/export/calls.h"
#include "io/export/numbers.h"

enum { S = 9 }; /* digits behind which nanoseconds are one */

/* Lists */

static void print_gaps(FILE *to, const struct call *c)
{
	fputc('[', to);
	for (uint32_t k = 0; k + 1 < c->output_tok; k++) {
		fputs(k ? ", " : "", to);
		print_ns(to, call_gap_ns(c, k), S);
	}
	fputc(']', to);
}

static void print_start(FILE *to, const struct call *c)
{
	print_ns(to, c->start_ns, S);
}

static void print_ttft(FILE *to, const struct call *c)
{
	print_ns(to, c->ttft_ns, S);
}

static void print_latency(FILE *to, const struct call *c)
{
	print_ns(to, c->latency_ns, S);
}

static void print_input(FILE *to, const struct call *c)
{
	fprintf(to, "%u", c->input_tok);
}

static void print_output(FILE *to, const struct call *c)
{
	fprintf(to, "%u", c->output_tok);
}

/* A client's own queue, before it sends: there is none. */
static void print_queue(FILE *to, const struct call *c)
{
	(void)c;
	fputs("0.0", to);
}

static void print_text(FILE *to, const struct call *c)
{
	(void)c;
	fputs("\"\"", to);
}

static void print_error(FILE *to, const struct call *c)
{
	json_string(to, c->error);
}

static void list(FILE *to, const struct calls *b, const char *name,
	void (*print)(FILE *, const struct call *))
{
	fprintf(to, ", \"%s\": [", name);
	for (size_t i = 0; i < b->n; i++) {
		fputs(i ? ", " : "", to);
		print(to, &b->at[i]);
	}
	fputc(']', to);
}

/* Scalars */

static void number(FILE *to, const char *name, double x)
{
	fprintf(to, ", \"%s\": ", name);
	json_number(to, x);
}

static void per_second(FILE *to, const struct calls *b, const char *name, double x)
{
	number(to, name, b->duration_s > 0.0 ? x / b->duration_s : (double)NAN);
}

/* Mean, median, deviation and the percentiles that readers of such files look for. */
static void statistics(FILE *to, const char *name, struct sample *s)
{
	static const double percents[] = {0.1, 1, 5, 10, 25, 50, 75, 90, 95, 99, 99.9};
	char text[64];

	sample_sort(s);
	snprintf(text, sizeof text, "mean_%s_ms", name);
	number(to, text, sample_mean(s));
	snprintf(text, sizeof text, "median_%s_ms", name);
	number(to, text, sample_quantile(s, 0.5));
	snprintf(text, sizeof text, "std_%s_ms", name);
	number(to, text, sample_sd(s));
	for (size_t p = 0; p < sizeof percents / sizeof percents[0]; p++) {
		snprintf(text, sizeof text, "p%g_%s_ms", percents[p], name);
		number(to, text, sample_quantile(s, percents[p] / 100.0));
	}
	sample_finish(s);
}

static void all_statistics(FILE *to, const struct calls *b)
{
	struct sample ttft = {0}, tpot = {0}, itl = {0}, e2el = {0};

	for (size_t i = 0; i < b->n; i++) {
		const struct call *c = &b->at[i];

		if (*c->error)
			continue;
		sample_add(&ttft, 1e-6 * (double)c->ttft_ns);
		sample_add(&e2el, 1e-6 * (double)c->latency_ns);
		if (c->output_tok > 1)
			sample_add(&tpot,
				1e-6 * (double)(c->latency_ns - c->ttft_ns) / (c->output_tok - 1));
		for (uint32_t k = 0; k + 1 < c->output_tok; k++)
			sample_add(&itl, 1e-6 * (double)call_gap_ns(c, k));
	}
	statistics(to, "ttft", &ttft);
	statistics(to, "tpot", &tpot);
	statistics(to, "itl", &itl);
	statistics(to, "e2el", &e2el);
}

/* Speculation: of the whole system, in the window. NaN: there was none. */

static bool metric_of(
	double *out, const struct export_spec *spec, const char *name, struct err *err)
{
	struct results_metric m;

	if (!results_by_replication_named(&m, spec->results, spec->run, "", name, err))
		return false;
	*out = metric_at(&m, spec->replication);
	return true;
}

static bool speculation(FILE *to, const struct export_spec *spec, struct err *err)
{
	double rounds, drafted, per_round, accepted;

	if (!metric_of(&rounds, spec, "speculation.rounds", err) ||
		!metric_of(&drafted, spec, "speculation.drafted_tok", err) ||
		!metric_of(&per_round, spec, "speculation.tokens_per_round", err))
		return false;
	if (!(drafted > 0.0) || !(rounds > 0.0))
		return true;
	accepted = rint(rounds * (per_round - 1.0));
	number(to, "spec_decode_acceptance_rate", 100.0 * accepted / drafted);
	number(to, "spec_decode_acceptance_length", 1.0 + accepted / rounds);
	number(to, "spec_decode_num_drafts", rounds);
	number(to, "spec_decode_draft_tokens", drafted);
	number(to, "spec_decode_accepted_tokens", accepted);
	fputs(", \"spec_decode_per_position_acceptance_rates\": []", to);
	return true;
}

/* What was asked for */

/* "2026-11-28T22:10:05Z" as vLLM has it: 20261128-221005. */
static void print_date(FILE *to, const char *utc)
{
	char text[32];
	size_t n = 0;

	for (; *utc && n + 1 < sizeof text; utc++) {
		if (*utc == 'T')
			text[n++] = '-';
		else if (*utc >= '0' && *utc <= '9')
			text[n++] = *utc;
	}
	text[n] = '\0';
	json_string(to, n ? text : NULL);
}

/* The rate of all groups; where one has none, "inf", as vLLM has it for a trace. */
static bool print_rate(FILE *to, struct calls *b, struct err *err)
{
	double sum_per_s = 0.0, per_s;
	char why[200];

	for (size_t g = 0; g < b->n_groups; g++) {
		const char *key = arena_printf(&b->arena, "users.%s.arrivals.rate", b->groups[g]);
		const char *text;

		if (!results_setting(&text, b->spec->results, b->spec->run, key, err))
			return false;
		if (!text || !quantity_parse(&per_s, text, QUANTITY_FREQUENCY, why, sizeof why))
			per_s = HUGE_VAL;
		sum_per_s += per_s;
	}
	fputs(", \"request_rate\": ", to);
	if (isfinite(sum_per_s))
		json_number(to, sum_per_s);
	else
		fputs("\"inf\"", to);
	return true;
}

static bool print_head(FILE *to, struct calls *b, struct err *err)
{
	const struct results_run *run = results_run(b->spec->results, b->spec->run);
	const char *model;

	if (!results_setting(&model, b->spec->results, b->spec->run,
		    arena_printf(&b->arena, "models.%s.model", b->model ? b->model : ""), err))
		return false;
	fputs("{\"date\": ", to);
	print_date(to, run->started_utc);
	fputs(", \"endpoint_type\": \"offing\", \"backend\": \"offing\", \"label\": ", to);
	json_string(to, run->policy);
	fputs(", \"model_id\": ", to);
	json_string(to, model);
	fputs(", \"tokenizer_id\": ", to);
	json_string(to, model);
	fprintf(to, ", \"num_prompts\": %zu", b->n);
	fputs(", \"simulated\": \"offing ", to);
	fputs(run->version, to);
	fprintf(to, ", replication %u; itls are evenly spaced\"", b->spec->replication);
	if (!print_rate(to, b, err))
		return false;
	fputs(", \"burstiness\": 1.0, \"max_concurrency\": null", to);
	return true;
}

static bool print_all(FILE *to, struct calls *b, struct err *err)
{
	if (!print_head(to, b, err))
		return false;
	number(to, "duration", b->duration_s);
	fprintf(to, ", \"completed\": %zu, \"failed\": %zu", b->completed, b->n - b->completed);
	number(to, "total_input_tokens", (double)b->input_tok);
	number(to, "total_output_tokens", (double)b->output_tok);
	per_second(to, b, "request_throughput", (double)b->completed);
	per_second(to, b, "request_goodput", b->deadlines ? (double)b->good : (double)NAN);
	per_second(to, b, "output_throughput", (double)b->output_tok);
	per_second(to, b, "total_token_throughput", (double)(b->input_tok + b->output_tok));
	list(to, b, "input_lens", print_input);
	list(to, b, "output_lens", print_output);
	list(to, b, "ttfts", print_ttft);
	list(to, b, "itls", print_gaps);
	list(to, b, "latencies", print_latency);
	list(to, b, "start_times", print_start);
	list(to, b, "queue_times", print_queue);
	list(to, b, "generated_texts", print_text);
	list(to, b, "errors", print_error);
	number(to, "max_output_tokens_per_s", calls_most_tokens(b));
	fprintf(to, ", \"max_concurrent_requests\": %zu, \"rtfx\": 0.0", calls_most_at_once(b));
	if (!speculation(to, b->spec, err))
		return false;
	all_statistics(to, b);
	fputs("}\n", to);
	return true;
}

bool export_vllm_bench(FILE *to, const struct export_spec *spec, struct err *err)
{
	struct calls b;
	bool ok = calls_read(&b, spec, err) && print_all(to, &b, err);

	calls_finish(&b);
	return ok;
}
