/* Placements as a JSON object. */
#include <math.h>
#include <stdlib.h>

#include "cli/json.h"
#include "cli/place_report.h"
#include "models/cost/llm.h"

static void subject(FILE *to, const struct place_report *r)
{
	const struct subject *u = &r->subject;
	const struct model_spec *m = subject_model(u);

	fputs("{\"model\": ", to);
	json_string(to, m->name);
	json_member_string(to, "shape", m->shape.name);
	json_member_string(to, "precision", llm_precision_names[m->precision]);
	fprintf(to, ", \"layers\": %u", m->shape.layers);
	json_member_number(to, "weight_bytes", llm_weight_bytes(&m->shape, m->precision));
	json_member_number(to, "kv_bytes", r->units.kv_bytes * r->units.layers);
	fprintf(to, ", \"prompt_tok\": %u, \"output_tok\": %u", u->prompt_tok, u->output_tok);
	json_member_string(to, "lengths_of", r->lengths_of);
	json_member_string(
		to, "draft", u->drafting != DRAFTING_NEVER ? m->draft->shape.name : NULL);
	json_member_number(
		to, "acceptance", u->drafting != DRAFTING_NEVER ? u->acceptance : (double)NAN);
}

/** Without its seconds the same scenario gives the same bytes; they are last. */
static void answer(FILE *to, const struct placement_answer *a)
{
	fprintf(to, "\"status\": \"%s\", \"method\": \"%s\"", placement_status_names[a->status],
		placement_method_names[a->method]);
	json_member_number(to, "objective_s", a->objective);
	json_member_number(to, "bound_s", a->bound);
	json_member_number(to, "gap", a->gap);
	fprintf(to, ", \"timed_out\": %s", a->timed_out ? "true" : "false");
	json_member_number(to, "seconds", a->seconds);
}

static void printed(FILE *to, const struct place_report *r)
{
	const struct printed_problem *p = &r->printed_scene.problem;

	fputs(",\n \"printed\": {", to);
	answer(to, &r->printed);
	fprintf(to, ", \"free_device\": ");
	json_string(to, p->devices[p->n_devices - 1].name);
	fputs(",\n  \"devices\": [", to);
	for (size_t d = 0; d < p->n_devices; d++) {
		fprintf(to, "%s{\"name\": ", d > 0 ? ", " : "");
		json_string(to, p->devices[d].name);
		json_member_number(to, "free_bytes", p->devices[d].bytes);
		fputc('}', to);
	}
	fputs("],\n  \"tensors\": [", to);
	for (size_t t = 0; t < p->n_tensors; t++) {
		fprintf(to, "%s{\"name\": ", t > 0 ? ",\n   " : "\n   ");
		json_string(to, p->tensors[t].name);
		json_member_number(to, "bytes", p->tensors[t].bytes);
		json_member_string(to, "device", p->devices[r->printed.homes[t].executor].name);
		fputc('}', to);
	}
	fputs("]}", to);
}

static void terms(FILE *to, const struct placement_terms *t)
{
	fputs(",\n  \"terms\": {\"exec_s\": ", to);
	json_number(to, t->exec_s);
	json_member_number(to, "wait_s", t->wait_s);
	json_member_number(to, "hop_s", t->hop_s);
	json_member_number(to, "back_s", t->back_s);
	json_member_number(to, "draft_s", t->draft_s);
	json_member_number(to, "talk_s", t->talk_s);
	json_member_number(to, "fetch_s", t->fetch_s);
	fputc('}', to);
}

static void unit(FILE *to, const struct place_report *r, const struct placement_unit *u,
	const struct placement_home *h)
{
	fputs("{\"name\": ", to);
	json_string(to, u->name);
	json_member_number(to, "bytes", u->bytes);
	json_member_number(to, "kv_bytes", u->kv_bytes);
	json_member_string(to, "on", r->scene.problem.executors[h->executor].name);
	fprintf(to, ", \"resident\": %s}", h->streamed ? "false" : "true");
}

static void repaired(FILE *to, const struct place_report *r)
{
	const struct placement_problem *p = &r->scene.problem;

	fputs(",\n \"repaired\": {", to);
	answer(to, &r->repaired);
	terms(to, &r->repaired.terms);
	fputs(",\n  \"units\": [", to);
	for (size_t u = 0; u < p->n_units; u++) {
		fputs(u > 0 ? ",\n   " : "\n   ", to);
		unit(to, r, &p->units[u], &r->repaired.homes[u]);
	}
	fputs("], \"draft\": ", to);
	if (p->draft)
		unit(to, r, p->draft, &r->repaired.homes[p->n_units]);
	else
		fputs("null", to);
	json_member_string(to, "runs_cannot", r->refused);
	fputc('}', to);
}

static void interval(FILE *to, const char *name, const struct stat_interval *i)
{
	json_member_number(to, name, i->mean);
	fprintf(to, ", \"%s_ci95\": ", name);
	if (isnan(i->lo)) {
		fputs("null", to);
		return;
	}
	fputc('[', to);
	json_number(to, i->lo);
	fputs(", ", to);
	json_number(to, i->hi);
	fputc(']', to);
}

static void candidate(FILE *to, const struct place_report *r, const struct candidate *c,
	const struct alone_result *seen, const struct err *why)
{
	const struct deployment *dep = &c->dep;

	fputs("{\"sort\": ", to);
	json_string(to, candidate_sort_names[c->sort]);
	json_member_string(to, "where", c->where);
	fputs(", \"stages\": [", to);
	for (size_t k = 0; k < dep->n_stages; k++) {
		fprintf(to, "%s{\"site\": ", k > 0 ? ", " : "");
		json_string(to, r->devices.spec->sites[dep->stages[k].site.i].name);
		fprintf(to, ", \"layers\": %u}", dep->stages[k].layers);
	}
	fprintf(to,
		"], \"cpu_layers\": %u, \"streamed_layers\": %u, \"drafted\": %s, "
		"\"micro_batches\": %u",
		dep->cpu_layers, dep->streamed_layers, dep->drafted ? "true" : "false",
		dep->micro_batches);
	json_member_number(to, "foretold_token_s", dep->token_s);
	if (seen) {
		interval(to, "simulated_token_s", &seen->token_s);
		interval(to, "simulated_first_s", &seen->first_s);
		interval(to, "simulated_latency_s_per_token", &seen->per_token_s);
	} else if (why && why->kind != ERR_NONE) {
		json_member_string(to, "does_not_run", why->msg);
	}
	fputc('}', to);
}

void place_print_json(FILE *to, const struct place_report *r)
{
	subject(to, r);
	if (r->has_printed)
		printed(to, r);
	if (r->has_repaired)
		repaired(to, r);
	if (r->has_choice) {
		fputs(",\n \"choice\": ", to);
		candidate(to, r, &r->choice, r->simulated ? &r->choice_seen : NULL, NULL);
	}
	if (r->listed) {
		fputs(",\n \"candidates\": [", to);
		for (size_t i = 0; i < r->all.n; i++) {
			fputs(i > 0 ? ",\n  " : "\n  ", to);
			candidate(to, r, &r->all.at[i],
				r->simulated && r->ran[i] ? &r->seen[i] : NULL,
				r->simulated ? &r->why[i] : NULL);
		}
		fputc(']', to);
	}
	fputs("}\n", to);
}
