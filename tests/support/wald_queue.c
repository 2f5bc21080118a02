#include "tests/support/wald_queue.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

#include "sim/drift_watch.h"
#include "sim/engine.h"
#include "sim/rng.h"

static const double EVERY_S = 50.0;
static const double NEVER_S = 1e9;

struct queue {
	double load, now_s, arrives_s, leaves_s;
	uint64_t n;
	struct rng arrivals, services;
};

static void queue_init(struct queue *q, double load, uint64_t n, uint64_t seed, uint32_t number)
{
	*q = (struct queue){.load = load, .n = n, .leaves_s = NEVER_S};
	rng_init(&q->arrivals, seed, number, "arrivals", "");
	rng_init(&q->services, seed, number, "services", "");
	q->arrives_s = rng_exponential(&q->arrivals, 1.0 / load);
	if (n > 0)
		q->leaves_s = rng_exponential(&q->services, 1.0);
}

/** To the next event, if it comes before @until_s. */
static bool queue_step(struct queue *q, double until_s)
{
	double next_s = fmin(q->arrives_s, q->leaves_s);

	if (next_s > until_s) {
		q->now_s = until_s;
		return false;
	}
	q->now_s = next_s;
	if (q->arrives_s <= q->leaves_s) {
		if (q->n++ == 0)
			q->leaves_s = next_s + rng_exponential(&q->services, 1.0);
		q->arrives_s += rng_exponential(&q->arrivals, 1.0 / q->load);
	} else {
		q->leaves_s = --q->n > 0 ? next_s + rng_exponential(&q->services, 1.0) : NEVER_S;
	}
	return true;
}

enum drift_verdict wald_queue_run(const struct wald_queue *q, double *after_s)
{
	const struct drift_question question = {.error = DRIFT_ERROR,
		.indifference = DRIFT_INDIFFERENCE,
		.sequential = true,
		.from_backlog = true};
	struct drift_watch *w = drift_watch_create(0);
	enum drift_verdict v = DRIFT_UNDECIDED;
	struct drift_evidence e;
	struct queue now;

	queue_init(&now, q->load, q->backlog, q->seed, q->replication);
	drift_watch_level(w, 0, now.n);
	drift_watch_restart(w, 0);
	while (v == DRIFT_UNDECIDED) {
		*after_s = now.now_s + EVERY_S;
		while (queue_step(&now, *after_s))
			drift_watch_level(w, ns_of_s(now.now_s), now.n);
		drift_watch_evidence(w, ns_of_s(*after_s), ns_of_s(*after_s), &e);
		v = drift_judge(&e, &question).verdict;
	}
	drift_watch_destroy(w);
	return v;
}

/** The number in system is geometric: P(N >= n) = load^n. */
static uint64_t stationary(double load, uint64_t seed, uint32_t number)
{
	struct rng r;

	rng_init(&r, seed, number, "stationary", "");
	return (uint64_t)(log(rng_uniform_pos(&r)) / log(load));
}

bool slope_says_growing(double load, uint32_t n, uint64_t seed, uint32_t number)
{
	double mean_t = 0.5 * (n - 1.0), tt = (double)n * ((double)n * n - 1.0) / 12.0;
	double sum = 0.0, square = 0.0, ty = 0.0, slope, residual;
	struct queue q;

	queue_init(&q, load, stationary(load, seed, number), seed, number);
	for (uint32_t t = 0; t < n; t++) {
		while (queue_step(&q, t + 1.0))
			;
		sum += (double)q.n;
		square += (double)q.n * (double)q.n;
		ty += (t - mean_t) * (double)q.n;
	}
	slope = ty / tt;
	residual = (square - sum * sum / n - slope * ty) / (n - 2.0);
	return slope > gsl_cdf_tdist_Qinv(0.025, n - 2.0) * sqrt(residual / tt);
}
