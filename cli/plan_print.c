/* Plans as a table, or as a JSON object. */
#include "cli/plan_print.h"

#include <math.h>

#include "cli/json.h"

static void print_length(FILE *to, uint32_t tok, const char *what, const char *mean_of)
{
	fprintf(to, ", %s of %u tokens", what, tok);
	if (mean_of)
		fprintf(to, " (mean of users %s)", mean_of);
}

static void print_devices(FILE *to, const struct plan_subject *s)
{
	if (s->n_stages == 0) {
		fputs(" on ", to);
		if (s->n_gpus > 1)
			fprintf(to, "%u x ", s->n_gpus);
		fputs(s->gpu, to);
		return;
	}
	fprintf(to, " in %zu stage%s: ", s->n_stages, s->n_stages == 1 ? "" : "s");
	for (size_t k = 0; k < s->n_stages; k++)
		fprintf(to, "%s%u layers on %s", k > 0 ? ", " : "",
			s->stages[k].what.stage.n_layers, s->stages[k].what.gpu->name);
}

static void print_draft(FILE *to, const struct plan_subject *s)
{
	if (s->undrafted)
		fprintf(to, ", nobody drafts for users %s, so k is 0\n", s->undrafted);
	else if (!s->draft)
		fputs(s->n_stages > 0 ? "\n" : ", no draft beside it, so k is 0\n", to);
	else if (s->draft_site)
		fprintf(to, ", draft %s %s on %s at %s, acceptance %g\n", s->draft,
			s->draft_precision, s->draft_gpu, s->draft_site, s->acceptance);
	else
		fprintf(to, ", draft %s %s, acceptance %g\n", s->draft, s->draft_precision,
			s->acceptance);
}

static void print_subject(FILE *to, const struct plan_subject *s, const struct plan_answer *a)
{
	fprintf(to, "instance %s: %s %s", s->instance, s->model, s->precision);
	print_devices(to, s);
	print_draft(to, s);
	fprintf(to, "batch of %u", a->n);
	print_length(to, a->prompt_tok, "prompts", s->prompt_of);
	print_length(to, a->output_tok, "answers", s->output_of);
	fputs("\n\n", to);
}

/** Between verification and round: waits for layers, or what goes over links. */
static const char *between(const struct plan_subject *s, const struct plan_answer *a)
{
	if (s->n_stages > 0 || s->draft_site)
		return "link";
	return a->fetch_s > 0.0 ? "wait" : NULL;
}

static void print_heading(FILE *to, const char *between)
{
	char name[16] = "", unit[16] = "";

	if (between) {
		snprintf(name, sizeof name, "   %s ", between);
		snprintf(unit, sizeof unit, "     ms ");
	}
	fprintf(to,
		"mu_pref mu_dec b_draft  k  prefill   draft  verify %s  round rounds     total  "
		"memory\n"
		"                               ms      ms      ms %s     ms               ms      "
		"GB\n",
		name, unit);
}

static void print_plan(FILE *to, const struct plan *c, const char *between)
{
	fprintf(to, "%7u %6u ", c->prefill_batch, c->decode_batch);
	if (c->k > 0)
		fprintf(to, "%7u", c->draft_batch);
	else
		fputs("      -", to);
	fprintf(to, " %2u %8.2f %7.2f %7.2f ", c->k, c->prefill_s * 1e3, c->draft_s * 1e3,
		c->verify_s * 1e3);
	if (between)
		fprintf(to, "%7.2f ", (c->link_s + c->wait_s) * 1e3);
	fprintf(to, "%7.2f %6.1f %9.2f %7.2f\n", c->round_s * 1e3, c->rounds, c->total_s * 1e3,
		c->memory_bytes / 1e9);
}

static void print_binding(FILE *to, const struct plan_answer *a)
{
	const struct plan *c = &a->best[0];

	fprintf(to, "binds: %s", plan_bound_names[a->binds]);
	switch (a->binds) {
	case PLAN_MEMORY:
		fprintf(to, " (with more of it the total could be %.2f ms)", a->unlimited_s * 1e3);
		break;
	case PLAN_PREFILL:
		fprintf(to, " (%.0f %% of the total)", 100.0 * c->prefill_s / c->total_s);
		break;
	case PLAN_PCIE:
		fprintf(to, " (streamed layers take %.2f ms a round)", a->fetch_s * 1e3);
		break;
	case PLAN_DRAFT:
		fprintf(to, " (%.0f %% of a round)", 100.0 * c->draft_s / c->round_s);
		break;
	case PLAN_VERIFY:
		fprintf(to, " (%.0f %% of a round)", 100.0 * c->verify_s / c->round_s);
		break;
	case PLAN_LINK:
		fprintf(to, " (%.2f ms of a round of %.2f ms)",
			fmax(c->link_s, c->link_busy_s) * 1e3, c->round_s * 1e3);
		break;
	case PLAN_BUBBLE:
		fprintf(to, " (the slowest stage waits for %.0f %% of a round)",
			100.0 * (1.0 - c->verify_s / c->round_s));
		break;
	case PLAN_BOUNDS:
		break;
	}
	fputc('\n', to);
}

/** The keys that make a run do it. */
static void print_keys(FILE *to, const struct plan_subject *s, const struct plan *c)
{
	if (c->micro_batches > 0)
		fprintf(to, "as a run: micro_batches: %u, max_batch: %u, prefill_limit: %u\n",
			c->micro_batches, c->decode_batch, c->prefill_batch);
	else if (s->draft_site && c->k > 0)
		fprintf(to, "as a run: prefill_limit: %u, draft: {k: %u, max_batch: %u}\n",
			c->prefill_batch, c->k, c->draft_batch);
}

void plan_print(FILE *to, const struct plan_subject *s, const struct plan_answer *a)
{
	double tok = (double)a->n * a->output_tok;
	const char *column = between(s, a);

	print_subject(to, s, a);
	print_heading(to, column);
	for (size_t i = 0; i < a->n_best; i++) {
		print_plan(to, &a->best[i], column);
		if (i == 0 && a->n_best > 1)
			fputs("runners-up\n", to);
	}
	fputc('\n', to);
	print_binding(to, a);
	print_keys(to, s, &a->best[0]);
	fprintf(to, "%.2f ms a token of an answer, %.1f tokens/s in all\n",
		a->best[0].total_s * 1e3 / a->output_tok, tok / a->best[0].total_s);
	fprintf(to, "%zu of %zu candidates fit in %.2f GB%s\n", a->n_fit, a->n_candidates,
		a->room_bytes / 1e9,
		s->n_gpus > 1                      ? " of each gpu"
		: s->n_stages > 0 || s->draft_site ? " of the fullest device"
						   : "");
}

/* JSON */

static void json_plan(FILE *to, const struct plan *c)
{
	fprintf(to, "{\"mu_pref\": %u, \"mu_dec\": %u, \"b_draft\": ", c->prefill_batch,
		c->decode_batch);
	if (c->k > 0)
		fprintf(to, "%u", c->draft_batch);
	else
		fputs("null", to);
	fprintf(to, ", \"k\": %u", c->k);
	if (c->micro_batches > 0)
		fprintf(to, ", \"micro_batches\": %u", c->micro_batches);
	json_member_number(to, "prefill_s", c->prefill_s);
	json_member_number(to, "draft_s", c->draft_s);
	json_member_number(to, "verify_s", c->verify_s);
	json_member_number(to, "wait_s", c->wait_s);
	json_member_number(to, "link_s", c->link_s);
	json_member_number(to, "round_s", c->round_s);
	json_member_number(to, "rounds", c->rounds);
	json_member_number(to, "total_s", c->total_s);
	json_member_number(to, "memory_bytes", c->memory_bytes);
	fputc('}', to);
}

static void json_stages(FILE *to, const struct plan_subject *s)
{
	fputs(", \"stages\": [", to);
	for (size_t k = 0; k < s->n_stages; k++) {
		fprintf(to, "%s{\"layers\": %u", k > 0 ? ", " : "",
			s->stages[k].what.stage.n_layers);
		json_member_string(to, "gpu", s->stages[k].what.gpu->name);
		fputc('}', to);
	}
	fputc(']', to);
}

static void json_subject(FILE *to, const struct plan_subject *s, const struct plan_answer *a)
{
	fputs("{\"instance\": ", to);
	json_string(to, s->instance);
	json_member_string(to, "model", s->model);
	json_member_string(to, "precision", s->precision);
	json_member_string(to, "gpu", s->gpu);
	fprintf(to, ", \"gpus\": %u", s->n_gpus);
	if (s->n_stages > 0)
		json_stages(to, s);
	json_member_string(to, "draft", s->draft);
	json_member_string(to, "draft_precision", s->draft_precision);
	if (s->draft_site)
		json_member_string(to, "draft_site", s->draft_site);
	if (s->draft)
		json_member_number(to, "acceptance", s->acceptance);
	else
		fputs(", \"acceptance\": null", to);
	json_member_string(to, "prompt_mean_of", s->prompt_of);
	json_member_string(to, "output_mean_of", s->output_of);
	fprintf(to, ", \"batch\": %u, \"prompt_tok\": %u, \"output_tok\": %u", a->n, a->prompt_tok,
		a->output_tok);
}

void plan_print_json(FILE *to, const struct plan_subject *s, const struct plan_answer *a)
{
	json_subject(to, s, a);
	fputs(",\n \"choice\": ", to);
	json_plan(to, &a->best[0]);
	fputs(",\n \"runners_up\": [", to);
	for (size_t i = 1; i < a->n_best; i++) {
		fputs(i > 1 ? ",\n  " : "\n  ", to);
		json_plan(to, &a->best[i]);
	}
	fprintf(to, "],\n \"binds\": \"%s\", \"candidates\": %zu, \"fit\": %zu",
		plan_bound_names[a->binds], a->n_candidates, a->n_fit);
	json_member_number(to, "room_bytes", a->room_bytes);
	json_member_number(to, "unlimited_s", a->unlimited_s);
	json_member_number(to, "fetch_s", a->fetch_s);
	fputs("}\n", to);
}
