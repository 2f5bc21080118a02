/*
 * HOLD: take the first of N pending events, post it again an exponential time later. The engine
 * (handler table, cancellable events, payloads) against a bare pop and push of 16-byte keys, the
 * same generator, the same process, taking turns. Fails above the limits.
 *
 *	bench_hold [repetitions]
 */
#include <stdio.h>

#include "sim/engine.h"
#include "tests/bench/plain.h"

struct world {
	struct engine *engine;
	struct plain_rng rng;
	uint64_t left;
};

static void on_hold(struct world *w, const struct event *ev)
{
	if (--w->left == 0)
		engine_stop(w->engine);
	engine_post(w->engine, plain_exponential(&w->rng), *ev);
}

static const struct event_handler handlers[] = {{"hold", on_hold}};

struct pair {
	struct world world;
	struct plain_heap heap;
	struct plain_rng rng;
};

static void fill(struct pair *p, size_t n)
{
	size_t i;

	plain_rng_init(&p->world.rng, 1);
	plain_rng_init(&p->rng, 1);
	p->world.engine = engine_create(handlers, 1, &p->world);
	plain_heap_init(&p->heap, n);
	for (i = 0; i < n; i++) {
		engine_post(p->world.engine, plain_exponential(&p->world.rng),
			(struct event){.who = (uint32_t)i, .what = i});
		plain_push(&p->heap, (uint64_t)(plain_exponential(&p->rng) * 1e9 + 0.5), i);
	}
}

static double engine_ns(struct world *w, uint64_t holds)
{
	const double from_s = cpu_s();

	w->left = holds;
	engine_run(w->engine, INT64_MAX);
	return (cpu_s() - from_s) * 1e9 / (double)holds;
}

static double bare_ns(struct pair *p, uint64_t holds)
{
	const bool prefetch = p->heap.n > 2048;
	const double from_s = cpu_s();
	struct plain_key k;
	uint64_t i;

	for (i = 0; i < holds; i++) {
		k = plain_pop(&p->heap, prefetch);
		k.at_ns += (uint64_t)(plain_exponential(&p->rng) * 1e9 + 0.5);
		plain_push(&p->heap, k.at_ns, k.order & 0xffffff);
	}
	return (cpu_s() - from_s) * 1e9 / (double)holds;
}

/** Both must have walked the same path: the next event is the same one. */
static bool same(struct pair *p, uint64_t holds)
{
	const uint64_t next_ns = p->heap.key[0].at_ns;

	return engine_events(p->world.engine) == holds &&
	       engine_now_ns(p->world.engine) <= (int64_t)next_ns;
}

static bool measure(size_t n, double limit, size_t reps)
{
	const uint64_t holds = n < 100000 ? 1000000 : 2000000;
	double *engine = calloc(reps, sizeof *engine), *bare = calloc(reps, sizeof *bare);
	double *ratio = calloc(reps, sizeof *ratio), r;
	struct pair p;
	size_t i;
	bool ok;

	fill(&p, n);
	bare_ns(&p, holds); /* settle: the pending times take their long-run shape */
	engine_ns(&p.world, holds);
	for (i = 0; i < reps; i++) {
		bare[i] = bare_ns(&p, holds);
		engine[i] = engine_ns(&p.world, holds);
		ratio[i] = engine[i] / bare[i];
	}
	ok = same(&p, (reps + 1) * holds);
	r = median(ratio, reps);
	printf("%9zu %9.1f %9.1f %7.2fx %7.2fx %s\n", n, median(engine, reps), median(bare, reps),
		r, limit,
		!ok          ? "DIFFERENT PATHS"
		: r <= limit ? "ok"
			     : "TOO SLOW");
	engine_destroy(p.world.engine);
	free(p.heap.mem);
	free(engine);
	free(bare);
	free(ratio);
	return ok && r <= limit;
}

int main(int argc, char **argv)
{
	const size_t reps = argc > 1 ? strtoul(argv[1], NULL, 10) : 9;
	bool ok = true;

	printf("HOLD, ns per hold (medians of %zu)\n", reps);
	printf("%9s %9s %9s %8s %8s\n", "pending", "engine", "bare", "ratio", "limit");
	ok &= measure(100, 1.6, reps);
	ok &= measure(10000, 1.3, reps);
	ok &= measure(1000000, 1.2, reps);
	return ok ? 0 : 1;
}
