/* Arrivals and lengths of a group. Samples come from fixed streams; tolerances are 4 standard
 * errors unless a comment says otherwise. */
#include "tests/support/check.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_sort.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/trace/arrival_trace.h"
#include "models/workload/arrivals.h"
#include "models/workload/dataset.h"
#include "models/workload/workload.h"

#define N 100000u
#define NO_CUT .min = -HUGE_VAL, .max = HUGE_VAL

static struct group_spec group(struct arrival_spec a)
{
	return (struct group_spec){
		.name = "campus", .count = 40, .arrivals = a, .workload.kind = WORKLOAD_NONE};
}

static struct workload *make(const struct group_spec *g)
{
	struct err err = {0};
	struct workload *w;

	if (!workload_create(&w, g, 1, 0, &err))
		fail_msg("%s", err.msg);
	return w;
}

static int64_t next_ns(struct workload *w)
{
	struct request_draw draw;
	struct err err = {0};
	int64_t at_ns;

	if (workload_next(w, &at_ns, &draw, &err) != 1)
		fail_msg("no arrival: %s", err.msg);
	return at_ns;
}

/* N gaps in seconds. */
static double *gaps_of(struct arrival_spec a)
{
	const struct group_spec g = group(a);
	struct workload *w = make(&g);
	double *gap = calloc(N, sizeof *gap);
	int64_t last_ns = 0, at_ns;
	size_t i;

	assert_non_null(gap);
	assert_near(workload_rate_per_s(w), a.rate_per_s, 1e-12);
	for (i = 0; i < N; i++) {
		at_ns = next_ns(w);
		assert_true(at_ns >= last_ns);
		gap[i] = 1e-9 * (double)(at_ns - last_ns);
		last_ns = at_ns;
	}
	workload_destroy(w);
	return gap;
}

static void check_gaps(struct arrival_spec a, double mean, double cv, double kurtosis)
{
	double *gap = gaps_of(a), sum = 0.0, sq = 0.0, sd;
	size_t i;

	for (i = 0; i < N; i++) {
		sum += gap[i];
		sq += gap[i] * gap[i];
	}
	sd = sqrt(sq / N - sum / N * (sum / N));
	assert_near(sum / N, mean, 4.0 * cv * mean / sqrt(N));
	assert_near(sd, cv * mean, 4.0 * cv * mean * sqrt((kurtosis - 1.0) / (4.0 * N)));
	free(gap);
}

static void renewal_gaps_have_their_mean_and_cv(void **state)
{
	(void)state;
	check_gaps((struct arrival_spec){ARRIVAL_POISSON, .rate_per_s = 8.0}, 0.125, 1.0, 9.0);
	/* kurtosis of a gamma law: 3 + 6 cv^2 */
	check_gaps((struct arrival_spec){ARRIVAL_GAMMA, .rate_per_s = 8.0, .cv = 2.0}, 0.125, 2.0,
		27.0);
	check_gaps(
		(struct arrival_spec){ARRIVAL_GAMMA, .rate_per_s = 0.5, .cv = 0.5}, 2.0, 0.5, 4.5);
	/* weibull of shape 1/2: moments 2!, 4!, 6!, 8! of the scale, cv^2 = 5, kurtosis 87.72 */
	check_gaps((struct arrival_spec){ARRIVAL_WEIBULL, .rate_per_s = 4.0, .cv = sqrt(5.0)}, 0.25,
		sqrt(5.0), 87.72);
}

/* Kolmogorov: sqrt(n) D < 1.95 in 99.9 % of samples. No gap is cut (Poisson gaps beyond 3
 * means would miss 5 % of the law) and the last arrival is not moved to n/rate. */
static void poisson_gaps_are_exponential_up_to_the_tail(void **state)
{
	double *gap = gaps_of((struct arrival_spec){ARRIVAL_POISSON, .rate_per_s = 8.0});
	double worst = 0.0, f;
	size_t i;

	(void)state;
	gsl_sort(gap, 1, N);
	for (i = 0; i < N; i++) {
		f = 1.0 - exp(-8.0 * gap[i]);
		worst = fmax(worst, fmax(f - (double)i / N, (double)(i + 1) / N - f));
	}
	assert_true(worst * sqrt(N) < 1.95);
	/* the largest of n: mean ln n + .577 = 12.1 means, standard deviation 1.28 */
	assert_true(gap[N - 1] * 8.0 > 12.1 - 2.0 * 1.28);
	free(gap);
}

/* 7 a second: 142 857 142.857 ns, rounded to 142 857 143. */
static void deterministic_arrivals_come_evenly(void **state)
{
	const struct group_spec g =
		group((struct arrival_spec){ARRIVAL_DETERMINISTIC, .rate_per_s = 7.0});
	struct workload *w = make(&g);
	int64_t i;

	(void)state;
	for (i = 1; i < 1000; i++)
		assert_int_equal(next_ns(w), i * 142857143);
	workload_destroy(w);
}

/* How many arrive before each of @n times (in seconds, ascending). */
static void count_until(struct arrival_spec a, const double *until_s, size_t n, double *count)
{
	const struct group_spec g = group(a);
	struct workload *w = make(&g);
	size_t i, total = 0;
	int64_t at_ns = next_ns(w);

	for (i = 0; i < n; i++) {
		for (; at_ns < (int64_t)(1e9 * until_s[i]); at_ns = next_ns(w))
			total++;
		count[i] = (double)total;
	}
	workload_destroy(w);
}

/* Two states of rates a, b and sojourns s, t have the mean rate m = (a s + b t)/(s + t). For a
 * long time T the variance of the count is T (m + 2 (a - b)^2 p q / (1/s + 1/t)) with p, q the
 * shares of time. The two parameter sets were fitted to Azure's traces of 2023, which have
 * 2.57 and 5.53 requests per second. */
static void mmpp_reproduces_the_rates_of_azure(void **state)
{
	static const struct {
		double rates_per_s[2], sojourns_s[2], trace_per_s;
	} sets[] = {
		{{0.011, 9.87}, {21.8, 7.6}, 2.57},
		{{4.62, 7.00}, {122.0, 76.0}, 5.53},
	};
	const double T = 400000.0;
	double p, q, m, var, count;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		const double *r = sets[i].rates_per_s, *s = sets[i].sojourns_s;

		p = s[0] / (s[0] + s[1]);
		q = 1.0 - p;
		m = p * r[0] + q * r[1];
		var = T *
		      (m + 2.0 * (r[0] - r[1]) * (r[0] - r[1]) * p * q / (1.0 / s[0] + 1.0 / s[1]));
		assert_near(m, sets[i].trace_per_s, 0.011);
		count_until((struct arrival_spec){ARRIVAL_MMPP, .n_states = 2, .rates_per_s = r,
				    .sojourns_s = s},
			&T, 1, &count);
		assert_near(count, m * T, 4.0 * sqrt(var));
	}
}

/* In the ON/OFF set the counts of 10 s are far from Poisson: their index of dispersion tends
 * to 1 + 2 (a - b)^2 p q (tau/m) (1 - (1 - e^-x)/x), tau = 1/(1/s + 1/t) = 5.635 s, x = 10/tau:
 * (9.859^2) .741 .2585 2 5.635/2.5595 = 81.99; x = 1.7746: 1 - .8304/1.7746 = .5321; 44.6. */
static void mmpp_counts_are_as_dispersed_as_theory_says(void **state)
{
	static const double rates[] = {0.011, 9.87}, sojourns[] = {21.8, 7.6};
	enum { SLOTS = 40000 };
	double *until = calloc(2 * SLOTS, sizeof *until), *count = until + SLOTS, sum = 0.0,
	       sq = 0.0, n;
	size_t i;

	(void)state;
	assert_non_null(until);
	for (i = 0; i < SLOTS; i++)
		until[i] = 10.0 * (double)(i + 1);
	count_until((struct arrival_spec){ARRIVAL_MMPP, .n_states = 2, .rates_per_s = rates,
			    .sojourns_s = sojourns},
		until, SLOTS, count);
	for (i = 0; i < SLOTS; i++) {
		n = count[i] - (i ? count[i - 1] : 0.0);
		sum += n;
		sq += n * n;
	}
	sum /= SLOTS;
	/* its own standard error is about 1 %; neighbours correlate, so 4 % are allowed */
	assert_ratio((sq / SLOTS - sum * sum) / sum, 44.6, 0.04);
	free(until);
}

/* Three states, each change to one of the two others alike: the shares of time go with the
 * sojourns, (2 10 + 4 5 + 20 5)/20 = 7 a second. Correlation lasts about a sojourn, so the
 * variance is below T (7 + 2 var(rate) 10 s), var = (25 10 + 9 5 + 169 5)/20 = 57. */
static void mmpp_takes_more_than_two_states(void **state)
{
	static const double rates[] = {2.0, 4.0, 20.0}, sojourns[] = {10.0, 5.0, 5.0};
	const double T = 200000.0;
	double count;

	(void)state;
	count_until((struct arrival_spec){ARRIVAL_MMPP, .n_states = 3, .rates_per_s = rates,
			    .sojourns_s = sojourns},
		&T, 1, &count);
	assert_near(count, 7.0 * T, 4.0 * sqrt(T * (7.0 + 2.0 * 57.0 * 10.0)));
}

/* 30 /s for 1000 s, none for 500 s, 8 /s from then on. Counts of disjoint pieces are Poisson:
 * 30 000 +- 173 and 8 * 4000 = 32 000 +- 179, and nothing in the gap. */
static void schedule_delivers_the_integral_of_its_rate(void **state)
{
	static const double at[] = {0.0, 1000.0, 1500.0}, rate[] = {30.0, 0.0, 8.0};
	static const double until[] = {1000.0, 1500.0, 5500.0};
	double count[3];

	(void)state;
	count_until((struct arrival_spec){ARRIVAL_SCHEDULE, .n_steps = 3, .steps_s = at,
			    .steps_per_s = rate},
		until, 3, count);
	assert_near(count[0], 30000.0, 4.0 * sqrt(30000.0));
	assert_near(count[1] - count[0], 0.0, 0.0);
	assert_near(count[2] - count[1], 32000.0, 4.0 * sqrt(32000.0));
}

/* 30 /s for 4 s, 5 /s for 6 s, over and over: 150 a period; 500 periods. Of each period's
 * counts, 4/5 fall into the first part. */
static void schedule_repeats(void **state)
{
	static const double at[] = {0.0, 4.0}, rate[] = {30.0, 5.0};
	const struct arrival_spec a = {ARRIVAL_SCHEDULE, .n_steps = 2, .steps_s = at,
		.steps_per_s = rate, .repeat_s = 10.0};
	const struct group_spec g = group(a);
	struct workload *w = make(&g);
	const int64_t period_ns = INT64_C(10000000000);
	size_t n = 0, first = 0;
	int64_t at_ns;

	(void)state;
	assert_near(workload_rate_per_s(w), 15.0, 1e-12);
	while ((at_ns = next_ns(w)) < 500 * period_ns) {
		n++;
		first += at_ns % period_ns < INT64_C(4000000000);
	}
	assert_near((double)n, 75000.0, 4.0 * sqrt(75000.0));
	assert_near((double)first, 60000.0, 4.0 * sqrt(60000.0));
	workload_destroy(w);
}

/* One arrival in 1000 periods on average: whole periods are leapt over. */
static void schedule_leaps_over_periods(void **state)
{
	static const double at[] = {0.0, 1.0}, rate[] = {0.0, 0.001};
	const struct group_spec g = group((struct arrival_spec){ARRIVAL_SCHEDULE, .n_steps = 2,
		.steps_s = at, .steps_per_s = rate, .repeat_s = 2.0});
	struct workload *w = make(&g);
	int64_t at_ns = 0, n;

	(void)state;
	for (n = 0; n < 10000; n++) {
		at_ns = next_ns(w);
		assert_true(at_ns % 2000000000 >= 1000000000 || at_ns % 2000000000 == 0);
	}
	/* 10 000 of them, 2000 s each: 2e7 s, standard error 1 % */
	assert_ratio((double)at_ns, 2e16, 0.04);
	workload_destroy(w);
}

/* 100 requests on average until the rate falls to 0; then never again. */
static void schedule_may_end(void **state)
{
	static const double at[] = {0.0, 20.0}, rate[] = {5.0, 0.0};
	const struct group_spec g = group((struct arrival_spec){
		ARRIVAL_SCHEDULE, .n_steps = 2, .steps_s = at, .steps_per_s = rate});
	struct workload *w = make(&g);
	struct request_draw draw;
	struct err err = {0};
	int64_t at_ns;
	size_t n = 0;

	(void)state;
	assert_near(workload_rate_per_s(w), 5.0, 1e-12);
	while (workload_next(w, &at_ns, &draw, &err) == 1) {
		assert_true(at_ns <= INT64_C(20000000000));
		n++;
	}
	assert_near((double)n, 100.0, 40.0);
	assert_int_equal(workload_next(w, &at_ns, &draw, &err), 0);
	assert_int_equal(err.kind, ERR_NONE);
	workload_destroy(w);
}

/* One in 1e10 s, but the clock ends after 4.6e9 s; after the end there is nothing, for ever. */
static void arrivals_end_with_the_clock(void **state)
{
	const struct group_spec g =
		group((struct arrival_spec){ARRIVAL_DETERMINISTIC, .rate_per_s = 1e-10});
	struct workload *w = make(&g);
	struct request_draw draw;
	struct err err = {0};
	int64_t at_ns;

	(void)state;
	assert_int_equal(workload_next(w, &at_ns, &draw, &err), 0);
	assert_int_equal(workload_next(w, &at_ns, &draw, &err), 0);
	workload_destroy(w);
}

/* The policy, other groups and the lengths shift no arrival: another workload on the same
 * group, the same times; another group or replication, other times. */
static void arrivals_depend_on_seed_replication_and_name_alone(void **state)
{
	struct group_spec g = group((struct arrival_spec){ARRIVAL_POISSON, .rate_per_s = 8.0});
	struct group_spec other = g;
	struct workload *a = make(&g), *b, *c, *d;
	struct err err = {0};
	size_t i;
	int64_t at_ns;

	(void)state;
	other.workload = (struct workload_spec){
		.kind = WORKLOAD_DATASET, .dataset = dataset_find("humaneval")};
	b = make(&other);
	other.name = "office";
	c = make(&other);
	assert_true(workload_create(&d, &g, 1, 7, &err));
	for (i = 0; i < 100; i++) {
		at_ns = next_ns(a);
		assert_int_equal(next_ns(b), at_ns);
		assert_int_not_equal(next_ns(c), at_ns);
		assert_int_not_equal(next_ns(d), at_ns);
	}
	workload_destroy(a);
	workload_destroy(b);
	workload_destroy(c);
	workload_destroy(d);
}

static void closed_groups_think_and_draw_lengths(void **state)
{
	struct group_spec g = group((struct arrival_spec){
		ARRIVAL_CLOSED, .think = {DIST_EXPONENTIAL, .mean = 5.0, NO_CUT}});
	struct request_draw draw;
	double sum = 0.0;
	struct workload *w;
	size_t i;

	(void)state;
	g.workload = (struct workload_spec){.kind = WORKLOAD_DISTS,
		.prompt_tok = {DIST_LOGNORMAL, .mean = 200, .cv = 0.8, .min = -HUGE_VAL,
			.max = 300},
		.output_tok = {DIST_CONSTANT, .mean = 96, NO_CUT}};
	w = make(&g);
	assert_near(workload_rate_per_s(w), 0.0, 0.0);
	assert_near(workload_output_mean_tok(w), 96.0, 0.0);
	assert_near(workload_output_q90_tok(w), 96.0, 0.0);
	for (i = 0; i < N; i++) {
		sum += workload_think_s(w);
		draw = workload_draw(w);
		assert_in_range(draw.prompt_tok, 1, 300);
		assert_int_equal(draw.output_tok, 96);
	}
	assert_near(sum / N, 5.0, 4.0 * 5.0 / sqrt(N));
	workload_destroy(w);
}

static void saturated_groups_draw_lengths(void **state)
{
	struct group_spec g = group((struct arrival_spec){ARRIVAL_SATURATED, .outstanding = 64});
	struct request_draw draw;
	struct workload *w;

	(void)state;
	g.workload = (struct workload_spec){
		.kind = WORKLOAD_DATASET, .dataset = dataset_find("wikitext-2")};
	w = make(&g);
	draw = workload_draw(w);
	assert_int_equal(draw.prompt_tok, 32);
	assert_int_equal(draw.output_tok, 96);
	assert_near(workload_rate_per_s(w), 0.0, 0.0);
	workload_destroy(w);
}

/* Traces */

static const char *temp_path(void)
{
	static char path[64];

	snprintf(path, sizeof path, "/tmp/offing_workload_%ld", (long)getpid());
	return path;
}

static int drop_file(void **state)
{
	(void)state;
	unlink(temp_path());
	return 0;
}

/* @n rows, one each 0.25 s from 0 on; row i has 10 + i in and 20 + i out. */
static struct trace_spec write_trace(size_t n)
{
	FILE *f = fopen(temp_path(), "w");
	size_t i;

	assert_non_null(f);
	fputs("arrival_s,prompt_tokens,output_tokens\n", f);
	for (i = 0; i < n; i++)
		fprintf(f, "%.2f,%zu,%zu\n", 0.25 * (double)i, 10 + i, 20 + i);
	assert_int_equal(fclose(f), 0);
	return (struct trace_spec){.file = temp_path(),
		.format = TRACE_CSV,
		.rate_scale = 1.0,
		.window_s = {0.0, HUGE_VAL},
		.opener = &arrival_trace_opener,
		.at = {"x.yaml", 12, 9}};
}

/* The window [2 s, 5 s) holds rows 8 to 19; at twice the rate the first comes at 0, the last
 * at (4.75 - 2)/2 = 1.375 s; 12 rows in 1.5 s: 8 a second. Outputs are 28 to 39: mean 33.5,
 * 90 % quantile 28 + .9 * 11 = 37.9. */
static void traces_are_cut_shifted_and_scaled(void **state)
{
	struct group_spec g = group((struct arrival_spec){ARRIVAL_TRACE});
	struct request_draw draw;
	struct workload *w;
	struct err err = {0};
	int64_t at_ns;
	uint32_t i;

	(void)state;
	g.arrivals.trace = write_trace(30000);
	g.arrivals.trace.window_s[0] = 2.0;
	g.arrivals.trace.window_s[1] = 5.0;
	g.arrivals.trace.rate_scale = 2.0;
	g.workload.kind = WORKLOAD_TRACE;
	w = make(&g);
	assert_near(workload_rate_per_s(w), 8.0, 1e-12);
	assert_near(workload_output_mean_tok(w), 33.5, 1e-12);
	assert_near(workload_output_q90_tok(w), 37.9, 1e-12);
	for (i = 8; i < 20; i++) {
		assert_int_equal(workload_next(w, &at_ns, &draw, &err), 1);
		assert_int_equal(at_ns, (int64_t)(i - 8) * 125000000);
		assert_int_equal(draw.prompt_tok, 10 + i);
		assert_int_equal(draw.output_tok, 20 + i);
	}
	assert_int_equal(workload_next(w, &at_ns, &draw, &err), 0);
	assert_int_equal(workload_next(w, &at_ns, &draw, &err), 0);
	workload_destroy(w);
}

/* More rows than are read ahead: none is lost or given twice, and a bad one late in the file
 * is met when its turn comes, at line 25 002 of 30 001. */
static void long_traces_are_streamed(void **state)
{
	struct group_spec g = group((struct arrival_spec){ARRIVAL_TRACE});
	struct request_draw draw;
	struct workload *w;
	struct err err = {0};
	int64_t at_ns;
	FILE *f;
	uint32_t i;

	(void)state;
	g.arrivals.trace = write_trace(25000);
	f = fopen(temp_path(), "a");
	assert_non_null(f);
	fputs("6250.0,x,3\n", f);
	fclose(f);
	g.workload.kind = WORKLOAD_TRACE;
	w = make(&g);
	/* over the first 10 000 rows: the last of them comes at 2499.75 s */
	assert_near(workload_rate_per_s(w), 10000 / 2499.75, 1e-9);
	for (i = 0; i < 25000; i++) {
		assert_int_equal(workload_next(w, &at_ns, &draw, &err), 1);
		assert_int_equal(at_ns, (int64_t)i * 250000000);
		assert_int_equal(draw.output_tok, 20 + i);
	}
	assert_int_equal(workload_next(w, &at_ns, &draw, &err), -1);
	assert_int_equal(err.at.line, 25002);
	assert_string_equal(
		err.msg, "prompt_tokens must be a whole number from 1 to 1000000000, not 'x'");
	workload_destroy(w);
}

/* Rows 0 to 99 drawn alike: outputs 20 to 119, mean 69.5, sd sqrt((100^2 - 1)/12) = 28.87; the
 * output is always the prompt + 10. */
static void rows_of_a_trace_are_drawn_jointly(void **state)
{
	struct group_spec g = group((struct arrival_spec){ARRIVAL_POISSON, .rate_per_s = 2.0});
	struct request_draw draw;
	struct workload *w;
	double sum = 0.0;
	size_t i;

	(void)state;
	g.workload.kind = WORKLOAD_ROWS;
	g.workload.rows = write_trace(1000);
	g.workload.rows.window_s[1] = 25.0;
	w = make(&g);
	assert_near(workload_output_mean_tok(w), 69.5, 1e-12);
	assert_near(workload_output_q90_tok(w), 109.1, 1e-9); /* 20 + .9 * 99 */
	for (i = 0; i < N; i++) {
		draw = workload_draw(w);
		assert_int_equal(draw.output_tok, draw.prompt_tok + 10);
		sum += draw.output_tok;
	}
	assert_near(sum / N, 69.5, 4.0 * 28.87 / sqrt(N));
	workload_destroy(w);
}

static struct trace_spec with(struct trace_spec t, double from_s, double to_s, double rate_scale)
{
	t.window_s[0] = from_s;
	t.window_s[1] = to_s;
	t.rate_scale = rate_scale;
	return t;
}

static void bad_specs_are_refused_at_their_place(void **state)
{
	static const double none[] = {0.0, 0.0}, some[] = {2.0, -3.0}, ok[] = {2.0, 3.0};
	static const double back[] = {0.0, 5.0, 5.0}, late[] = {1.0}, rates[] = {2.0, 3.0, 4.0};
	const struct trace_spec trace = write_trace(40);
	const struct trace_spec scaled = with(trace, 0.0, HUGE_VAL, 0.0);
	const struct trace_spec early = with(trace, -2.0, HUGE_VAL, 1.0);
	const struct trace_spec empty = with(trace, 20.0, HUGE_VAL, 1.0);
	const struct trace_spec closed = with(trace, 2.0, 2.0, 1.0);
	const struct {
		struct arrival_spec a;
		const char *msg;
	} cases[] = {
		{{ARRIVAL_POISSON}, "rate must be above 0 and at most 1e+09 /s, not 0 /s"},
		{{ARRIVAL_DETERMINISTIC, .rate_per_s = 2e9},
			"rate must be above 0 and at most 1e+09 /s, not 2e+09 /s"},
		{{ARRIVAL_GAMMA, .rate_per_s = 2.0}, "cv must be from 0.001 to 100, not 0"},
		{{ARRIVAL_WEIBULL, .rate_per_s = 2.0, .cv = 200.0},
			"cv must be from 0.001 to 100, not 200"},
		{{ARRIVAL_MMPP, .n_states = 1, .rates_per_s = ok, .sojourns_s = ok},
			"mmpp needs at least 2 states, not 1"},
		{{ARRIVAL_MMPP, .n_states = 2, .rates_per_s = none, .sojourns_s = ok},
			"one of the rates must be above 0 /s"},
		{{ARRIVAL_MMPP, .n_states = 2, .rates_per_s = some, .sojourns_s = ok},
			"rate 2 must be from 0 to 1e+09 /s, not -3 /s"},
		{{ARRIVAL_MMPP, .n_states = 2, .rates_per_s = ok, .sojourns_s = none},
			"sojourn 1 must be from 1e-9 s to 1e10 s, not 0 s"},
		{{ARRIVAL_SCHEDULE}, "schedule needs at least one rate, as in '0 s: 1 /s'"},
		{{ARRIVAL_SCHEDULE, .n_steps = 1, .steps_s = late, .steps_per_s = ok},
			"schedule must start at 0 s, not at 1 s"},
		{{ARRIVAL_SCHEDULE, .n_steps = 3, .steps_s = back, .steps_per_s = rates},
			"schedule must go forward and end by 1e10 s: 5 s comes after 5 s"},
		{{ARRIVAL_SCHEDULE, .n_steps = 2, .steps_s = back, .steps_per_s = rates,
			 .repeat_s = 5.0},
			"repeat must be above the last step, 5 s, not 5 s"},
		{{ARRIVAL_SCHEDULE, .n_steps = 2, .steps_s = back, .steps_per_s = none,
			 .repeat_s = 9.0},
			"one of the rates must be above 0 /s"},
		{{ARRIVAL_SATURATED}, "outstanding must be at least 1, not 0"},
		{{ARRIVAL_CLOSED,
			 .think = {DIST_CONSTANT, .mean = -2.0, NO_CUT, .at = {"x.yaml", 12, 9}}},
			"a constant must be from 0 to 1e15, not -2"},
		{{ARRIVAL_TRACE, .trace = scaled},
			"rate_scale must be above 0 and at most 1e9, not 0"},
		{{ARRIVAL_TRACE, .trace = early}, "window must start at 0 s or later, not at -2 s"},
		{{ARRIVAL_TRACE, .trace = closed}, "window must end after 2 s, not at 2 s"},
		{{ARRIVAL_TRACE, .trace = empty}, NULL},
	};
	struct group_spec g;
	struct workload *w;
	struct err err;
	char msg[100];
	size_t i;

	(void)state;
	snprintf(msg, sizeof msg, "'%s' has no requests from 20 s on", temp_path());
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		g = group(cases[i].a);
		g.arrivals.at = (struct src_pos){"x.yaml", 12, 9};
		err = (struct err){0};
		assert_false(workload_create(&w, &g, 1, 0, &err));
		assert_null(w);
		assert_string_equal(err.msg, cases[i].msg ? cases[i].msg : msg);
		assert_int_equal(err.at.line, 12);
	}
	g = group((struct arrival_spec){ARRIVAL_POISSON, .rate_per_s = 2.0});
	g.workload.kind = WORKLOAD_TRACE;
	err = (struct err){0};
	assert_false(workload_create(&w, &g, 1, 0, &err));
	assert_string_equal(
		err.msg, "workload of 'campus' comes with its arrivals, but these are not a trace");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(renewal_gaps_have_their_mean_and_cv),
		cmocka_unit_test(poisson_gaps_are_exponential_up_to_the_tail),
		cmocka_unit_test(deterministic_arrivals_come_evenly),
		cmocka_unit_test(mmpp_reproduces_the_rates_of_azure),
		cmocka_unit_test(mmpp_counts_are_as_dispersed_as_theory_says),
		cmocka_unit_test(mmpp_takes_more_than_two_states),
		cmocka_unit_test(schedule_delivers_the_integral_of_its_rate),
		cmocka_unit_test(schedule_repeats),
		cmocka_unit_test(schedule_leaps_over_periods),
		cmocka_unit_test(schedule_may_end),
		cmocka_unit_test(arrivals_end_with_the_clock),
		cmocka_unit_test(arrivals_depend_on_seed_replication_and_name_alone),
		cmocka_unit_test(closed_groups_think_and_draw_lengths),
		cmocka_unit_test(saturated_groups_draw_lengths),
		cmocka_unit_test(traces_are_cut_shifted_and_scaled),
		cmocka_unit_test(long_traces_are_streamed),
		cmocka_unit_test(rows_of_a_trace_are_drawn_jointly),
		cmocka_unit_test(bad_specs_are_refused_at_their_place),
	};

	gsl_set_error_handler_off();
	return cmocka_run_group_tests_name("workload", tests, NULL, drop_file);
}
