/* Rows of a fit, and profiles. */
#include "scripts/paper/fit/print.h"

#include <math.h>
#include <string.h>

static const char *const short_names[PAPER_MODELS] = {"7B", "13B"};
static const char *const peak_marks[CARDS] = {"fp32", "fp16"};

void print_head(FILE *to)
{
	fputs("form,card,item,of,with,value\n", to);
}

static void row(FILE *to, const struct solution *s, const char *item, const char *of,
	const char *with, double value)
{
	fprintf(to, "%s,%s,%s,%s,%s,%.9g\n", s->form->name, card_names[s->card], item, of, with,
		value);
}

static void print_cell(FILE *to, const struct solution *s, size_t i, const struct cell *c)
{
	const char *model = paper_model_names[c->model];

	row(to, s, "printed_ms", model, c->dataset, 1e3 * c->latency_s);
	row(to, s, "foretold_ms", model, c->dataset, 1e3 * s->foretold_s[i]);
	row(to, s, "residual", model, c->dataset, s->residual[i]);
}

void print_fit(FILE *to, const struct solution *s, const struct cells *cells)
{
	const struct constant *k = s->form->constant;

	row(to, s, "cells", "", "", (double)s->n);
	row(to, s, "constants", "", "", (double)s->form->n);
	row(to, s, "sigma", "", "", s->sigma);
	row(to, s, "aicc", "", "", s->aicc);
	for (size_t a = 0; a < s->form->n; a++) {
		row(to, s, "constant", k[a].name, "", s->value[a]);
		row(to, s, "standard_error", k[a].name, "", sqrt(s->covariance[a][a]));
	}
	for (size_t a = 0; a < s->form->n; a++)
		for (size_t b = 0; b <= a; b++)
			row(to, s, "covariance", k[a].name, k[b].name, s->covariance[a][b]);
	for (size_t i = 0; i < s->n; i++)
		print_cell(to, s, i, &cells->at[s->cell[i]]);
}

static void constant(
	FILE *to, const char *op, const char *name, const char *value, const char *mark)
{
	fprintf(to, "%-18s *          %-14s  %-11s %s\n", op, name, value, mark);
}

static void op(FILE *to, const struct solution *s, enum paper_model m, const char *name)
{
	char ec[30], eb[30];

	snprintf(ec, sizeof ec, "%.9g", s->at.ec);
	snprintf(eb, sizeof eb, "%.9g", s->at.eb[m]);
	constant(to, name, "t0", "0", "assumed    # among the launches");
	if (strcmp(name, "small") != 0) {
		constant(to, name, "peak", peak_marks[s->card], "published");
		constant(to, name, "ec", ec, "fitted     # one for all that is computed");
	}
	if (strcmp(name, "prefill-attention") != 0)
		constant(to, name, "eb", eb, "published  # as in runtime fused");
	else
		constant(to, name, "cycles_per_key", "0", "assumed");
}

void print_profile(FILE *to, const struct solution *s, enum paper_model m, const char *others)
{
	static const char *const ops[] = {
		"linear", "head", "decode-attention", "prefill-attention", "small"};
	char launch[30];

	fprintf(to,
		"# Written by scripts/paper.sh: Llama 2 %s on the card of the paper, so fast that "
		"its\n"
		"# latencies come out as the paper prints them (results/paper/fit.md). Not a\n"
		"# measurement, and of no use outside that testbed.\n",
		short_names[m]);
	fprintf(to, "offing-profile: 1\ndevice: %s\nruntime: paper\nmodel: %s%s\n",
		card_names[s->card], paper_model_names[m], others);
	fprintf(to,
		"precision: fp16 int8\nprovenance: fitted\n"
		"method: least squares over the %zu latencies of %s of Table 1\nsigma.step: "
		"%.2g\n\n",
		s->n, cell_system_name(s->card), s->sigma);
	fputs("[constants]\n# op               precision  constant        value       mark\n", to);
	for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
		op(to, s, m, ops[i]);
	snprintf(launch, sizeof launch, "%.9g", s->at.launch_s[m]);
	constant(to, "layer", "launch", launch, "fitted     # what a layer takes beside");
}
