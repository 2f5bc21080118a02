#include "cli/stability_said.h"

#include <math.h>

#include "cli/cell.h"
#include "cli/json.h"
#include "cli/wrap.h"
#include "models/measure/stability.h"

/* Requests for each that arrives. */
struct per_arrival {
	double drift, half;
};

static double arrivals_per_s(const struct pool *p)
{
	return p->evidence.arrivals / p->evidence.time_s;
}

static struct per_arrival per_arrival(const struct pool *p, const struct drift_answer *a)
{
	return (struct per_arrival){a->drift_per_s / arrivals_per_s(p),
		0.5 * (a->hi_per_s - a->lo_per_s) / arrivals_per_s(p)};
}

static void print_drift(struct wrap *w, double x, double half)
{
	struct cell c = cell_of(x, half);

	wrap_printf(w, *c.half ? " %s ± %s" : " %s%s", c.mean, c.half);
}

static void print_decided(struct wrap *w, const struct pool *p, const struct drift_answer *a)
{
	struct per_arrival x = per_arrival(p, a);

	if (a->verdict == DRIFT_STABLE && a->reason == DRIFT_BY_LEVEL) {
		wrap_printf(w, "stable: the number in the system stays level; it changed by");
		print_drift(w, x.drift, x.half);
		wrap_printf(w, " requests for each that arrived");
	} else if (a->verdict == DRIFT_STABLE) {
		wrap_printf(w, "stable: with a backlog the system drains by");
		print_drift(w, -x.drift, x.half);
		wrap_printf(w, " requests for each that arrives");
	} else {
		wrap_printf(w, "unstable: the backlog grows by");
		print_drift(w, x.drift, x.half);
		wrap_printf(w,
			" requests for each that arrives, so times and numbers in system depend on "
			"the length of the run");
	}
	if (a->reason != DRIFT_BY_LEVEL && fabs(x.drift) < x.half)
		wrap_printf(w, "; so close to 0 the other verdict may come, too");
}

static void print_undecided(struct wrap *w, const struct pool *p, const struct drift_answer *a)
{
	struct per_arrival x = per_arrival(p, a);

	wrap_printf(w, "undecided whether it is stable: ");
	switch (a->reason) {
	case DRIFT_NO_ARRIVALS:
		wrap_printf(w, "%s", drift_reason_text(a->reason));
		break;
	case DRIFT_TOO_SHORT:
		wrap_printf(w, "the backlog changes by");
		print_drift(w, x.drift, x.half);
		wrap_printf(w, " requests for each that arrives; run longer");
		if (a->enough_s > p->evidence.time_s)
			wrap_printf(w, ", about %.2g s in all", a->enough_s);
		break;
	default:
		wrap_printf(w, "%s; run longer", drift_reason_text(a->reason));
		break;
	}
}

void stability_print(FILE *to, const char *policy, const struct pool *p, size_t width)
{
	struct wrap w = {.to = to, .width = width, .indent = 2};
	struct drift_answer a;

	if (!pool_verdict(&a, p))
		return;
	if (policy)
		wrap_printf(&w, "%s: ", policy);
	if (a.verdict == DRIFT_UNDECIDED)
		print_undecided(&w, p, &a);
	else
		print_decided(&w, p, &a);
	wrap_end(&w);
}

void stability_print_none(FILE *to, const struct scenario_spec *spec, size_t width)
{
	struct wrap w = {.to = to, .width = width, .indent = 2};
	const char *why;

	if (stability_applies(spec, &why))
		return;
	wrap_printf(&w, "not asked whether it is stable: %s", why);
	wrap_end(&w);
}

static void member(FILE *to, const char *name, double x)
{
	fprintf(to, ",\"%s\":", name);
	json_number(to, x);
}

void stability_json(FILE *to, const struct pool *p)
{
	double per_s;
	struct drift_answer a;

	if (!pool_verdict(&a, p))
		return;
	per_s = arrivals_per_s(p);
	fputs(",\"stability\":{\"verdict\":", to);
	json_string(to, drift_verdict_name(a.verdict));
	fputs(",\"reason\":", to);
	json_string(to, drift_reason_text(a.reason));
	member(to, "error", p->question.error);
	if (a.reason != DRIFT_NO_ARRIVALS) {
		member(to, "drift", a.drift_per_s / per_s);
		member(to, "low", a.lo_per_s / per_s);
		member(to, "high", a.hi_per_s / per_s);
		member(to, "load", a.load);
		member(to, "enough_s", a.enough_s);
	}
	fputs("}", to);
}
