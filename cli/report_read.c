/* Results to tell of: their runs, and what they have measured. */
#include "cli/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/judged.h"
#include "sim/drift_test.h"

/* Runs that are asked for */

static size_t n_runs_of(const struct report *r)
{
	size_t n = 0;

	for (size_t d = 0; d < r->n_results; d++)
		n += results_n_runs(r->results[d]);
	return n;
}

static void enter(struct report *r, size_t folder, size_t run)
{
	struct results *of = r->results[folder];

	r->runs[r->n++] = (struct report_run){
		.as = {.of = of, .run = run, .label = results_run(of, run)->policy},
		.folder = folder + 1,
	};
}

static bool enter_runs(struct report *r, const struct opts *o, struct err *err)
{
	struct judged asked;
	bool ok = judged_read(&asked, o, r->results, r->n_results, err);

	r->runs = mem_zalloc(n_runs_of(r), sizeof *r->runs);
	for (size_t d = 0; d < r->n_results && ok; d++)
		for (size_t k = 0; k < results_n_runs(r->results[d]); k++)
			if (judged_has(&asked, results_run(r->results[d], k)->policy))
				enter(r, d, k);
	judged_finish(&asked);
	return ok && (r->n > 0 || err_input(err, "'%s' holds no run", results_dir(r->results[0])));
}

/* All of it */

static bool read_verdict(struct report_run *run, struct err *err)
{
	struct results_summary s;

	if (!results_summary(
		    &s, run->as.of, run->as.run, "", metrics[METRIC_LYAPUNOV_VERDICT].name, err))
		return false;
	run->verdict = s.mean;
	return true;
}

bool report_read(struct report *r, const struct opts *o, struct err *err)
{
	if (!results_open_all(&r->results, &r->n_results, o->args, o->n_args, err) ||
		!enter_runs(r, o, err))
		return false;
	for (size_t i = 0; i < r->n; i++)
		if (!results_details(&r->runs[i].known, r->runs[i].as.of, r->runs[i].as.run, err) ||
			!read_verdict(&r->runs[i], err))
			return false;
	for (size_t d = 0; d < r->n_results; d++)
		if (!report_provenance(r, d + 1, err))
			return false;
	return report_arrange(r, err);
}

void report_finish(struct report *r)
{
	for (size_t p = 0; p < r->n_points; p++) {
		ranked_finish(&r->points[p].ranking);
		free(r->points[p].contenders);
	}
	results_close_all(r->results, r->n_results);
	free(r->points);
	free(r->runs);
	free(r->keys);
	free(r->policies);
	arena_finish(&r->arena);
}

/* Where numbers are found */

const char *report_point_name(struct report *r, const struct report_point *p)
{
	const char *name = "";

	for (size_t k = 0; k < r->n_keys; k++) {
		const char *value = p->runs[0]->values[k];

		name = arena_printf(&r->arena, "%s%s%s %s", name, *name ? ", " : "", r->keys[k],
			value ? value : "–");
	}
	return name;
}

struct page_source report_source(const struct report_run *run)
{
	return (struct page_source){
		.folder = run->folder, .run = (size_t)contender_run(&run->as)->id};
}

const char *report_among(struct report *r, const struct report_point *p)
{
	const char *all = "";

	for (size_t i = 0; i < p->n; i++)
		all = arena_printf(&r->arena, "%s%s%zu:%jd", all, i ? " " : "", p->runs[i]->folder,
			(intmax_t)contender_run(&p->runs[i]->as)->id);
	return all;
}

/* Commands */

const char *report_shell_word(struct report *r, const char *s)
{
	const char *word = "'", *rest = s;

	if (*s &&
		strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/") ==
			strlen(s) &&
		*s != '-')
		return s;
	for (const char *quote; (quote = strchr(rest, '\'')); rest = quote + 1)
		word = arena_printf(&r->arena, "%s%.*s'\\''", word, (int)(quote - rest), rest);
	return arena_printf(&r->arena, "%s%s'", word, rest);
}

/* Metrics */

const char *report_metric(struct report *r, enum metric_id id)
{
	return arena_printf(&r->arena, "%s %s", metrics[id].section, metrics[id].label);
}

bool report_line(struct summary_line *out, bool *known, const struct report *r, enum metric_id id,
	struct err *err)
{
	double most = (double)NAN;

	for (size_t i = 0; i < r->n; i++) {
		struct results_summary s;

		if (!results_summary(
			    &s, r->runs[i].as.of, r->runs[i].as.run, "", metrics[id].name, err))
			return false;
		most = fmax(most, fabs(s.mean));
	}
	*known = !isnan(most);
	*out = summary_line_of(id, most);
	return true;
}

bool report_value(struct report_value *out, const struct report_run *run,
	const struct summary_line *line, struct err *err)
{
	struct results_summary s;
	struct cell c;

	if (!results_summary(&s, run->as.of, run->as.run, line->scope, metrics[line->id].name, err))
		return false;
	c = cell_of(s.mean * line->scale, 0.5 * (s.ci_high - s.ci_low) * line->scale);
	*out = (struct report_value){.mean = s.mean, .lo = s.ci_low, .hi = s.ci_high};
	strcpy(out->text, isnan(s.mean) ? "–" : c.mean);
	strcpy(out->half, c.half);
	out->number = (struct page_number){
		.text = out->text, .half = out->half, .value = s.mean, .bar = (double)NAN};
	return true;
}

void report_put_value(FILE *to, const struct report_run *run, struct report_value *v,
	const struct summary_line *line)
{
	v->number.from = report_source(run);
	v->number.from.name = metrics[line->id].name;
	v->number.from.scope = "";
	v->number.from.scale = line->scale;
	page_data(to, &v->number, line->unit);
}

void report_put_verdict(FILE *to, double verdict)
{
	static const char *const css[] = {"bad", "fair", "good"};

	page_word(to, css[(int)verdict + 1], drift_verdict_name((enum drift_verdict)verdict));
}

/* Keys */

size_t report_key_columns(struct page_column *out, const struct report *r)
{
	for (size_t k = 0; k < r->n_keys; k++)
		out[k] = (struct page_column){.title = r->keys[k],
			.unit = "",
			.number = true,
			.from = {.column = r->keys[k]}};
	return r->n_keys;
}

void report_key_cells(struct page *p, const struct report *r, const struct report_run *run)
{
	for (size_t k = 0; k < r->n_keys; k++)
		page_number_cell(p, &(struct page_number){
					    .text = run->values[k] ? run->values[k] : "–",
					    .half = "",
					    .value = run->numbers[k],
					    .bar = (double)NAN,
				    });
}
