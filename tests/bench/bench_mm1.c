/*
 * M/M/1 at rho = .9, ns per event (an arrival or a departure), single-threaded, taking turns:
 *
 *	bare	one loop, 4-ary heap, xoshiro256++ and a sum
 *	engine	sim/: engine, line, counter-based streams, mean, histogram, time-weighted level
 *	plain	the same, drawing from xoshiro256++: the difference is what the streams cost
 *	simpy	SimPy 3 (python3-simpy3), bench_mm1.py, where it is installed
 *
 *	bench_mm1 [repetitions] [path of bench_mm1.py]
 *
 * Fails when engine / bare is above its limit, or a mean is not that of the theory.
 */
#include <stdio.h>

#include "sim/engine.h"
#include "sim/rng.h"
#include "sim/stat.h"
#include "sim/waitline.h"
#include "tests/bench/plain_mm1.h"

enum { EV_ARRIVE, EV_DEPART, EV_KINDS };

static const double limit = 2.5;

struct world {
	struct engine *engine;
	struct rng arrivals, services;
	struct plain_rng plain;
	struct waitline line; /* arrival times, the one in service first */
	struct stat_mean sojourn_s;
	struct stat_hist sojourn_hist_s;
	struct stat_level in_system;
};

static void serve(struct world *w, double service_s)
{
	engine_post(w->engine, service_s, (struct event){.kind = EV_DEPART});
}

/** True when the newcomer finds the server idle. */
static bool arrive(struct world *w, int64_t now_ns, double next_s)
{
	engine_post(w->engine, next_s, (struct event){.kind = EV_ARRIVE});
	waitline_push(&w->line, (uint64_t)now_ns);
	level_add(&w->in_system, now_ns, 1.0);
	return waitline_count(&w->line) == 1;
}

/** True when another one waits. */
static bool depart(struct world *w, int64_t now_ns)
{
	const double sojourn_s = s_of_ns(now_ns - (int64_t)waitline_pop(&w->line));

	stat_mean_add(&w->sojourn_s, sojourn_s);
	hist_add(&w->sojourn_hist_s, sojourn_s);
	level_add(&w->in_system, now_ns, -1.0);
	return waitline_count(&w->line) > 0;
}

static void on_arrive(struct world *w, const struct event *ev)
{
	if (arrive(w, ev->at_ns, rng_exponential(&w->arrivals, 1.0 / plain_mm1_arrivals_per_s)))
		serve(w, rng_exponential(&w->services, 1.0 / plain_mm1_served_per_s));
}

static void on_depart(struct world *w, const struct event *ev)
{
	if (depart(w, ev->at_ns))
		serve(w, rng_exponential(&w->services, 1.0 / plain_mm1_served_per_s));
}

static void on_arrive_plain(struct world *w, const struct event *ev)
{
	if (arrive(w, ev->at_ns, plain_exponential(&w->plain) / plain_mm1_arrivals_per_s))
		serve(w, plain_exponential(&w->plain) / plain_mm1_served_per_s);
}

static void on_depart_plain(struct world *w, const struct event *ev)
{
	if (depart(w, ev->at_ns))
		serve(w, plain_exponential(&w->plain) / plain_mm1_served_per_s);
}

static const struct event_handler with_streams[EV_KINDS] = {
	[EV_ARRIVE] = {"arrive", on_arrive}, [EV_DEPART] = {"depart", on_depart}};
static const struct event_handler with_plain[EV_KINDS] = {
	[EV_ARRIVE] = {"arrive", on_arrive_plain}, [EV_DEPART] = {"depart", on_depart_plain}};

struct result {
	double ns; /* CPU time per event */
	double sojourn_s;
};

static struct result run_engine(
	const struct event_handler *handlers, double horizon_s, uint32_t replication)
{
	struct world w = {0};
	struct result out;
	double from_s;

	w.engine = engine_create(handlers, EV_KINDS, &w);
	rng_init(&w.arrivals, 1, replication, "arrivals", "users");
	rng_init(&w.services, 1, replication, "service", "server");
	plain_rng_init(&w.plain, replication);
	waitline_init(&w.line);
	hist_init(&w.sojourn_hist_s);
	level_init(&w.in_system, 0, 0.0);
	engine_post(w.engine, 0.0, (struct event){.kind = EV_ARRIVE});
	from_s = cpu_s();
	engine_run(w.engine, ns_of_s(horizon_s));
	out.ns = (cpu_s() - from_s) * 1e9 / (double)engine_events(w.engine);
	out.sojourn_s = w.sojourn_s.mean;
	engine_destroy(w.engine);
	waitline_finish(&w.line);
	hist_finish(&w.sojourn_hist_s);
	return out;
}

/** The mean sojourn is 1 / (mu - lambda) = 10 s. Over T s the mean of N(t) has the variance
 *  2 rho (1 + rho) / (mu (1 - rho)^4 T), so that of the sojourn about 1/lambda^2 of it. */
static bool near_theory(const char *name, double sojourn_s, double total_s)
{
	const double rho = plain_mm1_arrivals_per_s / plain_mm1_served_per_s, idle = 1.0 - rho;
	const double var =
		2.0 * rho * (1.0 + rho) / (plain_mm1_served_per_s * pow(idle, 4.0) * total_s);
	const double sd_s = sqrt(var) / plain_mm1_arrivals_per_s;
	const double expected_s = 1.0 / (plain_mm1_served_per_s - plain_mm1_arrivals_per_s);

	if (fabs(sojourn_s - expected_s) <= 4.0 * sd_s)
		return true;
	printf("%s: mean sojourn %g s, not %g within %g\n", name, sojourn_s, expected_s,
		4.0 * sd_s);
	return false;
}

static void compare_simpy(const char *script, double bare_ns, double engine_ns)
{
	const double ns = simpy_mm1_ns(script);

	if (ns > 0.0)
		printf("simpy   %8.1f ns %7.2fx bare, %.0fx engine\n", ns, ns / bare_ns,
			ns / engine_ns);
	else
		printf("simpy   not run (python3-simpy3 is not there)\n");
}

enum { MOST = 101 };

int main(int argc, char **argv)
{
	const size_t asked = argc > 1 ? strtoul(argv[1], NULL, 10) : 9;
	const size_t reps = asked < 1 ? 1 : asked < MOST ? asked : MOST;
	const double horizon_s = 1e6;
	double bare[MOST], engine[MOST], plain[MOST], over[MOST], over_plain[MOST];
	double sojourn_s[3] = {0};
	struct plain_mm1 b;
	struct result e, p;
	bool ok = true;
	size_t i;

	for (i = 0; i < reps; i++) {
		b = plain_mm1(horizon_s, 100 + i);
		e = run_engine(with_streams, horizon_s, (uint32_t)i);
		p = run_engine(with_plain, horizon_s, (uint32_t)i);
		bare[i] = b.ns;
		engine[i] = e.ns;
		plain[i] = p.ns;
		over[i] = e.ns / b.ns;
		over_plain[i] = p.ns / b.ns;
		sojourn_s[0] += b.sojourn_s / (double)reps;
		sojourn_s[1] += e.sojourn_s / (double)reps;
		sojourn_s[2] += p.sojourn_s / (double)reps;
	}
	ok &= near_theory("bare", sojourn_s[0], horizon_s * (double)reps);
	ok &= near_theory("engine", sojourn_s[1], horizon_s * (double)reps);
	ok &= near_theory("plain", sojourn_s[2], horizon_s * (double)reps);
	ok &= median(over, reps) <= limit;
	printf("M/M/1, rho .9, ns per event (medians of %zu)\n", reps);
	printf("bare    %8.1f ns\n", median(bare, reps));
	printf("engine  %8.1f ns %7.2fx bare, limit %.2fx: %s\n", median(engine, reps),
		median(over, reps), limit, median(over, reps) <= limit ? "ok" : "TOO SLOW");
	printf("plain   %8.1f ns %7.2fx bare: the counter-based streams cost %.1f ns an event\n",
		median(plain, reps), median(over_plain, reps),
		median(engine, reps) - median(plain, reps));
	compare_simpy(argc > 2 ? argv[2] : NULL, median(bare, reps), median(engine, reps));
	return ok ? 0 : 1;
}
