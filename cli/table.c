#include "cli/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/quote.h"
#include "base/str.h"
#include "cli/sampled.h"
#include "sim/drift_test.h"

/* Cells */

static bool unfinished(const struct query_cell *c)
{
	return c->of && c->status != RUN_COMPLETE;
}

static struct table_cell cell_for(const struct query_cell *c, const struct query_metric *m)
{
	struct table_cell out = {.mark = unfinished(c) ? "*" : ""};

	if (!c->of)
		out.word = "no run";
	else if (m->id == METRIC_LYAPUNOV_VERDICT && !isnan(c->mean))
		out.word = drift_verdict_name((enum drift_verdict)c->mean);
	else if (isnan(c->mean))
		out.word = "-";
	else
		out.is = cell_of(c->mean, (c->ci_high - c->ci_low) / 2);
	return out;
}

static const struct query_cell *cell_at(const struct table *t, size_t row, size_t column)
{
	return query_cell(t->q, row, column / t->n_metrics, column % t->n_metrics);
}

static void fill(struct table *t)
{
	struct table_cell *cells = arena_alloc(&t->arena, t->n_rows * t->n_columns, sizeof *cells);

	for (size_t r = 0; r < t->n_rows; r++)
		for (size_t c = 0; c < t->n_columns; c++)
			cells[r * t->n_columns + c] =
				cell_for(cell_at(t, r, c), query_metric(t->q, c % t->n_metrics));
	t->cells = cells;
}

/* Words */

struct counts {
	size_t missing, unmeasured, unfinished; /* cells */
	size_t least, most;                     /* values of those that have one */
	struct sampled sampled;                 /* what these are of */
	bool intervals;                         /* some have one */
};

static struct counts count(const struct table *t)
{
	struct counts n = {.least = SIZE_MAX};

	for (size_t r = 0; r < t->n_rows; r++)
		for (size_t c = 0; c < t->n_columns; c++) {
			const struct query_cell *q = cell_at(t, r, c);

			n.missing += !q->of;
			n.unmeasured += q->of && isnan(q->mean);
			n.unfinished += unfinished(q);
			if (!q->of || isnan(q->mean))
				continue;
			n.intervals = n.intervals || q->ci_high > q->ci_low;
			n.least = q->n < n.least ? q->n : n.least;
			n.most = q->n > n.most ? q->n : n.most;
			sampled_add(&n.sampled, q->antithetic, 0);
		}
	return n;
}

/** What all metrics have in common: "busy.share of site:edge, ", or "". */
static const char *subject_of(struct table *t)
{
	const struct query_metric *m = query_metric(t->q, 0);
	const bool plain = strcmp(m->unit, "1") == 0 || !*m->unit;
	const char *scope = t->same_scope ? m->scope : "";

	if (t->same_name)
		return arena_printf(&t->arena, "%s%s%s%s%s%s, ", m->name, plain ? "" : " (",
			plain ? "" : m->unit, plain ? "" : ")", *scope ? " of " : "", scope);
	return *scope ? arena_printf(&t->arena, "%s: ", scope) : "";
}

static const char *caption_of(struct table *t, const struct counts *n)
{
	const char *what = subject_of(t);

	if (n->most == 0)
		return arena_printf(&t->arena, "%snothing measured", what);
	if (n->most == 1)
		return arena_printf(&t->arena, "%sone %s and so no interval", what,
			n->sampled.pairs ? "antithetic pair" : "replication");
	if (!n->intervals)
		return arena_printf(&t->arena, "%smean, without an interval", what);
	if (n->least == n->most)
		return arena_printf(&t->arena,
			"%smean ± half-width of the 95 %% interval over %zu %s", what, n->most,
			sampled_unit(&n->sampled));
	return arena_printf(&t->arena,
		"%smean ± half-width of the 95 %% interval over %zu to %zu %s", what, n->least,
		n->most, sampled_unit(&n->sampled));
}

static void note(struct table *t, const char *text)
{
	t->notes = mem_grow(t->notes, t->n_notes, &t->notes_cap, sizeof *t->notes);
	t->notes[t->n_notes++] = text;
}

/** A folder may be called anything; what a terminal would not show is spelled out. */
static const char *shown(struct table *t, const char *text)
{
	char *spelled = NULL;
	const char *kept;
	size_t size;
	FILE *to;

	if (!text)
		return "-";
	to = open_memstream(&spelled, &size);
	quote_print(to, text);
	fclose(to);
	kept = arena_strdup(&t->arena, spelled);
	free(spelled);
	return kept;
}

static void name_place(struct buf *out, struct table *t, const struct query_axis *axis, size_t at)
{
	for (size_t k = 0; k < axis->n_keys; k++)
		buf_printf(out, "%s%s", out->n && out->s[out->n - 1] != ' ' ? ", " : "",
			shown(t, axis->values[at * axis->n_keys + k].text));
}

enum { PLACES_SHOWN = 4 };

/** Which combinations of rows and columns have no run. */
static void note_missing(struct table *t)
{
	const size_t n_cols = query_cols(t->q)->n, all = t->n_rows * n_cols;
	size_t missing = 0;
	struct buf text;

	buf_init(&text);
	for (size_t r = 0; r < t->n_rows; r++)
		for (size_t c = 0; c < n_cols; c++) {
			if (query_cell(t->q, r, c, 0)->of || missing++ >= PLACES_SHOWN)
				continue;
			buf_puts(&text, missing > 1 ? "; " : "");
			name_place(&text, t, query_rows(t->q), r);
			name_place(&text, t, query_cols(t->q), c);
		}
	if (missing > 0)
		note(t, arena_printf(&t->arena, "%zu of %zu combinations %s no run: %s%s.", missing,
				all, missing == 1 ? "has" : "have", text.s,
				missing > PLACES_SHOWN ? "; ..." : ""));
	buf_finish(&text);
}

static void add_notes(struct table *t, const struct counts *n)
{
	note_missing(t);
	if (n->unmeasured > 0)
		note(t, "-: the run had nothing to measure there.");
	if (n->unfinished > 0)
		note(t, n->sampled.pairs ? "*: the run is not complete; of the replications that "
					   "are, antithetic ones where both of a pair are."
					 : "*: the run is not complete; of the replications that "
					   "are.");
}

const char *table_metric(struct table *t, size_t metric)
{
	const struct query_metric *m = query_metric(t->q, metric);
	const char *scope = *m->scope ? m->scope : "system";

	if (t->same_scope)
		return m->name;
	return t->same_name ? scope : arena_printf(&t->arena, "%s of %s", m->name, scope);
}

const char *table_label(struct table *t, size_t row, size_t k)
{
	const struct query_axis *rows = query_rows(t->q);

	return shown(t, rows->values[row * rows->n_keys + k].text);
}

const char *table_heading(struct table *t, size_t column, size_t k)
{
	const struct query_axis *cols = query_cols(t->q);

	return shown(t, cols->values[column / t->n_metrics * cols->n_keys + k].text);
}

bool table_continues(struct table *t, size_t column, size_t k)
{
	if (column == 0)
		return false;
	for (size_t i = 0; i <= k; i++)
		if (strcmp(table_heading(t, column - 1, i), table_heading(t, column, i)) != 0)
			return false;
	return true;
}

static void look_alike(struct table *t)
{
	const struct query_metric *first = query_metric(t->q, 0);

	t->same_name = t->same_scope = true;
	for (size_t m = 1; m < t->n_metrics; m++) {
		const struct query_metric *other = query_metric(t->q, m);

		t->same_name = t->same_name && strcmp(first->name, other->name) == 0;
		t->same_scope = t->same_scope && strcmp(first->scope, other->scope) == 0;
	}
}

void table_make(struct table *out, const struct query *q)
{
	struct counts n;

	*out = (struct table){.q = q,
		.n_rows = query_rows(q)->n,
		.n_metrics = query_n_metrics(q),
		.n_columns = query_cols(q)->n * query_n_metrics(q)};
	arena_init(&out->arena);
	look_alike(out);
	fill(out);
	n = count(out);
	out->caption = caption_of(out, &n);
	add_notes(out, &n);
}

void table_finish(struct table *t)
{
	free(t->notes);
	arena_finish(&t->arena);
}
