/* Random delay and loss against the formulas that define them. */
#include "tests/support/check.h"

#include <math.h>

#include "models/net/netem.h"
#include "sim/stat.h"

enum { DRAWS = 200000 };

/* Uniform on -1 .. 1: 0.75 is 0.5. Normal: the 0.975 point is 1.959964; the table ends at
 * 32767 / 8192 = 3.99988. Pareto: v = 1 - 0.875 = 1/8, v^(-1/3) = 2, (2 - 1.5) 4/3 = 2/3; at
 * v = 1e-6 it would be 98.5 4/3. Both: 0.25 x 1.150349 + 0.75 x 2/3 = 0.787587. */
static void laws_have_their_quantiles(void **state)
{
	(void)state;
	assert_near(netem_quantile(NETEM_UNIFORM, 0.75), 0.5, 1e-15);
	assert_near(netem_quantile(NETEM_NORMAL, 0.975), 1.959964, 1e-6);
	assert_near(netem_quantile(NETEM_NORMAL, 1.0 - 1e-9), 3.99988, 1e-5);
	assert_near(netem_quantile(NETEM_PARETO, 0.875), 2.0 / 3.0, 1e-12);
	assert_near(netem_quantile(NETEM_PARETO, 1.0 - 1e-6), 3.99988, 1e-5);
	assert_near(netem_quantile(NETEM_PARETONORMAL, 0.875), 0.787587, 1e-6);
}

/* x = (1 - r) u + r x': variance of u, 1/12, times (1 - r) / (1 + r), and r from one to the
 * next. With r = 0.6 and 3 ms of jitter: 36e-6 / 12 x 0.25 = 0.75e-6 s2, sd 0.866 ms. */
static void correlation_narrows_the_law(void **state)
{
	struct netem n = {.jitter_s = 3e-3, .delay_correlation = 0.6};
	struct netem_state s;
	struct stat_mean x = {0}, xx = {0};
	double before;

	(void)state;
	netem_init(&s, 3, 0, "test");
	before = netem_jitter_s(&n, &s);
	for (size_t i = 0; i < DRAWS; i++) {
		double now = netem_jitter_s(&n, &s);

		stat_mean_add(&x, now);
		stat_mean_add(&xx, now * before);
		before = now;
	}
	assert_near(x.mean, 0.0, 2e-5);
	assert_ratio(stat_mean_sd(&x), sqrt(0.75e-6), 0.01);
	assert_near(xx.mean / 0.75e-6, 0.6, 0.02);
}

/* Gilbert-Elliott, p = 2 %, r = 25 %, 80 % lost in bad and 1 % in good: (0.25 x 0.01 + 0.02 x 0.8)
 * / 0.27 = 6.852 %. After a packet in bad the next is in bad with 0.75. */
static void losses_come_in_bursts(void **state)
{
	struct netem n = {.loss = NETEM_LOSS_GEMODEL,
		.loss_p = 0.02,
		.loss_r = 0.25,
		.loss_in_bad = 0.8,
		.loss_in_good = 0.01};
	struct netem_state s;
	size_t lost = 0, bad = 0, stayed = 0;

	(void)state;
	netem_init(&s, 3, 0, "test");
	assert_near(netem_loss_rate(&n), 0.0185 / 0.27, 1e-15);
	for (size_t i = 0; i < DRAWS; i++) {
		bool was = s.bad;

		lost += netem_lost(&n, &s);
		bad += was;
		stayed += was && s.bad;
	}
	assert_ratio((double)lost / DRAWS, 0.0185 / 0.27, 0.05);
	assert_ratio((double)stayed / (double)bad, 0.75, 0.02);
}

/* The largest of X_i - i spacing by drawing every packet, for more packets than are drawn one by
 * one: the means of 4000 such messages agree. */
static void the_last_of_many_packets_is_drawn_at_once(void **state)
{
	struct netem n = {.jitter_s = 5e-3, .distribution = NETEM_NORMAL};
	struct netem_state s, naive;
	struct stat_mean fast = {0}, slow = {0};

	(void)state;
	netem_init(&s, 4, 0, "test");
	netem_init(&naive, 4, 0, "naive");
	for (size_t k = 0; k < 4000; k++) {
		double last_s = -HUGE_VAL;

		for (size_t i = 0; i < 300; i++)
			last_s = fmax(last_s, netem_jitter_s(&n, &naive) - (double)i * 20e-6);
		stat_mean_add(&slow, last_s);
		stat_mean_add(&fast, netem_last_s(&n, &s, 1.0, 300.0, 20e-6));
	}
	assert_ratio(fast.mean, slow.mean, 0.02);
	assert_ratio(stat_mean_sd(&fast), stat_mean_sd(&slow), 0.08);
}

/* A message without an answer: of 40 packets 10 % are lost, of these again 10 %, ...:
 * 40 x 0.1 / 0.9 = 4.444 sent again. The last of n packets arrives after k time-outs with
 * probability (1 - p^(k+1))^n; the mean number of rounds is the sum of 1 - (1 - p^k)^n:
 * 0.98522 + 0.33103 + 0.03921 + 0.00399 + 0.0004 + 0.00004 = 1.35989; each costs 0.2 s and 1 ms a
 * packet: 0.271978 + 0.004444 = 0.276422 s. */
static void what_is_lost_is_sent_again(void **state)
{
	struct netem n = {.loss = NETEM_LOSS_RANDOM, .loss_p = 0.1};
	struct netem_state s;
	struct stat_mean extra = {0}, resent = {0};

	(void)state;
	netem_init(&s, 5, 0, "test");
	for (size_t k = 0; k < 40000; k++) {
		struct loss_cost c =
			netem_loss_cost(&n, &s, TRANSPORT_DATAGRAM, 40.0, 1e-3, 20e-3, 0.2);

		stat_mean_add(&extra, c.extra_s);
		stat_mean_add(&resent, c.resent_packets);
	}
	assert_ratio(resent.mean, 40.0 / 9.0, 0.01);
	assert_ratio(extra.mean, 0.276422, 0.01);
}

/* TCP, 200000 packets of 0.1 ms over a round trip of 100 ms: the window decides. In the long run
 * a loss every 1/p packets, the window between 0.7 w and w in steps of 0.53: 0.3 w / 0.53
 * rounds of 0.85 w packets between two losses: w = sqrt(0.53 / (0.255 p)), 45.6 at p = 0.1 %,
 * 38.75 packets a round trip: 516 s. One in 1000 is sent again. Within 15 %: losses do not come
 * at equal steps, and slow start is in the mean. A lossless message has no cost. */
static void loss_holds_the_window_of_tcp_down(void **state)
{
	struct netem n = {.loss = NETEM_LOSS_RANDOM, .loss_p = 1e-3};
	struct netem_state s;
	struct stat_mean extra = {0}, resent = {0};

	(void)state;
	netem_init(&s, 6, 0, "test");
	for (size_t k = 0; k < 100; k++) {
		struct loss_cost c = netem_loss_cost(&n, &s, TRANSPORT_TCP, 2e5, 1e-4, 0.1, 0.2);

		stat_mean_add(&extra, c.extra_s);
		stat_mean_add(&resent, c.resent_packets);
	}
	assert_ratio(resent.mean, 200.2, 0.03);
	assert_ratio(20.0 + extra.mean, 516.0, 0.15); /* without loss: the packets' 20 s */
	n.loss_p = 0.0;
	assert_near(
		netem_loss_cost(&n, &s, TRANSPORT_TCP, 5000.0, 1e-4, 0.1, 0.2).extra_s, 0.0, 1e-12);
}

/* 10^12 packets, each lost with 10 %, in bursts or not, until all are there: a ninth of them are
 * sent again. One by one that would take hours. */
static void a_message_beyond_counting_loses_its_share(void **state)
{
	const struct netem apart = {.loss = NETEM_LOSS_RANDOM, .loss_p = 0.1};
	const struct netem bursts = {
		.loss = NETEM_LOSS_GEMODEL, .loss_p = 0.02, .loss_r = 0.18, .loss_in_bad = 1.0};
	const struct netem *const both[] = {&apart, &bursts};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct netem_state s;
		struct loss_cost c;

		netem_init(&s, 7, 1, "l");
		c = netem_loss_cost(both[i], &s, TRANSPORT_DATAGRAM, 1e12, 1e-6, 1e-3, 0.2);
		assert_ratio(c.resent_packets, 1e12 / 9.0, 1e-3);
		assert_ratio(c.extra_s, 1e12 / 9.0 * 1e-6, 1e-3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(laws_have_their_quantiles),
		cmocka_unit_test(correlation_narrows_the_law),
		cmocka_unit_test(losses_come_in_bursts),
		cmocka_unit_test(the_last_of_many_packets_is_drawn_at_once),
		cmocka_unit_test(what_is_lost_is_sent_again),
		cmocka_unit_test(loss_holds_the_window_of_tcp_down),
		cmocka_unit_test(a_message_beyond_counting_loses_its_share),
	};

	return cmocka_run_group_tests_name("netem", tests, NULL, NULL);
}
