/* A profile as text. */
#include "io/profile/write.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "models/cost/llm.h"

/* The shortest that reads back. */
static void number(struct buf *to, double x)
{
	char text[40];

	for (int digits = 6; digits <= 17; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, x);
		if (strtod(text, NULL) == x)
			break;
	}
	buf_puts(to, text);
}

static void key(struct buf *to, const char *name, const char *value)
{
	if (value && *value)
		buf_printf(to, "%s: %s\n", name, value);
}

static void key_number(struct buf *to, const char *name, double x)
{
	buf_printf(to, "%s: ", name);
	number(to, x);
	buf_putc(to, '\n');
}

static void precisions(struct buf *to, unsigned set)
{
	buf_puts(to, "precision:");
	for (size_t i = 0; i < LLM_PRECISIONS; i++)
		if (set >> i & 1u)
			buf_printf(to, " %s", llm_precision_names[i]);
	buf_putc(to, '\n');
}

static void header(struct buf *to, const struct profile *p)
{
	buf_puts(to, "offing-profile: 1\n");
	key(to, "device", p->device);
	key(to, "runtime", p->runtime);
	key(to, "model", p->model);
	precisions(to, p->precisions);
	key(to, "provenance", provenance_names[p->provenance]);
	key_number(to, "sigma.decode", p->sigma.decode);
	key_number(to, "sigma.prefill", p->sigma.prefill);
	key_number(to, "sigma.attention", p->sigma.attention);
	key_number(to, "sigma.latency", p->sigma.latency);
	if (p->cc_from > 0.0)
		key_number(to, "cc.from", p->cc_from);
	if (p->cc_below < HUGE_VAL)
		key_number(to, "cc.below", p->cc_below);
	if (p->has_host) {
		key_number(to, "host.step", p->host.step_s);
		key_number(to, "host.sequence", p->host.sequence_s);
		key_number(to, "host.request", p->host.request_s);
	}
	if (p->form && p->form->launch_overlaps)
		key(to, "launch", "overlapped");
	key(to, "date", p->date);
	key(to, "driver", p->driver);
	key(to, "kernels", p->kernels);
	key(to, "method", p->method);
}

/* Forms */

struct place {
	struct buf *to;
	const char *op, *precision, *mark;
};

static void constant(const struct place *at, const char *name, double x)
{
	if (isnan(x))
		return;
	buf_printf(at->to, "%s %s %s ", at->op, at->precision, name);
	number(at->to, x);
	buf_printf(at->to, " %s\n", at->mark);
}

static void above_0(const struct place *at, const char *name, double x)
{
	if (x > 0.0)
		constant(at, name, x);
}

static void op(const struct place *at, const struct profile_op *o)
{
	if (o->peak < PEAKS)
		buf_printf(at->to, "%s %s peak %s %s\n", at->op, at->precision,
			profile_peak_names[o->peak], at->mark);
	constant(at, "t0", o->t0_s);
	above_0(at, "ec", o->ec);
	above_0(at, "eb", o->eb);
	above_0(at, "weight_bytes", o->weight_bytes);
	above_0(at, "cycles_per_key", o->cycles_per_key);
	above_0(at, "mixed", o->mixed);
	above_0(at, "widen_rows", o->widen_rows);
	above_0(at, "widen_bytes", o->widen_bytes);
}

static void form(struct buf *to, const struct profile *p, enum profile_mark mark)
{
	struct place at = {.to = to, .mark = profile_mark_names[mark]};

	buf_puts(to, "\n[constants] # op precision constant value mark\n");
	for (size_t i = 0; i < LLM_PRECISIONS; i++) {
		if (!(p->precisions >> i & 1u))
			continue;
		at.precision = llm_precision_names[i];
		for (size_t k = 0; k < LLM_OPS; k++) {
			at.op = llm_op_names[k];
			op(&at, &p->form->op[i][k]);
		}
		at.op = "layer";
		constant(&at, "launch", p->form->launch_s[i]);
	}
}

/* Grids */

static void section(struct buf *to, const char *name, size_t n, const char *columns)
{
	if (n > 0)
		buf_printf(to, "\n[%s] # %s\n", name, columns);
}

static void whole(struct buf *to, uint64_t n)
{
	buf_printf(to, "%" PRIu64 " ", n);
}

static void last(struct buf *to, double x)
{
	number(to, x);
	buf_putc(to, '\n');
}

static void steps(struct buf *to, const char *name, const char *columns,
	const struct profile_step_row *r, size_t n)
{
	section(to, name, n, columns);
	for (size_t i = 0; i < n; i++) {
		whole(to, r[i].count);
		whole(to, r[i].context_tok);
		last(to, r[i].step_s);
	}
}

static void verify(struct buf *to, const struct profile_grid *g)
{
	section(to, "verify", g->n_verify, "sequences rows_each context_tok step_s");
	for (size_t i = 0; i < g->n_verify; i++) {
		whole(to, g->verify[i].count);
		whole(to, g->verify[i].rows_each);
		whole(to, g->verify[i].context_tok);
		last(to, g->verify[i].step_s);
	}
}

static void mixed(struct buf *to, const struct profile_grid *g)
{
	section(to, "mixed", g->n_mixed,
		"sequences context_tok chunk_tok chunk_context_tok step_s");
	for (size_t i = 0; i < g->n_mixed; i++) {
		whole(to, g->mixed[i].count);
		whole(to, g->mixed[i].context_tok);
		whole(to, g->mixed[i].chunk_tok);
		whole(to, g->mixed[i].chunk_context_tok);
		last(to, g->mixed[i].step_s);
	}
}

static void by_length(struct buf *to, const struct profile_grid *g)
{
	section(to, "attention", g->n_attention, "new_tok sparsity all_layers_s");
	for (size_t i = 0; i < g->n_attention; i++) {
		whole(to, g->attention[i].new_tok);
		number(to, g->attention[i].sparsity);
		buf_putc(to, ' ');
		last(to, g->attention[i].all_layers_s);
	}
	section(to, "prediction", g->n_prediction, "new_tok all_layers_s");
	for (size_t i = 0; i < g->n_prediction; i++) {
		whole(to, g->prediction[i].new_tok);
		last(to, g->prediction[i].all_layers_s);
	}
}

static void beside(struct buf *to, const struct profile_grid *g)
{
	section(to, "host", g->n_host, "step host_s sd_s");
	for (size_t i = 0; i < g->n_host; i++) {
		buf_printf(to, "%s ", profile_host_names[g->host[i].step]);
		number(to, g->host[i].host_s);
		buf_putc(to, ' ');
		last(to, g->host[i].sd_s);
	}
	section(to, "launch", g->n_launch, "name seconds");
	for (size_t i = 0; i < g->n_launch; i++) {
		buf_printf(to, "%s ", g->launch[i].name);
		last(to, g->launch[i].launch_s);
	}
	section(to, "t0", g->n_t0, "op t0_s ec eb");
	for (size_t i = 0; i < g->n_t0; i++) {
		buf_printf(to, "%s ", g->t0[i].op);
		number(to, g->t0[i].t0_s);
		buf_putc(to, ' ');
		number(to, g->t0[i].ec);
		buf_putc(to, ' ');
		last(to, g->t0[i].eb);
	}
}

void profile_write(struct buf *to, const struct profile *p, enum profile_mark mark)
{
	header(to, p);
	if (p->form) {
		form(to, p, mark);
		return;
	}
	steps(to, "decode", "batch context_tok step_s", p->grid->decode, p->grid->n_decode);
	steps(to, "prefill", "new_tok context_tok step_s", p->grid->prefill, p->grid->n_prefill);
	verify(to, p->grid);
	mixed(to, p->grid);
	by_length(to, p->grid);
	beside(to, p->grid);
}
