#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

#include "sim/engine.h"
#include "tests/support/aborts.h"

enum { EV_NOTE, EV_AGAIN, EV_STOP, EV_SELF_CANCEL, EV_FOREVER, EV_KINDS };

struct world {
	struct engine *engine;
	char seen[64]; /* one letter an event, from its @what */
	size_t n;
	int64_t at_ns[64];
	struct event_id self;
	bool cancelled;
};

static void on_note(struct world *w, const struct event *ev)
{
	assert_true(w->n + 1 < sizeof w->seen);
	assert_int_equal(ev->at_ns, engine_now_ns(w->engine));
	w->at_ns[w->n] = ev->at_ns;
	w->seen[w->n++] = (char)ev->what;
	w->seen[w->n] = '\0';
}

/** Note, then note the next letter now and the one after in 3 ns. */
static void on_again(struct world *w, const struct event *ev)
{
	on_note(w, ev);
	engine_post(w->engine, 0.0, (struct event){.kind = EV_NOTE, .what = ev->what + 1});
	engine_post(w->engine, 3e-9, (struct event){.kind = EV_NOTE, .what = ev->what + 2});
}

static void on_stop(struct world *w, const struct event *ev)
{
	on_note(w, ev);
	engine_stop(w->engine);
}

static void on_self_cancel(struct world *w, const struct event *ev)
{
	on_note(w, ev);
	w->cancelled = engine_cancel(w->engine, w->self);
}

static void on_forever(struct world *w, const struct event *ev)
{
	engine_post(w->engine, 0.0, *ev);
}

static const struct event_handler handlers[EV_KINDS] = {
	[EV_NOTE] = {"note", on_note},
	[EV_AGAIN] = {"again", on_again},
	[EV_STOP] = {"stop", on_stop},
	[EV_SELF_CANCEL] = {"self_cancel", on_self_cancel},
	[EV_FOREVER] = {"forever", on_forever},
};

static int make(void **state)
{
	struct world *w = calloc(1, sizeof *w);

	w->engine = engine_create(handlers, EV_KINDS, w);
	*state = w;
	return 0;
}

static int drop(void **state)
{
	struct world *w = *state;

	engine_destroy(w->engine);
	free(w);
	return 0;
}

static struct event_id note(struct world *w, int64_t at_ns, char what)
{
	return engine_post_at(
		w->engine, at_ns, (struct event){.kind = EV_NOTE, .what = (uint64_t)what});
}

static void time_orders_and_posting_breaks_ties(void **state)
{
	struct world *w = *state;

	note(w, 20, 'c');
	note(w, 10, 'a');
	note(w, 20, 'd');
	note(w, 10, 'b');
	note(w, 20, 'e');
	assert_int_equal(engine_pending(w->engine), 5);
	assert_int_equal(engine_run(w->engine, INT64_MAX), ENGINE_EMPTY);
	assert_string_equal(w->seen, "abcde");
	assert_int_equal(engine_now_ns(w->engine), 20);
	assert_int_equal(engine_events(w->engine), 5);
	assert_int_equal(engine_pending(w->engine), 0);
}

/* 'A' at 7 ns posts 'B' for the same instant: it runs after 'x', which was there before. */
static void what_a_handler_posts_for_now_runs_last(void **state)
{
	struct world *w = *state;

	engine_post_at(w->engine, 7, (struct event){.kind = EV_AGAIN, .what = 'A'});
	note(w, 7, 'x');
	note(w, 9, 'y');
	engine_run(w->engine, INT64_MAX);
	assert_string_equal(w->seen, "AxByC");
	assert_int_equal(w->at_ns[4], 10);
}

static void run_stops_at_the_given_time_and_goes_on_from_there(void **state)
{
	struct world *w = *state;

	note(w, 100, 'a');
	note(w, 200, 'b');
	note(w, 201, 'c');
	assert_int_equal(engine_run(w->engine, 50), ENGINE_UNTIL);
	assert_int_equal(engine_now_ns(w->engine), 50);
	assert_int_equal(engine_run(w->engine, 200), ENGINE_UNTIL);
	assert_string_equal(w->seen, "ab");
	assert_int_equal(engine_now_ns(w->engine), 200);
	engine_post(w->engine, 0.4e-6, (struct event){.kind = EV_NOTE, .what = 'd'});
	assert_int_equal(engine_run(w->engine, 5000), ENGINE_EMPTY);
	assert_string_equal(w->seen, "abcd");
	assert_int_equal(w->at_ns[3], 600);
	assert_int_equal(engine_now_ns(w->engine), 5000);
	assert_near(engine_now_s(w->engine), 5e-6, 1e-20);
}

static void a_handler_may_stop_the_run(void **state)
{
	struct world *w = *state;

	engine_post_at(w->engine, 30, (struct event){.kind = EV_STOP, .what = 's'});
	note(w, 30, 'a');
	assert_int_equal(engine_run(w->engine, 1000), ENGINE_STOPPED);
	assert_string_equal(w->seen, "s");
	assert_int_equal(engine_now_ns(w->engine), 30);
	assert_int_equal(engine_run(w->engine, 1000), ENGINE_EMPTY);
	assert_string_equal(w->seen, "sa");
}

static void a_cancelled_event_does_not_run(void **state)
{
	struct world *w = *state;
	struct event_id a = note(w, 10, 'a'), b = note(w, 20, 'b');

	note(w, 30, 'c');
	assert_true(engine_cancel(w->engine, b));
	assert_false(engine_cancel(w->engine, b));
	assert_int_equal(engine_pending(w->engine), 2);
	engine_run(w->engine, INT64_MAX);
	assert_string_equal(w->seen, "ac");
	assert_false(engine_cancel(w->engine, a)); /* it ran */
	assert_false(engine_cancel(w->engine, (struct event_id){0, 0}));
}

static void the_last_event_may_be_cancelled(void **state)
{
	struct world *w = *state;
	struct event_id a = note(w, 10, 'a');

	assert_true(engine_cancel(w->engine, a));
	assert_int_equal(engine_run(w->engine, 40), ENGINE_EMPTY);
	assert_int_equal(engine_now_ns(w->engine), 40);
}

static void the_running_event_cannot_be_cancelled(void **state)
{
	struct world *w = *state;

	w->cancelled = true;
	w->self =
		engine_post_at(w->engine, 10, (struct event){.kind = EV_SELF_CANCEL, .what = 'a'});
	engine_run(w->engine, INT64_MAX);
	assert_string_equal(w->seen, "a");
	assert_false(w->cancelled);
}

static void going_in_circles_is_noticed(void **state)
{
	struct world *w = *state;

	engine_post_at(w->engine, 77, (struct event){.kind = EV_FOREVER});
	assert_int_equal(engine_run(w->engine, INT64_MAX), ENGINE_STUCK);
	assert_int_equal(engine_now_ns(w->engine), 77);
	assert_int_equal(engine_events(w->engine), 10000000);
}

static uint64_t digest_of(const char *letters, int64_t step_ns)
{
	struct world w = {0};
	uint64_t digest;

	w.engine = engine_create(handlers, EV_KINDS, &w);
	engine_digest_enable(w.engine);
	for (; *letters; letters++)
		note(&w, step_ns * (*letters % 7), *letters);
	engine_run(w.engine, INT64_MAX);
	digest = engine_digest(w.engine);
	engine_destroy(w.engine);
	return digest;
}

static void the_digest_tells_trajectories_apart(void **state)
{
	(void)state;
	assert_true(digest_of("hello", 10) == digest_of("hello", 10));
	assert_true(digest_of("hello", 10) != digest_of("hellp", 10)); /* what */
	assert_true(digest_of("hello", 10) != digest_of("hello", 11)); /* when */
	assert_true(digest_of("hello", 10) != digest_of("hell", 10));  /* one less */
	assert_true(digest_of("ah", 10) != digest_of("ha", 10)); /* order: 'a' and 'h' tie, mod 7 */
}

static void two_engines_do_not_meet(void **state)
{
	struct world *w = *state, v = {0};

	v.engine = engine_create(handlers, EV_KINDS, &v);
	note(w, 10, 'a');
	note(&v, 5, 'p');
	note(w, 30, 'b');
	note(&v, 40, 'q');
	engine_run(w->engine, 20);
	engine_run(v.engine, 50);
	engine_run(w->engine, 60);
	assert_string_equal(w->seen, "ab");
	assert_string_equal(v.seen, "pq");
	assert_int_equal(engine_now_ns(v.engine), 50);
	engine_destroy(v.engine);
}

static void seconds_round_to_the_nearest_nanosecond(void **state)
{
	(void)state;
	assert_int_equal(ns_of_s(1.4e-9), 1);
	assert_int_equal(ns_of_s(1.6e-9), 2);
	assert_int_equal(ns_of_s(-1.6e-9), -2);
	assert_int_equal(ns_of_s(0.3), 300000000);
	assert_int_equal(ns_of_s(s_of_ns(INT64_C(1234567890123457))), INT64_C(1234567890123457));
}

static void missing_row(void)
{
	const struct event_handler rows[] = {{"note", on_note}, {NULL, NULL}};

	engine_create(rows, 2, NULL);
}

static void post_into_the_past(void)
{
	struct engine *e = engine_create(handlers, EV_KINDS, NULL);

	engine_run(e, 10);
	engine_post_at(e, 9, (struct event){.kind = EV_NOTE});
}

static void post_in_nan_seconds(void)
{
	engine_post(engine_create(handlers, EV_KINDS, NULL), (double)NAN,
		(struct event){.kind = EV_NOTE});
}

static void post_of_unknown_kind(void)
{
	engine_post(engine_create(handlers, EV_KINDS, NULL), 1.0, (struct event){.kind = EV_KINDS});
}

/* The clock counts 2^63 - 1 ns: 9223372036.854775807 s. */
static void what_the_clock_cannot_count_is_never(void **state)
{
	(void)state;
	assert_int_equal(ns_of_s(9.2e9), 9200000000000000000);
	assert_int_equal(ns_of_s(9.3e9), NS_NEVER);
	assert_int_equal(ns_of_s(1e300), NS_NEVER);
	assert_int_equal(ns_of_s(HUGE_VAL), NS_NEVER);
	assert_int_equal(ns_of_s((double)NAN), NS_NEVER);
	assert_int_equal(ns_of_s(-9.3e9), -NS_NEVER);
	assert_int_equal(ns_after(7, 5), 12);
	assert_int_equal(ns_after(7, -5), 2);
	assert_int_equal(ns_after(7, NS_NEVER), NS_NEVER);
	assert_int_equal(ns_after(NS_NEVER - 3, 4), NS_NEVER);
	assert_int_equal(ns_after(NS_NEVER, NS_NEVER), NS_NEVER);
}

static void what_is_posted_beyond_the_clock_never_happens(void **state)
{
	struct world *w = *state;

	engine_post(w->engine, 1e12, (struct event){.kind = EV_NOTE, .what = 'n'});
	engine_post(w->engine, HUGE_VAL, (struct event){.kind = EV_NOTE, .what = 'n'});
	assert_int_equal(engine_run(w->engine, 9000000000000000000), ENGINE_UNTIL);
	assert_int_equal(engine_events(w->engine), 0);
	/* and from late in the clock too */
	engine_post(w->engine, 1e9, (struct event){.kind = EV_NOTE, .what = 'n'});
	assert_int_equal(engine_run(w->engine, NS_NEVER - 1), ENGINE_UNTIL);
	assert_int_equal(engine_events(w->engine), 0);
}

static void misuse_aborts(void **state)
{
	(void)state;
	assert_true(aborts(missing_row));
	assert_true(aborts(post_into_the_past));
	assert_true(aborts(post_in_nan_seconds));
	assert_true(aborts(post_of_unknown_kind));
}

#define T(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(time_orders_and_posting_breaks_ties),
		T(what_a_handler_posts_for_now_runs_last),
		T(run_stops_at_the_given_time_and_goes_on_from_there),
		T(a_handler_may_stop_the_run),
		T(a_cancelled_event_does_not_run),
		T(the_last_event_may_be_cancelled),
		T(the_running_event_cannot_be_cancelled),
		T(going_in_circles_is_noticed),
		T(two_engines_do_not_meet),
		cmocka_unit_test(the_digest_tells_trajectories_apart),
		cmocka_unit_test(seconds_round_to_the_nearest_nanosecond),
		cmocka_unit_test(what_the_clock_cannot_count_is_never),
		T(what_is_posted_beyond_the_clock_never_happens),
		cmocka_unit_test(misuse_aborts),
	};
	return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
