/* The summary of a page, in words. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/report.h"
#include "io/report/html.h"

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

/* How many of what */

static bool all_alike(const struct report *r)
{
	bool alike = true;

	for (size_t i = 0; i < r->n; i++)
		alike = alike && contender_run(&r->runs[i].as)->alike;
	return alike;
}

static void put_span(FILE *to, double least, double most, const char *column)
{
	char text[64];

	snprintf(text, sizeof text, "%.4g", least);
	page_data(to,
		&(struct page_number){
			.text = text, .half = "", .value = least, .from = {.column = column}},
		"");
	if (most > least) {
		snprintf(text, sizeof text, "%.4g", most);
		fputs(" to ", to);
		page_data(to,
			&(struct page_number){.text = text,
				.half = "",
				.value = most,
				.from = {.column = column}},
			"");
	}
}

/** "10 replications each of 1200 s, after a warm-up of 48 s" */
static void put_lengths(FILE *to, const struct report *r)
{
	double n[2] = {HUGE_VAL, 0}, length[2] = {HUGE_VAL, 0}, warmup[2] = {HUGE_VAL, 0};

	for (size_t i = 0; i < r->n; i++) {
		const struct results_details *d = &r->runs[i].known;

		n[0] = fmin(n[0], d->complete);
		n[1] = fmax(n[1], d->complete);
		length[0] = fmin(length[0], d->horizon_s);
		length[1] = fmax(length[1], d->horizon_s);
		warmup[0] = fmin(warmup[0], d->warmup_s);
		warmup[1] = fmax(warmup[1], d->warmup_s);
	}
	put_span(to, n[0], n[1], "complete");
	fprintf(to, " complete replication%s%s", plural((size_t)n[1]), r->n > 1 ? " each" : "");
	if (length[1] > 0) {
		fputs(" of ", to);
		put_span(to, length[0], length[1], "horizon_s");
		fputs(" s of simulated time", to);
	}
	if (warmup[1] > 0) {
		fputs(" after a warm-up of ", to);
		put_span(to, warmup[0], warmup[1], "warmup_s");
		fputs(" s", to);
	}
}

static void say_what(struct page *p, struct report *r)
{
	const struct results_run *first = contender_run(&r->runs[0].as);
	FILE *to = page_out(p);

	fputs("<p>The scenario <b>", to);
	html_text(to, first->name);
	fputs("</b> was simulated ", to);
	if (r->n_points > 1) {
		fprintf(to, "at %zu points, which differ in ", r->n_points);
		for (size_t k = 0; k < r->n_keys; k++) {
			fputs(report_before(k, r->n_keys), to);
			fputs("<code>", to);
			html_text(to, r->keys[k]);
			fputs("</code>", to);
		}
		fputs(", ", to);
	}
	if (r->n_policies == 1) {
		fputs("under the policy <b>", to);
		html_text(to, first->policy);
		fputs("</b>: ", to);
	} else {
		fprintf(to, "under %zu policies: ", r->n_policies);
	}
	put_lengths(to, r);
	fputs(".", to);
	if (all_alike(r))
		fputs(" Nothing in it is random, so there are no intervals.", to);
	fputs("</p>\n", to);
}

/* Stability */

static void say_stability(struct page *p, const struct report *r)
{
	size_t count[3] = {0}, none = 0;
	FILE *to = page_out(p);

	for (size_t i = 0; i < r->n; i++)
		if (isnan(r->runs[i].verdict))
			none++;
		else
			count[(int)r->runs[i].verdict + 1]++;
	if (none == r->n)
		return;
	fputs("<p>Stability: ", to);
	for (size_t k = 3; k-- > 0;)
		if (count[k] > 0) {
			report_put_verdict(to, (double)k - 1.0);
			fprintf(to, " %zu of %zu ", count[k], r->n);
		}
	fputs("</p>\n", to);
	if (count[0] > 0)
		page_text(p, "note",
			"Under what is unstable the backlog grows, so times depend on the "
			"length of the run.");
}

/* Warnings */

enum { MOST_WARNINGS = 10 };

/** Among the first @n of @run. */
static bool is_among(const struct results_warning *w, const struct report_run *run, size_t n)
{
	for (size_t m = 0; m < n; m++) {
		const struct results_warning *x = &run->known.warnings[m];

		if (strcmp(x->kind, w->kind) == 0 && strcmp(x->scope, w->scope) == 0)
			return true;
	}
	return false;
}

/** Runs of the policy of @i, before run @end, that were warned of the same. */
static size_t times_warned(
	const struct report *r, size_t i, const struct results_warning *w, size_t end)
{
	size_t n = 0;

	for (size_t j = 0; j < end; j++)
		n += r->runs[j].policy == r->runs[i].policy &&
		     is_among(w, &r->runs[j], r->runs[j].known.n_warnings);
	return n;
}

static bool told(const struct report *r, size_t i, size_t k)
{
	const struct results_warning *w = &r->runs[i].known.warnings[k];

	return is_among(w, &r->runs[i], k) || times_warned(r, i, w, i) > 0;
}

static void say_warning(FILE *to, const struct report *r, size_t i, size_t k)
{
	const struct results_warning *w = &r->runs[i].known.warnings[k];
	size_t n = times_warned(r, i, w, r->n);

	fputs("<li>", to);
	page_word(to, "fair", w->kind);
	html_printf(to, " %s: %s%s%s", n > 1 ? r->policies[r->runs[i].policy] : r->runs[i].as.label,
		w->scope, *w->scope ? ": " : "", w->text);
	if (n > 1)
		html_printf(to, " (and in %zu other run%s)", n - 1, plural(n - 1));
	fputs("</li>\n", to);
}

static void say_warnings(struct page *p, struct report *r)
{
	FILE *to = page_out(p);
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		for (size_t k = 0; k < r->runs[i].known.n_warnings; k++) {
			if (told(r, i, k) || n++ >= MOST_WARNINGS)
				continue;
			if (n == 1) {
				page_heading(p, "Warnings");
				fputs("<ul class=\"list\">\n", to);
			}
			say_warning(to, r, i, k);
		}
	if (n > MOST_WARNINGS)
		fprintf(to, "<li>and %zu more, in the table <code>warning</code></li>\n",
			n - MOST_WARNINGS);
	if (n > 0)
		fputs("</ul>\n", to);
	else
		page_text(p, NULL, "There are no warnings.");
}

static void say_unfinished(struct page *p, struct report *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += contender_run(&r->runs[i].as)->status != RUN_COMPLETE;
	if (n > 0)
		page_text(p, NULL, "%zu of %zu runs %s not complete: what they have is a part.", n,
			r->n, n == 1 ? "is" : "are");
}

bool report_words(struct page *p, struct report *r, struct err *err)
{
	page_section(p, "summary", "Summary");
	if (!report_answer(p, r, err))
		return false;
	say_what(p, r);
	say_unfinished(p, r);
	say_stability(p, r);
	say_warnings(p, r);
	return true;
}
