/* What a fit found, as tables and as JSON. */
#include "cli/fit_print.h"

#include <math.h>

#include "cli/json.h"

static const char *const fates[] = {
	[FIT_FITTED] = "fitted",
	[FIT_HELD] = "held",
	[FIT_ALIKE] = "not told apart",
	[FIT_WEAK] = "not told",
	[FIT_LEAST] = "at its least",
};

/* Tables */

static void print_constant(FILE *to, enum fit_constant k, const struct fit_estimate *e)
{
	const struct fit_constant_row *row = &fit_constants[k];
	double by = row->is_factor ? 1.0 : 1e3;

	fprintf(to, "%-10s %9.5g %s", row->name, by * e->value, row->is_factor ? "x " : "ms");
	if (e->fate == FIT_FITTED)
		fprintf(to, " %9.2g  ", by * e->se);
	else
		fprintf(to, " %9s  ", "-");
	fprintf(to, "%s%s%s%s\n", row->meaning, e->fate == FIT_FITTED ? "" : " (",
		e->fate == FIT_FITTED ? "" : fates[e->fate], e->fate == FIT_FITTED ? "" : ")");
}

static void print_correlations(FILE *to, const struct fit_result *r)
{
	fprintf(to, "\ncorrelation");
	for (size_t a = 0; a < FIT_CONSTANTS; a++)
		if (r->of[a].fate == FIT_FITTED)
			fprintf(to, " %9s", fit_constants[a].name);
	for (size_t a = 0; a < FIT_CONSTANTS; a++) {
		if (r->of[a].fate != FIT_FITTED)
			continue;
		fprintf(to, "\n%-11s", fit_constants[a].name);
		for (size_t b = 0; b <= a; b++)
			if (r->of[b].fate == FIT_FITTED)
				fprintf(to, " %9.2f", r->correlation[a][b]);
	}
	fprintf(to, "\n");
}

static void print_steps(FILE *to, const struct fit_result *r)
{
	fprintf(to, "\n%-42s %10s %10s\n", "a step takes, ms", "before", "fitted");
	for (size_t i = 0; i < FIT_STEPS; i++) {
		const struct fit_step *s = &r->steps[i];
		char what[60];

		if (s->prompt_tok > 0)
			snprintf(what, sizeof what, "a prompt of %u tokens", s->prompt_tok);
		else
			snprintf(what, sizeof what, "%u sequence%s, %u tokens of context%s", s->n,
				s->n > 1 ? "s" : "", s->context_tok, s->n > 1 ? " each" : "");
		if (s->before_s > 0.0)
			fprintf(to, "%-42s %10.4g %10.4g\n", what, 1e3 * s->before_s,
				1e3 * s->after_s);
	}
}

static void print_error(FILE *to, const char *what, const char *when, const struct fit_error *e)
{
	fprintf(to, "%-10s %6zu  %-7s %+10.1f %% %+9.1f %% %+9.1f %% %13.1f %%\n", what, e->n, when,
		100.0 * e->first, 100.0 * e->token, 100.0 * e->end, 100.0 * e->end_median);
}

void fit_print(FILE *to, const struct fit_result *r, size_t n_logs)
{
	fprintf(to, "%zu requests of %zu log%s, from profile %s\n\n", r->n_requests, n_logs,
		n_logs > 1 ? "s" : "", r->base->name);
	fprintf(to, "%-10s %12s %9s  %s\n", "constant", "fitted", "s. e.", "what");
	for (enum fit_constant k = 0; k < FIT_CONSTANTS; k++)
		print_constant(to, k, &r->of[k]);
	print_correlations(to, r);
	print_steps(to, r);
	fprintf(to, "\n%-10s %6s  %-7s %12s %11s %11s %15s\n", "foretold", "n", "", "first token",
		"per token", "end to end", "median request");
	print_error(to, "fitted to", "before", &r->fitted_before);
	print_error(to, "", "after", &r->fitted);
	print_error(to, "held back", "before", &r->held_before);
	print_error(to, "", "after", &r->held);
}

void fit_print_notes(FILE *to, const struct fit_result *r)
{
	for (size_t i = 0; i < r->n_notes; i++)
		fprintf(to, "offing: warning: %s\n", r->notes[i]);
}

/* JSON */

static void member(FILE *to, const char *before, const char *name, double x)
{
	fprintf(to, "%s\"%s\":", before, name);
	json_number(to, x);
}

static void json_constant(FILE *to, enum fit_constant k, const struct fit_estimate *e)
{
	fprintf(to, "{\"name\":\"%s\",\"unit\":\"%s\",\"fate\":\"%s\"", fit_constants[k].name,
		fit_constants[k].is_factor ? "1" : "s", fates[e->fate]);
	member(to, ",", "value", e->value);
	member(to, ",", "se", e->fate == FIT_FITTED ? e->se : nan(""));
	fputc('}', to);
}

static void json_covariance(FILE *to, const struct fit_result *r)
{
	const char *row = "", *comma;

	fputs(",\"covariance\":[", to);
	for (size_t a = 0; a < FIT_CONSTANTS; a++) {
		if (r->of[a].fate != FIT_FITTED)
			continue;
		fprintf(to, "%s[", row);
		row = ",";
		comma = "";
		for (size_t b = 0; b < FIT_CONSTANTS; b++) {
			if (r->of[b].fate != FIT_FITTED)
				continue;
			fputs(comma, to);
			json_number(to, r->correlation[a][b] * r->of[a].se * r->of[b].se);
			comma = ",";
		}
		fputc(']', to);
	}
	fputc(']', to);
}

static void json_error(FILE *to, const char *name, const struct fit_error *e)
{
	fprintf(to, ",\"%s\":{\"n\":%zu", name, e->n);
	member(to, ",", "first", e->first);
	member(to, ",", "token", e->token);
	member(to, ",", "end", e->end);
	member(to, ",", "end_median", e->end_median);
	fputc('}', to);
}

static void json_steps(FILE *to, const struct fit_result *r)
{
	fputs(",\"steps\":[", to);
	for (size_t i = 0; i < FIT_STEPS; i++) {
		const struct fit_step *s = &r->steps[i];

		fprintf(to, "%s{\"sequences\":%u,\"context_tok\":%u,\"prompt_tok\":%u",
			i ? "," : "", s->n, s->context_tok, s->prompt_tok);
		member(to, ",", "before_s", s->before_s > 0.0 ? s->before_s : nan(""));
		member(to, ",", "after_s", s->before_s > 0.0 ? s->after_s : nan(""));
		fputc('}', to);
	}
	fputc(']', to);
}

void fit_print_json(FILE *to, const struct fit_result *r, size_t n_logs)
{
	fputs("{\"base\":", to);
	json_string(to, r->base->name);
	fprintf(to, ",\"logs\":%zu,\"requests\":%zu,\"replays\":%zu", n_logs, r->n_requests,
		r->n_replays);
	member(to, ",", "condition", r->condition);
	fputs(",\"constants\":[", to);
	for (enum fit_constant k = 0; k < FIT_CONSTANTS; k++) {
		fputs(k ? "," : "", to);
		json_constant(to, k, &r->of[k]);
	}
	fputc(']', to);
	json_covariance(to, r);
	json_steps(to, r);
	json_error(to, "fitted_before", &r->fitted_before);
	json_error(to, "fitted", &r->fitted);
	json_error(to, "held_back_before", &r->held_before);
	json_error(to, "held_back", &r->held);
	fputs(",\"warnings\":[", to);
	for (size_t i = 0; i < r->n_notes; i++) {
		fputs(i ? "," : "", to);
		json_string(to, r->notes[i]);
	}
	fputs("]}\n", to);
}
