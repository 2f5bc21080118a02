/* Networks that grow although each of their stations has more capacity than work, and the same ones
 * where they do not. */
#include "tests/support/check.h"

#include "tests/support/priority_network.h"

enum { RUNS = 100 };

/** m1 = m3 = .1; each station has load .1 + @heavy below 1, both heavy classes together 2 @heavy.
 */
static struct priority_network network(enum priority_kind kind, double heavy, uint32_t number)
{
	return (struct priority_network){
		.kind = kind,
		.rate_per_s = 1.0,
		.service_s = {0.1, heavy, 0.1, heavy},
		.seed = 1,
		.replication = number,
	};
}

static void expect(const int got[3], enum drift_verdict v, int most_undecided)
{
	assert_int_equal(got[1 - (int)v], 0);
	assert_in_range(got[1], 0, most_undecided);
}

/** @arrivals jobs from a cold start. */
static void cold(enum priority_kind kind, double heavy, double arrivals, enum drift_verdict v,
	int most_undecided)
{
	int got[3] = {0};

	for (uint32_t k = 1; k <= RUNS; k++) {
		struct priority_network n = network(kind, heavy, k);
		struct drift_evidence e;

		n.arrivals = arrivals;
		priority_network_run(&n, &e);
		got[1 + (int)drift_judge(&e, &(struct drift_question){.error = DRIFT_ERROR,
						     .indifference = DRIFT_INDIFFERENCE})
				.verdict]++;
	}
	expect(got, v, most_undecided);
}

/* From a backlog of 184 the fluid of Lu and Kumar's network first rises to 1 / (1 - m2) times that,
 * whether stable or not: 2.5 times at m2 = .6. So the upper end is four times the backlog. */
static void from_a_backlog(enum priority_kind kind, double heavy, enum drift_verdict v)
{
	int got[3] = {0};

	for (uint32_t k = 1; k <= RUNS; k++) {
		struct drift_evidence sum = {0}, e;
		struct drift_answer a = {.verdict = DRIFT_UNDECIDED};

		for (uint32_t r = 0; r < 20 && a.verdict == DRIFT_UNDECIDED; r++) {
			struct priority_network n = network(kind, heavy, 100 * k + r);

			n.backlog = 184;
			n.least = 2;
			n.most = 4 * n.backlog;
			n.arrivals = 1e6;
			priority_network_run(&n, &e);
			drift_evidence_add(&sum, &e);
			a = drift_judge(&sum, &(struct drift_question){.error = DRIFT_ERROR,
						      .indifference = DRIFT_INDIFFERENCE,
						      .sequential = true,
						      .from_backlog = true});
		}
		got[1 + (int)a.verdict]++;
	}
	expect(got, v, 0);
}

static void lu_and_kumar_from_a_backlog(void **state)
{
	(void)state;
	from_a_backlog(LU_KUMAR, 0.45, DRIFT_STABLE);
	from_a_backlog(LU_KUMAR, 0.55, DRIFT_UNSTABLE);
	from_a_backlog(LU_KUMAR, 0.60, DRIFT_UNSTABLE);
}

static void rybko_and_stolyar_from_a_backlog(void **state)
{
	(void)state;
	from_a_backlog(RYBKO_STOLYAR, 0.45, DRIFT_STABLE);
	from_a_backlog(RYBKO_STOLYAR, 0.55, DRIFT_UNSTABLE);
	from_a_backlog(RYBKO_STOLYAR, 0.60, DRIFT_UNSTABLE);
}

static void both_from_a_cold_start(void **state)
{
	(void)state;
	cold(LU_KUMAR, 0.45, 20000.0, DRIFT_STABLE, 20);
	cold(LU_KUMAR, 0.60, 40000.0, DRIFT_UNSTABLE, 20);
	cold(RYBKO_STOLYAR, 0.45, 20000.0, DRIFT_STABLE, 20);
	cold(RYBKO_STOLYAR, 0.60, 20000.0, DRIFT_UNSTABLE, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lu_and_kumar_from_a_backlog),
		cmocka_unit_test(rybko_and_stolyar_from_a_backlog),
		cmocka_unit_test(both_from_a_cold_start),
	};
	return cmocka_run_group_tests_name("priority networks", tests, NULL, NULL);
}
