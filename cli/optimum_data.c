/* The front of Eq. 1 and where policies stand, for other programs. */
#include <math.h>

#include "cli/json.h"
#include "cli/optimum_print.h"

static void json_points(FILE *to, const struct optimum_report *r)
{
	const char *between = "\n";

	fputs(",\n \"front\": [", to);
	for (size_t n = 0; n <= r->front->most; n++) {
		const struct optimum_point *x = &r->front->points[n];

		if (x->beaten)
			continue;
		fprintf(to, "%s  {\"in_time\": %zu", between, n);
		json_member_number(to, "S_per_s", optimum_S(r, n));
		json_member_number(to, "T_s", x->trans_s);
		json_member_number(to, "bound_T_s", x->bound_s);
		fprintf(to, ", \"proved\": %s}", x->proved ? "true" : "false");
		between = ",\n";
	}
	fputc(']', to);
}

static void json_policy(FILE *to, const struct optimum_report *r, const struct optimum_standing *p)
{
	fputs("  {\"policy\": ", to);
	json_string(to, p->label);
	fprintf(to, ", \"in_time\": %zu, \"done\": %zu, \"rejected\": %zu, \"dropped\": %zu",
		p->run.in_time, p->run.done, p->run.rejected, p->run.dropped);
	json_member_number(to, "S_per_s", optimum_S(r, p->run.in_time));
	json_member_number(to, "T_s", p->run.trans_s);
	json_member_number(to, "late_T_s", p->run.late_trans_s);
	json_member_number(to, "missing", p->place.missing);
	json_member_number(to, "excess_T_s", p->place.excess_s);
	json_member_number(to, "distance", p->place.distance);
	fprintf(to, ", \"apart\": %zu, \"failure\": ", p->run.apart);
	json_string(to, p->run.failed ? p->run.failure : NULL);
	fputc('}', to);
}

static void json_printed(FILE *to, const struct optimum_conflict *c)
{
	fprintf(to,
		",\n \"printed\": {\"known\": %s, \"feasible\": %s, \"irreducible\": %s, "
		"\"because\": [",
		c->known ? "true" : "false", c->feasible ? "true" : "false",
		c->irreducible ? "true" : "false");
	for (size_t k = 0; k < c->n; k++) {
		fputs(k > 0 ? ", " : "", to);
		json_string(to, c->parts[k]);
	}
	fputs("]}", to);
}

void optimum_print_json(FILE *to, const struct optimum_report *r)
{
	const struct optimum_front *f = r->front;

	fputs("{\"name\": ", to);
	json_string(to, r->spec->name);
	fprintf(to, ", \"seed\": %ju, \"replication\": %u, \"tasks\": %zu, \"instances\": %zu",
		(uintmax_t)r->spec->run.seed, r->replication, r->tasks->n, r->spec->n_instances);
	json_member_number(to, "span_s", r->span_s);
	fprintf(to, ", \"deadlines\": %s,\n \"most\": %zu, \"most_bound\": %zu",
		r->tasks->deadlines ? "true" : "false", f->most, f->most_bound);
	json_member_number(to, "relaxation", f->relaxed_most);
	json_member_number(to, "gap", r->gap);
	fputs(", \"solver\": ", to);
	json_string(to, r->solver);
	fprintf(to, ", \"timed_out\": %s", f->timed_out ? "true" : "false");
	json_member_number(to, "seconds", f->seconds);
	json_printed(to, r->printed);
	json_points(to, r);
	fputs(",\n \"policies\": [", to);
	for (size_t k = 0; k < r->n_policies; k++) {
		fputs(k > 0 ? ",\n" : "\n", to);
		json_policy(to, r, &r->policies[k]);
	}
	fputs("]}\n", to);
}

/* Tables */

void optimum_print_front_csv(FILE *to, const struct optimum_report *r)
{
	fputs("in_time,S_per_s,T_s,bound_T_s,proved\n", to);
	for (size_t n = 0; n <= r->front->most; n++) {
		const struct optimum_point *x = &r->front->points[n];

		if (!x->beaten)
			fprintf(to, "%zu,%.9g,%.9g,%.9g,%d\n", n, optimum_S(r, n), x->trans_s,
				x->bound_s, x->proved);
	}
}

void optimum_print_policies_csv(FILE *to, const struct optimum_report *r)
{
	fputs("policy,in_time,S_per_s,T_s,done,rejected,dropped,late_T_s,missing,excess_T_s,"
	      "distance\n",
		to);
	for (size_t k = 0; k < r->n_policies; k++) {
		const struct optimum_standing *p = &r->policies[k];

		fprintf(to, "\"%s\",%zu,%.9g,%.9g,%zu,%zu,%zu,%.9g,%.0f,%.9g,%.9g\n", p->label,
			p->run.in_time, optimum_S(r, p->run.in_time), p->run.trans_s, p->run.done,
			p->run.rejected, p->run.dropped, p->run.late_trans_s, p->place.missing,
			p->place.excess_s, p->place.distance);
	}
}

void optimum_print_tasks_csv(FILE *to, const struct optimum_report *r)
{
	const struct optimum_point *full = &r->front->points[r->front->most];

	fputs("group,number,arrival_s,deadline_s,prompt_tokens,output_tokens,instance\n", to);
	for (size_t i = 0; i < r->tasks->n; i++) {
		const struct task *x = &r->tasks->at[i];
		uint32_t j = full->server_of ? full->server_of[i] : UINT32_MAX;

		fprintf(to, "\"%s\",%ju,%.9f,", r->spec->groups[x->group].name,
			(uintmax_t)x->nth + 1, 1e-9 * (double)x->at_ns);
		if (x->deadline_ns < OPTIMUM_NEVER_NS)
			fprintf(to, "%.9f", 1e-9 * (double)x->deadline_ns);
		fprintf(to, ",%u,%u,\"%s\"\n", x->prompt_tok, x->output_tok,
			j == UINT32_MAX ? "" : r->spec->instances[j].name);
	}
}
