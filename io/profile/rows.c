/* The rows of a profile's sections. */
#include "io/profile/reader.h"

#include <stddef.h>
#include <string.h>

static const double MIN_SHARE = 1e-4, MAX_SHARE = 4.0;

static void *new_row(struct profile_reader *r)
{
	size_t size = r->section->row_size;
	void *row;

	r->rows = mem_grow(r->rows, r->n_rows, &r->cap_rows, size);
	row = r->rows + r->n_rows++ * size;
	memset(row, 0, size);
	return row;
}

/* The row before the last one, or NULL. */
static const void *row_before(const struct profile_reader *r)
{
	return r->n_rows < 2 ? NULL : r->rows + (r->n_rows - 2) * r->section->row_size;
}

static bool ascends(struct profile_reader *r, const struct token *t, bool above)
{
	return above || reader_fail(r, t->col, "rows must ascend and none may repeat", NULL);
}

static bool step_row(struct profile_reader *r, const struct token *t)
{
	struct profile_step_row *row = new_row(r);
	const struct profile_step_row *prev = row_before(r);

	return reader_whole(r, &row->count, &t[0], 1.0) &&
	       reader_whole(r, &row->context_tok, &t[1], 0.0) &&
	       reader_seconds(r, &row->step_s, &t[2]) &&
	       ascends(r, &t[0],
		       !prev || row->count > prev->count ||
			       (row->count == prev->count && row->context_tok > prev->context_tok));
}

static bool attention_row(struct profile_reader *r, const struct token *t)
{
	struct profile_attention_row *row = new_row(r);
	const struct profile_attention_row *prev = row_before(r);

	return reader_whole(r, &row->new_tok, &t[0], 1.0) &&
	       reader_number(r, &row->sparsity, &t[1], 0.0, 1.0) &&
	       reader_seconds(r, &row->all_layers_s, &t[2]) &&
	       ascends(r, &t[0],
		       !prev || row->new_tok > prev->new_tok ||
			       (row->new_tok == prev->new_tok && row->sparsity > prev->sparsity));
}

static bool prediction_row(struct profile_reader *r, const struct token *t)
{
	struct profile_prediction_row *row = new_row(r);
	const struct profile_prediction_row *prev = row_before(r);

	return reader_whole(r, &row->new_tok, &t[0], 1.0) &&
	       reader_seconds(r, &row->all_layers_s, &t[1]) &&
	       ascends(r, &t[0], !prev || row->new_tok > prev->new_tok);
}

static bool verify_row(struct profile_reader *r, const struct token *t)
{
	struct profile_verify_row *row = new_row(r);
	const struct profile_verify_row *p = row_before(r);

	return reader_whole(r, &row->count, &t[0], 1.0) &&
	       reader_whole(r, &row->rows_each, &t[1], 2.0) &&
	       reader_whole(r, &row->context_tok, &t[2], 0.0) &&
	       reader_seconds(r, &row->step_s, &t[3]) &&
	       ascends(r, &t[0],
		       !p || row->count > p->count ||
			       (row->count == p->count && row->rows_each > p->rows_each) ||
			       (row->count == p->count && row->rows_each == p->rows_each &&
				       row->context_tok > p->context_tok));
}

static bool mixed_above(const struct profile_mixed_row *a, const struct profile_mixed_row *b)
{
	if (a->count != b->count)
		return a->count > b->count;
	if (a->context_tok != b->context_tok)
		return a->context_tok > b->context_tok;
	if (a->chunk_tok != b->chunk_tok)
		return a->chunk_tok > b->chunk_tok;
	return a->chunk_context_tok > b->chunk_context_tok;
}

static bool mixed_row(struct profile_reader *r, const struct token *t)
{
	struct profile_mixed_row *row = new_row(r);
	const struct profile_mixed_row *prev = row_before(r);

	return reader_whole(r, &row->count, &t[0], 1.0) &&
	       reader_whole(r, &row->context_tok, &t[1], 0.0) &&
	       reader_whole(r, &row->chunk_tok, &t[2], 1.0) &&
	       reader_whole(r, &row->chunk_context_tok, &t[3], 0.0) &&
	       reader_seconds(r, &row->step_s, &t[4]) &&
	       ascends(r, &t[0], !prev || mixed_above(row, prev));
}

static bool host_row(struct profile_reader *r, const struct token *t)
{
	struct profile_host_row *row = new_row(r);
	const struct profile_host_row *prev = row_before(r);
	size_t step = reader_word(t[0].text, profile_host_names, HOSTS);

	if (step == HOSTS)
		return reader_unknown(r, &t[0], "step", profile_host_names, HOSTS);
	row->step = (enum profile_host)step;
	return reader_number(r, &row->host_s, &t[1], 0.0, 1.0) &&
	       reader_number(r, &row->sd_s, &t[2], 0.0, 1.0) &&
	       ascends(r, &t[0], !prev || row->step > prev->step);
}

static bool launch_row(struct profile_reader *r, const struct token *t)
{
	struct profile_launch_row *row = new_row(r);

	row->name = arena_strdup(r->a, t[0].text);
	return reader_number(r, &row->launch_s, &t[1], 0.0, 1.0);
}

static bool t0_row(struct profile_reader *r, const struct token *t)
{
	struct profile_t0_row *row = new_row(r);

	row->op = arena_strdup(r->a, t[0].text);
	return reader_number(r, &row->t0_s, &t[1], 0.0, 1.0) &&
	       reader_number(r, &row->ec, &t[2], 0.0, MAX_SHARE) &&
	       reader_number(r, &row->eb, &t[3], 0.0, MAX_SHARE);
}

/* Constants of a form: "op precision name value mark"; the source stands in a comment */

static const char *const const_names[] = {"t0", "ec", "eb", "peak", "weight_bytes",
	"cycles_per_key", "mixed", "widen_rows", "widen_bytes"};
enum {
	CONST_T0,
	CONST_EC,
	CONST_EB,
	CONST_PEAK,
	CONST_WEIGHT_BYTES,
	CONST_CYCLES,
	CONST_MIXED,
	CONST_WIDEN_ROWS,
	CONST_WIDEN_BYTES,
	CONSTS
};

static bool set_const(
	struct profile_reader *r, struct profile_op *o, size_t name, const struct token *t)
{
	size_t peak;

	switch (name) {
	case CONST_T0:
		return reader_number(r, &o->t0_s, t, 0.0, 1.0);
	case CONST_EC:
		return reader_number(r, &o->ec, t, MIN_SHARE, MAX_SHARE);
	case CONST_EB:
		return reader_number(r, &o->eb, t, MIN_SHARE, MAX_SHARE);
	case CONST_WEIGHT_BYTES:
		return reader_number(r, &o->weight_bytes, t, 0.1, 100.0);
	case CONST_CYCLES:
		return reader_number(r, &o->cycles_per_key, t, 0.0, 1e6);
	case CONST_MIXED:
		return reader_number(r, &o->mixed, t, 1.0, 100.0);
	case CONST_WIDEN_ROWS:
		return reader_number(r, &o->widen_rows, t, 0.0, 1e6);
	case CONST_WIDEN_BYTES:
		return reader_number(r, &o->widen_bytes, t, 0.1, 100.0);
	default:
		peak = reader_word(t->text, profile_peak_names, PEAKS);
		if (peak == PEAKS)
			return reader_unknown(r, t, "peak", profile_peak_names, PEAKS);
		o->peak = (enum profile_peak)peak;
		return true;
	}
}

/* First and last+1 class that a word means. */
static bool ops_of(struct profile_reader *r, size_t *from, size_t *to, const struct token *t)
{
	*from = reader_word(t->text, llm_op_names, LLM_OPS);
	*to = *from + 1;
	if (strcmp(t->text, "linear") == 0) {
		*from = 0;
		*to = LLM_LINEAR_OPS;
	} else if (strcmp(t->text, "*") == 0) {
		*from = 0;
		*to = LLM_OPS;
	}
	return *from < LLM_OPS ||
	       reader_unknown(r, t, "class of operations", llm_op_names, LLM_OPS);
}

static bool precisions_of(struct profile_reader *r, unsigned *set, const struct token *t)
{
	size_t i = reader_word(t->text, llm_precision_names, LLM_PRECISIONS);

	*set = r->p->precisions;
	if (strcmp(t->text, "*") == 0)
		return true;
	if (i == LLM_PRECISIONS)
		return reader_unknown(r, t, "precision", llm_precision_names, LLM_PRECISIONS);
	*set &= 1u << i;
	return *set || reader_fail(r, t->col, "the header's precisions lack this one", NULL);
}

static bool launch_const(struct profile_reader *r, unsigned set, const struct token *t)
{
	for (size_t p = 0; p < LLM_PRECISIONS; p++)
		if ((set >> p & 1u) && !reader_number(r, &r->form->launch_s[p], &t[3], 0.0, 1.0))
			return false;
	return true;
}

static bool op_const(struct profile_reader *r, unsigned set, const struct token *t)
{
	size_t from, to, name = reader_word(t[2].text, const_names, CONSTS);

	if (!ops_of(r, &from, &to, &t[0]))
		return false;
	if (name == CONSTS)
		return reader_unknown(r, &t[2], "constant", const_names, CONSTS);
	for (size_t p = 0; p < LLM_PRECISIONS; p++)
		for (size_t op = from; (set >> p & 1u) && op < to; op++)
			if (!set_const(r, &r->form->op[p][op], name, &t[3]))
				return false;
	return true;
}

static bool const_row(struct profile_reader *r, const struct token *t)
{
	size_t mark = reader_word(t[4].text, profile_mark_names, MARKS);
	unsigned set;

	if (!precisions_of(r, &set, &t[1]))
		return false;
	if (mark == MARKS)
		return reader_unknown(r, &t[4], "mark", profile_mark_names, MARKS);
	r->form->n_marks[mark]++;
	if (strcmp(t[0].text, "layer") == 0 && strcmp(t[2].text, "launch") == 0)
		return launch_const(r, set, t);
	return op_const(r, set, t);
}

#define GRID_ROWS(type, member, columns, fn) \
#member, columns, sizeof(struct type), fn, offsetof(struct profile_grid, member), \
		offsetof(struct profile_grid, n_##member)

const struct profile_section profile_sections[PROFILE_SECTIONS] = {
	{"constants", 5, 0, const_row, 0, 0},
	{GRID_ROWS(profile_step_row, decode, 3, step_row)},
	{GRID_ROWS(profile_step_row, prefill, 3, step_row)},
	{GRID_ROWS(profile_verify_row, verify, 4, verify_row)},
	{GRID_ROWS(profile_mixed_row, mixed, 5, mixed_row)},
	{GRID_ROWS(profile_attention_row, attention, 3, attention_row)},
	{GRID_ROWS(profile_prediction_row, prediction, 2, prediction_row)},
	{GRID_ROWS(profile_host_row, host, 3, host_row)},
	{GRID_ROWS(profile_launch_row, launch, 2, launch_row)},
	{GRID_ROWS(profile_t0_row, t0, 4, t0_row)},
};
