/* State that is old: by hand on two servers, and over random systems against what a list of all
 * that happened says of it. With two numbers: the random systems from the one to the other. */
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

#include "models/cost/llm.h"
#include "models/offload/policy.h"
#include "sim/event.h"
#include "tests/support/world_fixture.h"

static void two_stations(
	struct fixture *f, const char *policy, double state_delay_s, unsigned ahead)
{
	fixture_init(f);
	fixture_site(f, "edge", TIER_EDGE, NULL);
	fixture_station(f, "a", 0, 0.0);
	fixture_station(f, "b", 0, 0.0);
	for (size_t i = 0; i < 2; i++) {
		f->instances[i].service = dist_constant(2.0);
		f->instances[i].ahead = ahead;
	}
	fixture_group(f, "u", 1.0);
	f->spec.run.state_delay_s = state_delay_s;
	fixture_policy(f, policy);
}

/* Both servers work from 0 and 0.1 s on for 2 s. The third, of 0.2 s, could begin at 2 s. The
 * scheduler hears a second later that there is room; so long room and a request coexist. */
static void a_place_is_seen_free_when_the_report_is_here(void **state)
{
	struct fixture f;

	(void)state;
	two_stations(&f, "fcfs", 1.0, 0);
	fixture_run_trace(&f, "0,1,1\n0.1,1,1\n0.2,1,1\n");
	assert_int_equal(f.rows[1].started_ns, 100000000); /* it knows what it has assigned */
	assert_int_equal(f.rows[1].instance, 1);
	assert_int_equal(f.rows[2].started_ns, 3000000000);
	assert_int_equal(f.rows[2].instance, 0);
	assert_near(fixture_metric(&f, "", "work_conserving.violation_s"), 1.0, 1e-9);
	fixture_finish(&f);
}

/* a has the first and the third, b the second. At 2.05 s the first is done: a has one and b has
 * one, and the shorter queue, by file order, is a. A second ago a had two: b. */
static void the_shorter_queue_is_that_of_a_second_ago(void **state)
{
	static const double delays_s[] = {0.0, 1.0};

	(void)state;
	for (uint32_t k = 0; k < 2; k++) {
		struct fixture f;

		two_stations(&f, "jsq", delays_s[k], 10);
		fixture_run_trace(&f, "0,1,1\n0.1,1,1\n0.2,1,1\n2.05,1,1\n");
		assert_int_equal(f.rows[2].instance, 0);
		assert_int_equal(f.rows[3].instance, k);
		fixture_finish(&f);
	}
}

/* KV memory for 40 blocks of 16, and room in the batch for all. Two of 300 tokens hold 19 each from
 * 0 s on. One of 300 that comes when they are gone, unseen, waits until that is heard; fcfs assigns
 * only where it fits. */
static void memory_is_seen_free_when_the_report_is_here(void **state)
{
	const struct llm_shape *shape;
	struct fixture f;
	int64_t last_ns;

	(void)state;
	fixture_init(&f);
	fixture_site(&f, "cloud", TIER_CLOUD, "rtx-4090");
	fixture_model(&f, "llama2-7b", PRECISION_INT8);
	fixture_llm(&f, "gpu", 0, 0);
	shape = &f.models[0].shape;
	f.instances[0].reserve_bytes = f.sites[0].gpu.mem_bytes -
				       llm_weight_bytes(shape, PRECISION_INT8) -
				       llm_kv_bytes_per_tok(shape) * 40.0 * 16.0 - 1.0;
	fixture_group(&f, "u", 1.0);
	f.spec.run.state_delay_s = 1.0;
	fixture_run_trace(&f, "0,300,4\n0,300,4\n0.9,300,4\n");
	last_ns = f.rows[0].finished_ns > f.rows[1].finished_ns ? f.rows[0].finished_ns
								: f.rows[1].finished_ns;
	assert_true(last_ns < 900000000);
	assert_int_equal(f.rows[0].assigned_ns, 0);
	assert_int_equal(f.rows[1].assigned_ns, 0);
	assert_true(f.rows[2].assigned_ns > 900000000);
	assert_true(f.rows[2].assigned_ns <= last_ns + 1000000000);
	fixture_finish(&f);
}

/* Random systems: a policy that writes down what it sees. */

enum { MOST = 4, MOST_SIGHTS = 20000 };

struct sight {
	int64_t at_ns;
	uint32_t own[MOST]; /* it has assigned there */
	struct instance_view seen[MOST];
	double kv_fill[MOST];
};

struct notebook {
	struct sight at[MOST_SIGHTS];
	size_t n;
};

static _Thread_local struct notebook *notes;

struct policy_state {
	uint32_t own[MOST];
};

/** The sums fit each other, and the best is the best of what is shown. */
static void look_closely(const struct view *v)
{
	size_t n_free = 0;

	for (size_t i = 0; i < v->n_instances; i++)
		n_free += v->instances[i].room > 0;
	assert_int_equal(n_free, v->n_free);
	for (uint32_t c = 0; c < v->n_classes; c++) {
		const struct class_view *cls = &v->classes[c];
		uint32_t least = UINT32_MAX;
		struct instance_id best;

		for (size_t k = 0; k < cls->n_members; k++) {
			const struct instance_view *x = &v->instances[cls->members[k].i];

			if (v->fits(v, &v->waiting[0], cls->members[k]) && x->assigned < least)
				least = x->assigned;
		}
		assert_int_equal(v->best(v, &v->waiting[0], (struct class_id){c}, RANK_LOAD, &best),
			least < UINT32_MAX);
		if (least < UINT32_MAX)
			assert_int_equal(v->instances[best.i].assigned, least);
	}
}

static void write_down(const struct policy_state *st, const struct view *v)
{
	struct sight *s = &notes->at[notes->n++];

	assert_true(notes->n < MOST_SIGHTS);
	s->at_ns = ns_of_s(v->now_s);
	memcpy(s->own, st->own, sizeof s->own);
	for (uint32_t i = 0; i < v->n_instances; i++) {
		s->seen[i] = v->instances[i];
		s->kv_fill[i] = v->kv_fill(v, (struct instance_id){i});
	}
}

static bool watch(
	struct policy_state *st, const struct view *v, struct assignment *out, bool must_fit)
{
	uint32_t i, from = (uint32_t)v->draw(v, v->n_instances);

	if (v->n_waiting == 0)
		return false;
	look_closely(v);
	write_down(st, v);
	for (i = from; i < from + v->n_instances; i++) {
		out->instance.i = i % (uint32_t)v->n_instances;
		if (must_fit ? v->fits(v, &v->waiting[0], out->instance)
			     : v->can_serve(v, &v->waiting[0], out->instance)) {
			out->request = v->waiting[0].id;
			st->own[out->instance.i]++;
			return true;
		}
	}
	return false;
}

static bool eager_next(struct policy_state *st, const struct view *v, struct assignment *out)
{
	return watch(st, v, out, false);
}

static bool fitting_next(struct policy_state *st, const struct view *v, struct assignment *out)
{
	return watch(st, v, out, true);
}

static const struct policy_ops watchers[] = {
	{.name = "eager",
		.state_size = sizeof(struct policy_state),
		.eager = true,
		.next = eager_next},
	{.name = "fitting", .state_size = sizeof(struct policy_state), .next = fitting_next},
};

static uint64_t next_random(uint64_t *x)
{
	*x += 0x9e3779b97f4a7c15u;
	uint64_t z = (*x ^ (*x >> 30)) * 0xbf58476d1ce4e5b9u;

	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* Links or none; machines alike and not; places for one to many. */
static void random_system(struct fixture *f, uint64_t seed)
{
	static const char *const gpus[] = {"rtx-4090", "titan-x"};
	static const char *const sites[] = {"s0", "s1", "s2", "s3"};
	static const char *const names[] = {"i0", "i1", "i2", "i3"};
	static const double delays_s[] = {0.001, 0.02, 0.5, 3.0, 12.0};
	uint64_t x = seed;
	size_t n = 1 + next_random(&x) % MOST;
	bool stations = next_random(&x) % 3 == 0;

	fixture_init(f);
	f->spec.run.seed = seed;
	f->spec.run.horizon_s = 40.0;
	f->spec.run.state_delay_s = delays_s[next_random(&x) % 5];
	fixture_model(f, "llama2-7b", PRECISION_INT8);
	for (uint32_t i = 0; i < n; i++) {
		fixture_site(f, sites[i], TIER_EDGE, gpus[next_random(&x) % 2]);
		if (stations)
			fixture_station(f, names[i], i, 1.0)->slots = 1 + (unsigned)(i % 2);
		else
			fixture_llm(f, names[i], i, 0)->max_batch =
				1 + (unsigned)(next_random(&x) % 8);
		f->instances[i].ahead = (unsigned)(next_random(&x) % 3);
	}
	if (next_random(&x) % 2)
		fixture_link(f, "net", "users", "s*", 6.25e6, 5e-3);
	fixture_group(f, "u", 0.8 * (double)n)->workload.prompt_tok = dist_uniform(5.0, 500.0);
	f->groups[0].workload.output_tok = dist_uniform(1.0, 150.0);
	f->policy = (struct policy_spec){.label = "watch", .ops = &watchers[next_random(&x) % 2]};
}

/** How many that @i served had left by @at_ns; and when the last of them did. */
static uint32_t left_by(const struct fixture *f, uint32_t i, int64_t at_ns, int64_t *last_ns)
{
	uint32_t n = 0;

	*last_ns = 0;
	for (size_t k = 0; k < f->n_rows; k++) {
		const struct request_row *r = &f->rows[k];

		if (r->instance != i || r->finished_ns == TIME_NONE || r->finished_ns > at_ns)
			continue;
		n++;
		*last_ns = r->finished_ns > *last_ns ? r->finished_ns : *last_ns;
	}
	return n;
}

/** Was somebody in the batch of @i at @at_ns? */
static bool runs_at(const struct fixture *f, uint32_t i, int64_t at_ns)
{
	for (size_t k = 0; k < f->n_rows; k++) {
		const struct request_row *r = &f->rows[k];

		if (r->instance == i && r->started_ns != TIME_NONE && r->started_ns <= at_ns &&
			r->finished_ns > at_ns)
			return true;
	}
	return false;
}

static void sight_is_of_then(const struct fixture *f, const struct sight *s)
{
	int64_t then_ns = s->at_ns - ns_of_s(f->spec.run.state_delay_s), last_ns;

	for (uint32_t i = 0; i < f->spec.n_instances; i++) {
		const struct instance_spec *spec = &f->instances[i];
		uint32_t there = s->own[i] - left_by(f, i, then_ns, &last_ns);
		uint32_t places = (spec->synthetic ? spec->slots : spec->max_batch) + spec->ahead;

		assert_int_equal(s->seen[i].assigned, there);
		assert_int_equal(s->seen[i].room, places > there ? places - there : 0);
		if (there == 0)
			assert_near(s->seen[i].idle_since_s, s_of_ns(last_ns), 0.0);
		else
			assert_true(s->seen[i].idle_since_s == HUGE_VAL);
		assert_true(s->kv_fill[i] >= 0.0 && s->kv_fill[i] <= 1.0);
		if (s->kv_fill[i] > 0.0)
			assert_true(there > 0 && !spec->synthetic);
		else if (!spec->synthetic) /* beyond the places nothing is set aside on the way */
			assert_true(
				there == 0 || (f->policy.ops->eager && !runs_at(f, i, then_ns)));
	}
}

/* The state of t - delay, and what it has assigned itself since. */
static void a_policy_sees_what_was_and_its_own_decisions(void **state)
{
	const uint64_t *range = *state;
	size_t sights = 0;

	notes = malloc(sizeof *notes);
	assert_non_null(notes);
	for (uint64_t seed = range[0]; seed <= range[1]; seed++) {
		struct fixture f;

		random_system(&f, seed);
		notes->n = 0;
		fixture_run(&f);
		if (f.result.status != RUN_COMPLETE)
			fail_msg("system %llu: %s", (unsigned long long)seed, f.result.failure);
		for (size_t k = 0; k < notes->n; k++)
			sight_is_of_then(&f, &notes->at[k]);
		sights += notes->n;
		fixture_finish(&f);
	}
	free(notes);
	assert_true(sights > 20 * (range[1] - range[0] + 1));
}

int main(int argc, char **argv)
{
	uint64_t range[2] = {1, 50};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_place_is_seen_free_when_the_report_is_here),
		cmocka_unit_test(the_shorter_queue_is_that_of_a_second_ago),
		cmocka_unit_test(memory_is_seen_free_when_the_report_is_here),
		cmocka_unit_test_prestate(a_policy_sees_what_was_and_its_own_decisions, range),
	};

	for (int k = 1; k < argc && k < 3; k++)
		range[k - 1] = strtoull(argv[k], NULL, 10);
	return cmocka_run_group_tests_name("stale", tests, NULL, NULL);
}
