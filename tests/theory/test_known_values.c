/* What queueing theory says of policies to many digits, beside whole runs: two servers under jsq,
 *and so many under power-of-d that they are the limit of all.
 *
 *	test_known_values [replications]     20 in CI; ten times as many are a third as wide */
#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/stat.h"
#include "tests/support/world_fixture.h"

enum { MOST_SERVERS = 1000, MOST_REPLICATIONS = 1000 };

static size_t replications = 20;

/** Exponential servers of mean 1 s with lines of their own, a Poisson stream of @rho for each;
 * about 100 000 requests a replication. */
struct farm {
	struct fixture f;
	struct instance_spec servers[MOST_SERVERS];
	char names[MOST_SERVERS][8];
};

static struct farm *farm_create(size_t n, double rho, const char *policy, double warmup_s)
{
	struct farm *farm = calloc(1, sizeof *farm);

	assert_non_null(farm);
	fixture_init(&farm->f);
	fixture_site(&farm->f, "edge", TIER_EDGE, NULL);
	fixture_station(&farm->f, "s", 0, 1.0);
	for (size_t i = 0; i < n; i++) {
		snprintf(farm->names[i], sizeof farm->names[i], "s%zu", i);
		farm->servers[i] = farm->f.instances[0];
		farm->servers[i].name = farm->names[i];
	}
	farm->f.spec.instances = farm->servers;
	farm->f.spec.n_instances = n;
	fixture_group(&farm->f, "u", rho * (double)n);
	fixture_policy(&farm->f, policy);
	farm->f.warmup_s = warmup_s;
	farm->f.spec.run.horizon_s = 0.0; /* all are waited for: none is left out for being long */
	farm->f.spec.run.requests = 200000;
	return farm;
}

/** The mean sojourn, by replications, at 99 %. */
static struct stat_interval sojourn_s(size_t n, double rho, const char *policy, double warmup_s)
{
	struct farm *farm = farm_create(n, rho, policy, warmup_s);
	double x[MOST_REPLICATIONS];
	struct stat_interval i;

	for (size_t r = 0; r < replications; r++) {
		farm->f.replication = (uint32_t)r;
		fixture_run(&farm->f);
		assert_int_equal(farm->f.result.status, RUN_COMPLETE);
		x[r] = fixture_metric(&farm->f, "", "e2e.mean_s");
	}
	fixture_finish(&farm->f);
	free(farm);
	stat_interval(&i, x, replications, 0.99);
	printf("%s %zu: %.4f [%.4f %.4f]\n", policy, n, i.mean, i.lo, i.hi);
	return i;
}

/** So wide an interval at most: 1 % with 20 replications. */
static double width(double mean_s)
{
	return 0.01 * mean_s * sqrt(20.0 / (double)replications);
}

/* jsq over two servers is a chain of (longer, shorter); its balance equations, swept until they
 * stand (Gauss and Seidel). */

enum { LONGEST = 60, SWEEPS = 4000 };

struct chain {
	double at[LONGEST + 2][LONGEST + 2]; /* by the longer and the shorter */
};

/** What flows into (@a, @b), b <= a, from others: arrivals join the shorter, each server ends one a
 *  second. */
static double inflow(const struct chain *c, double per_s, int a, int b)
{
	double x = 0.0;

	if (b > 0 && b <= a)
		x += per_s * c->at[a][b - 1];
	if (b == a - 1)
		x += per_s * c->at[b][b];
	if (a + 1 <= LONGEST)
		x += c->at[a + 1][b];
	if (b + 1 <= a)
		x += c->at[a][b + 1] * (b + 1 == a ? 2.0 : 1.0);
	return x;
}

static void sweep(struct chain *c, double per_s)
{
	for (int a = 0; a <= LONGEST; a++)
		for (int b = 0; b <= a; b++)
			c->at[a][b] = inflow(c, per_s, a, b) /
				      ((b < LONGEST ? per_s : 0.0) + (a > 0) + (b > 0));
}

static double mean_of_chain(double per_s)
{
	struct chain *c = calloc(1, sizeof *c);
	double n = 0.0, sum = 0.0;

	assert_non_null(c);
	for (int a = 0; a <= LONGEST; a++)
		for (int b = 0; b <= a; b++)
			c->at[a][b] = pow(0.6, a + b);
	for (int k = 0; k < SWEEPS; k++)
		sweep(c, per_s);
	for (int a = 0; a <= LONGEST; a++)
		for (int b = 0; b <= a; b++) {
			sum += c->at[a][b];
			n += (a + b) * c->at[a][b];
		}
	free(c);
	return n / sum;
}

static void jsq_over_two_servers_takes_what_its_chain_says(void **state)
{
	double truth_s = mean_of_chain(1.6) / 1.6; /* by Little */
	struct stat_interval i;

	(void)state;
	assert_near(truth_s, 2.955737, 2e-6);
	i = sojourn_s(2, 0.8, "jsq", 500.0);
	assert_true(i.lo <= truth_s && truth_s <= i.hi);
	assert_true(i.hi - i.lo < 2.0 * width(truth_s));
}

/* Two choices among ever more servers: a share rho^(2^k - 1) of them has k requests or more, so
 * that by Little T = sum over k > 0 of rho^(2^k - 2) (Vvedenskaya, Dobrushin and Karpelevich, 1996;
 * Mitzenmacher, 2001): 2.614 s at .9. */
static double limit_s(double rho)
{
	double s = 0.0;

	for (int k = 1; k < 20; k++)
		s += pow(rho, ldexp(1.0, k) - 2.0);
	return s;
}

/* n servers take longer by a term of order 1 / n (Gast and Van Houdt, 2017), so that 2 T(2n) - T(n)
 * is the limit but for a smaller one. Of a thousand that term is a seventh of 1 %. */
static void two_choices_of_many_servers_take_what_the_limit_says(void **state)
{
	struct stat_interval some, twice, many;
	double truth_s = limit_s(0.9), found_s, half_s;

	(void)state;
	assert_near(truth_s, 2.614057, 1e-6);
	many = sojourn_s(1000, 0.9, "power-of-d", 100.0);
	assert_true(many.lo <= truth_s * 1.002 && truth_s <= many.hi);
	assert_true(many.hi - many.lo < 2.0 * width(truth_s));
	some = sojourn_s(50, 0.9, "power-of-d", 100.0);
	twice = sojourn_s(100, 0.9, "power-of-d", 100.0);
	assert_true(some.lo > truth_s && some.mean > twice.mean);
	found_s = 2.0 * twice.mean - some.mean;
	half_s = 2.0 * (twice.hi - twice.mean) + some.hi - some.mean;
	assert_true(fabs(found_s - truth_s) <= half_s && half_s < 4.0 * width(truth_s));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jsq_over_two_servers_takes_what_its_chain_says),
		cmocka_unit_test(two_choices_of_many_servers_take_what_the_limit_says),
	};

	if (argc > 1)
		replications = strtoul(argv[1], NULL, 10);
	assert(replications > 1 && replications <= MOST_REPLICATIONS);
	return cmocka_run_group_tests_name("known_values", tests, NULL, NULL);
}
