/* What policies can take, for other programs. */
#include <inttypes.h>
#include <math.h>

#include "cli/capacity_print.h"
#include "cli/json.h"

static const char *const kind_words[] = {[FLUID_TIME] = "time",
	[FLUID_MEMORY] = "kv memory",
	[FLUID_LINK] = "link",
	[FLUID_WITHIN] = "interconnect",
	[FLUID_DRAFTER] = "drafter"};

static void json_bound(FILE *to, const struct fluid_bound *b)
{
	struct buf words;

	buf_init(&words);
	fluid_bound_words(&words, b);
	fputs(", \"bound\": {\"scale\": ", to);
	json_number(to, b->scale);
	json_member_number(to, "error", b->error);
	fprintf(to, ", \"exact\": %s, \"words\": ", b->exact ? "true" : "false");
	json_string(to, words.s);
	fputs(", \"binding\": [", to);
	for (size_t k = 0; k < b->n; k++) {
		const struct fluid_binding *x = &b->binding[k];

		fprintf(to, "%s{\"kind\": \"%s\", \"name\": ", k > 0 ? ", " : "",
			kind_words[x->kind]);
		json_string(to, x->name);
		json_member_number(to, "price", x->share);
		json_member_number(to, "gain_of_10_percent", x->more);
		fputc('}', to);
	}
	fputs("]}", to);
	buf_finish(&words);
}

static void json_policy(FILE *to, const struct capacity_report *r, const struct capacity_row *p)
{
	const struct capacity_answer *a = &p->answer;
	struct capacity_ratio of = capacity_ratio(r, p);

	fputs("  {\"policy\": ", to);
	json_string(to, p->label);
	json_member_string(to, "status", capacity_status(p));
	json_member_string(to, "by", *p->failure ? NULL : capacity_rule_names[a->rule]);
	json_member_number(to, "scale", *p->failure ? (double)NAN : a->scale);
	json_member_number(to, "scale_low", a->lo);
	json_member_number(to, "scale_high", a->hi);
	json_member_number(
		to, "requests_per_s", *p->failure ? (double)NAN : a->scale * r->bound->rate_per_s);
	if (p->check.made) {
		json_member_string(to, "below", drift_verdict_name(p->check.below));
		json_member_string(to, "above", drift_verdict_name(p->check.above));
	}
	json_member_number(to, "of_bound", of.mean);
	json_member_number(to, "of_bound_low", of.lo);
	json_member_number(to, "of_bound_high", of.hi);
	json_member_number(to, "dropped", a->dropped);
	fprintf(to,
		", \"precise\": %s, \"limited_by_stability\": %s, \"requests\": %ju, \"runs\": %ju",
		a->precise ? "true" : "false", a->limited ? "true" : "false",
		(uintmax_t)a->requests, (uintmax_t)a->runs);
	json_member_string(to, "failure", *p->failure ? p->failure : NULL);
	fputc('}', to);
}

void capacity_print_json(FILE *to, const struct capacity_report *r)
{
	fputs("{\"name\": ", to);
	json_string(to, r->spec->name);
	fprintf(to, ", \"seed\": %ju", (uintmax_t)r->spec->run.seed);
	json_member_string(to, "target", r->target);
	json_member_number(to, "precision", r->precision);
	json_member_number(to, "requests_per_s_at_1", r->bound->rate_per_s);
	json_bound(to, r->bound);
	fprintf(to, ", \"interrupted\": %s,\n \"policies\": [", r->interrupted ? "true" : "false");
	for (size_t k = 0; k < r->n_policies; k++) {
		fputs(k > 0 ? ",\n" : "\n", to);
		json_policy(to, r, &r->policies[k]);
	}
	fputs("]}\n", to);
}

/* Tables */

static void csv_number(FILE *to, double x)
{
	if (isfinite(x))
		fprintf(to, ",%.9g", x);
	else
		fputc(',', to);
}

void capacity_print_csv(FILE *to, const struct capacity_report *r)
{
	fputs("policy,status,by,scale,scale_low,scale_high,requests_per_s,of_bound,of_bound_low,"
	      "of_bound_high,simulated_requests\n",
		to);
	for (size_t k = 0; k < r->n_policies; k++) {
		const struct capacity_row *p = &r->policies[k];
		const struct capacity_answer *a = &p->answer;
		struct capacity_ratio of = capacity_ratio(r, p);

		fprintf(to, "\"%s\",%s,%s", p->label, capacity_status(p),
			*p->failure ? "" : capacity_rule_names[a->rule]);
		csv_number(to, *p->failure ? (double)NAN : a->scale);
		csv_number(to, a->lo);
		csv_number(to, a->hi);
		csv_number(to, *p->failure ? (double)NAN : a->scale * r->bound->rate_per_s);
		csv_number(to, of.mean);
		csv_number(to, of.lo);
		csv_number(to, of.hi);
		fprintf(to, ",%ju\n", (uintmax_t)a->requests);
	}
}

void capacity_print_points_csv(FILE *to, const struct capacity_report *r)
{
	fprintf(to, "policy,scale,%s,runs\n", r->target ? "value" : "growth");
	for (size_t k = 0; k < r->n_policies; k++)
		for (size_t i = 0; i < r->policies[k].answer.n_points; i++) {
			const struct capacity_point *x = &r->policies[k].answer.points[i];

			fprintf(to, "\"%s\"", r->policies[k].label);
			csv_number(to, x->scale);
			csv_number(to, x->value);
			fprintf(to, ",%zu\n", x->runs);
		}
}
