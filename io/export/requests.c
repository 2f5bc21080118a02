/* Requests as rows or objects, in the names of serving benchmarks. */
#include "io/export/export.h"

#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "io/export/numbers.h"
#include "io/results/requests.h"
#include "io/text/csv.h"

const char *const export_formats[EXPORT_FORMATS] = {
	[EXPORT_CSV] = "csv",
	[EXPORT_JSONL] = "jsonl",
	[EXPORT_MOONCAKE] = "mooncake",
	[EXPORT_VLLM_BENCH] = "vllm-bench",
	[EXPORT_REPORT] = "benchmark-report",
};

enum { S = 9, MS = 6 }; /* digits behind which nanoseconds are one */

/** A row on its way out. */
struct out {
	FILE *to;
	bool objects, heading;
	size_t n; /* columns so far */
};

/* What stands before a value; false: it is the heading's turn, and all has been said. */
static bool begin(struct out *o, const char *name)
{
	const bool first = o->n++ == 0;

	if (o->objects)
		fprintf(o->to, "%s\"%s\": ", first ? "{" : ", ", name);
	else if (!first)
		fputc(',', o->to);
	if (o->heading)
		fputs(name, o->to);
	return !o->heading;
}

static void nothing(const struct out *o)
{
	if (o->objects)
		fputs("null", o->to);
}

static void whole(struct out *o, const char *name, uint64_t x)
{
	if (begin(o, name))
		fprintf(o->to, "%" PRIu64, x);
}

static void text(struct out *o, const char *name, const char *s)
{
	if (!begin(o, name))
		return;
	if (o->objects && *s) {
		json_string(o->to, s);
	} else if (o->objects) {
		nothing(o);
	} else if (!strpbrk(s, ",\"\n")) {
		fputs(s, o->to);
	} else {
		csv_print_quoted(o->to, s);
	}
}

/* From @from_ns to @to_ns; nothing where it did not come to that. */
static void span(struct out *o, const char *name, int64_t from_ns, int64_t to_ns, unsigned digits)
{
	if (!begin(o, name))
		return;
	if (from_ns == RESULTS_TIME_NONE || to_ns == RESULTS_TIME_NONE)
		nothing(o);
	else
		print_ns(o->to, to_ns - from_ns, digits);
}

static void per_token(struct out *o, const struct results_request *q)
{
	if (!begin(o, "tpot_ms"))
		return;
	if (q->output_tok < 2 || q->finished_ns == RESULTS_TIME_NONE ||
		q->first_token_ns == RESULTS_TIME_NONE || strcmp(q->fate, "done") != 0)
		nothing(o);
	else
		print_ns(o->to, (q->finished_ns - q->first_token_ns) / (q->output_tok - 1), MS);
}

/* Until it is computed, its upload left out. */
static void wait(struct out *o, const struct results_request *q)
{
	if (!begin(o, "wait_ms"))
		return;
	if (q->started_ns == RESULTS_TIME_NONE)
		nothing(o);
	else
		print_ns(o->to, q->started_ns - q->created_ns - (q->uploaded_ns - q->assigned_ns),
			MS);
}

static void row(struct out *o, const struct results_run *run, const struct results_request *q)
{
	const bool done = !strcmp(q->fate, "done");

	whole(o, "run", (uint64_t)run->id);
	text(o, "policy", run->policy);
	whole(o, "replication", q->replication);
	whole(o, "request_id", q->id);
	text(o, "group", q->group);
	text(o, "home", q->home);
	text(o, "model", q->model);
	text(o, "instance", q->instance);
	text(o, "status", q->fate);
	whole(o, "measured", q->measured);
	span(o, "arrival_s", 0, q->created_ns, S);
	whole(o, "prompt_tokens", q->prompt_tok);
	whole(o, "output_tokens", q->output_tok);
	whole(o, "cached_tokens", q->cached_tok);
	wait(o, q);
	span(o, "ttft_ms", q->created_ns, q->output_tok > 0 ? q->heard_ns : RESULTS_TIME_NONE, MS);
	per_token(o, q);
	span(o, "e2el_ms", q->created_ns, done ? q->delivered_ns : RESULTS_TIME_NONE, MS);
	span(o, "deadline_ms", q->created_ns, q->deadline_ns, MS);
	whole(o, "preemptions", q->preemptions);
	fputs(o->objects ? "}\n" : "\n", o->to);
	o->n = 0;
	o->heading = false;
}

bool export_requests(FILE *to, const struct export_spec *spec, bool objects, struct err *err)
{
	const struct results_run *run = results_run(spec->results, spec->run);
	struct out o = {.to = to, .objects = objects, .heading = spec->heading && !objects};
	struct results_requests *all;
	struct results_request q = {
		.group = "", .home = "", .model = "", .instance = "", .fate = ""};
	int got;

	if (!results_requests_open(&all, spec->results, spec->run, spec->replication, err))
		return false;
	if (o.heading)
		row(&o, run, &q);
	while ((got = results_requests_next(all, &q, err)) > 0)
		if (q.measured || !spec->measured)
			row(&o, run, &q);
	results_requests_close(all);
	return got == 0;
}
