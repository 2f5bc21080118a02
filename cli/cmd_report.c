/* offing report: one page that tells of results. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/whole_file.h"
#include "cli/command.h"
#include "cli/judged.h"
#include "cli/report.h"
#include "cli/say.h"
#include "cli/version.h"

/* The page */

static const char *description(struct report *r)
{
	const char *text;
	struct err err = {0};

	return results_setting(&text, r->runs[0].as.of, r->runs[0].as.run, "description", &err) &&
			       text
		       ? text
		       : "";
}

static void put_facts(struct page *p, const struct report *r)
{
	const struct results_run *first = contender_run(&r->runs[0].as);

	page_fact(p, "%zu run%s", r->n, r->n == 1 ? "" : "s");
	if (*r->runs[0].known.started_utc)
		page_fact(p, "simulated %.10s", r->runs[0].known.started_utc);
	page_fact(p, "offing %s", first->version);
	page_fact(p, "seed %ju", (uintmax_t)first->seed);
	for (size_t d = 0; d < r->n_results && d < 4; d++)
		page_fact(p, "%s", results_dir(r->results[d]));
	if (r->n_results > 4)
		page_fact(p, "and %zu more", r->n_results - 4);
}

static bool make(struct page *p, struct report *r, struct err *err)
{
	put_facts(p, r);
	if (!report_words(p, r, err) || !report_tables(p, r, err) || !report_compared(p, r, err))
		return false;
	report_plots(p, r);
	if (!report_system(p, r, err))
		return false;
	report_origin(p, r);
	return true;
}

static const char *kind_of(const struct report *r)
{
	return r->n == 1 ? "Report of a run" : r->n_points > 2 ? "Report of a sweep" : "Comparison";
}

static void write_page(struct page *p, struct report *r, FILE *to)
{
	page_write(p, to,
		&(struct page_head){
			.title = contender_run(&r->runs[0].as)->name,
			.over = kind_of(r),
			.lead = description(r),
			.generator = arena_printf(&r->arena, "offing %s", version_text()),
		});
}

static bool make_and_write(struct report *r, const char *file, bool force, struct err *err)
{
	struct page *p = page_create();
	struct whole_file *f = NULL;
	bool ok = whole_file_open(&f, file, force ? WHOLE_REPLACE : WHOLE_FORCE, err) &&
		  make(p, r, err);

	if (ok) {
		write_page(p, r, whole_file(f));
		ok = whole_file_close(f, err);
	} else {
		whole_file_drop(f);
	}
	page_destroy(p);
	return ok;
}

static bool make_and_print(struct report *r, struct err *err)
{
	struct page *p = page_create();
	bool ok = make(p, r, err);

	if (ok)
		write_page(p, r, stdout);
	page_destroy(p);
	return ok &&
	       (fflush(stdout) == 0 || err_run(err, "cannot write the page: %s", strerror(errno)));
}

/* Options */

static bool read_options(struct report *r, const struct opts *o, struct err *err)
{
	if (opts_get(o, "title"))
		return err_input(err, "--title is for --pages: results have their name");
	return judged_by(&r->metric, &r->indifference, o, err);
}

static enum status run_results(const struct opts *o)
{
	const char *file = opts_get(o, "output");
	bool ok, print = file && strcmp(file, "-") == 0;
	struct report r = {0};
	struct err err = {0};

	arena_init(&r.arena);
	if (!file)
		file = arena_printf(&r.arena, "%s/report.html", o->args[0]);
	ok = read_options(&r, o, &err) && report_read(&r, o, &err) &&
	     (print ? make_and_print(&r, &err)
		    : make_and_write(&r, file, opts_get(o, "force") != NULL, &err));
	if (ok && !print && !opts_get(o, "quiet"))
		say("report in %s", file);
	report_finish(&r);
	return ok ? STATUS_DONE : command_fail(&err);
}

static enum status run_pages(const struct opts *o)
{
	const char *file = opts_get(o, "output");
	struct err err = {0};

	if (!report_pages(o, &err))
		return command_fail(&err);
	if (!opts_get(o, "quiet") && strcmp(file, "-") != 0)
		say("report in %s", file);
	return STATUS_DONE;
}

static enum status run(const struct opts *o)
{
	return opts_get(o, "pages") ? run_pages(o) : run_results(o);
}

static const struct opt_spec opts[] = {
	{"output", 'o', "FILE.html",
		"the page; - for standard output (report.html in the first DIR)"},
	{"force", 0, NULL, "replace FILE.html"},
	{"best", 0, "METRIC", "what is the best is judged by it (e2e.mean_s)"},
	{"indifference", 0, "SHARE", "of the best mean: less does not matter (1 %)"},
	{"policy", 0, "LABEL", "this policy alone; repeatable"},
	{"pages", 0, NULL, "the arguments are files of Markdown, with tables and pictures"},
	{"title", 0, "TEXT", "of such a page (the first heading of the first file)"},
	{"quiet", 'q', NULL, "no closing message"}, {0}};

const struct command cmd_report = {
	.name = "report",
	.args = "DIR...|--pages FILE.md...",
	.min_args = 1,
	.max_args = SIZE_MAX,
	.summary = "one page that tells of results: tables, plots, where they come from",
	.help = "A run, a sweep that was merged, or several results to be compared, as one file\n"
		"of HTML that loads nothing from elsewhere: what was simulated, which policy is\n"
		"the best and by how much, tables, plots, the scenario, and the commands that do\n"
		"it again. With --pages it is made of files of Markdown, a section each, with\n"
		"their tables and pictures. docs/reports.md tells of it.",
	.opts = opts,
	.run = run,
};
