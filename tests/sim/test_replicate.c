#include "tests/support/check.h"

#include <unistd.h>

#include "sim/replicate.h"
#include "sim/rng.h"

enum { JOBS = 40 };

struct replicate_work {
	double result[JOBS];
	size_t taken[JOBS], n_taken; /* the numbers, as they were handed over */
	atomic_size_t started, ran, ahead;
	size_t fails[2]; /* jobs that fail; JOBS = none */
	size_t enough_at, done_fails_at, stop_at;
	atomic_bool stop;
	atomic_size_t handed;
};

static bool run(struct replicate_work *w, size_t number, struct err *err)
{
	const size_t handed = atomic_load(&w->handed);
	struct rng r;
	int i;

	atomic_fetch_add(&w->started, 1);
	if (number >= handed && number - handed > atomic_load(&w->ahead))
		atomic_store(&w->ahead, number - handed);
	usleep(number % 3 == 0 ? 3000 : 100); /* they do not end in order */
	if (number == w->fails[0] || number == w->fails[1])
		return err_run(err, "job %zu failed", number);
	if (number == w->stop_at)
		atomic_store(&w->stop, true);
	rng_init(&r, 1, (uint32_t)number, "replicate", "test");
	for (i = 0; i < 1000; i++)
		w->result[number] += rng_exponential(&r, 1.0);
	atomic_fetch_add(&w->ran, 1);
	return true;
}

static enum replicate_next done(struct replicate_work *w, size_t number, struct err *err)
{
	w->taken[w->n_taken++] = number;
	atomic_fetch_add(&w->handed, 1);
	assert_true(w->result[number] > 0.0);
	if (number == w->done_fails_at) {
		err_run(err, "cannot write %zu", number);
		return REPLICATE_FAILED;
	}
	return number == w->enough_at ? REPLICATE_ENOUGH : REPLICATE_MORE;
}

static const struct replicate_ops ops = {run, done};

static struct replicate_work plain(void)
{
	return (struct replicate_work){
		.fails = {JOBS, JOBS}, .enough_at = JOBS, .done_fails_at = JOBS, .stop_at = JOBS};
}

static void assert_in_order(const struct replicate_work *w, size_t n)
{
	size_t i;

	assert_int_equal(w->n_taken, n);
	for (i = 0; i < n; i++)
		assert_int_equal(w->taken[i], i);
}

static const size_t threads[] = {0, 1, 2, 5, 64};
enum { N_THREADS = sizeof threads / sizeof threads[0] };

static void results_come_in_order_whatever_the_threads(void **state)
{
	struct replicate_work w, one = plain();
	struct err err = {0};
	size_t i, n;

	(void)state;
	assert_true(replicate_run(&ops, &one, JOBS, 1, NULL, &n, &err));
	for (i = 0; i < N_THREADS; i++) {
		w = plain();
		assert_true(replicate_run(&ops, &w, JOBS, threads[i], NULL, &n, &err));
		assert_int_equal(n, JOBS);
		assert_in_order(&w, JOBS);
		assert_memory_equal(w.result, one.result, sizeof w.result);
		assert_int_equal(w.ran, JOBS);
	}
}

static void the_error_of_the_least_job_is_reported(void **state)
{
	struct replicate_work w;
	struct err err;
	size_t i, n;

	(void)state;
	for (i = 0; i < N_THREADS; i++) {
		w = plain();
		err = (struct err){0};
		w.fails[0] = 9; /* slow: 10 fails before it */
		w.fails[1] = 10;
		assert_false(replicate_run(&ops, &w, JOBS, threads[i], NULL, &n, &err));
		assert_string_equal(err.msg, "job 9 failed");
		assert_int_equal(n, 9);
		assert_in_order(&w, 9);
	}
}

static void enough_is_enough(void **state)
{
	struct replicate_work w;
	struct err err = {0};
	size_t i, n;

	(void)state;
	for (i = 0; i < N_THREADS; i++) {
		w = plain();
		w.enough_at = 11;
		assert_true(replicate_run(&ops, &w, JOBS, threads[i], NULL, &n, &err));
		assert_int_equal(n, 12);
		assert_in_order(&w, 12);
	}
}

static void a_failure_to_take_a_result_ends_it(void **state)
{
	struct replicate_work w;
	struct err err;
	size_t i, n;

	(void)state;
	for (i = 0; i < N_THREADS; i++) {
		w = plain();
		err = (struct err){0};
		w.done_fails_at = 6;
		assert_false(replicate_run(&ops, &w, JOBS, threads[i], NULL, &n, &err));
		assert_string_equal(err.msg, "cannot write 6");
		assert_int_equal(n, 6);
	}
}

/* Job 7 raises the flag: nothing starts after it, all that ran is handed over. */
static void a_stop_keeps_what_was_finished(void **state)
{
	struct replicate_work w;
	struct err err = {0};
	size_t i, n;

	(void)state;
	for (i = 0; i < N_THREADS; i++) {
		w = plain();
		w.stop_at = 7;
		assert_true(replicate_run(&ops, &w, JOBS, threads[i], &w.stop, &n, &err));
		assert_true(n >= 8);
		assert_int_equal(n, w.started);
		assert_in_order(&w, n);
		if (threads[i] < 6)
			assert_true(n < JOBS);
	}
}

static void jobs_do_not_run_far_ahead(void **state)
{
	struct replicate_work w = plain();
	struct err err = {0};
	size_t n;

	(void)state;
	assert_true(replicate_run(&ops, &w, JOBS, 3, NULL, &n, &err));
	assert_true(w.ahead < 2 * 3 + 1);
}

static void no_jobs_is_no_work(void **state)
{
	struct replicate_work w = plain();
	struct err err = {0};
	size_t n = 5;

	(void)state;
	assert_true(replicate_run(&ops, &w, 0, 4, NULL, &n, &err));
	assert_int_equal(n, 0);
	assert_int_equal(w.started, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(results_come_in_order_whatever_the_threads),
		cmocka_unit_test(the_error_of_the_least_job_is_reported),
		cmocka_unit_test(enough_is_enough),
		cmocka_unit_test(a_failure_to_take_a_result_ends_it),
		cmocka_unit_test(a_stop_keeps_what_was_finished),
		cmocka_unit_test(jobs_do_not_run_far_ahead),
		cmocka_unit_test(no_jobs_is_no_work),
	};
	return cmocka_run_group_tests_name("replicate", tests, NULL, NULL);
}
