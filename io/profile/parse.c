/* The text of a profile, line by line: a header of "key: value", then sections of rows. */
#include "io/profile/file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "io/profile/reader.h"

static void end_section(struct profile_reader *r)
{
	if (r->section && r->section->row_size > 0 && r->n_rows > 0) {
		size_t bytes = r->n_rows * r->section->row_size;
		void *kept = memcpy(arena_alloc(r->a, bytes, 1), r->rows, bytes);

		memcpy((char *)r->grid + r->section->rows_at, &kept, sizeof kept);
		memcpy((char *)r->grid + r->section->count_at, &r->n_rows, sizeof r->n_rows);
	}
	free(r->rows);
	r->rows = NULL;
	r->n_rows = r->cap_rows = 0;
}

/* "[name]" at @t */
static bool section_line(struct profile_reader *r, const struct token *t)
{
	const char *names[PROFILE_SECTIONS];
	size_t n = strlen(t->text), i;
	struct token name = {t->text + 1, t->col + 1};

	if (n < 2 || t->text[n - 1] != ']')
		return reader_fail(r, t->col, "expected '[section]'", t->text);
	t->text[n - 1] = '\0';
	for (i = 0; i < PROFILE_SECTIONS; i++)
		names[i] = profile_sections[i].name;
	i = reader_word(name.text, names, PROFILE_SECTIONS);
	if (i == PROFILE_SECTIONS)
		return reader_unknown(r, &name, "section", names, PROFILE_SECTIONS);
	if (r->sections_seen >> i & 1u)
		return reader_fail(r, name.col, "a section may stand only once", name.text);
	r->sections_seen |= 1u << i;
	end_section(r);
	r->section = &profile_sections[i];
	return true;
}

static bool line(struct profile_reader *r)
{
	size_t blanks = strspn(r->text, " \t");
	struct token t[PROFILE_TOKENS];
	size_t n;

	if (!r->text[blanks])
		return true;
	if (!r->section && r->text[blanks] != '[')
		return profile_header_line(r);
	n = reader_cut(t, r->text, 1);
	if (t[0].text[0] == '[')
		return section_line(r, &t[0]);
	if (n < r->section->n_columns)
		return reader_fail(r, t[n - 1].col, "the row has too few columns", NULL);
	if (n > r->section->n_columns)
		return reader_fail(
			r, t[r->section->n_columns].col, "the row has too many columns", NULL);
	return r->section->row(r, t);
}

/* Whether the next @n bytes are text that shows: outside of comments nothing else has a use. */
static bool shows(struct profile_reader *r, size_t n)
{
	size_t at = 0, length;
	char rule[80];
	uint32_t c;

	while (at < n) {
		length = utf8_decode(r->next + at, n - at, &c);
		if (length == 0)
			return reader_fail(r, (unsigned)at + 1, "not a text file: no UTF-8", NULL);
		if (!utf8_is_shown(c) && c != '\t') {
			snprintf(rule, sizeof rule, "there is a %s (U+%04X) here", utf8_name(c), c);
			return reader_fail(r, (unsigned)at + 1, rule, NULL);
		}
		at += length;
	}
	return true;
}

/* Copy the next line into @r->text without its comment. */
static bool take_line(struct profile_reader *r)
{
	const char *end = memchr(r->next, '\n', (size_t)(r->end - r->next));
	size_t n = (size_t)((end ? end : r->end) - r->next), cut_at = 0;

	r->line++;
	if (n > PROFILE_LINE)
		return reader_fail(r, PROFILE_LINE, "the line is too long", NULL);
	if (memchr(r->next, '\0', n))
		return reader_fail(r, 1, "the line holds a zero byte", NULL);
	while (cut_at < n &&
		!(r->next[cut_at] == '#' && (cut_at == 0 || strchr(" \t", r->next[cut_at - 1]))))
		cut_at++;
	while (cut_at > 0 && strchr(" \t\r", r->next[cut_at - 1]))
		cut_at--;
	if (!shows(r, cut_at))
		return false;
	memcpy(r->text, r->next, cut_at);
	r->text[cut_at] = '\0';
	r->next += end ? n + 1 : n;
	return true;
}

/* What a whole file must have */

/* Nothing is asked for that the form does not use: small operations compute nothing, and
 * prefill attention is bound by arithmetic and latency. */
static bool op_complete(struct profile_reader *r, size_t p, size_t op)
{
	struct profile_op *o = &r->form->op[p][op];
	char what[96];

	if (op == LLM_SMALL) {
		o->ec = 1.0;
		o->peak = PEAK_FP32;
	}
	if (op == LLM_PREFILL_ATTENTION)
		o->eb = 1.0;
	if (!isnan(o->t0_s) && o->ec > 0.0 && o->eb > 0.0 && o->peak < PEAKS)
		return true;
	snprintf(what, sizeof what, "t0, ec, eb or peak for %s in %s", llm_op_names[op],
		llm_precision_names[p]);
	return reader_missing(r, what);
}

static bool form_complete(struct profile_reader *r)
{
	for (size_t p = 0; p < LLM_PRECISIONS; p++) {
		if (!(r->p->precisions >> p & 1u))
			continue;
		if (isnan(r->form->launch_s[p]))
			return reader_missing(r, "launch of a layer");
		for (size_t op = 0; op < LLM_OPS; op++)
			if (!op_complete(r, p, op))
				return false;
	}
	r->p->kind = PROFILE_FORM;
	r->p->form = r->form;
	return true;
}

static bool grid_complete(struct profile_reader *r)
{
	const struct profile_grid *g = r->grid;

	if (g->n_decode == 0)
		return reader_missing(r, "[constants] and no rows in [decode]");
	if (g->n_prefill == 0)
		return reader_missing(r, "rows in [prefill]");
	if (g->n_attention == 0)
		return reader_missing(r, "rows in [attention]");
	if (strcmp(r->p->model, "*") == 0 || strcmp(r->p->device, "*") == 0)
		return reader_missing(
			r, "model and device of its own, which a measured grid needs");
	if (r->p->precisions & (r->p->precisions - 1))
		return reader_missing(r, "single precision, which a measured grid needs");
	r->p->kind = PROFILE_GRID;
	r->p->grid = g;
	return true;
}

static bool complete(struct profile_reader *r)
{
	if (!profile_header_complete(r))
		return false;
	if (r->sections_seen & 1u) /* [constants] */
		return form_complete(r);
	return grid_complete(r);
}

static char *stem(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *name = arena_strdup(a, slash ? slash + 1 : path), *dot = strrchr(name, '.');

	if (dot && strcmp(dot, ".profile") == 0)
		*dot = '\0';
	return name;
}

/* Everything unset that must be given is NaN, or out of its range, until it is. */
static void start(struct profile_reader *r)
{
	struct profile *p = r->p;

	p->name = stem(r->a, r->path);
	p->date = p->driver = p->kernels = p->method = "";
	p->cc_below = HUGE_VAL;
	p->sigma = (struct profile_sigma){nan(""), nan(""), nan(""), nan("")};
	r->sigma_step = nan("");
	for (size_t i = 0; i < LLM_PRECISIONS; i++) {
		r->form->launch_s[i] = nan("");
		for (size_t op = 0; op < LLM_OPS; op++)
			r->form->op[i][op] = (struct profile_op){.t0_s = nan(""), .peak = PEAKS};
	}
}

bool profile_parse(const struct profile **out, struct arena *a, const char *path, const char *text,
	size_t len, struct err *err)
{
	struct profile_reader r = {
		.a = a,
		.err = err,
		.path = arena_strdup(a, path),
		.next = text,
		.end = text + len,
		.p = arena_alloc(a, 1, sizeof(struct profile)),
		.form = arena_alloc(a, 1, sizeof(struct profile_form)),
		.grid = arena_alloc(a, 1, sizeof(struct profile_grid)),
	};
	bool ok = true;

	start(&r);
	while (ok && r.next < r.end)
		ok = take_line(&r) && line(&r);
	end_section(&r);
	ok = ok && complete(&r);
	*out = ok ? r.p : NULL;
	return ok;
}
