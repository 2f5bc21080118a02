/* The closed forms themselves, against arithmetic and tables. */
#include "tests/support/check.h"

#include "study/queueing.h"

/* a = 1.6: (1.6^2 / 2) / .2 = 6.4; C = 6.4 / (1 + 1.6 + 6.4) = .711111, the mean wait
 * C / (2 - 1.6) = 1.777778 s. C(5, 4 erlang) is .5541 in every table. */
static void erlang_c_of_two_and_five(void **state)
{
	(void)state;
	assert_near(erlang_c(2, 0.8), 0.711111, 1e-6);
	assert_near(mmc_wait_s(2, 0.8, 1.0), 1.777778, 1e-6);
	assert_near(mmc_wait_s(2, 0.8, 3.0), 5.333333, 1e-6);
	assert_near(erlang_c(5, 0.8), 0.5541, 5e-5);
}

/* rho / (1 - rho) = 7/3 s; half of it when the service is constant, 5/2 of it at CV 2. */
static void one_server_by_pollaczek_and_khinchine(void **state)
{
	(void)state;
	assert_near(mmc_wait_s(1, 0.7, 1.0), 7.0 / 3.0, 1e-12);
	assert_near(mg1_wait_s(0.7, 1.0, 0.0), 7.0 / 6.0, 1e-12);
	assert_near(mg1_wait_s(0.7, 1.0, 2.0), 35.0 / 6.0, 1e-12);
	assert_near(mg1_ps_sojourn_s(0.75, 2.0), 8.0, 1e-12);
}

/* M/M/2/4, a = 1.5: states 1, 1.5, 1.125, .84375, .6328125, together 5.1015625. */
static void loss_of_a_small_station(void **state)
{
	(void)state;
	assert_near(mmck_loss(2, 4, 0.75), 0.6328125 / 5.1015625, 1e-12);
}

/* Two users, one repairman, thinking as long as served: states 1, 2, 2. Busy 4/5 of the time,
 * so .8 a second get through; (2 + 2 x 2) / 5 = 1.2 are there, for 1.5 s each. */
static void two_machines_one_repairman(void **state)
{
	(void)state;
	assert_near(repair_sojourn_s(1, 2, 1.0, 1.0), 1.5, 1e-12);
}

/* Erlang-2 gaps at .7: sigma = (1.4 / (1.4 + 1 - sigma))^2 without its root 1 is
 * sigma^2 - 3.8 sigma + 1.96 = 0: .6154769, a wait of 1.600625 s. At CV 1 it is M/M/1. */
static void erlang_gaps(void **state)
{
	const struct gaps two = {gaps_gamma, 1.0 / 0.7, sqrt(0.5)};
	const struct gaps one = {gaps_gamma, 1.0 / 0.7, 1.0};

	(void)state;
	assert_near(gim1_wait_s(&two, 1.0), 1.600625, 1e-5);
	assert_near(gim1_wait_s(&one, 1.0), 7.0 / 3.0, 1e-9);
}

/* CV^2 = 5/3 at a mean of 2 s: p1 = (1 + sqrt(1/4)) / 2 = .75, rates .75 and .25. With
 * x = 1 - sigma: .1875 + .625 x = (1 - x)(x^2 + x + .1875), so x^2 = .1875. */
static void hyperexponential_gaps(void **state)
{
	const struct gaps g = {gaps_hyperexponential, 2.0, sqrt(5.0 / 3.0)};
	const double x = sqrt(0.1875);

	(void)state;
	assert_near(gim1_wait_s(&g, 1.0), (1.0 - x) / x, 1e-9);
}

/* The same law as an interrupted Poisson process: rate .75^2 + .25^2 = .625 when on, off at
 * .75 x .25 / .625 = .3, and 1 - .625 - .3 = .075 the other way. */
static void hyperexponential_gaps_are_an_interrupted_poisson_process(void **state)
{
	const struct interrupted i = interrupted_of(2.0, sqrt(5.0 / 3.0));

	(void)state;
	assert_near(i.rate_per_s, 0.625, 1e-12);
	assert_near(i.off_s, 1.0 / 0.3, 1e-12);
	assert_near(i.on_s, 1.0 / 0.075, 1e-11);
}

/* Every other customer comes back: .2 / (1 - .5) = .4 a second of 1 s each, .4 / .6 there. */
static void a_queue_that_feeds_itself(void **state)
{
	const unsigned servers[] = {1};
	const double service_s[] = {1.0}, outside_per_s[] = {0.2}, route[] = {0.5};
	const struct jackson net = {1, servers, service_s, outside_per_s, route};

	(void)state;
	assert_near(jackson_sojourn_s(&net), 0.4 / 0.6 / 0.2, 1e-12);
}

/* a gets .5 a second from outside and a third of what leaves b; b gets .25 and half of what leaves
 * a: a = .5 + b / 3 and b = .25 + a / 2 give a = .7 and b = .6. */
static void traffic_equations(void **state)
{
	const unsigned servers[] = {1, 2};
	const double service_s[] = {1.0, 1.0}, outside_per_s[] = {0.5, 0.25};
	const double route[] = {0.0, 0.5, 1.0 / 3.0, 0.0};
	const struct jackson net = {2, servers, service_s, outside_per_s, route};
	double rate_per_s[2];

	(void)state;
	jackson_rates(rate_per_s, &net);
	assert_near(rate_per_s[0], 0.7, 1e-12);
	assert_near(rate_per_s[1], 0.6, 1e-12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(erlang_c_of_two_and_five),
		cmocka_unit_test(one_server_by_pollaczek_and_khinchine),
		cmocka_unit_test(loss_of_a_small_station),
		cmocka_unit_test(two_machines_one_repairman),
		cmocka_unit_test(erlang_gaps),
		cmocka_unit_test(hyperexponential_gaps),
		cmocka_unit_test(hyperexponential_gaps_are_an_interrupted_poisson_process),
		cmocka_unit_test(a_queue_that_feeds_itself),
		cmocka_unit_test(traffic_equations),
	};
	return cmocka_run_group_tests_name("queueing", tests, NULL, NULL);
}
