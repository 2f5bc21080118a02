/* Drift by backlog: bins, intervals, and Eq. 22 of systems whose drift is known. */
#include "tests/support/check.h"

#include <gsl/gsl_cdf.h>
#include <stdlib.h>
#include <string.h>

#include "models/measure/drift.h"
#include "tests/support/world_fixture.h"

static void every_backlog_lies_in_its_bin(void **state)
{
	(void)state;
	assert_int_equal(drift_bin_from(DRIFT_BINS), (uint64_t)UINT32_MAX + 1);
	for (size_t b = 0; b < DRIFT_BINS; b++) {
		uint64_t from = drift_bin_from(b), to = drift_bin_from(b + 1) - 1;

		assert_true(from <= to);
		assert_int_equal(drift_bin((uint32_t)from), b);
		assert_int_equal(drift_bin((uint32_t)to), b);
		assert_true(
			(double)(to - from) <= 0.25 * (double)from); /* a quarter of an octave */
	}
}

static void put(struct drift *d, uint32_t backlog, double dN)
{
	double N = backlog, half = 0.5 * dN * dN;

	drift_slot(d, &(struct drift_step){backlog, dN, N * dN + half, half});
}

/* Three runs of one slot are three stretches of equal weight: changes 2, -1, 2 of a backlog of 6
 * have the mean 1 and the sample sd sqrt(3); of means the jackknife gives sd / sqrt(n) = 1, and t
 * of two degrees at 97.5 % is 4.302653. L changes by 6 dN + dN^2 / 2: 14, -5.5, 14, so by 7.5, and
 * the sd is 19.5 / 3 sqrt(3) = 6.5 sqrt(3). */
static void a_bin_has_the_mean_of_its_slots_and_the_interval_of_its_stretches(void **state)
{
	static const double dN[] = {2, -1, 2};
	struct drift all = {0};
	struct drift_bin_means m;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct drift one = {0};

		put(&one, 6, dN[i]);
		drift_merge(&all, &one);
		drift_finish(&one);
	}
	assert_true(drift_bin_means(&m, &all, drift_bin(6)));
	assert_near(m.slots, 3, 0);
	assert_near(m.backlog, 6, 0);
	assert_near(m.dN.mean, 1, 1e-12);
	assert_near(m.dN.half, 4.302653, 1e-6);
	assert_near(m.dL.mean, 7.5, 1e-12);
	assert_near(m.dL.half, 6.5 * 4.302653, 1e-5);
	assert_false(drift_bin_means(&m, &all, drift_bin(5)));
	drift_finish(&all);
}

static struct drift_sums total(const struct drift *d, size_t bin)
{
	struct drift_sums s = {0};

	for (size_t i = 0; i < d->n; i++) {
		s.slots += d->at[i][bin].slots;
		s.N += d->at[i][bin].N;
		s.dN += d->at[i][bin].dN;
		s.dL += d->at[i][bin].dL;
	}
	return s;
}

static void no_slot_is_lost_when_stretches_double(void **state)
{
	enum { SLOTS = 10007 };
	struct drift d = {0}, all = {0};
	double slots = 0.0, N = 0.0;

	(void)state;
	for (uint32_t i = 0; i < SLOTS; i++)
		put(&d, i % 97, 3.0);
	assert_in_range(d.n, DRIFT_OF_RUN / 2, DRIFT_OF_RUN);
	for (size_t k = 0; k < 50; k++)
		drift_merge(&all, &d);
	assert_in_range(all.n, DRIFT_OF_ALL / 2, DRIFT_OF_ALL);
	for (size_t b = 0; b < DRIFT_BINS; b++) {
		struct drift_sums s = total(&all, b);

		slots += s.slots;
		N += s.N;
		assert_near(s.dN, 3.0 * s.slots, 1e-9);
	}
	assert_near(slots, 50.0 * SLOTS, 0);
	/* 103 times 0 + ... + 96 = 4656, and 0 + ... + 15 = 120 */
	assert_near(N, 50.0 * (103 * 4656 + 120), 0);
	drift_finish(&d);
	drift_finish(&all);
}

/* dL = 7 - 0.3 N without noise, whatever the weights: N from 20 to 40, up and down. */
static void a_line_without_noise_is_found_exactly(void **state)
{
	struct drift d = {.places = 3, .most_left = 9};
	struct drift_fit f;

	(void)state;
	for (uint32_t i = 0; i < 4000; i++) {
		uint32_t N = i % 50 < 25 ? 5 + i % 50 : 54 - i % 50;

		drift_slot(&d, &(struct drift_step){N, 1.0, N < 12 ? 99.0 : 7.0 - 0.3 * N, 0.5});
	}
	f = drift_fit(&d);
	assert_near(f.threshold, 12, 0);
	assert_near(f.epsilon.mean, 0.3, 1e-9);
	assert_near(f.B.mean, 7.0, 1e-9);
	assert_near(f.epsilon.half, 0.0, 1e-9);
	drift_finish(&d);
}

/* Users who ask again at once keep N where it is, so that nothing tells B from epsilon N but the
 * proof: B is half the mean square, and epsilon B / N where L goes up and down by the same. */
static void a_backlog_that_never_changes_has_no_slope(void **state)
{
	static const uint32_t backlogs[] = {3, 5, 7, 20, 999};

	(void)state;
	for (size_t i = 0; i < sizeof backlogs / sizeof *backlogs; i++)
		for (uint32_t slots = 40; slots < 5000; slots += 418) {
			struct drift d = {0};
			struct drift_fit f;
			uint32_t N = backlogs[i];

			for (uint32_t k = 0; k < slots; k++)
				drift_slot(
					&d, &(struct drift_step){N, 0.0, k % 2 ? 2.0 : -2.0, 0.75});
			f = drift_fit(&d);
			assert_near(f.B.mean, 0.75, 1e-9);
			assert_near(f.epsilon.mean, 0.75 / N, 1e-6);
			assert_true(isfinite(f.epsilon.half));
			drift_finish(&d);
		}
}

static void without_slots_beyond_the_threshold_nothing_is_claimed(void **state)
{
	struct drift d = {.places = 3, .most_left = 9};
	struct drift_fit f;

	(void)state;
	for (uint32_t i = 0; i < 4000; i++)
		put(&d, i % 12, 1.0);
	f = drift_fit(&d);
	assert_near(f.slots, 0, 0);
	assert_true(isnan(f.epsilon.mean) && isnan(f.epsilon.half) && isnan(f.B.mean));
	drift_finish(&d);
}

/* M/M/1 in slots of tau, mu = 1 /s: with a backlog of so many that the server is busy throughout,
 * as many come as a Poisson number of mean lambda tau, and as many go as one of mean tau. So E[dN]
 * = -(1 - lambda) tau, and with L = N^2 / 2 the drift is N E[dN] + E[dN^2] / 2. */
struct known {
	double lambda, slot_s, horizon_s;
	unsigned replications, seeds;
};

static void station(struct fixture *f, const struct known *k, uint64_t seed)
{
	fixture_init(f);
	fixture_site(f, "edge", TIER_EDGE, NULL);
	fixture_station(f, "q", 0, 1.0);
	fixture_group(f, "u", k->lambda);
	fixture_policy(f, "random"); /* nobody waits at the scheduler */
	f->spec.run.seed = seed;
	f->spec.run.horizon_s = k->horizon_s;
	f->spec.record.queues_s = k->slot_s;
}

static struct drift replicate(const struct known *k, uint64_t seed)
{
	struct drift all = {0};

	for (unsigned r = 1; r <= k->replications; r++) {
		struct fixture f;

		station(&f, k, seed);
		f.replication = r;
		fixture_run(&f);
		drift_merge(&all, &f.result.drift);
		fixture_finish(&f);
	}
	return all;
}

struct misses {
	unsigned epsilon, B, of, bins, of_bins;
};

static bool missed(const struct drift_mean *m, double truth)
{
	return !(fabs(m->mean - truth) <= m->half);
}

static void look(struct misses *m, const struct known *k, uint64_t seed)
{
	double dN = -(1.0 - k->lambda) * k->slot_s;
	double B = 0.5 * ((1.0 + k->lambda) * k->slot_s + dN * dN);
	struct drift d = replicate(k, seed);
	struct drift_fit f = drift_fit(&d);
	struct drift_bin_means bin;

	m->of++;
	m->epsilon += missed(&f.epsilon, -dN);
	m->B += missed(&f.B, B);
	/* one bin of each, so that those judged are independent */
	if (drift_bin_means(&bin, &d, drift_bin((uint32_t)f.threshold)) && !isnan(bin.dN.half)) {
		m->of_bins++;
		m->bins += missed(&bin.dN, dN);
	}
	drift_finish(&d);
}

/* Of @n intervals of 95 % @missed do not hold the truth: with probability 99.9 % that is at most
 * what is due, and at least, exactly by the binomial law. */
static void judge(const char *what, unsigned missed, unsigned n)
{
	double most = gsl_cdf_binomial_Q(missed > 0 ? missed - 1 : 0, 0.05, n);
	double least = gsl_cdf_binomial_P(missed, 0.05, n);

	if ((missed > 0 && most < 1e-3) || least < 1e-3)
		fail_msg("%s: %u of %u intervals of 95 %% miss the truth", what, missed, n);
}

static struct misses cover(const struct known *k)
{
	struct misses m = {0};

	for (unsigned seed = 1; seed <= k->seeds; seed++)
		look(&m, k, seed);
	judge("epsilon", m.epsilon, m.of);
	judge("B", m.B, m.of);
	if (m.of_bins > 0)
		judge("a bin", m.bins, m.of_bins);
	return m;
}

static void a_stable_station_has_its_epsilon_and_b_within_the_intervals(void **state)
{
	struct misses m = cover(&(struct known){0.8, 1.0, 4000.0, 1, 400});

	(void)state;
	assert_true(m.of_bins > m.of / 2);
	cover(&(struct known){0.9, 0.5, 4000.0, 1, 400});
	cover(&(struct known){0.7, 2.0, 2000.0, 4, 200});
}

/* Its backlog passes by a bin within one stretch, so those have no interval. */
static void so_has_an_unstable_one(void **state)
{
	(void)state;
	cover(&(struct known){1.1, 1.0, 2000.0, 1, 400});
	cover(&(struct known){1.05, 2.0, 1000.0, 4, 200});
}

/* What a probe of the test sees, slot by slot. */
enum { MOST_SLOTS = 2000, QUEUES = 3 };

struct probe_state {
	size_t n;
	double t_s[MOST_SLOTS];
	uint32_t q[MOST_SLOTS][QUEUES];
};

static void keep(struct probe_state *p, const struct queue_sample *s)
{
	assert_int_equal(s->n, QUEUES);
	p->t_s[p->n] = (double)s->at_ns * 1e-9;
	memcpy(p->q[p->n++], s->q, sizeof *p->q);
}

static double sum(const uint32_t *q)
{
	return (double)q[0] + q[1] + q[2];
}

static double half_squares(const uint32_t *q)
{
	return 0.5 * (pow(q[0], 2.0) + pow(q[1], 2.0) + pow(q[2], 2.0));
}

/* From the series itself: pairs of slots of the window, by the backlog of the first. */
static void compare(const struct probe_state *p, const struct drift *d, double from_s, double to_s)
{
	for (size_t b = 0; b < DRIFT_BINS; b++) {
		struct drift_sums is = total(d, b), due = {0};

		for (size_t i = 1; i < p->n; i++) {
			double N = sum(p->q[i - 1]);

			if (p->t_s[i - 1] < from_s || p->t_s[i] > to_s ||
				drift_bin((uint32_t)N) != b)
				continue;
			due.slots++;
			due.N += N;
			due.dN += sum(p->q[i]) - N;
			due.dL += half_squares(p->q[i]) - half_squares(p->q[i - 1]);
		}
		assert_near(is.slots, due.slots, 0);
		assert_near(is.N, due.N, 1e-9);
		assert_near(is.dN, due.dN, 1e-9);
		assert_near(is.dL, due.dL, 1e-6);
	}
}

static const struct probe_ops keeper = {.name = "keeper", .slot = keep};

static void two_stations(struct fixture *f, struct probe_state *p)
{
	fixture_init(f);
	fixture_site(f, "edge", TIER_EDGE, NULL);
	fixture_station(f, "a", 0, 1.0);
	fixture_station(f, "b", 0, 0.4);
	f->also = (struct probe){&keeper, p};
	f->spec.record.queues_s = 0.5;
}

static void bins_are_made_of_the_slots_of_the_window(void **state)
{
	static struct probe_state p;
	struct fixture f;

	(void)state;
	p.n = 0;
	two_stations(&f, &p);
	fixture_group(&f, "u", 3.2);
	fixture_policy(&f, "k-p-fcfs");
	f.warmup_s = 60.25; /* in the middle of a slot */
	f.spec.run.horizon_s = 700.0;
	fixture_run(&f);
	assert_int_equal(p.n, 1520);
	compare(&p, &f.result.drift, 60.25, 760.25);
	fixture_finish(&f);
}

/* A hundred at once, the last at 30 s; they are drained until far beyond that. */
static void what_is_drained_when_nobody_comes_any_more_is_no_drift(void **state)
{
	static struct probe_state p;
	struct fixture f;
	char lines[4000] = "";

	(void)state;
	for (int i = 0; i < 100; i++)
		sprintf(lines + strlen(lines), "%g,10,20\n", 0.1 + 0.299 * i);
	strcat(lines, "30.1,10,20\n");
	p.n = 0;
	two_stations(&f, &p);
	f.instances[0].service = f.instances[1].service = dist_exponential(3.0);
	fixture_group(&f, "u", 1.0);
	f.spec.run.horizon_s = 400.0;
	fixture_run_trace(&f, lines);
	compare(&p, &f.result.drift, 0.0, 30.1);
	fixture_finish(&f);
}

/* 100 slots are 25 stretches of 4; 40 are 20 of 2, so 10 of 4. Side by side these are 25 stretches,
 * ten of them of eight slots, whichever comes first. */
static void runs_side_by_side_have_the_stretches_of_the_longer_one(void **state)
{
	(void)state;
	for (int longer_first = 0; longer_first < 2; longer_first++) {
		struct drift a = {0}, b = {0};
		const size_t bin = drift_bin(6);

		for (int k = 0; k < (longer_first ? 100 : 40); k++)
			put(&a, 6, 1);
		for (int k = 0; k < (longer_first ? 40 : 100); k++)
			put(&b, 6, 2);
		a.places = 3;
		b.places = 5;
		drift_beside(&a, &b);
		assert_true(a.n == 25 && a.full == 4 && a.places == 5);
		assert_near(a.at[0][bin].slots, 8, 0);
		assert_near(a.at[9][bin].dN, 12, 0);
		assert_near(a.at[10][bin].slots, 4, 0);
		assert_near(a.at[24][bin].dN, longer_first ? 4 : 8, 0);
		drift_finish(&a);
		drift_finish(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_backlog_lies_in_its_bin),
		cmocka_unit_test(a_bin_has_the_mean_of_its_slots_and_the_interval_of_its_stretches),
		cmocka_unit_test(no_slot_is_lost_when_stretches_double),
		cmocka_unit_test(a_line_without_noise_is_found_exactly),
		cmocka_unit_test(a_backlog_that_never_changes_has_no_slope),
		cmocka_unit_test(without_slots_beyond_the_threshold_nothing_is_claimed),
		cmocka_unit_test(bins_are_made_of_the_slots_of_the_window),
		cmocka_unit_test(what_is_drained_when_nobody_comes_any_more_is_no_drift),
		cmocka_unit_test(a_stable_station_has_its_epsilon_and_b_within_the_intervals),
		cmocka_unit_test(so_has_an_unstable_one),
		cmocka_unit_test(runs_side_by_side_have_the_stretches_of_the_longer_one),
	};

	return cmocka_run_group_tests_name("drift", tests, NULL, NULL);
}
