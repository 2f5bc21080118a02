/* What prompts share: which prefix, how long, who has the same; sessions draw by number and turn.
 */
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

#include "models/workload/workload.h"

#define N 200000u

static const struct dist_spec ten = {
	.kind = DIST_CONSTANT, .mean = 10.0, .min = -HUGE_VAL, .max = HUGE_VAL};
static const struct dist_spec some = {.kind = DIST_UNIFORM, .min = 100.0, .max = 900.0};

static struct group_spec group(const char *name, unsigned prefixes, double zipf)
{
	return (struct group_spec){
		.name = name,
		.count = 1,
		.arrivals = {.process = ARRIVAL_POISSON, .rate_per_s = 1.0},
		.workload = {.kind = WORKLOAD_DISTS, .prompt_tok = some, .output_tok = ten},
		.prefixes = {.count = prefixes,
			.tok = some,
			.pick = zipf > 0.0 ? PICK_ZIPF : PICK_UNIFORM,
			.zipf = zipf,
			.set = "set"},
	};
}

static struct workload *make(const struct group_spec *g)
{
	struct err err = {0};
	struct workload *w;

	if (!workload_create(&w, g, 1, 0, &err))
		fail_msg("%s", err.msg);
	return w;
}

/** By number, from 0; those there are. */
static size_t number_of(uint64_t key, size_t n)
{
	uint64_t scope = content_scope(CONTENT_PREFIX, "set");
	size_t k = 0;

	while (k < n && content_key(scope, k) != key)
		k++;
	assert_true(k < n);
	return k;
}

/* Counts within 5 standard errors of N p. */
static void prefixes_are_picked_as_their_law_says(void **state)
{
	static const double exponents[] = {0.0, 0.7, 1.0, 2.5};
	enum { COUNT = 20 };

	(void)state;
	for (size_t e = 0; e < 4; e++) {
		struct group_spec g = group("a", COUNT, exponents[e]);
		struct workload *w = make(&g);
		double n[COUNT] = {0}, sum = 0.0;

		for (size_t k = 1; k <= COUNT; k++)
			sum += pow((double)k, -exponents[e]);
		for (size_t i = 0; i < N; i++)
			n[number_of(workload_draw(w).content.prefix, COUNT)] += 1.0;
		for (size_t k = 1; k <= COUNT; k++) {
			double p = pow((double)k, -exponents[e]) / sum;

			assert_near(n[k - 1], N * p, 5.0 * sqrt(N * p * (1.0 - p)));
		}
		workload_destroy(w);
	}
}

/* One after another, and then the first again. */
static void prefixes_in_a_cycle_come_in_turn(void **state)
{
	struct group_spec g = group("a", 3, 0.0);
	struct workload *w;

	(void)state;
	g.prefixes.pick = PICK_CYCLE;
	w = make(&g);
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(number_of(workload_draw(w).content.prefix, 3), i % 3);
	workload_destroy(w);
}

/* A prefix has one length, and stands before the same prompts as without. */
static void a_prefix_is_added_to_what_would_be_drawn(void **state)
{
	struct group_spec with = group("a", 7, 1.1), without = group("a", 0, 0.0);
	struct workload *w = make(&with), *o = make(&without);
	uint32_t tok[7] = {0};
	struct err err = {0};

	(void)state;
	for (int i = 0; i < 2000; i++) {
		struct request_draw x, y;
		int64_t x_ns, y_ns;
		size_t k;

		assert_int_equal(workload_next(w, &x_ns, &x, &err), 1);
		assert_int_equal(workload_next(o, &y_ns, &y, &err), 1);
		k = number_of(x.content.prefix, 7);
		assert_true(tok[k] == 0 || tok[k] == x.content.prefix_tok);
		tok[k] = x.content.prefix_tok;
		assert_true(tok[k] >= 100 && tok[k] <= 900);
		assert_int_equal(x_ns, y_ns);
		assert_int_equal(x.prompt_tok, y.prompt_tok + tok[k]);
		assert_int_equal(x.output_tok, y.output_tok);
		assert_int_equal(y.content.prefix_tok, 0);
	}
	workload_destroy(w);
	workload_destroy(o);
}

static void groups_of_one_set_have_the_same_prefixes(void **state)
{
	struct group_spec a = group("a", 5, 0.0), b = group("b", 5, 0.0), c = group("c", 5, 0.0);
	struct workload *x = make(&a), *y = make(&b), *z;
	uint32_t tok[5] = {0};
	bool same = true;

	(void)state;
	c.prefixes.set = "other";
	z = make(&c);
	for (int i = 0; i < 200; i++) {
		struct content p = workload_draw(x).content, q = workload_draw(y).content;

		tok[number_of(p.prefix, 5)] = p.prefix_tok;
		same = same && p.prefix == q.prefix; /* each group picks for itself */
	}
	assert_false(same);
	for (int i = 0; i < 200; i++) {
		struct content q = workload_draw(y).content, r = workload_draw(z).content;

		assert_int_equal(tok[number_of(q.prefix, 5)], q.prefix_tok);
		for (size_t k = 0; k < 5; k++)
			assert_true(
				content_key(content_scope(CONTENT_PREFIX, "set"), k) != r.prefix);
	}
	workload_destroy(x);
	workload_destroy(y);
	workload_destroy(z);
}

/* In any order, and whatever else was drawn. */
static void a_turn_is_drawn_by_session_and_number_alone(void **state)
{
	struct group_spec g = group("a", 0, 0.0);
	struct workload *x, *y;
	double think[2], turns = 0.0;

	(void)state;
	g.sessions = (struct sessions_spec){.on = true,
		.turns = {.kind = DIST_GEOMETRIC, .mean = 4.0, .min = -HUGE_VAL, .max = HUGE_VAL},
		.think = some};
	x = make(&g);
	y = make(&g);
	for (uint64_t n = 0; n < 50; n++) {
		for (uint32_t k = 2; k < 6; k++) {
			struct request_draw a = workload_turn(x, n, k, &think[0]), b;

			workload_draw(y);
			b = workload_turn(y, n, k, &think[1]);
			assert_int_equal(a.prompt_tok, b.prompt_tok);
			assert_near(think[0], think[1], 0.0);
			b = workload_turn(y, n + 1, k, &think[1]);
			assert_true(think[0] != think[1]);
			b = workload_turn(y, n, k + 1, &think[1]);
			assert_true(think[0] != think[1]);
		}
		assert_int_equal(workload_turns(x, 49 - n), workload_turns(y, 49 - n));
	}
	for (uint64_t n = 0; n < 20000; n++)
		turns += workload_turns(x, n);
	assert_near(turns / 20000.0, 4.0, 0.1); /* 4 standard errors */
	workload_destroy(x);
	workload_destroy(y);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefixes_are_picked_as_their_law_says),
		cmocka_unit_test(prefixes_in_a_cycle_come_in_turn),
		cmocka_unit_test(a_prefix_is_added_to_what_would_be_drawn),
		cmocka_unit_test(groups_of_one_set_have_the_same_prefixes),
		cmocka_unit_test(a_turn_is_drawn_by_session_and_number_alone),
	};

	return cmocka_run_group_tests_name("sharing", tests, NULL, NULL);
}
