/* What policies can take, for people. */
#include "cli/capacity_print.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

struct capacity_ratio capacity_ratio(const struct capacity_report *r, const struct capacity_row *p)
{
	const struct capacity_answer *a = &p->answer;
	double of = r->bound->scale, error = r->bound->error / of, half, none = (double)NAN;
	struct capacity_ratio out = {none, none, none};

	if (*p->failure || a->kind != CAPACITY_FOUND || !(of < HUGE_VAL))
		return out;
	out.mean = a->scale / of;
	half = isnan(a->lo) ? 0.0 : 0.5 * (a->hi - a->lo) / a->scale;
	half = out.mean * sqrt(half * half + error * error);
	if (half > 0.0) {
		out.lo = out.mean - half;
		out.hi = out.mean + half;
	}
	return out;
}

const char *capacity_status(const struct capacity_row *p)
{
	static const char *const names[] = {[CAPACITY_FOUND] = "found",
		[CAPACITY_ALWAYS] = "always",
		[CAPACITY_NEVER] = "never"};

	return *p->failure ? "failed" : names[p->answer.kind];
}

static void print_bound(FILE *to, const struct capacity_report *r)
{
	const struct fluid_bound *b = r->bound;
	struct buf words;

	buf_init(&words);
	fluid_bound_words(&words, b);
	if (b->scale < HUGE_VAL) {
		fprintf(to, "%s: scale %.4g", b->exact ? "boundary of all policies" : "upper bound",
			b->scale);
		if (b->error > 0.0)
			fprintf(to, " ± %.1g", b->error);
		fprintf(to, ", %.4g requests/s; ", b->scale * b->rate_per_s);
	}
	fprintf(to, "%s\n", words.s);
	buf_finish(&words);
}

static size_t label_width(const struct capacity_report *r)
{
	size_t width = strlen("policy");

	for (size_t p = 0; p < r->n_policies; p++)
		if (strlen(r->policies[p].label) > width)
			width = strlen(r->policies[p].label);
	return width;
}

static void range(char *out, size_t size, double lo, double hi, int digits)
{
	if (isnan(lo))
		snprintf(out, size, "-");
	else
		snprintf(out, size, "%.*f - %.*f", digits, lo, digits, hi);
}

/** So many that a precision of a tenth of a per cent shows. */
static int digits_of(double scale)
{
	int n = 3 - (int)floor(log10(scale));

	return n < 0 ? 0 : n;
}

static const char *word_of(const struct capacity_report *r, const struct capacity_row *p)
{
	if (!r->target || p->answer.limited)
		return capacity_rule_names[p->answer.rule];
	return "target";
}

static void print_found(
	FILE *to, const struct capacity_report *r, const struct capacity_row *p, int width)
{
	const struct capacity_answer *a = &p->answer;
	struct capacity_ratio of = capacity_ratio(r, p);
	char interval[64], ratio[64], mean[32] = "-";
	int digits = digits_of(a->scale);

	range(interval, sizeof interval, a->lo, a->hi, digits);
	range(ratio, sizeof ratio, of.lo, of.hi, 3);
	if (!isnan(of.mean))
		snprintf(mean, sizeof mean, "%.3f", of.mean);
	fprintf(to, "%-*s  %9.*f  %-19s  %10.4g  %8s  %-15s  %-10s %9ju\n", width, p->label, digits,
		a->scale, interval, a->scale * r->bound->rate_per_s, mean, ratio, word_of(r, p),
		(uintmax_t)a->requests);
}

static void print_row(
	FILE *to, const struct capacity_report *r, const struct capacity_row *p, int width)
{
	const struct capacity_answer *a = &p->answer;
	const char *does = r->target ? "the target is met" : "stable";

	if (*p->failure)
		fprintf(to, "%-*s  failed: %s\n", width, p->label, p->failure);
	else if (a->kind == CAPACITY_ALWAYS && a->dropped > 0.0)
		fprintf(to, "%-*s  %s at every scale up to %.4g, with %.3g %% dropped there\n",
			width, p->label, does, a->scale, 100.0 * a->dropped);
	else if (a->kind == CAPACITY_ALWAYS)
		fprintf(to, "%-*s  %s at every scale up to %.4g\n", width, p->label, does,
			a->scale);
	else if (a->kind == CAPACITY_NEVER)
		fprintf(to, "%-*s  %s at no scale down to %.3g\n", width, p->label, does, a->scale);
	else
		print_found(to, r, p, width);
}

/** Is it on the right side of either? */
static bool confirms(const struct capacity_check *c)
{
	return c->below == DRIFT_STABLE && c->above == DRIFT_UNSTABLE;
}

static void print_checks(FILE *to, const struct capacity_report *r)
{
	for (size_t k = 0; k < r->n_policies; k++) {
		const struct capacity_row *p = &r->policies[k];

		if (p->check.made)
			fprintf(to,
				"%s: %s from a backlog: %s at %g of its scale, %s at %g (%.0f "
				"requests more)\n",
				p->label, confirms(&p->check) ? "confirmed" : "NOT confirmed",
				drift_verdict_name(p->check.below), 1.0 - capacity_check_apart,
				drift_verdict_name(p->check.above), 1.0 + capacity_check_apart,
				p->check.requests);
	}
}

static void print_notes(FILE *to, const struct capacity_report *r)
{
	for (size_t k = 0; k < r->n_policies; k++) {
		const struct capacity_row *p = &r->policies[k];
		const struct capacity_answer *a = &p->answer;

		if (*p->failure || a->kind != CAPACITY_FOUND)
			continue;
		if (!a->precise)
			fprintf(to, "%s: less precise than %.2g %%\n", p->label,
				100.0 * r->precision);
		if (a->limited)
			fprintf(to, "%s: the target is met as long as it is stable\n", p->label);
		if (a->dropped > 0.0)
			fprintf(to, "%s: %.3g %% of what came was dropped, and counts as done\n",
				p->label, 100.0 * a->dropped);
	}
	if (r->interrupted)
		fprintf(to, "interrupted: %zu of %zu policies\n", r->n_policies, r->n_asked);
}

void capacity_print(FILE *to, const struct capacity_report *r)
{
	int width = (int)label_width(r);

	fprintf(to, "%s: %zu group%s of users, %.4g requests/s at scale 1, %zu instance%s\n",
		r->spec->name, r->spec->n_groups, r->spec->n_groups == 1 ? "" : "s",
		r->bound->rate_per_s, r->spec->n_instances, r->spec->n_instances == 1 ? "" : "s");
	print_bound(to, r);
	if (r->target)
		fprintf(to, "target: %s\n", r->target);
	fprintf(to, "\n%-*s  %9s  %-19s  %10s  %8s  %-15s  %-10s %9s\n", width, "policy", "scale",
		"95 % interval", "requests/s", "of bound", "95 % interval", "by", "simulated");
	for (size_t p = 0; p < r->n_policies; p++)
		print_row(to, r, &r->policies[p], width);
	print_checks(to, r);
	print_notes(to, r);
}
