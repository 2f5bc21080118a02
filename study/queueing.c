#include "study/queueing.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_errno.h>
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_roots.h>

#include "base/mem.h"

/* Markov chains of one station */

double erlang_c(unsigned servers, double rho)
{
	double a = rho * servers, b = 1.0;

	assert(servers > 0 && rho > 0.0 && rho < 1.0);
	for (unsigned k = 1; k <= servers; k++) /* Erlang B: B(k) = a B(k-1) / (k + a B(k-1)) */
		b = a * b / (k + a * b);
	return b / (1.0 - rho * (1.0 - b));
}

double mmc_wait_s(unsigned servers, double rho, double service_s)
{
	return erlang_c(servers, rho) * service_s / (servers * (1.0 - rho));
}

double mg1_wait_s(double rho, double service_s, double service_cv)
{
	assert(rho > 0.0 && rho < 1.0);
	return rho * service_s * (1.0 + service_cv * service_cv) / (2.0 * (1.0 - rho));
}

double mg1_ps_sojourn_s(double rho, double service_s)
{
	assert(rho > 0.0 && rho < 1.0);
	return service_s / (1.0 - rho);
}

double mmck_loss(unsigned servers, unsigned capacity, double rho)
{
	double p = 1.0, sum = 1.0; /* of the states so far, in units of the empty one */

	assert(servers > 0 && capacity >= servers && rho > 0.0);
	for (unsigned n = 1; n <= capacity; n++) {
		p *= rho * servers / (n < servers ? n : servers);
		sum += p;
	}
	return p / sum;
}

double repair_sojourn_s(unsigned servers, unsigned users, double service_s, double think_s)
{
	double p = 1.0, sum = 1.0, busy = 0.0, there = 0.0;

	for (unsigned n = 1; n <= users; n++) {
		unsigned working = n < servers ? n : servers;

		p *= (users - n + 1) * service_s / (think_s * working);
		sum += p;
		busy += p * working;
		there += p * n;
	}
	assert(sum > 0.0 && users > 0);
	return there / (busy / service_s); /* Little's law; busy / service_s is the throughput */
}

/* GI/M/1 */

double gaps_gamma(const struct gaps *g, double s)
{
	double shape = 1.0 / (g->cv * g->cv);

	return pow(1.0 + s * g->mean_s / shape, -shape);
}

/** Phase 1 is taken with probability *p1; rates such that both bring the same share of the mean. */
static void balanced(double mean_s, double cv, double *p1, double *rate1, double *rate2)
{
	double c2 = cv * cv;

	assert(cv > 1.0);
	*p1 = 0.5 * (1.0 + sqrt((c2 - 1.0) / (c2 + 1.0)));
	*rate1 = 2.0 * *p1 / mean_s;
	*rate2 = 2.0 * (1.0 - *p1) / mean_s;
}

double gaps_hyperexponential(const struct gaps *g, double s)
{
	double p1, r1, r2;

	balanced(g->mean_s, g->cv, &p1, &r1, &r2);
	return p1 * r1 / (r1 + s) + (1.0 - p1) * r2 / (r2 + s);
}

struct root {
	const struct gaps *gaps;
	double service_s;
};

/** Above 0 from sigma = 0 to the root, below from there to 1, where it is 0 again. */
static double excess(double sigma, void *param)
{
	const struct root *r = param;

	return r->gaps->transform(r->gaps, (1.0 - sigma) / r->service_s) - sigma;
}

double gim1_wait_s(const struct gaps *g, double service_s)
{
	struct root param = {g, service_s};
	gsl_function f = {.function = excess, .params = &param};
	gsl_root_fsolver *solver = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);
	double sigma = 0.0, above = 0.5;
	int rc;

	assert(service_s < g->mean_s);
	while (excess(above, &param) >= 0.0) /* towards 1 until behind the root */
		above = 0.5 * (1.0 + above);
	rc = gsl_root_fsolver_set(solver, &f, 0.0, above);
	for (int i = 0; rc == GSL_SUCCESS && i < 200; i++) {
		rc = gsl_root_fsolver_iterate(solver);
		sigma = gsl_root_fsolver_root(solver);
		if (gsl_root_test_interval(gsl_root_fsolver_x_lower(solver),
			    gsl_root_fsolver_x_upper(solver), 0.0, 1e-13) == GSL_SUCCESS)
			break;
	}
	assert(rc == GSL_SUCCESS);
	gsl_root_fsolver_free(solver);
	return service_s * sigma / (1.0 - sigma);
}

/* The gaps of a Poisson process of rate l, on for Exp(g) and off for Exp(w), have the transform
 * l (s + w) / (s^2 + (l + w + g) s + l w): that of the hyperexponential law with r1 r2 = l w,
 * r1 + r2 = l + w + g and p1 r1 + p2 r2 = l. */
struct interrupted interrupted_of(double mean_s, double cv)
{
	double p1, r1, r2, rate, off;

	balanced(mean_s, cv, &p1, &r1, &r2);
	rate = p1 * r1 + (1.0 - p1) * r2;
	off = r1 * r2 / rate;
	return (struct interrupted){rate, 1.0 / (r1 + r2 - rate - off), 1.0 / off};
}

/* Networks */

void jackson_rates(double *out_per_s, const struct jackson *net)
{
	size_t n = net->n;
	gsl_matrix *m = gsl_matrix_alloc(n, n);
	gsl_permutation *order = gsl_permutation_alloc(n);
	gsl_vector_const_view b = gsl_vector_const_view_array(net->outside_per_s, n);
	gsl_vector_view x = gsl_vector_view_array(out_per_s, n);
	int sign, rc;

	for (size_t to = 0; to < n; to++) /* (1 - route transposed) rates = outside */
		for (size_t from = 0; from < n; from++)
			gsl_matrix_set(
				m, to, from, (to == from ? 1.0 : 0.0) - net->route[from * n + to]);
	rc = gsl_linalg_LU_decomp(m, order, &sign);
	rc = rc ? rc : gsl_linalg_LU_solve(m, order, &b.vector, &x.vector);
	assert(rc == GSL_SUCCESS);
	(void)rc;
	gsl_permutation_free(order);
	gsl_matrix_free(m);
}

double jackson_sojourn_s(const struct jackson *net)
{
	double *rate_per_s = mem_zalloc(net->n, sizeof *rate_per_s);
	double inside = 0.0, outside_per_s = 0.0;

	jackson_rates(rate_per_s, net);
	for (size_t k = 0; k < net->n; k++) {
		double rho = rate_per_s[k] * net->service_s[k] / net->servers[k];

		inside += rate_per_s[k] *
			  (mmc_wait_s(net->servers[k], rho, net->service_s[k]) + net->service_s[k]);
		outside_per_s += net->outside_per_s[k];
	}
	free(rate_per_s);
	return inside / outside_per_s; /* Little's law for the whole network */
}
