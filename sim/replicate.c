#include "sim/replicate.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum job_state { JOB_NEW, JOB_RUNS, JOB_RAN, JOB_FAILED };

struct job {
	enum job_state state;
	struct err err;
};

struct team {
	pthread_mutex_t lock;
	pthread_cond_t moved; /* a job ended, or one was handed over, or no more may start */
	const struct replicate_ops *ops;
	struct replicate_work *work;
	const atomic_bool *stop;
	struct job *job;
	size_t n, n_threads;
	size_t started, handed;
	bool closed; /* no further job starts */
};

static bool stopped(const atomic_bool *stop)
{
	return stop && atomic_load(stop);
}

static bool run_alone(const struct replicate_ops *ops, struct replicate_work *w, size_t n,
	const atomic_bool *stop, size_t *n_done, struct err *err)
{
	enum replicate_next next = REPLICATE_MORE;
	size_t i;

	for (i = 0; i < n && next == REPLICATE_MORE && !stopped(stop); i++) {
		if (!ops->run(w, i, err))
			return false;
		next = ops->done(w, i, err);
		*n_done += next != REPLICATE_FAILED;
	}
	return next != REPLICATE_FAILED;
}

/** Wait for a job to start; false when there is none left. Called with the lock held. */
static bool next_job(struct team *t, size_t *number)
{
	for (;;) {
		if (t->closed || t->started == t->n || stopped(t->stop)) {
			t->closed = true;
			pthread_cond_broadcast(&t->moved);
			return false;
		}
		if (t->started < t->handed + 2 * t->n_threads)
			break;
		pthread_cond_wait(&t->moved, &t->lock);
	}
	*number = t->started++;
	t->job[*number].state = JOB_RUNS;
	return true;
}

static void *worker(void *arg)
{
	struct team *t = arg;
	size_t i;
	bool ok;

	pthread_mutex_lock(&t->lock);
	while (next_job(t, &i)) {
		pthread_mutex_unlock(&t->lock);
		ok = t->ops->run(t->work, i, &t->job[i].err);
		pthread_mutex_lock(&t->lock);
		t->job[i].state = ok ? JOB_RAN : JOB_FAILED;
		t->closed = t->closed || !ok;
		pthread_cond_broadcast(&t->moved);
	}
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

/** Hand over results in order until one fails, enough are there or no more will come. */
static bool hand_over(struct team *t, struct err *err)
{
	enum replicate_next next;
	size_t i;

	for (i = 0; i < t->n; i++) {
		while (t->job[i].state == JOB_RUNS || (t->job[i].state == JOB_NEW && !t->closed))
			pthread_cond_wait(&t->moved, &t->lock);
		if (t->job[i].state == JOB_NEW)
			break;
		if (t->job[i].state == JOB_FAILED) {
			*err = t->job[i].err;
			return false;
		}
		pthread_mutex_unlock(&t->lock);
		next = t->ops->done(t->work, i, err);
		pthread_mutex_lock(&t->lock);
		if (next == REPLICATE_FAILED)
			return false;
		t->handed++;
		pthread_cond_broadcast(&t->moved);
		if (next == REPLICATE_ENOUGH)
			break;
	}
	return true;
}

static bool run_team(struct team *t, struct err *err)
{
	pthread_t *thread = mem_zalloc(t->n_threads, sizeof *thread);
	size_t n = 0;
	int rc = 0;
	bool ok;

	while (n < t->n_threads && rc == 0) {
		rc = pthread_create(&thread[n], NULL, worker, t);
		n += rc == 0;
	}
	pthread_mutex_lock(&t->lock);
	if (rc != 0)
		ok = err_run(err, "cannot start thread %zu of %zu: %s", n + 1, t->n_threads,
			strerror(rc));
	else
		ok = hand_over(t, err);
	t->closed = true;
	pthread_cond_broadcast(&t->moved);
	pthread_mutex_unlock(&t->lock);
	while (n-- > 0)
		pthread_join(thread[n], NULL);
	free(thread);
	return ok;
}

bool replicate_run(const struct replicate_ops *ops, struct replicate_work *w, size_t n,
	size_t n_threads, const atomic_bool *stop, size_t *n_done, struct err *err)
{
	struct team t = {.ops = ops, .work = w, .stop = stop, .n = n, .n_threads = n_threads};
	bool ok;

	*n_done = 0;
	if (n == 0)
		return true;
	if (n_threads < 2)
		return run_alone(ops, w, n, stop, n_done, err);
	t.job = mem_zalloc(n, sizeof *t.job);
	pthread_mutex_init(&t.lock, NULL);
	pthread_cond_init(&t.moved, NULL);
	ok = run_team(&t, err);
	*n_done = t.handed;
	pthread_cond_destroy(&t.moved);
	pthread_mutex_destroy(&t.lock);
	free(t.job);
	return ok;
}
