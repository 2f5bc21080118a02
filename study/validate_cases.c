/* The cases: what queueing theory knows in closed form, one row each. */
#include "study/validate.h"

#include <math.h>

/* Stations */

static double wait_mmc(const struct validate_case *c)
{
	return mmc_wait_s(c->station.slots, c->station.rho, 1.0);
}

static double wait_mg1(const struct validate_case *c)
{
	return mg1_wait_s(c->station.rho, 1.0, c->station.service_cv);
}

static double sojourn_ps(const struct validate_case *c)
{
	return mg1_ps_sojourn_s(c->station.rho, 1.0);
}

static double loss(const struct validate_case *c)
{
	return mmck_loss(c->station.slots, c->station.capacity, c->station.rho);
}

static double sojourn_repair(const struct validate_case *c)
{
	return repair_sojourn_s(c->station.slots, c->station.users, 1.0, c->station.think_s);
}

static double wait_gim1(const struct validate_case *c)
{
	struct gaps g = {c->station.arrivals == ARRIVAL_GAMMA ? gaps_gamma : gaps_hyperexponential,
		1.0 / c->station.rho, c->station.gap_cv};

	return gim1_wait_s(&g, 1.0);
}

/** ca^2 + cs^2. */
static double variability(const struct station_case *s)
{
	double gap_cv = s->arrivals == ARRIVAL_POISSON ? 1.0 : s->gap_cv;
	double service_cv = s->service == DIST_EXPONENTIAL ? 1.0 : s->service_cv;

	return gap_cv * gap_cv + service_cv * service_cv;
}

/* Whitt 1989: 2 (ca^2 + cs^2) / (1 - rho)^2 for a queue in heavy traffic; over the share that
 * waits at all. Within 11 % of the exact M/M/1 from rho = .5 on. */
static double spread_wait(const struct validate_case *c)
{
	const struct station_case *s = &c->station;

	return 2.0 * variability(s) /
	       (erlang_c(s->slots, s->rho) * (1.0 - s->rho) * (1.0 - s->rho));
}

/* A long service of x s delays lambda x / (1 - rho) others by x / 2 on average, which adds
 * lambda^2 E[S^4] / (4 (1 - rho)^2). E[S^4] = (1 + cv^2)^6 when lognormal: nearly all there is. */
static double spread_lognormal(const struct validate_case *c)
{
	double idle = 1.0 - c->station.rho, wait_s = c->kind->theory(c);
	double fourth = pow(1.0 + c->station.service_cv * c->station.service_cv, 6.0);
	double sum = c->station.rho / (2.0 * idle * wait_s);

	return spread_wait(c) + sum * sum * fourth;
}

/* A loss brings others with it: about 10 times the variance of independent ones. */
static double spread_loss(const struct validate_case *c)
{
	return 10.0 / c->kind->theory(c);
}

static double spread_repair(const struct validate_case *c)
{
	(void)c;
	return 20.0;
}

/* The relaxation time of a queue in heavy traffic (Whitt 1989). */
static double relax_station(const struct validate_case *c)
{
	const struct station_case *s = &c->station;

	return fmax(2.0, 2.0 * variability(s) / (s->slots * (1.0 - s->rho) * (1.0 - s->rho)));
}

static double relax_repair(const struct validate_case *c)
{
	return c->station.think_s * c->station.users;
}

static const struct validate_kind mmc = {"wait", "s", wait_mmc, spread_wait, relax_station,
	validate_station, METRIC_WAIT_MEAN, METRICS};
static const struct validate_kind mg1 = {"wait", "s", wait_mg1, spread_wait, relax_station,
	validate_station, METRIC_WAIT_MEAN, METRICS};
static const struct validate_kind mg1_lognormal = {"wait", "s", wait_mg1, spread_lognormal,
	relax_station, validate_station, METRIC_WAIT_MEAN, METRICS};
static const struct validate_kind ps = {"sojourn", "s", sojourn_ps, spread_wait, relax_station,
	validate_station, METRIC_E2E_MEAN, METRICS};
static const struct validate_kind mmck = {"loss", "1", loss, spread_loss, relax_station,
	validate_station, METRIC_REQUESTS_DROPPED, METRIC_REQUESTS_CREATED};
static const struct validate_kind repair = {"sojourn", "s", sojourn_repair, spread_repair,
	relax_repair, validate_station, METRIC_E2E_MEAN, METRICS};
static const struct validate_kind gim1 = {"wait", "s", wait_gim1, spread_wait, relax_station,
	validate_station, METRIC_WAIT_MEAN, METRICS};

/* Networks */

static double sojourn_network(const struct validate_case *c)
{
	return jackson_sojourn_s(c->network);
}

/* Of a queue with the load .8, which the busiest station has. */
static double spread_network(const struct validate_case *c)
{
	(void)c;
	return 4.0 / (0.2 * 0.2);
}

static const struct validate_kind jackson = {"sojourn", "s", sojourn_network, spread_network,
	spread_network, validate_network, METRICS, METRICS};

enum { TANDEM = 2, WEB = 4 };

/* Loads .8 and .6. */
static const struct jackson tandem = {
	.n = TANDEM,
	.servers = (const unsigned[TANDEM]){1, 1},
	.service_s = (const double[TANDEM]){1.0, 0.75},
	.outside_per_s = (const double[TANDEM]){0.8, 0.0},
	.route = (const double[TANDEM * TANDEM]){0.0, 1.0, 0.0, 0.0},
};

/* Loads .71 .80 .68 .50. A front end, two back ends of which one has two servers, a store; all send
 * back. */
static const struct jackson web = {
	.n = WEB,
	.servers = (const unsigned[WEB]){1, 1, 2, 1},
	.service_s = (const double[WEB]){0.7, 1.14, 2.4, 0.8},
	.outside_per_s = (const double[WEB]){0.9, 0.1, 0.0, 0.0},
	.route =
		(const double[WEB * WEB]){
			0.0, 0.4, 0.5, 0.1, /* */
			0.0, 0.1, 0.0, 0.5, /* again, on to the store, or done */
			0.2, 0.0, 0.0, 0.3, /* back to the front, on to the store, or done */
			0.0, 0.2, 0.1, 0.0, /* back to either back end, or done */
		},
};

/* The rows. Arrivals are Poisson and servers take turns by arrival unless said. */

const struct validate_case validate_cases[] = {
	{"mm1-50", "M/M/1, rho .5", &mmc, {.slots = 1, .rho = 0.5, .service = DIST_EXPONENTIAL}},
	{"mm1-90", "M/M/1, rho .9", &mmc, {.slots = 1, .rho = 0.9, .service = DIST_EXPONENTIAL}},
	{"mm1-95", "M/M/1, rho .95", &mmc, {.slots = 1, .rho = 0.95, .service = DIST_EXPONENTIAL}},
	{"mm2", "M/M/2, rho .8", &mmc, {.slots = 2, .rho = 0.8, .service = DIST_EXPONENTIAL}},
	{"mm5", "M/M/5, rho .8", &mmc, {.slots = 5, .rho = 0.8, .service = DIST_EXPONENTIAL}},
	{"mm20", "M/M/20, rho .8", &mmc, {.slots = 20, .rho = 0.8, .service = DIST_EXPONENTIAL}},
	{"md1", "M/D/1, rho .8", &mg1, {.slots = 1, .rho = 0.8, .service = DIST_CONSTANT}},
	{"mg1-lognormal", "M/G/1, rho .7, lognormal CV 2", &mg1_lognormal,
		{.slots = 1, .rho = 0.7, .service = DIST_LOGNORMAL, .service_cv = 2.0}},
	{"mg1-hyper", "M/G/1, rho .7, hyperexponential CV 2", &mg1,
		{.slots = 1, .rho = 0.7, .service = DIST_HYPEREXPONENTIAL, .service_cv = 2.0}},
	{"mm1-ps", "M/M/1-PS, rho .8", &ps,
		{.slots = 1, .discipline = DISCIPLINE_PS, .rho = 0.8, .service = DIST_EXPONENTIAL}},
	{"mg1-ps", "M/G/1-PS, rho .7, hyperexp. CV 2", &ps,
		{.slots = 1,
			.discipline = DISCIPLINE_PS,
			.rho = 0.7,
			.service = DIST_HYPEREXPONENTIAL,
			.service_cv = 2.0}},
	{"loss", "M/M/5/10, rho .83", &mmck,
		{.slots = 5, .capacity = 10, .rho = 0.83, .service = DIST_EXPONENTIAL}},
	{"repair", "M/M/2//10, think 5 s", &repair,
		{.slots = 2,
			.arrivals = ARRIVAL_CLOSED,
			.users = 10,
			.think_s = 5.0,
			.service = DIST_EXPONENTIAL}},
	{"gim1-erlang", "GI/M/1, rho .8, Erlang-4 gaps", &gim1,
		{.slots = 1,
			.arrivals = ARRIVAL_GAMMA,
			.gap_cv = 0.5,
			.rho = 0.8,
			.service = DIST_EXPONENTIAL}},
	{"gim1-hyper", "GI/M/1, rho .7, hyperexp. gaps CV 2", &gim1,
		{.slots = 1,
			.arrivals = ARRIVAL_MMPP,
			.gap_cv = 2.0,
			.rho = 0.7,
			.service = DIST_EXPONENTIAL}},
	{"tandem", "two M/M/1 in a row, rho .8 and .6", &jackson, {0}, &tandem},
	{"jackson", "four stations, random routing", &jackson, {0}, &web},
};

const size_t n_validate_cases = sizeof validate_cases / sizeof *validate_cases;
