/* offing export: requests and summaries in the formats of other tools. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/near.h"
#include "base/quote.h"
#include "base/str.h"
#include "base/whole_file.h"
#include "cli/command.h"
#include "cli/say.h"
#include "io/export/export.h"
#include "io/results/requests.h"

struct asked {
	const struct opts *o;
	struct results *results;
	size_t n_runs;
	size_t *runs;
	unsigned long replication; /* 0: not said */
};

/* Which runs */

static bool is_asked(const struct asked *a, const struct results_run *run, unsigned long id)
{
	const char *policy = opts_get(a->o, "policy");

	return (!policy || !strcmp(run->policy, policy)) && (id == 0 || run->id == (int64_t)id);
}

static bool refuse_none(const struct asked *a, unsigned long id, struct err *err)
{
	const char *policy = opts_get(a->o, "policy");
	struct near near;

	if (!policy)
		return err_input(err, "'%s' has no run %lu", results_dir(a->results), id);
	near_init(&near, policy);
	for (size_t k = 0; k < results_n_runs(a->results); k++)
		near_add(&near, results_run(a->results, k)->policy);
	return near_refuse(&near, id ? "such run of policy" : "policy", err);
}

static bool find_runs(struct asked *a, struct err *err)
{
	unsigned long id = 0;

	if (!opts_count(a->o, "run", 1, INT32_MAX, &id, err) ||
		!opts_count(a->o, "replication", 1, UINT32_MAX, &a->replication, err))
		return false;
	a->runs = mem_zalloc(results_n_runs(a->results), sizeof *a->runs);
	for (size_t k = 0; k < results_n_runs(a->results); k++)
		if (is_asked(a, results_run(a->results, k), id))
			a->runs[a->n_runs++] = k;
	return a->n_runs > 0 || refuse_none(a, id, err);
}

/* Of the formats that tell of one. */
static bool one_run(const struct asked *a, const char *format, struct err *err)
{
	struct buf runs;

	if (a->n_runs == 1)
		return true;
	buf_init(&runs);
	for (size_t k = 0; k < a->n_runs && runs.n < 120; k++) {
		const struct results_run *run = results_run(a->results, a->runs[k]);

		buf_printf(&runs, "%s%lld (%s)", k ? ", " : "", (long long)run->id, run->policy);
	}
	err_input(err, "%s is of one run, and '%s' has %zu: say which with --run or --policy: %s",
		format, results_dir(a->results), a->n_runs, runs.s);
	buf_finish(&runs);
	return false;
}

static bool has_replication(const struct asked *a, uint32_t number, size_t run, struct err *err)
{
	const struct results_replication *all;
	size_t n;

	if (!results_replications(&n, &all, a->results, run, err))
		return false;
	for (size_t k = 0; k < n; k++)
		if (all[k].number == number)
			return all[k].status == RUN_COMPLETE ||
			       err_input(err, "replication %u did not complete", number);
	return err_input(err, "policy '%s' has no replication %u, but 1 to %zu",
		results_run(a->results, run)->policy, number, n);
}

/* Writing */

static bool write_one(FILE *to, const struct asked *a, enum export_format format, struct err *err)
{
	struct export_spec spec = {.results = a->results,
		.run = a->runs[0],
		.replication = (uint32_t)a->replication,
		.measured = opts_get(a->o, "measured") != NULL};
	bool unknown, ok;

	if (!one_run(a, export_formats[format], err) ||
		(spec.replication && !has_replication(a, spec.replication, spec.run, err)))
		return false;
	if (format == EXPORT_REPORT)
		return export_report(to, &spec, err);
	if (spec.replication == 0)
		spec.replication = 1;
	if (!has_replication(a, spec.replication, spec.run, err))
		return false;
	if (format == EXPORT_VLLM_BENCH) {
		spec.measured = opts_get(a->o, "all") == NULL;
		return export_vllm_bench(to, &spec, err);
	}
	ok = export_mooncake(to, &spec, &unknown, err);
	if (ok && unknown)
		say("offing: warning: hash_ids are left out: the result does not tell what prompts "
		    "share");
	return ok;
}

static bool write_rows(FILE *to, const struct asked *a, bool objects, struct err *err)
{
	bool ok = true;

	for (size_t k = 0; k < a->n_runs && ok; k++) {
		const struct export_spec spec = {.results = a->results,
			.run = a->runs[k],
			.replication = (uint32_t)a->replication,
			.measured = opts_get(a->o, "measured") != NULL,
			.heading = k == 0};

		ok = (!spec.replication || has_replication(a, spec.replication, spec.run, err)) &&
		     export_requests(to, &spec, objects, err);
	}
	return ok;
}

static bool write_to(FILE *to, const struct asked *a, enum export_format format, struct err *err)
{
	if (format == EXPORT_CSV || format == EXPORT_JSONL)
		return write_rows(to, a, format == EXPORT_JSONL, err);
	return write_one(to, a, format, err);
}

static bool write_file(
	const char *path, const struct asked *a, enum export_format format, struct err *err)
{
	struct whole_file *f;

	if (!whole_file_open(&f, path, opts_get(a->o, "force") ? WHOLE_REPLACE : WHOLE_FORCE, err))
		return false;
	if (write_to(whole_file(f), a, format, err))
		return whole_file_close(f, err);
	whole_file_drop(f);
	return false;
}

/* What is asked */

static bool ends_with(const char *s, const char *end)
{
	const size_t n = strlen(s), m = strlen(end);

	return n > m && !strcmp(s + n - m, end);
}

static bool write_requests(const struct asked *a, const char *path, struct err *err)
{
	char quoted[QUOTE_SIZE];

	if (!ends_with(path, ".csv") && !ends_with(path, ".jsonl"))
		return err_input(err, "--requests: '%s' should end with .csv or .jsonl",
			quote(quoted, sizeof quoted, path));
	return write_file(path, a, ends_with(path, ".csv") ? EXPORT_CSV : EXPORT_JSONL, err);
}

static bool find_format(enum export_format *out, const char *word, struct err *err)
{
	struct near near;

	near_init(&near, word);
	for (*out = 0; *out < EXPORT_FORMATS; ++*out) {
		if (!strcmp(export_formats[*out], word))
			return true;
		near_add(&near, export_formats[*out]);
	}
	return near_refuse(&near, "format", err);
}

static bool write_format(const struct asked *a, const char *word, struct err *err)
{
	const char *path = opts_get(a->o, "output");
	enum export_format format;

	if (!find_format(&format, word, err))
		return false;
	return path ? write_file(path, a, format, err) : write_to(stdout, a, format, err);
}

static bool check_options(const struct opts *o, struct err *err)
{
	const bool requests = opts_get(o, "requests"), format = opts_get(o, "format");

	if (!requests && !format)
		return err_input(err, "say what to export: --requests FILE, or --format NAME");
	if (opts_get(o, "output") && !format)
		return err_input(err, "-o FILE goes with --format; --requests has its own FILE");
	if (opts_get(o, "all") && opts_get(o, "measured"))
		return err_input(err, "--all and --measured contradict each other");
	return true;
}

static enum status run(const struct opts *o)
{
	const char *requests = opts_get(o, "requests"), *format = opts_get(o, "format");
	struct asked a = {.o = o};
	struct err err = {0};
	bool ok;

	ok = check_options(o, &err) && results_open(&a.results, o->args[0], &err) &&
	     find_runs(&a, &err) && (!requests || write_requests(&a, requests, &err)) &&
	     (!format || write_format(&a, format, &err));
	results_close(a.results);
	free(a.runs);
	return ok ? STATUS_DONE : command_fail(&err);
}

static const struct opt_spec opts[] = {
	{"requests", 0, "FILE", "one row a request: FILE.csv, or FILE.jsonl for an object each"},
	{"format", 0, "NAME", "csv, jsonl, mooncake, vllm-bench or benchmark-report",
		"csv jsonl mooncake vllm-bench benchmark-report"},
	{"output", 'o', "FILE", "where --format goes (standard output)"},
	{"policy", 0, "LABEL", "this policy alone"},
	{"run", 0, "ID", "this run alone, as the table run numbers them"},
	{"replication", 0, "N", "this replication alone (rows and report: all; else 1)"},
	{"measured", 0, NULL, "requests of the measured window alone (as vllm-bench has them)"},
	{"all", 0, NULL, "all requests (as the others have them)"},
	{"force", 0, NULL, "replace FILE"}, {0}};

const struct command cmd_export = {
	.name = "export",
	.args = "DIR",
	.min_args = 1,
	.max_args = 1,
	.summary = "results in the formats of other tools",
	.help = "NAME is one of\n"
		"  csv, jsonl        requests, in the names of serving benchmarks\n"
		"  mooncake          a trace, which load generators and offing replay\n"
		"  vllm-bench        what `vllm bench serve` would have saved\n"
		"  benchmark-report  llm-d's Benchmark Report 0.2.1\n"
		"All but the last need a result with record.requests. docs/formats.md has what "
		"each\n"
		"member is.",
	.opts = opts,
	.run = run,
};
