/* The pictures of a page: those that `offing plot` draws of the same results. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/plot_runs.h"
#include "cli/report.h"
#include "io/report/html.h"

enum {
	MOST_OPTIONS = 40,
	WIDTH = 480,
	HEIGHT = 330,
	WIDE = 860,
	WIDE_HEIGHT = 400,
	MAP = 640,
	MAP_HEIGHT = 460
};

/** What is drawn, as options of offing plot. */
struct picture {
	const char *kind;
	size_t n;
	struct opt_value options[MOST_OPTIONS];
};

struct gallery {
	struct page *page;
	struct report *r;
	size_t n;        /* drawn */
	bool wide;       /* those that follow */
	struct err last; /* why the last that is missing is */
};

static void with(struct picture *x, const char *option, const char *value)
{
	if (x->n < MOST_OPTIONS)
		x->options[x->n++] = (struct opt_value){option, value};
}

static void with_policy(struct picture *x, struct report *r, size_t policy)
{
	with(x, "where", arena_printf(&r->arena, "policy=%s", r->policies[policy]));
}

/** Where --policy left some out. */
static void with_policies(struct picture *x, struct report *r)
{
	size_t all = 0;

	for (size_t d = 0; d < r->n_results; d++)
		all += results_n_runs(r->results[d]);
	for (size_t k = 0; k < r->n_policies && r->n < all; k++)
		with_policy(x, r, k);
}

/* Drawing */

static const struct plot_kind *kind_of(const char *name)
{
	const struct plot_kind *k = plot_kinds;

	while (strcmp(k->name, name) != 0)
		k++;
	return k;
}

static bool make_svg(struct buf *svg, const struct gallery *g, struct picture *x, struct err *err)
{
	char id[24];
	struct opts o = {.n_values = x->n, .values = x->options};
	struct plotted p = {
		.o = &o, .n = g->r->n_results, .results = g->r->results, .arena = &g->r->arena};
	struct figure f;
	bool ok;

	figure_init(&f);
	f.width = g->wide ? WIDE : strcmp(x->kind, "heat") == 0 ? MAP : WIDTH;
	f.height = g->wide ? WIDE_HEIGHT : strcmp(x->kind, "heat") == 0 ? MAP_HEIGHT : HEIGHT;
	snprintf(id, sizeof id, "figure%zu", g->n + 1);
	ok = kind_of(x->kind)->make(&f, &p, err) && figure_svg(svg, &f, id, err);
	figure_finish(&f);
	return ok;
}

static const char *command_of(struct report *r, const struct picture *x)
{
	const char *text = "offing plot";

	for (size_t d = 0; d < r->n_results; d++)
		text = arena_printf(
			&r->arena, "%s %s", text, report_shell_word(r, results_dir(r->results[d])));
	text = arena_printf(&r->arena, "%s %s", text, x->kind);
	for (size_t i = 0; i < x->n; i++)
		if (strcmp(x->options[i].name, "title") != 0)
			text = arena_printf(&r->arena, "%s --%s %s", text, x->options[i].name,
				report_shell_word(r, x->options[i].value));
	return arena_printf(&r->arena, "%s -o FILE.svg", text);
}

static void draw(struct gallery *g, struct picture *x, const char *caption)
{
	struct err err = {0};
	struct buf svg;

	buf_init(&svg);
	with(x, "title", "");
	if (make_svg(&svg, g, x, &err)) {
		g->n++;
		page_figure(g->page, svg.s, caption, command_of(g->r, x));
	} else if (strcmp(err.msg, g->last.msg) != 0) {
		page_text(g->page, "note", "%.*s, not drawn: %s.", (int)strlen(caption) - 1,
			caption, err.msg);
		g->last = err;
	}
	buf_finish(&svg);
}

static void begin(struct gallery *g, bool wide)
{
	g->wide = wide;
	fprintf(page_out(g->page), "<div class=\"%s\">\n", wide ? "wide" : "figures");
}

static void end(struct gallery *g)
{
	fputs("</div>\n", page_out(g->page));
}

/* Metrics */

static const enum metric_id drawn[] = {
	METRIC_E2E_P95, METRIC_QOS_SHARE, METRIC_THROUGHPUT_TOKENS, METRIC_THROUGHPUT_REQUESTS};

enum { DRAWN = sizeof drawn / sizeof *drawn, MOST_DRAWN = 4 };

static bool is_measured(const struct report *r, enum metric_id id)
{
	struct summary_line line;
	struct err err = {0};
	bool known;

	return report_line(&line, &known, r, id, &err) && known;
}

/** What all is judged by, and then the others that there are. */
static size_t choose(enum metric_id *out, const struct report *r)
{
	size_t n = 0;

	if (is_measured(r, r->metric))
		out[n++] = r->metric;
	for (size_t i = 0; i < DRAWN && n < MOST_DRAWN; i++)
		if (drawn[i] != r->metric && is_measured(r, drawn[i]))
			out[n++] = drawn[i];
	return n;
}

static const char *caption_of(struct report *r, enum metric_id id, const char *over)
{
	return arena_printf(&r->arena, "%s %s%s%s: %s.", metrics[id].section, metrics[id].label,
		*over ? " over " : "", over, metrics[id].meaning);
}

/** From where a key goes to where; false where it is words, or 0 and below. */
static bool is_wide(const struct report *r, size_t key)
{
	double least = HUGE_VAL, most = 0.0;

	for (size_t i = 0; i < r->n; i++) {
		double x = r->runs[i].numbers[key];

		least = fmin(least, isnan(x) ? 0.0 : x);
		most = fmax(most, x);
	}
	return least > 0.0 && most / least > 30.0;
}

static bool is_numeric(const struct report *r, size_t key)
{
	for (size_t i = 0; i < r->n; i++)
		if (isnan(r->runs[i].numbers[key]))
			return false;
	return true;
}

static void draw_bars(struct gallery *g, const enum metric_id *ids, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct picture x = {.kind = "bar"};

		with(&x, "metric", metrics[ids[i]].name);
		with_policies(&x, g->r);
		draw(g, &x, caption_of(g->r, ids[i], ""));
	}
}

static void draw_over_key(struct gallery *g, const enum metric_id *ids, size_t n)
{
	struct report *r = g->r;
	const bool line = is_numeric(r, 0) && r->n_points > 2;

	for (size_t i = 0; i < n; i++) {
		struct picture x = {.kind = line ? "line" : "bar"};

		with(&x, "x", r->keys[0]);
		with(&x, "metric", metrics[ids[i]].name);
		if (line && is_wide(r, 0))
			with(&x, "log", "x");
		with_policies(&x, r);
		draw(g, &x, caption_of(r, ids[i], r->keys[0]));
	}
}

/** Of two keys a map for each policy. */
static void draw_maps(struct gallery *g)
{
	struct report *r = g->r;

	for (size_t k = 0; k < r->n_policies && k < MOST_DRAWN; k++) {
		struct picture x = {.kind = "heat"};

		with(&x, "x", r->keys[0]);
		with(&x, "by", r->keys[1]);
		with(&x, "metric", metrics[r->metric].name);
		with_policy(&x, r, k);
		draw(g, &x,
			arena_printf(
				&r->arena, "%s: %s", r->policies[k], caption_of(r, r->metric, "")));
	}
}

static void draw_metrics(struct gallery *g)
{
	enum metric_id ids[MOST_DRAWN];
	size_t n = choose(ids, g->r);

	if (g->r->n < 2)
		return;
	begin(g, false);
	if (g->r->n_keys == 0 && g->r->n_own == 0)
		draw_bars(g, ids, n);
	else if (g->r->n_keys == 1)
		draw_over_key(g, ids, n);
	else if (g->r->n_keys == 2)
		draw_maps(g);
	end(g);
	if (g->r->n_keys > 2)
		page_text(g->page, "note",
			"Points differ in %zu keys, more than a picture has room for: "
			"offing plot draws some of them, with --where for the others.",
			g->r->n_keys);
}

/* Single requests, where there is one point */

/** Does every run have such a value of @key? */
static bool all_have(struct report *r, const char *key, const char *no)
{
	struct err err = {0};
	const char *value;

	for (size_t i = 0; i < r->n; i++)
		if (!results_setting(&value, r->runs[i].as.of, r->runs[i].as.run, key, &err) ||
			!value || strcmp(value, no) == 0)
			return false;
	return true;
}

static void draw_requests(struct gallery *g)
{
	struct picture cdf = {.kind = "cdf"}, first = {.kind = "gantt"};
	struct report *r = g->r;
	const struct report_point *p = &r->points[0];
	const struct report_run *best = p->runs[p->ranked ? p->ranking.is.best : 0];

	with(&cdf, "metric", "e2e");
	with_policies(&cdf, r);
	begin(g, true);
	draw(g, &cdf, "What requests took: the share that was answered within so long.");
	end(g);
	page_heading(
		g->page, arena_printf(&r->arena, "The first requests under %s", best->as.label));
	with_policy(&first, r, best->policy);
	begin(g, true);
	draw(g, &first,
		"A bar is a request at an instance, in the first replication, warm-up included.");
	end(g);
}

static void draw_queues(struct gallery *g)
{
	struct picture x = {.kind = "series"};

	with(&x, "metric", "backlog");
	with_policies(&x, g->r);
	begin(g, true);
	draw(g, &x, "Requests in all queues over time, in the first replication.");
	end(g);
}

void report_plots(struct page *p, struct report *r)
{
	struct gallery g = {.page = p, .r = r};
	const bool single = r->n_points == 1 && r->n_own == 0;

	page_section(p, "pictures", "Pictures");
	draw_metrics(&g);
	if (!single)
		return;
	if (all_have(r, "record.queues", "none"))
		draw_queues(&g);
	else
		page_text(p, "note",
			"Queues over time need record.queues, as in -s record.queues='1 s'.");
	if (all_have(r, "record.requests", "false"))
		draw_requests(&g);
	else
		page_text(p, "note",
			"What single requests took, and when, needs record.requests, as in "
			"-s record.requests=true.");
}
