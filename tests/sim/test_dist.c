/* Distributions: moments, shapes, truncation, refusals. Every sample comes from a fixed
 * stream, so a pass today is a pass for ever; tolerances are 4 standard errors. */
#include "tests/support/check.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_sort.h>
#include <stdlib.h>
#include <string.h>

#include "sim/dist.h"

#define N 100000u
#define NO_CUT .min = -HUGE_VAL, .max = HUGE_VAL

static struct dist *make(struct dist_spec spec)
{
	struct err err = {0};
	struct dist *d;

	if (!dist_create(&d, &spec, &err))
		fail_msg("%s", err.msg);
	return d;
}

static double sample_mean(const struct dist *d, struct rng *r, size_t n, double *sd)
{
	double x, sum = 0.0, sq = 0.0, mean;
	size_t i;

	for (i = 0; i < n; i++) {
		x = dist_draw(d, r);
		sum += x;
		sq += x * x;
	}
	mean = sum / (double)n;
	*sd = sqrt(sq / (double)n - mean * mean);
	return mean;
}

/* The mean of n draws has the standard error sd/sqrt(n); that of the standard deviation is
 * sd * sqrt((kurtosis - 1)/(4n)). */
static void check_moments(struct dist_spec spec, double mean, double sd, double kurtosis)
{
	struct dist *d = make(spec);
	struct rng r;
	double got_sd, got;

	rng_init(&r, 7, 0, "moments", "");
	got = sample_mean(d, &r, N, &got_sd);
	assert_near(dist_mean(d), mean, 1e-12 * mean);
	assert_near(got, mean, 4.0 * sd / sqrt(N));
	assert_near(got_sd, sd, 4.0 * sd * sqrt((kurtosis - 1.0) / (4.0 * N)));
	dist_destroy(d);
}

static void moments_are_those_of_the_law(void **state)
{
	static const double q[] = {2.0, 4.0, 4.0, 10.0};

	(void)state;
	/* exponential: sd = mean, kurtosis 9 */
	check_moments((struct dist_spec){DIST_EXPONENTIAL, .mean = 0.3, NO_CUT}, 0.3, 0.3, 9.0);
	/* uniform on [2, 5]: sd 3/sqrt(12), kurtosis 9/5 */
	check_moments((struct dist_spec){DIST_UNIFORM, .min = 2.0, .max = 5.0}, 3.5,
		0.8660254037844386, 1.8);
	/* erlang of k phases: cv 1/sqrt(k), kurtosis 3 + 6/k */
	check_moments((struct dist_spec){DIST_ERLANG, .mean = 6.0, .k = 4, NO_CUT}, 6.0, 3.0, 4.5);
	/* gamma of cv 2: shape 1/4, kurtosis 3 + 6 cv^2 = 27 */
	check_moments(
		(struct dist_spec){DIST_GAMMA, .mean = 5.0, .cv = 2.0, NO_CUT}, 5.0, 10.0, 27.0);
	/* weibull of shape 2 (Rayleigh): cv^2 = 4/pi - 1, kurtosis 3.245 */
	check_moments((struct dist_spec){DIST_WEIBULL, .mean = 2.0, .shape = 2.0, NO_CUT}, 2.0,
		1.0454496, 3.245);
	/* lognormal of cv .5, w = 1.25: kurtosis w^4 + 2 w^3 + 3 w^2 - 3 = 8.035 */
	check_moments((struct dist_spec){DIST_LOGNORMAL, .mean = 200.0, .cv = 0.5, NO_CUT}, 200.0,
		100.0, 8.035);
	/* geometric of mean 4, p = 1/4: variance (1 - p)/p^2 = 12, kurtosis 9 + 1/12 */
	check_moments((struct dist_spec){DIST_GEOMETRIC, .mean = 4.0, NO_CUT}, 4.0,
		3.4641016151377544, 9.0834);
	/* empirical 2, 4, 4, 10: a third each of U[2, 4], the atom 4, U[4, 10]: mean 14/3,
	 * E[X^2] = (28/3 + 16 + 52)/3 = 25.7778, variance 4; fourth moment about the mean
	 * ((2.667^5 - .667^5)/10 + .667^4 + (5.333^5 + .667^5)/30)/3 = 52.5: kurtosis 3.28 */
	check_moments((struct dist_spec){DIST_EMPIRICAL, .quantiles = q, .n_quantiles = 4, NO_CUT},
		14.0 / 3.0, 2.0, 3.28);
}

/* Balanced means at cv 2: p = (1 + sqrt(3/5))/2 = .887298, phases 1/(2p) and 1/(2(1 - p)):
 * .563508 and 4.436492. E[X^4] = 24 sum p m^4, about the mean: kurtosis
 * 52.3. */
static void hyperexponential_has_two_phases_of_equal_weight(void **state)
{
	const struct dist_spec spec = {DIST_HYPEREXPONENTIAL, .mean = 1.0, .cv = 2.0, NO_CUT};
	struct dist *d;
	struct rng r;
	size_t i, over = 0;
	double p;

	(void)state;
	check_moments(spec, 1.0, 2.0, 52.3);
	d = make(spec);
	rng_init(&r, 3, 0, "hyper", "");
	for (i = 0; i < N; i++)
		over += dist_draw(d, &r) > 6.0;
	/* P(X > 6) = .887298 exp(-6/.563508) + .112702 exp(-6/4.436492) = .029171 */
	p = 0.887298 * exp(-6.0 / 0.563508) + 0.112702 * exp(-6.0 / 4.436492);
	assert_near((double)over / N, p, 4.0 * sqrt(p * (1.0 - p) / N));
	dist_destroy(d);
}

/* Kolmogorov: sqrt(n) times the largest distance is below 1.95 in 99.9 % of samples. */
static double ks_distance(struct dist_spec spec, double (*cdf)(double x))
{
	double *x = malloc(N * sizeof *x), worst = 0.0, f;
	struct dist *d = make(spec);
	struct rng r;
	size_t i;

	assert_non_null(x);
	rng_init(&r, 11, 0, "ks", "");
	for (i = 0; i < N; i++)
		x[i] = dist_draw(d, &r);
	gsl_sort(x, 1, N);
	for (i = 0; i < N; i++) {
		f = cdf(x[i]);
		worst = fmax(worst, fmax(f - (double)i / N, (double)(i + 1) / N - f));
	}
	dist_destroy(d);
	free(x);
	return worst * sqrt(N);
}

static double cdf_gamma_cv2(double x)
{
	return gsl_cdf_gamma_P(x, 0.25, 20.0); /* mean 5 */
}

static double cdf_weibull(double x)
{
	return gsl_cdf_weibull_P(x, 2.0, 0.5); /* shape .5: mean = scale * G(3) = 4 */
}

static double cdf_lognormal(double x)
{
	/* cv 1: sigma^2 = ln 2; mean 3: mu = ln 3 - ln(2)/2 */
	return gsl_cdf_lognormal_P(x, 0.7520386983881371, 0.8325546111576977);
}

static double cdf_exponential_cut(double x)
{
	/* of mean 2 on [1, 5]: (e^-.5 - e^(-x/2))/(e^-.5 - e^-2.5) */
	return (exp(-0.5) - exp(-0.5 * x)) / (exp(-0.5) - exp(-2.5));
}

static void draws_follow_the_distribution_function(void **state)
{
	(void)state;
	assert_true(ks_distance((struct dist_spec){DIST_GAMMA, .mean = 5.0, .cv = 2.0, NO_CUT},
			    cdf_gamma_cv2) < 1.95);
	assert_true(ks_distance((struct dist_spec){DIST_WEIBULL, .mean = 4.0, .shape = 0.5, NO_CUT},
			    cdf_weibull) < 1.95);
	assert_true(ks_distance((struct dist_spec){DIST_LOGNORMAL, .mean = 3.0, .cv = 1.0, NO_CUT},
			    cdf_lognormal) < 1.95);
	assert_true(ks_distance((struct dist_spec){DIST_EXPONENTIAL, .mean = 2.0, .min = 1.0,
					.max = 5.0},
			    cdf_exponential_cut) < 1.95);
}

/* Every law cut to a window: no draw outside, and the mean that dist_mean() states is the
 * sample's. This holds the partial means against the samplers. */
static void truncation_redraws_and_states_its_mean(void **state)
{
	static const double q[] = {2.0, 4.0, 4.0, 10.0};
	const struct dist_spec specs[] = {
		{DIST_EXPONENTIAL, .mean = 2.0, .min = 1.0, .max = 5.0},
		{DIST_ERLANG, .mean = 2.0, .k = 3, .min = 1.0, .max = 2.5},
		{DIST_GAMMA, .mean = 5.0, .cv = 2.0, .min = 2.0, .max = HUGE_VAL},
		{DIST_WEIBULL, .mean = 4.0, .shape = 0.5, .min = -HUGE_VAL, .max = 9.0},
		{DIST_LOGNORMAL, .mean = 200.0, .cv = 0.8, .min = 50.0, .max = 300.0},
		{DIST_HYPEREXPONENTIAL, .mean = 3.0, .cv = 3.0, .min = 0.5, .max = 20.0},
		{DIST_GEOMETRIC, .mean = 6.0, .min = 3.0, .max = 8.0},
		{DIST_EMPIRICAL, .quantiles = q, .n_quantiles = 4, .min = 4.0, .max = 7.0},
		{DIST_EMPIRICAL, .quantiles = q, .n_quantiles = 4, .min = 3.0, .max = 4.0},
	};
	double sd, got, x;
	struct dist *d;
	struct rng r;
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof specs / sizeof specs[0]; i++) {
		d = make(specs[i]);
		rng_init(&r, 5, 0, "cut", "");
		got = sample_mean(d, &r, N, &sd);
		assert_near(dist_mean(d), got, 4.0 * sd / sqrt(N));
		for (j = 0; j < 10000; j++) {
			x = dist_draw(d, &r);
			assert_true(x >= specs[i].min && x <= specs[i].max);
		}
		dist_destroy(d);
	}
}

/* Exponential of mean 2 on [1, 5]: mean = 2 + (e^-.5 - 5 e^-2.5)/(e^-.5 - e^-2.5) = 2.3739. */
static void truncated_exponential_mean_is_the_closed_form(void **state)
{
	struct dist *d =
		make((struct dist_spec){DIST_EXPONENTIAL, .mean = 2.0, .min = 1.0, .max = 5.0});

	(void)state;
	assert_near(
		dist_mean(d), 2.0 + (exp(-0.5) - 5.0 * exp(-2.5)) / (exp(-0.5) - exp(-2.5)), 1e-12);
	/* median: e^(-x/2) is halfway */
	assert_near(dist_quantile(d, 0.5), -2.0 * log(0.5 * (exp(-0.5) + exp(-2.5))), 1e-12);
	dist_destroy(d);
}

static void quantiles_invert_the_law(void **state)
{
	static const double q[] = {2.0, 4.0, 4.0, 10.0};
	struct dist *d = make((struct dist_spec){DIST_EXPONENTIAL, .mean = 7.0, NO_CUT});

	(void)state;
	assert_near(dist_quantile(d, 0.9), 7.0 * log(10.0), 1e-12);
	dist_destroy(d);
	/* geometric of mean 4: 1 - .75^8 = .89989, 1 - .75^9 = .92492 */
	d = make((struct dist_spec){DIST_GEOMETRIC, .mean = 4.0, NO_CUT});
	assert_near(dist_quantile(d, 0.9), 9.0, 1e-12);
	dist_destroy(d);
	d = make((struct dist_spec){DIST_CONSTANT, .mean = 96.0, NO_CUT});
	assert_near(dist_quantile(d, 0.9), 96.0, 0.0);
	dist_destroy(d);
	/* u = .9 is .7 of the way from 4 to 10; u = .5 lies in the atom */
	d = make((struct dist_spec){DIST_EMPIRICAL, .quantiles = q, .n_quantiles = 4, NO_CUT});
	assert_near(dist_quantile(d, 0.9), 8.2, 1e-12);
	assert_near(dist_quantile(d, 0.5), 4.0, 1e-12);
	dist_destroy(d);
}

/* A weibull of shape 2 has cv^2 = 4/pi - 1; of shape 1/2, cv^2 = 24/4 - 1 = 5. */
static void weibull_shape_follows_from_its_cv(void **state)
{
	(void)state;
	assert_near(weibull_shape_of_cv(sqrt(4.0 / M_PI - 1.0)), 2.0, 1e-9);
	assert_near(weibull_shape_of_cv(sqrt(5.0)), 0.5, 1e-9);
}

/* Exponential of mean 3 rounded: P(1) = P(X < 1.5) = 1 - e^-.5, P(2) = e^-.5 - e^(-2.5/3). */
static void tokens_are_rounded_and_at_least_one(void **state)
{
	struct dist *d = make((struct dist_spec){DIST_EXPONENTIAL, .mean = 3.0, NO_CUT});
	size_t ones = 0, twos = 0, i;
	double p1 = 1.0 - exp(-0.5), p2 = exp(-0.5) - exp(-2.5 / 3.0);
	struct rng r;
	uint32_t tok;

	(void)state;
	rng_init(&r, 2, 0, "tok", "");
	for (i = 0; i < N; i++) {
		tok = dist_draw_count(d, &r);
		assert_true(tok >= 1);
		ones += tok == 1;
		twos += tok == 2;
	}
	assert_near((double)ones / N, p1, 4.0 * sqrt(p1 * (1.0 - p1) / N));
	assert_near((double)twos / N, p2, 4.0 * sqrt(p2 * (1.0 - p2) / N));
	dist_destroy(d);
	d = make((struct dist_spec){DIST_CONSTANT, .mean = 1e14, NO_CUT});
	assert_int_equal(dist_draw_count(d, &r), DIST_COUNT_MAX);
	dist_destroy(d);
	d = make((struct dist_spec){DIST_CONSTANT, .mean = 95.5, NO_CUT});
	assert_int_equal(dist_draw_count(d, &r), 96);
	dist_destroy(d);
}

static void bad_parameters_are_refused_at_their_place(void **state)
{
	static const double down[] = {3.0, 2.0};
	static const double one[] = {3.0};
	const struct {
		struct dist_spec spec;
		const char *msg;
	} cases[] = {
		{{DIST_CONSTANT, .mean = -3.0, NO_CUT},
			"a constant must be from 0 to 1e15, not -3"},
		{{DIST_EXPONENTIAL, .mean = 0.0, NO_CUT},
			"mean of exponential must be above 0 and at most 1e15, not 0"},
		{{DIST_GEOMETRIC, .mean = 0.5, NO_CUT},
			"mean of geometric must be from 1 to 1e15, not 0.5"},
		{{DIST_UNIFORM, .min = 2.0, .max = HUGE_VAL}, "uniform needs both min and max"},
		{{DIST_UNIFORM, .min = -2.0, .max = 3.0},
			"min of uniform must be at least 0, not -2"},
		{{DIST_UNIFORM, .min = 3.0, .max = 3.0},
			"max of uniform must be above min and at most 1e15, not 3"},
		{{DIST_ERLANG, .mean = 2.0, .k = 0, NO_CUT},
			"k of erlang must be from 1 to 10000, not 0"},
		{{DIST_GAMMA, .mean = 2.0, .cv = 0.0, NO_CUT},
			"cv of gamma must be from 0.001 to 100, not 0"},
		{{DIST_LOGNORMAL, .mean = 2.0, .cv = -0.5, NO_CUT},
			"cv of lognormal must be from 0.001 to 100, not -0.5"},
		{{DIST_HYPEREXPONENTIAL, .mean = 2.0, .cv = 1.0, NO_CUT},
			"cv of hyperexponential must be above 1 and at most 100, not 1"},
		{{DIST_WEIBULL, .mean = 2.0, .shape = 0.0, NO_CUT},
			"shape of weibull must be from 0.1 to 1000, not 0"},
		{{DIST_EMPIRICAL, .quantiles = one, .n_quantiles = 1, NO_CUT},
			"quantiles must be at least 2 numbers, not 1"},
		{{DIST_EMPIRICAL, .quantiles = down, .n_quantiles = 2, NO_CUT},
			"quantile 2 must not be below the one before: 2 < 3"},
		{{DIST_EXPONENTIAL, .mean = 2.0, .min = 5.0, .max = 4.0},
			"min must be at most max, not 5 > 4"},
		/* e^-10 = 4.54e-5 */
		{{DIST_EXPONENTIAL, .mean = 2.0, .min = 20.0, .max = HUGE_VAL},
			"0.0045 % of exponential lies between min and max; it must be at least 0.1 "
			"%"},
		{{DIST_CONSTANT, .mean = 7.0, .min = 8.0, .max = HUGE_VAL},
			"0 % of constant lies between min and max; it must be at least 0.1 %"},
	};
	struct dist_spec spec;
	struct dist *d;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		spec = cases[i].spec;
		spec.at = (struct src_pos){"x.yaml", 12, 9};
		err = (struct err){0};
		assert_false(dist_create(&d, &spec, &err));
		assert_null(d);
		assert_string_equal(err.msg, cases[i].msg);
		assert_int_equal(err.at.line, 12);
		assert_int_equal(err.at.col, 9);
	}
	spec = (struct dist_spec){DIST_EXPONENTIAL, .mean = (double)NAN, NO_CUT};
	err = (struct err){0};
	assert_false(dist_create(&d, &spec, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moments_are_those_of_the_law),
		cmocka_unit_test(hyperexponential_has_two_phases_of_equal_weight),
		cmocka_unit_test(draws_follow_the_distribution_function),
		cmocka_unit_test(truncation_redraws_and_states_its_mean),
		cmocka_unit_test(truncated_exponential_mean_is_the_closed_form),
		cmocka_unit_test(quantiles_invert_the_law),
		cmocka_unit_test(weibull_shape_follows_from_its_cv),
		cmocka_unit_test(tokens_are_rounded_and_at_least_one),
		cmocka_unit_test(bad_parameters_are_refused_at_their_place),
	};

	gsl_set_error_handler_off();
	return cmocka_run_group_tests_name("dist", tests, NULL, NULL);
}
