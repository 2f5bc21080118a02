/* What a view says of the system, in a run: by a policy that writes down what it sees. */
#include "tests/support/check.h"

#include <string.h>

#include "models/cost/llm.h"
#include "models/offload/policy.h"
#include "models/offload/spec.h"
#include "tests/support/world_fixture.h"

enum { LOOKS = 8 };

/** What was seen before each assignment. */
static struct notes {
	size_t n, begun, ended;
	double kv_fill[LOOKS];
	struct path there[LOOKS], back[LOOKS];
	double uniform[LOOKS];
} notes;

struct policy_state {
	bool begun;
};

static bool look(struct policy_state *st, const struct view *v, struct assignment *out)
{
	const struct instance_id first = {0};

	if (v->n_waiting == 0 || !v->fits(v, &v->waiting[0], first))
		return false;
	assert_true(st->begun);
	if (notes.n < LOOKS) {
		notes.kv_fill[notes.n] = v->kv_fill(v, first);
		notes.there[notes.n] = v->path(v, v->waiting[0].group, first, false);
		notes.back[notes.n] = v->path(v, v->waiting[0].group, first, true);
		notes.uniform[notes.n++] = v->uniform(v);
	}
	*out = (struct assignment){.request = v->waiting[0].id, .instance = first};
	return true;
}

static bool begin(struct policy_state *st, const struct view *v, char *why, size_t size)
{
	(void)why;
	(void)size;
	assert_int_equal(v->n_waiting, 0);
	st->begun = true;
	notes.begun++;
	return true;
}

static void end(struct policy_state *st)
{
	assert_true(st->begun);
	notes.ended++;
}

static const struct policy_ops looker = {
	.name = "looker",
	.summary = "the first instance, and look",
	.state_size = sizeof(struct policy_state),
	.next = look,
	.init = begin,
	.finish = end,
};

static void run(struct fixture *f)
{
	notes = (struct notes){0};
	f->policy = (struct policy_spec){.label = "looker", .ops = &looker};
	fixture_run(f);
	assert_int_equal(f->result.status, RUN_COMPLETE);
	assert_true(notes.n >= 3);
}

/** Three users of an RTX 4090 with Llama2-7B in int8, who send at once and then wait: prompts of
 *  300 tokens. */
static void saturated_llm(struct fixture *f)
{
	struct group_spec *g;

	fixture_init(f);
	fixture_site(f, "cloud", TIER_CLOUD, "rtx-4090");
	fixture_model(f, "llama2-7b", PRECISION_INT8);
	fixture_llm(f, "cloud", 0, 0)->reserve_bytes = 1e9;
	g = fixture_group(f, "users", 1.0);
	g->model.i = 0;
	g->arrivals.process = ARRIVAL_SATURATED;
	g->arrivals.outstanding = 3;
	g->workload = (struct workload_spec){.kind = WORKLOAD_DISTS,
		.prompt_tok = dist_constant(300.0),
		.output_tok = dist_constant(50.0)};
	f->spec.run.horizon_s = 1.0;
}

/** Blocks of 16 tokens that fit beside the weights and what is kept free. A token takes keys and
 *  values of 32 layers x 4096 in two bytes: 524 288 bytes. */
static double blocks(const struct fixture *f)
{
	const struct model_spec *m = &f->models[0];
	double room = f->sites[0].gpu.mem_bytes - llm_weight_bytes(&m->shape, m->precision) - 1e9;

	return floor(room / (16.0 * 524288.0));
}

/* A prompt of 300 and a token take ceil(301 / 16) = 19 blocks. */
static void kv_fill_is_the_share_of_blocks_given_away(void **state)
{
	struct fixture f;

	(void)state;
	saturated_llm(&f);
	run(&f);
	assert_near(notes.kv_fill[0], 0.0, 1e-15);
	assert_near(notes.kv_fill[1], 19.0 / blocks(&f), 1e-12);
	assert_near(notes.kv_fill[2], 38.0 / blocks(&f), 1e-12);
	fixture_finish(&f);
}

/** A station and one link, 5000 B/s with 20 ms; prompts of 100 tokens at 40 bytes. */
static void behind_a_link(struct fixture *f, enum link_sharing sharing)
{
	struct link_spec *l;
	struct group_spec *g;

	fixture_init(f);
	fixture_site(f, "edge", TIER_EDGE, NULL);
	fixture_station(f, "a", 0, 0.001)->ahead = 100;
	l = fixture_link(f, "access", "users", "edge", 5000.0, 0.02);
	l->shared = sharing == SHARING_FAIR;
	l->up.sharing = l->down.sharing = sharing;
	g = fixture_group(f, "users", 1.0);
	g->bytes_per_tok = 40.0;
	g->arrivals.process = ARRIVAL_SATURATED;
	g->arrivals.outstanding = 3;
	g->workload = (struct workload_spec){.kind = WORKLOAD_DISTS,
		.prompt_tok = dist_constant(100.0),
		.output_tok = dist_constant(10.0)};
	f->spec.run.horizon_s = 1.0;
}

/* A prompt of 4000 bytes is three packets with 66 bytes of headers each: 4198 / 5000 = 0.8396 s. */
static void a_path_in_order_of_arrival_says_how_long_one_waits(void **state)
{
	struct fixture f;

	(void)state;
	behind_a_link(&f, SHARING_FIFO);
	run(&f);
	for (size_t k = 0; k < 3; k++) {
		assert_near(notes.there[k].delay_s, 0.02, 1e-12);
		assert_near(notes.there[k].bytes_per_s, 5000.0, 1e-9);
		assert_near(notes.there[k].share_bytes_per_s, 5000.0, 1e-9);
		assert_near(notes.there[k].wait_s, 0.8396 * (double)k, 1e-9);
		assert_near(notes.back[k].wait_s, 0.0, 1e-9);
	}
	fixture_finish(&f);
}

/* One more beside k flows gets 1 / (k + 1). */
static void a_path_that_flows_share_says_what_is_left(void **state)
{
	struct fixture f;

	(void)state;
	behind_a_link(&f, SHARING_FAIR);
	run(&f);
	for (size_t k = 0; k < 3; k++) {
		assert_near(notes.there[k].bytes_per_s, 5000.0, 1e-9);
		assert_near(notes.there[k].share_bytes_per_s, 5000.0 / (double)(k + 1), 1e-6);
		assert_near(notes.there[k].wait_s, 0.0, 1e-9);
	}
	fixture_finish(&f);
}

static void what_is_drawn_is_in_0_to_1_and_differs_by_replication(void **state)
{
	double first[3];
	struct fixture f;

	(void)state;
	behind_a_link(&f, SHARING_FIFO);
	run(&f);
	for (size_t k = 0; k < 3; k++) {
		assert_true(notes.uniform[k] >= 0.0 && notes.uniform[k] < 1.0);
		first[k] = notes.uniform[k];
	}
	assert_true(first[0] != first[1] && first[1] != first[2]);
	f.replication = 2;
	run(&f);
	assert_true(notes.uniform[0] != first[0]);
	fixture_finish(&f);
}

static bool ask_too_much(struct policy_state *st, const struct view *v, struct assignment *out)
{
	const uint32_t sizes[] = {1, 2, 4096, 1000000, UINT32_MAX};
	struct waiting w = v->waiting[0];

	for (size_t k = 0; v->n_waiting > 0 && k < 25; k++) {
		w.prompt_tok = sizes[k / 5];
		w.output_tok = sizes[k % 5];
		v->can_serve(v, &w, (struct instance_id){0});
		v->fits(v, &w, (struct instance_id){0});
		v->best(v, &w, (struct class_id){0}, RANK_STEP, &out->instance);
		assert_true(v->predict(v, &w, (struct instance_id){0}, w.output_tok).total_s > 0.0);
		assert_true(v->predict_idle(v, &w, (struct instance_id){0}, w.output_tok).total_s >
			    0.0);
	}
	return look(st, v, out);
}

/* A policy may make requests up to ask about them: no table is read beyond its end. */
static void a_request_of_any_size_can_be_asked_about(void **state)
{
	struct policy_ops asker = looker;
	struct fixture f;

	(void)state;
	asker.next = ask_too_much;
	saturated_llm(&f);
	notes = (struct notes){0};
	f.policy = (struct policy_spec){.label = "asker", .ops = &asker};
	fixture_run(&f);
	assert_int_equal(f.result.status, RUN_COMPLETE);
	assert_true(notes.n >= 3);
	fixture_finish(&f);
}

static bool ask_for_nothing(struct policy_state *st, const struct view *v, struct assignment *out)
{
	struct waiting w = v->waiting[0];

	(void)st;
	(void)out;
	w.prompt_tok = 0;
	v->predict(v, &w, (struct instance_id){0}, 5.0);
	fail();
	return false;
}

static void no_prompt_has_no_prediction(void **state)
{
	struct policy_ops asker = looker;
	struct fixture f;

	(void)state;
	asker.next = ask_for_nothing;
	saturated_llm(&f);
	f.policy = (struct policy_spec){.label = "asker", .ops = &asker};
	fixture_run(&f);
	assert_int_equal(f.result.status, RUN_FAILED);
	assert_non_null(strstr(f.result.failure, "asked predict() for a prompt of 0 tokens"));
	fixture_finish(&f);
}

static void a_policy_begins_once_and_ends_once(void **state)
{
	struct fixture f;

	(void)state;
	behind_a_link(&f, SHARING_FIFO);
	run(&f);
	assert_int_equal(notes.begun, 1);
	assert_int_equal(notes.ended, 1);
	fixture_finish(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kv_fill_is_the_share_of_blocks_given_away),
		cmocka_unit_test(a_path_in_order_of_arrival_says_how_long_one_waits),
		cmocka_unit_test(a_path_that_flows_share_says_what_is_left),
		cmocka_unit_test(what_is_drawn_is_in_0_to_1_and_differs_by_replication),
		cmocka_unit_test(a_request_of_any_size_can_be_asked_about),
		cmocka_unit_test(no_prompt_has_no_prediction),
		cmocka_unit_test(a_policy_begins_once_and_ends_once),
	};
	return cmocka_run_group_tests_name("view", tests, NULL, NULL);
}
