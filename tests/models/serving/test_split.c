/* Which stage has how many layers, against all ways to split them. */
#include "tests/support/check.h"

#include "models/serving/split.h"
#include "tests/support/seeds.h"

enum { MOST = 12 };

struct case_ {
	size_t n;
	unsigned layers;
	double time_s[4 * (MOST + 1)];
	unsigned most[4];
};

/** Times that do not fall, some equal; memory for some of the layers. */
static void make(struct case_ *c, uint64_t *x)
{
	c->n = 1 + seeds_next(x) % 4;
	c->layers = (unsigned)(c->n + seeds_next(x) % (MOST + 1 - c->n));
	for (size_t k = 0; k < c->n; k++) {
		c->most[k] = (unsigned)(seeds_next(x) % (c->layers + 2));
		c->time_s[k * (c->layers + 1)] = 0.0;
		for (unsigned l = 1; l <= c->layers; l++)
			c->time_s[k * (c->layers + 1) + l] =
				c->time_s[k * (c->layers + 1) + l - 1] +
				(double)(seeds_next(x) % 5);
	}
}

/** The time of the slowest stage. */
static double slowest(const struct case_ *c, const unsigned *layers)
{
	double s = 0.0;

	for (size_t k = 0; k < c->n; k++)
		s = fmax(s, c->time_s[k * (c->layers + 1) + layers[k]]);
	return s;
}

/** The least of that over all splits of @left layers over the stages from @k on. */
static double least(const struct case_ *c, unsigned *layers, size_t k, unsigned left)
{
	double best = HUGE_VAL;

	if (k == c->n)
		return left == 0 ? slowest(c, layers) : HUGE_VAL;
	for (layers[k] = 1; layers[k] <= left && layers[k] <= c->most[k]; layers[k]++)
		best = fmin(best, least(c, layers, k + 1, left - layers[k]));
	return best;
}

static void no_other_split_has_a_faster_slowest_stage(void **state)
{
	uint64_t x = 1;
	size_t possible = 0;

	(void)state;
	for (size_t n = 0; n < 2000; n++) {
		struct case_ c;
		unsigned layers[4], tried[4], sum = 0;
		double best;
		bool ok;

		make(&c, &x);
		best = least(&c, tried, 0, c.layers);
		ok = split_balanced(layers, c.n, c.layers, c.time_s, c.most);
		assert_int_equal(ok, best < HUGE_VAL);
		if (!ok)
			continue;
		possible++;
		for (size_t k = 0; k < c.n; k++) {
			sum += layers[k];
			assert_true(layers[k] >= 1 && layers[k] <= c.most[k]);
		}
		assert_int_equal(sum, c.layers);
		assert_near(slowest(&c, layers), best, 0.0);
	}
	assert_true(possible > 500);
}

static void even_stages_differ_by_one_layer_at_most(void **state)
{
	unsigned layers[7];

	(void)state;
	split_evenly(layers, 7, 40); /* 5 x 7 + 5 */
	for (size_t k = 0; k < 7; k++)
		assert_int_equal(layers[k], k < 5 ? 6 : 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_other_split_has_a_faster_slowest_stage),
		cmocka_unit_test(even_stages_differ_by_one_layer_at_most),
	};

	return cmocka_run_group_tests_name("split", tests, NULL, NULL);
}
