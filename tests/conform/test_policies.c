/* What every registered policy must do, on random views: the same suite for all, so that a new
 * policy is held to it by being registered. Plug-ins named on the command line are held to it
 * too. */
#include "base/quantity.h"
#include "models/offload/params.h"
#include "models/offload/spec.h"
#include "policies/plugin.h"
#include "tests/support/view_fixture.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VIEWS = 400, ROUNDS = 6, MOST_PARAMS = 16, TEXT_BYTES = 32 };

/* Random views */

static uint32_t below(uint64_t *seed, uint32_t n)
{
	return (uint32_t)(fixture_random(seed) % n);
}

static double between(uint64_t *seed, double min, double max)
{
	return min + (max - min) * ((double)(fixture_random(seed) >> 11) * 0x1p-53);
}

static uint32_t some_model(uint64_t *seed)
{
	static const uint32_t models[] = {4, 7, NO_ID};

	return models[below(seed, 3)];
}

/** Roles are in every other view only. */
static unsigned some_phases(uint64_t *seed, bool apart)
{
	static const unsigned phases[] = {PHASES_BOTH, PHASES_PREFILL, PHASES_DECODE};

	return apart ? phases[below(seed, 3)] : PHASES_BOTH;
}

static void add_classes(struct view_fixture *f, uint64_t *seed, uint32_t n)
{
	bool apart = below(seed, 2);

	while (n-- > 0)
		fixture_class(f, (struct fixture_class){
					 .tier = below(seed, 2) ? TIER_CLOUD : TIER_EDGE,
					 .model = some_model(seed),
					 .context_tok = 100 + below(seed, 900),
					 .upload_s = between(seed, 0.0, 1.0),
					 .download_s = between(seed, 0.0, 0.5),
					 .prefill_s_per_tok = between(seed, 1e-4, 1e-2),
					 .decode_s_per_tok = between(seed, 1e-3, 1e-1),
					 .phases = some_phases(seed, apart),
					 .kv_s = between(seed, 0.0, 1.0),
					 .kv_bytes_per_s = 1e9 * (1 + below(seed, 3)),
				 });
}

static void add_instances(struct view_fixture *f, uint64_t *seed, uint32_t n)
{
	uint32_t i, assigned;

	for (i = 0; i < n; i++) {
		assigned = below(seed, 2) * below(seed, 5);
		fixture_instance(f,
			(struct fixture_instance){
				.cls = i < f->v.n_classes ? i
							  : below(seed, (uint32_t)f->v.n_classes),
				.assigned = assigned,
				.room = below(seed, 4),
				.kv_tok = below(seed, 1500),
				.idle_since_s = below(seed, 4), /* ties on purpose */
				.wait_s = assigned * between(seed, 0.0, 4.0),
				.step_s = 0.01 * below(seed, 4),
			});
	}
}

static bool servable(const struct view_fixture *f, const struct waiting *w)
{
	uint32_t i;

	for (i = 0; i < f->v.n_instances; i++) {
		if (f->v.can_serve(&f->v, w, (struct instance_id){i}))
			return true;
	}
	return false;
}

/** Perhaps its prompt was computed by somebody who does only that. */
static void some_phase(const struct view_fixture *f, uint64_t *seed, struct waiting *w)
{
	struct instance_id from = {below(seed, (uint32_t)f->v.n_instances)};

	w->phase = PHASE_PREFILL;
	w->from.i = NO_ID;
	w->ready_s = w->created_s;
	if (f->v.instances[from.i].phases != PHASES_PREFILL || w->output_tok < 2 ||
		!f->v.can_serve(&f->v, w, from))
		return;
	w->phase = PHASE_DECODE;
	w->from = from;
	w->ready_s = f->v.now_s + (below(seed, 2) ? 0.0 : between(seed, 0.0, 1.0));
}

/** @n requests made since the last, those aside that the world would have rejected. */
static void add_requests(struct view_fixture *f, uint64_t *seed, uint32_t n, uint64_t *next_id)
{
	struct waiting w = {.home_instance = {NO_ID}};

	for (; n > 0 && f->v.n_waiting < FIXTURE_MOST; n--) {
		w.id.n = *next_id;
		*next_id += 1 + below(seed, 3);
		w.group.i = below(seed, (uint32_t)f->v.n_groups);
		w.created_s = f->v.now_s;
		w.deadline_s = below(seed, 2) ? HUGE_VAL : f->v.now_s + between(seed, 0.0, 30.0);
		w.prompt_tok = 1 + below(seed, 400);
		w.output_tok = 1 + below(seed, 400);
		some_phase(f, seed, &w);
		if (servable(f, &w))
			fixture_wait(f, w);
	}
}

static struct view_fixture *random_fixture(
	uint64_t *seed, uint64_t *draws, uint64_t *next_id, uint32_t most_classes)
{
	struct view_fixture *f = calloc(1, sizeof *f);
	uint32_t n;

	assert_non_null(f);
	f->draws = draws;
	f->v.now_s = 10.0;
	for (n = 1 + below(seed, 3); n > 0; n--)
		fixture_group(f, (struct fixture_group){
					 .model = some_model(seed),
					 .output_mean_tok = between(seed, 1.0, 300.0),
					 .output_q90_tok = between(seed, 1.0, 400.0),
				 });
	add_classes(f, seed, 1 + below(seed, most_classes));
	add_instances(f, seed, (uint32_t)f->v.n_classes + below(seed, 16));
	fixture_view(f);
	add_requests(f, seed, below(seed, 30), next_id);
	return f;
}

/** Time passes, requests arrive, some instances lose a request or gain memory. */
static void go_on(struct view_fixture *f, uint64_t *seed, uint64_t *next_id)
{
	struct fixture_instance left[FIXTURE_MOST];
	size_t n = f->v.n_instances, i;

	f->v.now_s += between(seed, 0.0, 5.0);
	memcpy(left, f->of_instance, sizeof left);
	f->v.n_instances = f->v.n_free = 0;
	for (i = 0; i < f->v.n_classes; i++)
		f->classes[i].n_members = f->classes[i].n_free = 0;
	for (i = 0; i < n; i++) {
		if (left[i].assigned > 0 && below(seed, 2)) {
			left[i].assigned--;
			left[i].room++;
			left[i].kv_tok += below(seed, 600);
			left[i].idle_since_s = f->v.now_s;
		}
		fixture_instance(f, left[i]);
	}
	add_requests(f, seed, below(seed, 12), next_id);
}

/* Random parameters, from the table that users see */

struct texts {
	size_t n;
	struct param_text text[MOST_PARAMS];
	char value[MOST_PARAMS][TEXT_BYTES];
};

static uint32_t n_words(const struct param_spec *p)
{
	uint32_t n = 0;

	while (p->words[n])
		n++;
	return n;
}

static void random_value(char *out, const struct param_spec *p, uint64_t *seed)
{
	const double most = p->max < p->min + 60.0 ? p->max : p->min + 60.0;

	switch (p->kind) {
	case PARAM_ENUM:
		snprintf(out, TEXT_BYTES, "%s", p->words[below(seed, n_words(p))]);
		return;
	case PARAM_SIZE:
		snprintf(out, TEXT_BYTES, "%.0f", floor(between(seed, p->min, most + 0.999)));
		return;
	case PARAM_DOUBLE:
		quantity_print(out, TEXT_BYTES, between(seed, p->min, most), p->dim);
		return;
	case PARAM_TEXT:
		snprintf(out, TEXT_BYTES, "%s", p->text); /* others need a meaning */
		return;
	case PARAM_END:
		break;
	}
	fail();
}

static void random_texts(struct texts *t, const struct policy_ops *ops, uint64_t *seed)
{
	const struct param_spec *p;

	t->n = 0;
	for (p = ops->params; p && p->kind != PARAM_END; p++, t->n++) {
		assert_true(t->n < MOST_PARAMS);
		random_value(t->value[t->n], p, seed);
		t->text[t->n] = (struct param_text){.key = p->name, .value = t->value[t->n]};
	}
}

/* A policy from its beginning to its end */

static struct policy_state *begin(
	const struct policy_ops *ops, const struct texts *t, const struct view *v)
{
	struct policy_state *st = fixture_state(ops, t->text, t->n);
	char why[200];

	if (ops->init)
		assert_true(ops->init(st, v, why, sizeof why));
	return st;
}

static void end(const struct policy_ops *ops, struct policy_state *st)
{
	if (ops->finish)
		ops->finish(st);
	free(st);
}

/* One scheduling instance, checked */

static void check_answer(
	const struct policy_ops *ops, const struct view *v, const struct assignment *a)
{
	const size_t at = fixture_find(v, a->request);
	const struct waiting *w = &v->waiting[at];

	assert_true(at < v->n_waiting); /* known, and not assigned before */
	if (a->drop)
		return;
	assert_true(a->instance.i < v->n_instances);
	assert_true(v->can_serve(v, w, a->instance));
	if (!ops->eager ||
		(w->phase == PHASE_DECODE && v->instances[w->from.i].phases == PHASES_BOTH))
		assert_true(v->fits(v, w, a->instance));
	if (w->phase == PHASE_DECODE)
		assert_false(a->apart);
}

/** What an answer leaves to do: whose prompt is computed apart waits again, older than all. */
static void wait_again(struct view_fixture *f, struct waiting w, const struct assignment *a)
{
	if (a->drop || w.phase == PHASE_DECODE || w.output_tok < 2 ||
		(!a->apart && f->v.instances[a->instance.i].phases != PHASES_PREFILL))
		return;
	w.phase = PHASE_DECODE;
	w.from = a->instance;
	w.ready_s = f->v.now_s;
	memmove(&f->waiting[1], &f->waiting[0], f->v.n_waiting * sizeof f->waiting[0]);
	f->waiting[0] = w;
	f->v.n_waiting++;
}

static size_t drain(const struct policy_ops *ops, struct policy_state *st, struct view_fixture *f,
	struct assignment *answers)
{
	const size_t n = f->v.n_waiting;
	size_t given = 0;
	struct assignment a = {0};

	while (ops->next(st, &f->v, &a)) {
		struct waiting w;

		assert_true(given < 2 * n); /* once a phase */
		check_answer(ops, &f->v, &a);
		w = f->waiting[fixture_find(&f->v, a.request)];
		fixture_apply(f, &a);
		wait_again(f, w, &a);
		answers[given++] = a;
		a = (struct assignment){0};
	}
	return given;
}

static void check_wake(
	const struct policy_ops *ops, struct policy_state *st, const struct view_fixture *f)
{
	if (ops->wake_s)
		assert_true(ops->wake_s(st, &f->v) >= f->v.now_s);
}

/** Run @check on many views for every policy, each view with parameters of its own. */
typedef void check_fn(const struct policy_ops *ops, const struct texts *t, uint64_t *seed);

static void on_every_policy(void **state, check_fn *check, size_t n_views)
{
	const struct policy_registry r = plugins_registry(*state);
	struct texts t;
	uint64_t seed;
	size_t p, k;

	assert_true(r.n >= 5);
	for (p = 0; p < r.n; p++) {
		seed = 20;
		for (k = 0; k < n_views; k++) {
			random_texts(&t, r.all[p], &seed);
			check(r.all[p], &t, &seed);
		}
	}
}

static void rounds_are_proper(const struct policy_ops *ops, const struct texts *t, uint64_t *seed)
{
	uint64_t draws = *seed, next_id = 5;
	struct view_fixture *f = random_fixture(seed, &draws, &next_id, 5);
	struct policy_state *st = begin(ops, t, &f->v);
	struct assignment answers[2 * FIXTURE_MOST];
	size_t round;

	for (round = 0; round < ROUNDS; round++) {
		drain(ops, st, f, answers);
		check_wake(ops, st, f);
		go_on(f, seed, &next_id);
	}
	end(ops, st);
	free(f);
}

static void answers_are_proper_and_end(void **state)
{
	on_every_policy(state, rounds_are_proper, VIEWS);
}

static void twice_is_the_same(const struct policy_ops *ops, const struct texts *t, uint64_t *seed)
{
	uint64_t draws[2] = {*seed, *seed}, next_id = 5;
	struct view_fixture *f[2] = {
		random_fixture(seed, &draws[0], &next_id, 5), malloc(sizeof **f)};
	struct assignment answers[2][2 * FIXTURE_MOST];
	struct policy_state *st;
	size_t n[2], k;

	assert_non_null(f[1]);
	memcpy(f[1], f[0], sizeof **f);
	f[1]->draws = &draws[1];
	fixture_view(f[1]);
	for (k = 0; k < 2; k++) {
		st = begin(ops, t, &f[k]->v);
		n[k] = drain(ops, st, f[k], answers[k]);
		end(ops, st);
		free(f[k]);
	}
	assert_int_equal(n[0], n[1]);
	for (k = 0; k < n[0]; k++) {
		assert_int_equal(answers[0][k].request.n, answers[1][k].request.n);
		assert_int_equal(answers[0][k].instance.i, answers[1][k].instance.i);
		assert_int_equal(answers[0][k].drop, answers[1][k].drop);
	}
	assert_int_equal(draws[0], draws[1]);
}

static void the_same_view_gets_the_same_answers(void **state)
{
	on_every_policy(state, twice_is_the_same, VIEWS / 4);
}

/** Every instance is full: who is not eager may drop, but not assign. */
static void full_is_full(const struct policy_ops *ops, const struct texts *t, uint64_t *seed)
{
	uint64_t draws = *seed, next_id = 5;
	struct view_fixture *f = random_fixture(seed, &draws, &next_id, 5);
	struct policy_state *st = begin(ops, t, &f->v);
	struct assignment answers[2 * FIXTURE_MOST];
	size_t i, n;

	for (i = 0; i < f->v.n_instances; i++)
		f->instances[i].room = f->of_instance[i].room = 0;
	for (i = 0; i < f->v.n_classes; i++)
		f->classes[i].n_free = 0;
	f->v.n_free = 0;
	n = drain(ops, st, f, answers);
	for (i = 0; i < n && !ops->eager; i++)
		assert_true(answers[i].drop);
	if (ops->eager)
		assert_int_equal(f->v.n_waiting, 0);
	end(ops, st);
	free(f);
}

static void without_room_only_the_eager_assign(void **state)
{
	on_every_policy(state, full_is_full, VIEWS / 4);
}

static void nothing_from_nothing(
	const struct policy_ops *ops, const struct texts *t, uint64_t *seed)
{
	uint64_t draws = *seed, next_id = 5;
	struct view_fixture *f = random_fixture(seed, &draws, &next_id, 5);
	struct policy_state *st = begin(ops, t, &f->v);
	struct assignment a;

	f->v.n_waiting = 0;
	assert_false(ops->next(st, &f->v, &a));
	if (ops->wake_s)
		assert_true(ops->wake_s(st, &f->v) == HUGE_VAL);
	end(ops, st);
	free(f);
}

static void an_empty_queue_is_left_alone(void **state)
{
	on_every_policy(state, nothing_from_nothing, VIEWS / 4);
}

/* Definition 2: no room is left idle that a waiting request could use */

/** @w may go to @i as things stand: it fits, and is in time or late everywhere. */
static bool could_serve(const struct view *v, const struct waiting *w, struct instance_id i)
{
	double least_s = HUGE_VAL, here_s;
	uint32_t j;

	for (j = 0; j < v->n_instances; j++) {
		if (v->can_serve(v, w, (struct instance_id){j}))
			least_s = fmin(least_s,
				v->predict_idle(v, w, (struct instance_id){j}, w->output_tok)
					.total_s);
	}
	here_s = v->predict_idle(v, w, i, w->output_tok).total_s;
	return v->fits(v, w, i) &&
	       (v->now_s <= w->deadline_s - here_s || v->now_s > w->deadline_s - least_s);
}

static size_t room_left_idle(const struct view *v)
{
	size_t k, n = 0;
	uint32_t i;

	for (k = 0; k < v->n_waiting; k++) {
		for (i = 0; i < v->n_instances; i++)
			n += could_serve(v, &v->waiting[k], (struct instance_id){i});
	}
	return n;
}

static const struct policy_ops *policy_named(void **state, const char *name)
{
	const struct policy_registry r = plugins_registry(*state);
	size_t p;

	for (p = 0; p < r.n; p++) {
		if (strcmp(r.all[p]->name, name) == 0)
			return r.all[p];
	}
	fail_msg("no policy %s", name);
	return NULL;
}

static void set_text(struct texts *t, const char *key, const char *value)
{
	size_t k;

	for (k = 0; k < t->n && strcmp(t->text[k].key, key) != 0; k++)
		;
	assert_true(k < t->n);
	t->text[k].value = value;
}

static void k_p_fcfs_that_sees_the_whole_queue_conserves_work(void **state)
{
	const struct policy_ops *ops = policy_named(state, "k-p-fcfs");
	uint64_t seed = 21, draws = 1, next_id = 5;
	struct assignment answers[2 * FIXTURE_MOST];
	struct view_fixture *f;
	struct policy_state *st;
	size_t view, round, left = 0;
	struct texts t;

	for (view = 0; view < VIEWS; view++) {
		random_texts(&t, ops, &seed);
		set_text(&t, "window", "64");
		set_text(&t, "lengths", "known");
		st = fixture_state(ops, t.text, t.n);
		f = random_fixture(&seed, &draws, &next_id, 5);
		for (round = 0; round < ROUNDS; round++) {
			drain(ops, st, f, answers);
			assert_int_equal(room_left_idle(&f->v), 0);
			left += f->v.n_waiting > 0 && f->v.n_free > 0;
			go_on(f, &seed, &next_id);
		}
		free(f);
		free(st);
	}
	assert_true(left > VIEWS); /* and not because nothing was ever left waiting */
}

/** One class of instances and requests all alike: a head that fits nowhere blocks nobody who
 *  would fit. With unlike requests it does, and fcfs does not conserve work. */
static void fcfs_conserves_work_among_equals(void **state)
{
	const struct policy_ops *ops = policy_named(state, "fcfs");
	uint64_t seed = 22, draws = 1, next_id = 5;
	struct assignment answers[2 * FIXTURE_MOST];
	struct view_fixture *f;
	size_t view, k, left = 0;

	for (view = 0; view < VIEWS; view++) {
		f = random_fixture(&seed, &draws, &next_id, 1);
		for (k = 0; k < f->v.n_waiting; k++) {
			f->waiting[k].group = f->waiting[0].group;
			f->waiting[k].prompt_tok = f->waiting[0].prompt_tok;
			f->waiting[k].output_tok = f->waiting[0].output_tok;
			f->waiting[k].deadline_s = HUGE_VAL;
		}
		drain(ops, NULL, f, answers);
		assert_int_equal(room_left_idle(&f->v), 0);
		left += f->v.n_waiting > 0 && f->v.n_free > 0;
		free(f);
	}
	assert_true(left > VIEWS / 20);
}

/* The tables themselves */

static void check_param(const struct param_spec *p)
{
	assert_non_null(p->name);
	assert_non_null(p->help);
	assert_true(strlen(p->help) > 10);
	if (p->kind == PARAM_ENUM) {
		assert_true(p->dflt >= 0.0 && p->dflt < n_words(p));
		return;
	}
	if (p->kind == PARAM_TEXT) {
		assert_true((double)strlen(p->text) <= p->max);
		return;
	}
	assert_true(p->min <= p->dflt && p->dflt <= p->max);
}

/** The defaults of @ops, printed, read back: they are values a user could have written. */
static void check_defaults(const struct policy_ops *ops)
{
	struct policy_state *st = fixture_state(ops, NULL, 0);
	const struct param_spec *p;
	struct texts t = {0};
	struct err err = {0};

	for (p = ops->params; p && p->kind != PARAM_END; p++, t.n++) {
		check_param(p);
		params_print(t.value[t.n], TEXT_BYTES, st, p);
		t.text[t.n] = (struct param_text){.key = p->name, .value = t.value[t.n]};
	}
	assert_true(params_read(st, ops->params, ops->name, t.text, t.n, &err));
	free(st);
}

static void every_table_is_complete(void **state)
{
	const struct policy_registry r = plugins_registry(*state);
	size_t p, q;

	for (p = 0; p < r.n; p++) {
		assert_true(strspn(r.all[p]->name, "abcdefghijklmnopqrstuvwxyz-") ==
			    strlen(r.all[p]->name));
		assert_true(strlen(r.all[p]->summary) > 10 && strlen(r.all[p]->summary) < 100);
		assert_true(r.all[p]->next);
		assert_true(r.all[p]->state_size > 0 || !r.all[p]->params);
		check_defaults(r.all[p]);
		for (q = 0; q < p; q++)
			assert_string_not_equal(r.all[p]->name, r.all[q]->name);
	}
}

int main(int argc, char **argv)
{
	struct plugins plugins;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(every_table_is_complete, &plugins),
		cmocka_unit_test_prestate(answers_are_proper_and_end, &plugins),
		cmocka_unit_test_prestate(the_same_view_gets_the_same_answers, &plugins),
		cmocka_unit_test_prestate(without_room_only_the_eager_assign, &plugins),
		cmocka_unit_test_prestate(an_empty_queue_is_left_alone, &plugins),
		cmocka_unit_test_prestate(
			k_p_fcfs_that_sees_the_whole_queue_conserves_work, &plugins),
		cmocka_unit_test_prestate(fcfs_conserves_work_among_equals, &plugins),
	};
	struct err err = {0};
	int i, failed;

	plugins_init(&plugins);
	for (i = 1; i < argc; i++) {
		if (!plugins_load(&plugins, argv[i], &err)) {
			err_print(&err, stderr);
			return 2;
		}
	}
	failed = cmocka_run_group_tests_name("policies", tests, NULL, NULL);
	plugins_finish(&plugins);
	return failed;
}
