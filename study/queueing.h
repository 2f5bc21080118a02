#ifndef OFFING_STUDY_QUEUEING_H
#define OFFING_STUDY_QUEUEING_H

#include <stddef.h>

/**
 * What queueing theory says of the stations that have a closed form. Rates are
 * per second, @rho is the load of one server, all of it in the steady state.
 * docs/queueing.md has the formulas and where they come from.
 */

/** Erlang C: the share of arrivals that wait in M/M/c; 0 < @rho < 1, @servers > 0. */
double erlang_c(unsigned servers, double rho);

/** Mean wait in M/M/c, s. */
double mmc_wait_s(unsigned servers, double rho, double service_s);

/** Mean wait in M/G/1, s: Pollaczek and Khinchine. @service_cv = 0 is M/D/1. */
double mg1_wait_s(double rho, double service_s, double service_cv);

/** Mean sojourn in M/G/1 under processor sharing, s, whatever the law of the service. */
double mg1_ps_sojourn_s(double rho, double service_s);

/** Share of arrivals lost in M/M/c/K; @rho > 0, not 1; @capacity >= @servers, waiting included. */
double mmck_loss(unsigned servers, unsigned capacity, double rho);

/** Mean sojourn at the repairmen, s: @users think for exponential times of mean @think_s. */
double repair_sojourn_s(unsigned servers, unsigned users, double service_s, double think_s);

/**
 * Gaps between arrivals, by their Laplace transform A*(s). Hyperexponential gaps have two phases
 * with balanced means (as DIST_HYPEREXPONENTIAL); they come from an interrupted Poisson process.
 */
struct gaps {
	double (*transform)(const struct gaps *g, double s);
	double mean_s, cv;
};

/** Gamma law; Erlang-k at cv = 1 / sqrt(k). */
double gaps_gamma(const struct gaps *g, double s);
/** cv > 1. */
double gaps_hyperexponential(const struct gaps *g, double s);

/** Mean wait in GI/M/1, s, from the root in (0, 1) of sigma = A*(mu (1 - sigma)); the load
 *  service_s / mean_s is below 1. */
double gim1_wait_s(const struct gaps *g, double service_s);

/** The two-state process whose gaps are hyperexponential: rate on, mean sojourns on and off. */
struct interrupted {
	double rate_per_s, on_s, off_s;
};
struct interrupted interrupted_of(double mean_s, double cv);

/** An open network of M/M/c stations with random routing. Arrays of @n, all borrowed. */
struct jackson {
	size_t n;
	const unsigned *servers;
	const double *service_s;
	const double *outside_per_s; /* Poisson arrivals from outside */
	const double *route;         /* [from * n + to]; what is left of 1 leaves */
};

/** Arrivals at each station, from everywhere, 1/s: the traffic equations. */
void jackson_rates(double *out_per_s, const struct jackson *net);

/** Mean time from entering to leaving, s. Every station is below a load of 1. */
double jackson_sojourn_s(const struct jackson *net);

#endif
