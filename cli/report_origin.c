/* Where a page comes from: the scenario, what it depends on, and how to do it again. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/report.h"
#include "io/report/html.h"

/* The scenario as resolved: once where runs share it */

static bool first_with(const struct report *r, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(r->runs[k].known.scenario, r->runs[i].known.scenario) == 0)
			return false;
	return true;
}

enum { MOST_SCENARIOS = 4 };

static void put_scenarios(struct page *p, struct report *r)
{
	size_t n = 0, all = 0, most;

	for (size_t i = 0; i < r->n; i++)
		all += first_with(r, i);
	most = all > MOST_SCENARIOS ? 1 : all;
	page_section(p, "scenario", "Scenario");
	page_text(p, NULL, "As it was resolved, with every default filled in (docs/scenario.md).");
	for (size_t i = 0; i < r->n; i++) {
		const char *at;

		if (!first_with(r, i) || n++ >= most)
			continue;
		at = report_point_name(r, &r->points[r->runs[i].point]);
		page_fold_begin(
			p, arena_printf(&r->arena, "%s%s%s", contender_run(&r->runs[i].as)->name,
				   *at ? ": " : "", at));
		page_verbatim(p, r->runs[i].known.scenario);
		page_fold_end(p);
	}
	if (n > most)
		page_text(p, "note",
			"And %zu more, which differ in the keys of the table above: "
			"column scenario of the table run in results.sqlite.",
			n - most);
}

/* Runs */

static void put_number(struct page *p, const char *fmt, double x)
{
	char text[40];

	snprintf(text, sizeof text, fmt, x);
	page_number_cell(p,
		&(struct page_number){
			.text = isnan(x) ? "–" : text, .half = "", .value = x, .bar = (double)NAN});
}

static void put_run(struct page *p, const struct report_run *run)
{
	const struct results_run *is = contender_run(&run->as);
	const struct results_details *d = &run->known;
	const struct page_source from = report_source(run);

	page_row(p, "", &from);
	page_name_cell(p, "pin", run->as.label);
	page_cell(p, results_dir(run->as.of));
	page_word(page_cell_begin(p), is->status == RUN_COMPLETE ? "good" : "bad",
		run_status_words[is->status]);
	page_cell_end(p);
	put_number(p, "%.0f", (double)is->seed);
	put_number(p, "%.0f", d->complete);
	put_number(p, "%.6g", d->warmup_s);
	put_number(p, "%.6g", d->horizon_s);
	page_short_cell(p, is->version);
	page_short_cell(p, *d->host ? d->host : "–");
	page_short_cell(p, *d->started_utc ? d->started_utc : "–");
	put_number(p, "%.2f", d->wall_s);
	fputs("<td class=\"hash\">", page_out(p));
	html_printf(page_out(p), "%.12s", is->sha256);
	fputs("</td>", page_out(p));
	page_row_end(p);
}

static void put_runs(struct page *p, const struct report *r)
{
	static const struct page_column columns[] = {
		{.title = "policy", .unit = "", .pin = true},
		{.title = "folder", .unit = ""},
		{.title = "status", .unit = ""},
		{.title = "seed", .unit = "", .number = true, .from = {.column = "seed"}},
		{.title = "replications",
			.unit = "complete",
			.number = true,
			.from = {.column = "complete"}},
		{.title = "warm-up", .unit = "s", .number = true, .from = {.column = "warmup_s"}},
		{.title = "measured", .unit = "s", .number = true, .from = {.column = "horizon_s"}},
		{.title = "version", .unit = ""},
		{.title = "host", .unit = ""},
		{.title = "started", .unit = "UTC"},
		{.title = "took", .unit = "s", .number = true, .from = {.column = "wall_s"}},
		{.title = "scenario", .unit = "SHA-256"},
	};

	page_heading(p, "Runs");
	page_table(p, "Runs", sizeof columns / sizeof *columns, columns, r->n, true);
	for (size_t i = 0; i < r->n; i++)
		put_run(p, &r->runs[i]);
	page_table_end(p);
}

/* Files and profiles, once each */

static bool seen_input(const struct report *r, size_t i, size_t k)
{
	const struct results_input *x = &r->runs[i].known.inputs[k];

	for (size_t j = 0; j <= i; j++)
		for (size_t m = 0; m < (j < i ? r->runs[j].known.n_inputs : k); m++) {
			const struct results_input *y = &r->runs[j].known.inputs[m];

			if (strcmp(x->sha256, y->sha256) == 0 && strcmp(x->key, y->key) == 0 &&
				strcmp(x->path, y->path) == 0)
				return true;
		}
	return false;
}

static void put_input(struct page *p, const struct report_run *run, const struct results_input *x)
{
	struct page_source from = report_source(run);

	from.name = x->key;
	page_row(p, "", &from);
	page_name_cell(p, "pin", x->path);
	page_cell(p, x->key);
	put_number(p, "%.0f", (double)x->bytes);
	fputs("<td class=\"hash\">", page_out(p));
	html_text(page_out(p), x->sha256);
	fputs("</td>", page_out(p));
	page_row_end(p);
}

static void put_inputs(struct page *p, const struct report *r)
{
	static const struct page_column columns[] = {{.title = "file", .unit = "", .pin = true},
		{.title = "named by", .unit = ""},
		{.title = "bytes", .unit = "", .number = true, .from = {.column = "bytes"}},
		{.title = "SHA-256", .unit = ""}};
	size_t n = 0;

	page_heading(p, "Files it depends on");
	for (size_t i = 0; i < r->n; i++)
		for (size_t k = 0; k < r->runs[i].known.n_inputs; k++) {
			if (seen_input(r, i, k))
				continue;
			if (n++ == 0)
				page_table(p, "Files", 4, columns, 0, true);
			put_input(p, &r->runs[i], &r->runs[i].known.inputs[k]);
		}
	if (n > 0)
		page_table_end(p);
	else
		page_text(p, NULL, "None beside the scenario.");
}

static bool seen_profile(const struct report *r, size_t i, size_t k)
{
	const struct results_profile *x = &r->runs[i].known.profiles[k];

	for (size_t j = 0; j <= i; j++)
		for (size_t m = 0; m < (j < i ? r->runs[j].known.n_profiles : k); m++)
			if (strcmp(x->profile, r->runs[j].known.profiles[m].profile) == 0)
				return true;
	return false;
}

static void put_profile(
	struct page *p, const struct report_run *run, const struct results_profile *x)
{
	struct page_source from = report_source(run);

	from.name = x->profile;
	from.scope = x->instance;
	page_row(p, "", &from);
	page_name_cell(p, "pin", x->profile);
	page_word(page_cell_begin(p), strcmp(x->provenance, "measured") == 0 ? "good" : "fair",
		x->provenance);
	page_cell_end(p);
	put_number(p, "%g", x->sigma_decode);
	put_number(p, "%g", x->sigma_prefill);
	put_number(p, "%g", x->sigma_attention);
	page_cell(p, *x->date ? x->date : "–");
	fputs("<td class=\"prose\">", page_out(p));
	html_text(page_out(p), x->method);
	fputs("</td>", page_out(p));
	page_row_end(p);
}

static void put_profiles(struct page *p, const struct report *r)
{
	static const struct page_column columns[] = {{.title = "profile", .unit = "", .pin = true},
		{.title = "how it came about", .unit = ""},
		{.title = "decode",
			.unit = "sigma",
			.number = true,
			.from = {.column = "sigma_decode"}},
		{.title = "prefill",
			.unit = "sigma",
			.number = true,
			.from = {.column = "sigma_prefill"}},
		{.title = "attention",
			.unit = "sigma",
			.number = true,
			.from = {.column = "sigma_attention"}},
		{.title = "date", .unit = ""}, {.title = "method", .unit = ""}};
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		for (size_t k = 0; k < r->runs[i].known.n_profiles; k++) {
			if (seen_profile(r, i, k))
				continue;
			if (n++ == 0) {
				page_heading(p, "Whose device times, and how sure they are");
				page_table(p, "Profiles", 7, columns, 0, true);
			}
			put_profile(p, &r->runs[i], &r->runs[i].known.profiles[k]);
		}
	if (n == 0)
		return;
	page_table_end(p);
	page_text(p, "note",
		"sigma: standard deviation of the logarithm of a time. No interval on "
		"this page has it in it: 0.4 means that all times of a device may be half as "
		"long again together.");
}

/* How to do it again */

enum { MOST_LISTED = 3 };

static const char *plugins_of(struct report *r, const struct report_run *run)
{
	const char *options = "";

	for (size_t k = 0; k < run->known.n_inputs; k++)
		if (strncmp(run->known.inputs[k].key, "plugin:", strlen("plugin:")) == 0)
			options = arena_printf(&r->arena, "%s --plugin %s", options,
				report_shell_word(r, run->known.inputs[k].path));
	return options;
}

/** The resolved scenario of @run, out of the file and simulated again. */
static const char *commands_of(struct report *r, const struct report_run *run)
{
	const char *base = arena_printf(&r->arena, "%s/results.sqlite", results_dir(run->as.of));
	const char *file = arena_printf(
		&r->arena, "again-%zu-%jd", run->folder, (intmax_t)contender_run(&run->as)->id);

	return arena_printf(&r->arena,
		"sqlite3 %s 'SELECT scenario FROM run WHERE id = %jd' >%s.yaml\n"
		"offing run%s %s.yaml -o %s\n",
		report_shell_word(r, base), (intmax_t)contender_run(&run->as)->id, file,
		plugins_of(r, run), file, file);
}

/** Every scenario of a folder of many. */
static const char *loop_of(struct report *r, size_t folder)
{
	const char *base = report_shell_word(
		r, arena_printf(&r->arena, "%s/results.sqlite", results_dir(r->results[folder])));

	return arena_printf(&r->arena,
		"for id in $(sqlite3 %s 'SELECT min(id) FROM run GROUP BY scenario'); do\n"
		"\tsqlite3 %s \"SELECT scenario FROM run WHERE id = $id\" >again-%zu-$id.yaml\n"
		"\toffing run again-%zu-$id.yaml -o again-%zu-$id\n"
		"done\n",
		base, base, folder + 1, folder + 1, folder + 1);
}

static bool has_relative_input(const struct report *r)
{
	for (size_t i = 0; i < r->n; i++)
		for (size_t k = 0; k < r->runs[i].known.n_inputs; k++)
			if (r->runs[i].known.inputs[k].path[0] != '/')
				return true;
	return false;
}

static const char *again(struct report *r)
{
	const char *text = "";
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += first_with(r, i);
	for (size_t i = 0; i < r->n && n <= MOST_LISTED; i++)
		if (first_with(r, i))
			text = arena_printf(&r->arena, "%s%s", text, commands_of(r, &r->runs[i]));
	for (size_t d = 0; d < r->n_results && n > MOST_LISTED; d++)
		text = arena_printf(&r->arena, "%s%s", text, loop_of(r, d));
	return text;
}

static const char *pages(struct report *r)
{
	const char *text = "offing report";

	for (size_t d = 0; d < r->n_results; d++)
		text = arena_printf(
			&r->arena, "%s %s", text, report_shell_word(r, results_dir(r->results[d])));
	return arena_printf(
		&r->arena, "%s --best %s -o page.html\n", text, metrics[r->metric].name);
}

static void put_again(struct page *p, struct report *r)
{
	page_section(p, "again", "How to do it again");
	page_text(p, NULL,
		"The results hold the whole scenario, seed and all. The same version on the same "
		"machine gives the same numbers, whatever the number of threads%s.",
		has_relative_input(r)
			? "; where the first scenario lay, as its files are named from there"
			: "");
	page_commands(p, again(r));
	page_text(p, NULL, "This page:");
	page_commands(p, pages(r));
}

void report_origin(struct page *p, struct report *r)
{
	put_scenarios(p, r);
	page_section(p, "origin", "Where it comes from");
	put_runs(p, r);
	put_inputs(p, r);
	put_profiles(p, r);
	put_again(p, r);
}
