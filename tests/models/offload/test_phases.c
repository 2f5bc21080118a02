/* What a policy sees where the phases are apart, by one that writes it down; and work conservation.
 */
#include "tests/support/check.h"

#include <string.h>

#include "models/offload/policy.h"
#include "models/offload/spec.h"
#include "tests/support/world_fixture.h"

/** Prefill, decode, and both: the sites are a, b and c, and KV goes from a to b alone. */
enum { P, D, BOTH };

static const struct instance_id to[] = {{P}, {D}, {BOTH}};

/** What was seen of the first request, by phase. */
static struct notes {
	size_t n;
	struct waiting w[PHASE_KINDS];
	double now_s[PHASE_KINDS];
	struct prediction idle[PHASE_KINDS][3];
	bool can[PHASE_KINDS][3];
	bool follows; /* could D go on with what BOTH computed? */
	unsigned phases[3], cls_phases[3];
	struct path kv[3][3];
} notes;

static void look(const struct view *v, const struct waiting *w)
{
	enum phase p = w->phase;
	struct waiting then = *w;

	then.phase = PHASE_DECODE;
	then.from = to[BOTH];
	notes.follows = v->can_serve(v, &then, to[D]);
	notes.n++;
	notes.w[p] = *w;
	notes.now_s[p] = v->now_s;
	for (size_t i = 0; i < v->n_instances; i++) {
		notes.can[p][i] = v->can_serve(v, w, to[i]);
		if (notes.can[p][i])
			notes.idle[p][i] = v->predict_idle(v, w, to[i], w->output_tok);
		notes.phases[i] = v->instances[i].phases;
		notes.cls_phases[i] = v->classes[v->instances[i].cls.i].phases;
		for (size_t k = 0; k < v->n_instances; k++)
			notes.kv[i][k] = v->kv_path(v, to[i], to[k]);
	}
}

static bool next(struct policy_state *st, const struct view *v, struct assignment *out)
{
	const struct waiting *w = v->waiting;

	(void)st;
	if (v->n_waiting == 0)
		return false;
	if (w->id.n == 0)
		look(v, w);
	*out = (struct assignment){
		.request = w->id, .instance = to[w->phase == PHASE_PREFILL ? P : D]};
	return true;
}

static const struct policy_ops looker = {.name = "looker",
	.summary = "prompts to the first instance, answers to the second",
	.eager = true,
	.next = next};

/** A lone request: 600 tokens in, 10 out; 50 Mbps from a to b, c is next to nobody. */
static void prepare(struct fixture *f)
{
	static const char *const sites[] = {"a", "b", "c"};

	fixture_init(f);
	fixture_model(f, "llama2-7b", PRECISION_FP16);
	for (uint32_t k = 0; k < 3; k++) {
		fixture_site(f, sites[k], TIER_CLOUD, "a100");
		fixture_llm(f, sites[k], k, 0);
	}
	f->instances[P].role = ROLE_PREFILL;
	f->instances[D].role = ROLE_DECODE;
	fixture_link(f, "access", "users", "*", 1e8, 0.002);
	fixture_link(f, "kv", "a", "b", 6.25e6, 0.0);
	fixture_group(f, "users", 0.01)->arrivals.process = ARRIVAL_DETERMINISTIC;
	f->groups[0].workload.prompt_tok = dist_constant(600.0);
	f->groups[0].workload.output_tok = dist_constant(10.0);
	f->spec.run.horizon_s = 0.0;
	f->spec.run.requests = 1;
	f->policy = (struct policy_spec){.label = "looker", .ops = &looker};
}

static void look_at(struct fixture *f)
{
	notes = (struct notes){0};
	fixture_run(f);
	assert_int_equal(f->rows[0].fate, FATE_DONE);
	assert_int_equal(notes.n, 2);
}

static void lone(struct fixture *f)
{
	prepare(f);
	look_at(f);
}

static void a_request_waits_once_a_phase_and_says_where_its_kv_is(void **state)
{
	const struct waiting *first = &notes.w[PHASE_PREFILL], *then = &notes.w[PHASE_DECODE];
	struct fixture f;

	(void)state;
	lone(&f);
	assert_int_equal(first->phase, PHASE_PREFILL);
	assert_int_equal(first->from.i, NO_ID);
	assert_int_equal(then->phase, PHASE_DECODE);
	assert_int_equal(then->from.i, P);
	assert_near(then->created_s, first->created_s, 0.0);
	assert_near(then->ready_s, (double)f.rows[0].first_token_ns * 1e-9, 1e-9);
	assert_near(notes.now_s[PHASE_DECODE], then->ready_s, 0.0);
	fixture_finish(&f);
}

static void nobody_goes_on_from_where_phases_are_never_apart(void **state)
{
	(void)state;
	for (int how = 0; how < 3; how++) {
		struct fixture f;

		prepare(&f);
		if (how > 0)
			fixture_link(&f, "more", "c", "b", 6.25e6, 0.0);
		if (how == 2)
			f.instances[BOTH].batching = BATCHING_STATIC;
		look_at(&f);
		assert_int_equal(notes.follows, how == 1);
		fixture_finish(&f);
	}
}

static void roles_are_shown_and_say_who_can_serve_what(void **state)
{
	static const unsigned phases[] = {PHASES_PREFILL, PHASES_DECODE, PHASES_BOTH};
	static const bool can[PHASE_KINDS][3] = {{true, false, true}, {false, true, false}};
	struct fixture f;

	(void)state;
	lone(&f);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(notes.phases[i], phases[i]);
		assert_int_equal(notes.cls_phases[i], phases[i]);
		/* c is out of reach for what lies at a */
		assert_int_equal(notes.can[PHASE_PREFILL][i], can[PHASE_PREFILL][i]);
		assert_int_equal(notes.can[PHASE_DECODE][i], can[PHASE_DECODE][i]);
	}
	fixture_finish(&f);
}

/* 314572800 bytes in 217247 packets, each with 66 bytes more, at 6.25e6 bytes a second. */
static void a_prediction_is_of_the_phase_that_waits(void **state)
{
	const struct prediction *p = &notes.idle[PHASE_PREFILL][P],
				*d = &notes.idle[PHASE_DECODE][D],
				*whole = &notes.idle[PHASE_PREFILL][BOTH];
	const struct request_row *r;
	struct fixture f;

	(void)state;
	lone(&f);
	r = &f.rows[0];
	assert_near(d->upload_s, 52.62577632, 1e-9);
	assert_near(d->prefill_s, 0.0, 0.0);
	assert_near(d->later_s, 0.0, 0.0);
	assert_near(p->decode_s, 0.0, 0.0);
	assert_near(p->download_s, 0.0, 0.0);
	assert_near(p->prefill_s, whole->prefill_s, 0.0);
	assert_near(p->later_s, d->total_s, 1e-12);
	assert_near(d->decode_s, whole->decode_s, 1e-12);
	/* a decode is taken to be at the context in its middle: a token or so off */
	assert_near(p->total_s, (double)(r->delivered_ns - r->created_ns) * 1e-9, 1e-4);
	assert_near(d->total_s, (double)(r->delivered_ns - r->first_token_ns) * 1e-9, 1e-4);
	fixture_finish(&f);
}

static void kv_path_is_the_way_from_instance_to_instance(void **state)
{
	struct fixture f;

	(void)state;
	lone(&f);
	assert_near(notes.kv[P][D].bytes_per_s, 6.25e6, 0.0);
	assert_true(notes.kv[P][P].bytes_per_s > 1e300); /* it is there */
	assert_near(notes.kv[P][BOTH].bytes_per_s, 0.0, 0.0);
	fixture_finish(&f);
}

/* Work conservation, phase by phase */

static uint64_t next_random(uint64_t *x)
{
	uint64_t z = *x += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/** One that computes prompts, one that goes on, one of any role; memory for a few. */
static void busy(struct fixture *f, uint64_t seed)
{
	static const char *const sites[] = {"a", "b", "c"};
	uint64_t x = seed;

	fixture_init(f);
	f->spec.run.seed = seed;
	f->spec.run.horizon_s = 20.0;
	fixture_model(f, "llama2-7b", PRECISION_FP16);
	for (uint32_t k = 0; k < 3; k++) {
		struct instance_spec *s;

		fixture_site(f, sites[k], TIER_CLOUD, "a100");
		s = fixture_llm(f, sites[k], k, 0);
		s->role = k == P ? ROLE_PREFILL : k == D ? ROLE_DECODE : next_random(&x) % 3;
		s->kv.blocks = 30 + (unsigned)(next_random(&x) % 60);
		s->max_batch = 1 + (unsigned)(next_random(&x) % 8);
		s->kv_overlap = s->role == ROLE_PREFILL && next_random(&x) % 2;
	}
	if (next_random(&x) % 2) {
		fixture_link(f, "access", "users", "*", 1e8, 0.0);
		fixture_link(f, "kv", "*", "*", 2e9, 0.001);
	}
	for (int k = 0; k < 2; k++) {
		struct group_spec *g = fixture_group(f, k ? "x" : "y", 10.0);

		g->workload.prompt_tok = dist_uniform(20.0, 300.0);
		g->workload.output_tok = dist_uniform(1.0, 60.0);
	}
}

static double violation_s(struct fixture *f, const char *policy, const struct param_text *window)
{
	double s;

	fixture_policy(f, policy);
	f->policy.params = window;
	f->policy.n_params = window ? 1 : 0;
	fixture_run(f);
	assert_int_equal(f->result.status, RUN_COMPLETE);
	s = fixture_metric(f, "", "work_conserving.violation_s");
	fixture_finish(f);
	return s;
}

/* One that looks at the whole queue leaves no room that either phase could use; one whose head
 * blocks does: a prompt that waits for a prefill instance, before KV that could go on. */
static void work_is_conserved_in_each_phase_by_who_sees_the_whole_queue(void **state)
{
	static const struct param_text window = {.key = "window", .value = "4096"};
	double fcfs_s = 0.0;

	(void)state;
	for (uint64_t seed = 1; seed <= 25; seed++) {
		struct fixture f;

		busy(&f, seed);
		assert_near(violation_s(&f, "k-p-fcfs", &window), 0.0, 0.0);
		busy(&f, seed);
		fcfs_s += violation_s(&f, "fcfs", NULL);
	}
	assert_true(fcfs_s > 5.0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_waits_once_a_phase_and_says_where_its_kv_is),
		cmocka_unit_test(nobody_goes_on_from_where_phases_are_never_apart),
		cmocka_unit_test(roles_are_shown_and_say_who_can_serve_what),
		cmocka_unit_test(a_prediction_is_of_the_phase_that_waits),
		cmocka_unit_test(kv_path_is_the_way_from_instance_to_instance),
		cmocka_unit_test(work_is_conserved_in_each_phase_by_who_sees_the_whole_queue),
	};

	return cmocka_run_group_tests_name("phases", tests, NULL, NULL);
}
