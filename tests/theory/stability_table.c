/* The tables of docs/stability.md, measured: what stands there between "<!-- measured -->" and
 * "<!-- /measured -->". */
#include "tests/support/check.h"

#include <gsl/gsl_cdf.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/wald_queue.h"
#include "tests/theory/stability_cases.h"

enum { RUNS = 400, DECISIONS = 200, WALD_RUNS = 20000, SLOPES = 2000 };

/** Clopper and Pearson's interval of @k of @n at 95 %, in per cent. */
static void exact(double *lo, double *hi, unsigned k, unsigned n)
{
	*lo = k == 0 ? 0.0 : 100.0 * gsl_cdf_beta_Pinv(0.025, k, n - k + 1.0);
	*hi = k == n ? 100.0 : 100.0 * gsl_cdf_beta_Pinv(0.975, k + 1.0, (double)(n - k));
}

static void print_share(unsigned k, unsigned n)
{
	double lo, hi;

	exact(&lo, &hi, k, n);
	printf(" %u of %u | %.1f to %.1f %% |", k, n, lo, hi);
}

/** Does the interval exclude what is promised? */
static bool above(unsigned k, unsigned n, double most)
{
	double lo, hi;

	exact(&lo, &hi, k, n);
	return lo > 100.0 * most;
}

static bool broken(const struct stability_tally *t)
{
	return above(t->wrong, t->runs, 0.01) || above(t->undecided, t->runs, 0.2);
}

static void print_row(const char *name, double load, const struct stability_tally *t)
{
	printf("| %s | %.2f | %.0f |", name, load, t->requests);
	print_share(t->wrong, t->runs);
	print_share(t->undecided, t->runs);
	printf("\n");
}

static void print_head(const char *what)
{
	printf("| system | load | requests | %s | 95 %% | undecided | 95 %% |\n"
	       "|---|---|---|---|---|---|---|\n",
		what);
}

static const double loads[] = {0.5, 0.9, 0.95, 1.05, 1.1, 1.5};
enum { LOADS = sizeof loads / sizeof *loads };

static enum drift_verdict truth_of(double load)
{
	return load < 1.0 ? DRIFT_STABLE : DRIFT_UNSTABLE;
}

static bool from_cold(const double capacity[CASES])
{
	bool ok = true;

	printf("From a cold start, at the default length:\n\n");
	print_head("wrong");
	for (int c = 0; c < CASES; c++)
		for (int i = 0; i < LOADS; i++) {
			struct stability_tally t =
				stability_cold((enum stability_case)c, loads[i] * capacity[c],
					stability_systems[c].requests, RUNS, truth_of(loads[i]));

			print_row(stability_systems[c].name, loads[i], &t);
			ok = ok && !broken(&t);
		}
	return ok;
}

static bool from_backlog(const double capacity[CASES])
{
	bool ok = true;

	printf("\nFrom a backlog, until certain:\n\n");
	print_head("wrong");
	for (int c = 0; c < CASES; c++)
		for (int i = 2; i <= 3; i++) {
			struct stability_tally t = stability_decided((enum stability_case)c,
				loads[i] * capacity[c], DECISIONS, truth_of(loads[i]));

			print_row(stability_systems[c].name, loads[i], &t);
			ok = ok && !broken(&t);
		}
	return ok;
}

static void wald(void)
{
	printf("\nWald's test on M/M/1, looked at every 50 services:\n\n"
	       "| load | wrong | 95 %% | services, mean |\n|---|---|---|---|\n");
	for (int side = -1; side <= 1; side += 2) {
		double sum = 0.0, s;
		unsigned wrong = 0;

		for (uint32_t k = 1; k <= WALD_RUNS; k++) {
			struct wald_queue q = {1.0 + 0.05 * side, 1, k, 400};

			wrong += wald_queue_run(&q, &s) != truth_of(q.load);
			sum += s / WALD_RUNS;
		}
		printf("| %.2f |", 1.0 + 0.05 * side);
		print_share(wrong, WALD_RUNS);
		printf(" %.0f |\n", sum);
	}
}

static void slopes(void)
{
	printf("\nA line fitted by least squares through the number in system of a *stationary* "
	       "M/M/1, "
	       "sampled every mean service time: windows whose slope is \"above 0\" at 2.5 %%, as "
	       "if "
	       "deviations were independent, beside runs as long that are called unstable here.\n\n"
	       "| load | window | growing by the line | 95 %% | unstable here | 95 %% |\n"
	       "|---|---|---|---|---|---|\n");
	for (int i = 0; i < 4; i++)
		for (uint32_t n = 1000; n <= 5000; n += 4000) {
			static const double at[] = {0.5, 0.8, 0.9, 0.95};
			unsigned growing = 0;
			struct stability_tally t;

			for (uint32_t k = 1; k <= SLOPES; k++)
				growing += slope_says_growing(at[i], n, 1, k);
			t = stability_cold(CASE_MM1, at[i], n * at[i], SLOPES, DRIFT_STABLE);
			printf("| %.2f | %u |", at[i], n);
			print_share(growing, SLOPES);
			print_share(t.wrong, SLOPES);
			printf("\n");
		}
}

int main(void)
{
	double capacity[CASES];
	bool ok;

	for (int c = 0; c < CASES; c++)
		capacity[c] = stability_capacity((enum stability_case)c);
	ok = from_cold(capacity);
	ok = from_backlog(capacity) && ok;
	wald();
	slopes();
	return ok ? 0 : 1;
}
