/* The text of a profile, line by line: a header of "key: value", then sections of rows. */
#include "io/profile_file.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/near.h"
#include "base/quote.h"

enum { MAX_TOKENS = 6, MAX_LINE = 500, MAX_NUMBER = 40 };
static const double MAX_SIGMA = 3.0, MAX_CC = 100.0, MIN_SHARE = 1e-4, MAX_SHARE = 4.0;

/* A word of the line in hand, terminated, and the column it starts at. */
struct token {
	char *text;
	unsigned col;
};

struct reader;

struct section {
	const char *name;
	size_t n_columns;
	size_t row_size;
	bool (*row)(struct reader *r, const struct token *t); /* t[n_columns] */
	size_t rows_at, count_at; /* where the rows go in struct profile_grid */
};

struct reader {
	struct arena *a;
	struct err *err;
	const char *path, *next, *end;
	unsigned line;
	char text[MAX_LINE + 1]; /* the line in hand, cut up */

	struct profile *p;
	struct profile_form *form;
	struct profile_grid *grid;
	double sigma_step;
	unsigned keys_seen, sections_seen; /* bits */
	const struct section *section;     /* NULL in the header */

	char *rows; /* of the section in hand */
	size_t n_rows, cap_rows;
};

static bool fail(struct reader *r, unsigned col, const char *rule, const char *text)
{
	char buf[QUOTE_SIZE];
	struct src_pos at = {.file = r->path, .line = r->line, .col = col};

	if (text)
		return err_at(r->err, at, "%s, not '%s'", rule, quote(buf, sizeof buf, text));
	return err_at(r->err, at, "%s", rule);
}

/* "unknown WHAT 'x'; did you mean 'y'?" */
static bool unknown(struct reader *r, const struct token *t, const char *what,
	const char *const *known, size_t n)
{
	char buf[QUOTE_SIZE];
	struct src_pos at = {.file = r->path, .line = r->line, .col = t->col};
	struct near near;

	near_init(&near, t->text);
	for (size_t i = 0; i < n; i++)
		near_add(&near, known[i]);
	quote(buf, sizeof buf, t->text);
	if (near_best(&near))
		return err_at(r->err, at, "unknown %s '%s'; did you mean '%s'?", what, buf,
			near_best(&near));
	return err_at(r->err, at, "unknown %s '%s'", what, buf);
}

/* Index of the word, or @n when it is none of them. */
static size_t word_index(const char *word, const char *const *words, size_t n)
{
	size_t i = 0;

	while (i < n && strcmp(words[i], word) != 0)
		i++;
	return i;
}

/* A plain decimal number: no hexadecimal, no inf, no nan. */
static bool number(struct reader *r, double *out, const struct token *t, double min, double max)
{
	char *end, rule[96];
	size_t n = strlen(t->text);

	snprintf(rule, sizeof rule, "must be a number from %g to %g", min, max);
	if (n == 0 || n > MAX_NUMBER || strspn(t->text, "0123456789+-.eE") != n)
		return fail(r, t->col, rule, t->text);
	*out = strtod(t->text, &end);
	if (*end || !(*out >= min && *out <= max))
		return fail(r, t->col, rule, t->text);
	return true;
}

static bool whole(struct reader *r, uint64_t *out, const struct token *t, double min)
{
	double x;

	if (!number(r, &x, t, min, 1e9))
		return false;
	*out = (uint64_t)x;
	if ((double)*out != x)
		return fail(r, t->col, "must be a whole number", t->text);
	return true;
}

static bool seconds(struct reader *r, double *out, const struct token *t)
{
	return number(r, out, t, 1e-9, 1e5);
}

/* Cut @s, which starts at column @col, into words; those beyond MAX_TOKENS are left out. */
static size_t cut(struct token *t, char *s, unsigned col)
{
	size_t n = 0;

	while (n < MAX_TOKENS) {
		size_t blanks = strspn(s, " \t"), len;

		s += blanks;
		col += (unsigned)blanks;
		len = strcspn(s, " \t");
		if (len == 0)
			break;
		t[n++] = (struct token){s, col};
		s += len;
		col += (unsigned)len;
		if (*s)
			*s++ = '\0', col++;
	}
	return n;
}

/* Header */

enum key {
	KEY_VERSION,
	KEY_DEVICE,
	KEY_RUNTIME,
	KEY_MODEL,
	KEY_PRECISION,
	KEY_PROVENANCE,
	KEY_SIGMA_STEP,
	KEY_SIGMA_DECODE,
	KEY_SIGMA_PREFILL,
	KEY_SIGMA_ATTENTION,
	KEY_SIGMA_LATENCY,
	KEY_CC_FROM,
	KEY_CC_BELOW,
	KEY_LAUNCH,
	KEY_DATE,
	KEY_DRIVER,
	KEY_KERNELS,
	KEY_METHOD,
	KEYS,
};

static const char *const key_names[KEYS] = {
	[KEY_VERSION] = "offing-profile",
	[KEY_DEVICE] = "device",
	[KEY_RUNTIME] = "runtime",
	[KEY_MODEL] = "model",
	[KEY_PRECISION] = "precision",
	[KEY_PROVENANCE] = "provenance",
	[KEY_SIGMA_STEP] = "sigma.step",
	[KEY_SIGMA_DECODE] = "sigma.decode",
	[KEY_SIGMA_PREFILL] = "sigma.prefill",
	[KEY_SIGMA_ATTENTION] = "sigma.attention",
	[KEY_SIGMA_LATENCY] = "sigma.latency",
	[KEY_CC_FROM] = "cc.from",
	[KEY_CC_BELOW] = "cc.below",
	[KEY_LAUNCH] = "launch",
	[KEY_DATE] = "date",
	[KEY_DRIVER] = "driver",
	[KEY_KERNELS] = "kernels",
	[KEY_METHOD] = "method",
};

static bool precisions(struct reader *r, const struct token *value)
{
	struct token t[MAX_TOKENS];
	size_t n = cut(t, value->text, value->col);

	for (size_t i = 0; i < n; i++) {
		size_t p = word_index(t[i].text, llm_precision_names, LLM_PRECISIONS);

		if (p == LLM_PRECISIONS)
			return unknown(r, &t[i], "precision", llm_precision_names, LLM_PRECISIONS);
		r->p->precisions |= 1u << p;
	}
	return true;
}

static bool provenance(struct reader *r, const struct token *value)
{
	size_t i = word_index(value->text, provenance_names, PROVENANCES);

	if (i == PROVENANCES)
		return unknown(r, value, "provenance", provenance_names, PROVENANCES);
	r->p->provenance = (enum provenance)i;
	return true;
}

static bool launch_mode(struct reader *r, const struct token *value)
{
	static const char *const modes[] = {"added", "overlapped"};
	size_t i = word_index(value->text, modes, 2);

	if (i == 2)
		return unknown(r, value, "launch", modes, 2);
	r->form->launch_overlaps = i == 1;
	return true;
}

static bool text_value(struct reader *r, const char **out, const struct token *value)
{
	*out = arena_strdup(r->a, value->text);
	return true;
}

static bool header_value(struct reader *r, enum key key, const struct token *v)
{
	struct profile *p = r->p;

	switch (key) {
	case KEY_VERSION:
		return strcmp(v->text, "1") == 0 || fail(r, v->col, "must be version 1", v->text);
	case KEY_DEVICE:
		return text_value(r, &p->device, v);
	case KEY_RUNTIME:
		return text_value(r, &p->runtime, v);
	case KEY_MODEL:
		return text_value(r, &p->model, v);
	case KEY_PRECISION:
		return precisions(r, v);
	case KEY_PROVENANCE:
		return provenance(r, v);
	case KEY_SIGMA_STEP:
		return number(r, &r->sigma_step, v, 0.0, MAX_SIGMA);
	case KEY_SIGMA_DECODE:
		return number(r, &p->sigma.decode, v, 0.0, MAX_SIGMA);
	case KEY_SIGMA_PREFILL:
		return number(r, &p->sigma.prefill, v, 0.0, MAX_SIGMA);
	case KEY_SIGMA_ATTENTION:
		return number(r, &p->sigma.attention, v, 0.0, MAX_SIGMA);
	case KEY_SIGMA_LATENCY:
		return number(r, &p->sigma.latency, v, 0.0, MAX_SIGMA);
	case KEY_CC_FROM:
		return number(r, &p->cc_from, v, 0.0, MAX_CC);
	case KEY_CC_BELOW:
		return number(r, &p->cc_below, v, 0.0, MAX_CC);
	case KEY_LAUNCH:
		return launch_mode(r, v);
	case KEY_DATE:
		return text_value(r, &p->date, v);
	case KEY_DRIVER:
		return text_value(r, &p->driver, v);
	case KEY_KERNELS:
		return text_value(r, &p->kernels, v);
	case KEY_METHOD:
		return text_value(r, &p->method, v);
	case KEYS:
		break;
	}
	return false;
}

/* "key: value" in @r->text, which is not blank. */
static bool header_line(struct reader *r)
{
	char *start = r->text + strspn(r->text, " \t"), *colon = strchr(start, ':');
	struct token key = {start, (unsigned)(start - r->text) + 1}, value;
	size_t i;

	if (!colon)
		return fail(r, key.col, "expected 'key: value' or '[section]'", start);
	*colon = '\0';
	value.text = colon + 1 + strspn(colon + 1, " \t");
	value.col = (unsigned)(value.text - r->text) + 1;
	i = word_index(key.text, key_names, KEYS);
	if (i == KEYS)
		return unknown(r, &key, "key", key_names, KEYS);
	if (r->keys_seen == 0 && i != KEY_VERSION)
		return fail(r, key.col, "a profile starts with 'offing-profile: 1'", NULL);
	if (r->keys_seen >> i & 1u)
		return fail(r, key.col, "a key may stand only once", key.text);
	if (!*value.text)
		return fail(r, value.col, "the key has no value", NULL);
	r->keys_seen |= 1u << i;
	return header_value(r, (enum key)i, &value);
}

/* Rows */

static void *new_row(struct reader *r)
{
	size_t size = r->section->row_size;
	void *row;

	r->rows = mem_grow(r->rows, r->n_rows, &r->cap_rows, size);
	row = r->rows + r->n_rows++ * size;
	memset(row, 0, size);
	return row;
}

/* The row before the last one, or NULL. */
static const void *row_before(const struct reader *r)
{
	return r->n_rows < 2 ? NULL : r->rows + (r->n_rows - 2) * r->section->row_size;
}

static bool ascends(struct reader *r, const struct token *t, bool above)
{
	return above || fail(r, t->col, "rows must ascend and none may repeat", NULL);
}

static bool step_row(struct reader *r, const struct token *t)
{
	struct profile_step_row *row = new_row(r);
	const struct profile_step_row *prev = row_before(r);

	return whole(r, &row->count, &t[0], 1.0) && whole(r, &row->context_tok, &t[1], 0.0) &&
	       seconds(r, &row->step_s, &t[2]) &&
	       ascends(r, &t[0],
		       !prev || row->count > prev->count ||
			       (row->count == prev->count && row->context_tok > prev->context_tok));
}

static bool attention_row(struct reader *r, const struct token *t)
{
	struct profile_attention_row *row = new_row(r);
	const struct profile_attention_row *prev = row_before(r);

	return whole(r, &row->new_tok, &t[0], 1.0) && number(r, &row->sparsity, &t[1], 0.0, 1.0) &&
	       seconds(r, &row->all_layers_s, &t[2]) &&
	       ascends(r, &t[0],
		       !prev || row->new_tok > prev->new_tok ||
			       (row->new_tok == prev->new_tok && row->sparsity > prev->sparsity));
}

static bool prediction_row(struct reader *r, const struct token *t)
{
	struct profile_prediction_row *row = new_row(r);
	const struct profile_prediction_row *prev = row_before(r);

	return whole(r, &row->new_tok, &t[0], 1.0) && seconds(r, &row->all_layers_s, &t[1]) &&
	       ascends(r, &t[0], !prev || row->new_tok > prev->new_tok);
}

static bool launch_row(struct reader *r, const struct token *t)
{
	struct profile_launch_row *row = new_row(r);

	row->name = arena_strdup(r->a, t[0].text);
	return number(r, &row->launch_s, &t[1], 0.0, 1.0);
}

static bool t0_row(struct reader *r, const struct token *t)
{
	struct profile_t0_row *row = new_row(r);

	row->op = arena_strdup(r->a, t[0].text);
	return number(r, &row->t0_s, &t[1], 0.0, 1.0) &&
	       number(r, &row->ec, &t[2], 0.0, MAX_SHARE) &&
	       number(r, &row->eb, &t[3], 0.0, MAX_SHARE);
}

/* Constants of a form: "op precision name value mark"; the source stands in a comment */

static const char *const const_names[] = {
	"t0", "ec", "eb", "peak", "weight_bytes", "cycles_per_key"};
enum { CONST_T0, CONST_EC, CONST_EB, CONST_PEAK, CONST_WEIGHT_BYTES, CONST_CYCLES, CONSTS };

static bool set_const(struct reader *r, struct profile_op *o, size_t name, const struct token *t)
{
	size_t peak;

	switch (name) {
	case CONST_T0:
		return number(r, &o->t0_s, t, 0.0, 1.0);
	case CONST_EC:
		return number(r, &o->ec, t, MIN_SHARE, MAX_SHARE);
	case CONST_EB:
		return number(r, &o->eb, t, MIN_SHARE, MAX_SHARE);
	case CONST_WEIGHT_BYTES:
		return number(r, &o->weight_bytes, t, 0.1, 100.0);
	case CONST_CYCLES:
		return number(r, &o->cycles_per_key, t, 0.0, 1e6);
	default:
		peak = word_index(t->text, profile_peak_names, PEAKS);
		if (peak == PEAKS)
			return unknown(r, t, "peak", profile_peak_names, PEAKS);
		o->peak = (enum profile_peak)peak;
		return true;
	}
}

/* First and last+1 class that a word means. */
static bool ops_of(struct reader *r, size_t *from, size_t *to, const struct token *t)
{
	*from = word_index(t->text, llm_op_names, LLM_OPS);
	*to = *from + 1;
	if (strcmp(t->text, "linear") == 0) {
		*from = 0;
		*to = LLM_LINEAR_OPS;
	} else if (strcmp(t->text, "*") == 0) {
		*from = 0;
		*to = LLM_OPS;
	}
	return *from < LLM_OPS || unknown(r, t, "class of operations", llm_op_names, LLM_OPS);
}

static bool precisions_of(struct reader *r, unsigned *set, const struct token *t)
{
	size_t i = word_index(t->text, llm_precision_names, LLM_PRECISIONS);

	*set = r->p->precisions;
	if (strcmp(t->text, "*") == 0)
		return true;
	if (i == LLM_PRECISIONS)
		return unknown(r, t, "precision", llm_precision_names, LLM_PRECISIONS);
	*set &= 1u << i;
	return *set || fail(r, t->col, "the header's precisions lack this one", NULL);
}

static bool launch_const(struct reader *r, unsigned set, const struct token *t)
{
	for (size_t p = 0; p < LLM_PRECISIONS; p++)
		if ((set >> p & 1u) && !number(r, &r->form->launch_s[p], &t[3], 0.0, 1.0))
			return false;
	return true;
}

static bool op_const(struct reader *r, unsigned set, const struct token *t)
{
	size_t from, to, name = word_index(t[2].text, const_names, CONSTS);

	if (!ops_of(r, &from, &to, &t[0]))
		return false;
	if (name == CONSTS)
		return unknown(r, &t[2], "constant", const_names, CONSTS);
	for (size_t p = 0; p < LLM_PRECISIONS; p++)
		for (size_t op = from; (set >> p & 1u) && op < to; op++)
			if (!set_const(r, &r->form->op[p][op], name, &t[3]))
				return false;
	return true;
}

static bool const_row(struct reader *r, const struct token *t)
{
	size_t mark = word_index(t[4].text, profile_mark_names, MARKS);
	unsigned set;

	if (!precisions_of(r, &set, &t[1]))
		return false;
	if (mark == MARKS)
		return unknown(r, &t[4], "mark", profile_mark_names, MARKS);
	r->form->n_marks[mark]++;
	if (strcmp(t[0].text, "layer") == 0 && strcmp(t[2].text, "launch") == 0)
		return launch_const(r, set, t);
	return op_const(r, set, t);
}

#define GRID_ROWS(type, member, columns, fn) \
#member, columns, sizeof(struct type), fn, offsetof(struct profile_grid, member), \
		offsetof(struct profile_grid, n_##member)

static const struct section sections[] = {
	{"constants", 5, 0, const_row, 0, 0},
	{GRID_ROWS(profile_step_row, decode, 3, step_row)},
	{GRID_ROWS(profile_step_row, prefill, 3, step_row)},
	{GRID_ROWS(profile_attention_row, attention, 3, attention_row)},
	{GRID_ROWS(profile_prediction_row, prediction, 2, prediction_row)},
	{GRID_ROWS(profile_launch_row, launch, 2, launch_row)},
	{GRID_ROWS(profile_t0_row, t0, 4, t0_row)},
};
enum { SECTION_CONSTANTS = 0, SECTIONS = sizeof sections / sizeof sections[0] };

static void end_section(struct reader *r)
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
static bool section_line(struct reader *r, const struct token *t)
{
	const char *names[SECTIONS];
	size_t n = strlen(t->text), i;
	struct token name = {t->text + 1, t->col + 1};

	if (n < 2 || t->text[n - 1] != ']')
		return fail(r, t->col, "expected '[section]'", t->text);
	t->text[n - 1] = '\0';
	for (i = 0; i < SECTIONS; i++)
		names[i] = sections[i].name;
	i = word_index(name.text, names, SECTIONS);
	if (i == SECTIONS)
		return unknown(r, &name, "section", names, SECTIONS);
	if (r->sections_seen >> i & 1u)
		return fail(r, name.col, "a section may stand only once", name.text);
	r->sections_seen |= 1u << i;
	end_section(r);
	r->section = &sections[i];
	return true;
}

static bool line(struct reader *r)
{
	size_t blanks = strspn(r->text, " \t");
	struct token t[MAX_TOKENS];
	size_t n;

	if (!r->text[blanks])
		return true;
	if (!r->section && r->text[blanks] != '[')
		return header_line(r);
	n = cut(t, r->text, 1);
	if (t[0].text[0] == '[')
		return section_line(r, &t[0]);
	if (n < r->section->n_columns)
		return fail(r, t[n - 1].col, "the row has too few columns", NULL);
	if (n > r->section->n_columns)
		return fail(r, t[r->section->n_columns].col, "the row has too many columns", NULL);
	return r->section->row(r, t);
}

/* Copy the next line into @r->text without its comment. */
static bool take_line(struct reader *r)
{
	const char *end = memchr(r->next, '\n', (size_t)(r->end - r->next));
	size_t n = (size_t)((end ? end : r->end) - r->next), cut_at = 0;

	r->line++;
	if (n > MAX_LINE)
		return fail(r, MAX_LINE, "the line is too long", NULL);
	if (memchr(r->next, '\0', n))
		return fail(r, 1, "the line holds a zero byte", NULL);
	while (cut_at < n &&
		!(r->next[cut_at] == '#' && (cut_at == 0 || strchr(" \t", r->next[cut_at - 1]))))
		cut_at++;
	while (cut_at > 0 && strchr(" \t\r", r->next[cut_at - 1]))
		cut_at--;
	memcpy(r->text, r->next, cut_at);
	r->text[cut_at] = '\0';
	r->next += end ? n + 1 : n;
	return true;
}

/* What a whole file must have */

static bool missing(struct reader *r, const char *what)
{
	return err_at(r->err, (struct src_pos){.file = r->path}, "the profile has no %s", what);
}

static bool header_complete(struct reader *r)
{
	static const enum key wanted[] = {
		KEY_VERSION, KEY_DEVICE, KEY_RUNTIME, KEY_MODEL, KEY_PRECISION, KEY_PROVENANCE};

	for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
		if (!(r->keys_seen >> wanted[i] & 1u))
			return missing(r, key_names[wanted[i]]);
	return true;
}

/* sigma.step stands for all that are not given on their own. */
static bool sigmas_complete(struct reader *r)
{
	struct profile_sigma *s = &r->p->sigma;
	double *each[] = {&s->decode, &s->prefill, &s->attention, &s->latency};

	if (isnan(s->latency))
		s->latency = s->attention;
	for (size_t i = 0; i < sizeof each / sizeof each[0]; i++) {
		if (isnan(*each[i]))
			*each[i] = r->sigma_step;
		if (isnan(*each[i]))
			return missing(r, key_names[KEY_SIGMA_DECODE + i]);
	}
	return true;
}

/* Nothing is asked for that the form does not use: small operations compute nothing, and
 * prefill attention is bound by arithmetic and latency. */
static bool op_complete(struct reader *r, size_t p, size_t op)
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
	return missing(r, what);
}

static bool form_complete(struct reader *r)
{
	for (size_t p = 0; p < LLM_PRECISIONS; p++) {
		if (!(r->p->precisions >> p & 1u))
			continue;
		if (isnan(r->form->launch_s[p]))
			return missing(r, "launch of a layer");
		for (size_t op = 0; op < LLM_OPS; op++)
			if (!op_complete(r, p, op))
				return false;
	}
	r->p->kind = PROFILE_FORM;
	r->p->form = r->form;
	return true;
}

static bool grid_complete(struct reader *r)
{
	const struct profile_grid *g = r->grid;

	if (g->n_decode == 0)
		return missing(r, "[constants] and no rows in [decode]");
	if (g->n_prefill == 0)
		return missing(r, "rows in [prefill]");
	if (g->n_attention == 0)
		return missing(r, "rows in [attention]");
	if (strcmp(r->p->model, "*") == 0 || strcmp(r->p->device, "*") == 0)
		return missing(r, "model and device of its own, which a measured grid needs");
	if (r->p->precisions & (r->p->precisions - 1))
		return missing(r, "single precision, which a measured grid needs");
	r->p->kind = PROFILE_GRID;
	r->p->grid = g;
	return true;
}

static bool complete(struct reader *r)
{
	if (!header_complete(r) || !sigmas_complete(r))
		return false;
	if (r->sections_seen >> SECTION_CONSTANTS & 1u)
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
static void start(struct reader *r)
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
	struct reader r = {
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
