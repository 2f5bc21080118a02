/* The linear program over bins of requests, and the certificate over all of them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plan/fluid_parts.h"
#include "plan/lp.h"

enum { BINS_MOST = 64, IN_A_BIN = 64 }; /* of a group; requests that stand for one */

/* Bins */

static int by_output(const void *a, const void *b)
{
	const struct fluid_request *x = a, *y = b;

	if (x->output_tok != y->output_tok)
		return x->output_tok < y->output_tok ? -1 : 1;
	return (x->prompt_tok > y->prompt_tok) - (x->prompt_tok < y->prompt_tok);
}

static int by_prompt(const void *a, const void *b)
{
	const struct fluid_request *x = a, *y = b;

	if (x->prompt_tok != y->prompt_tok)
		return x->prompt_tok < y->prompt_tok ? -1 : 1;
	return by_output(a, b);
}

static struct fluid_bin *bin_add(
	struct fluid_lp *l, uint32_t g, double rate_per_s, const struct fluid_request *of, size_t n)
{
	struct fluid_bin *b = &l->bins[l->n_bins];
	size_t ways = l->f->ways[g].n;

	*b = (struct fluid_bin){.group = g,
		.rate_per_s = rate_per_s,
		.n = n,
		.of = mem_zalloc(n, sizeof *b->of),
		.uses = mem_zalloc(ways, sizeof *b->uses),
		.can = mem_zalloc(ways, sizeof *b->can)};
	memcpy(b->of, of, n * sizeof *b->of);
	l->flow[l->n_bins++] = mem_zalloc(ways, sizeof **l->flow);
	return b;
}

/** Some of the requests of @g, the first by output and then each part by prompt. */
static void bins_of(struct fluid_lp *l, uint32_t g, size_t side)
{
	const struct fluid_group *from = &l->f->groups[g];
	size_t n = from->n < side * side * IN_A_BIN ? from->n : side * side * IN_A_BIN;
	struct fluid_request *some = mem_zalloc(n, sizeof *some);

	if (n < side * side)
		side = 1;
	memcpy(some, from->at, n * sizeof *some);
	mem_sort(some, n, sizeof *some, by_output);
	for (size_t k = 0; k < side; k++) {
		size_t lo = n * k / side, hi = n * (k + 1) / side;

		mem_sort(some + lo, hi - lo, sizeof *some, by_prompt);
		for (size_t j = 0; j < side; j++) {
			size_t a = lo + (hi - lo) * j / side, b = lo + (hi - lo) * (j + 1) / side;

			bin_add(l, g, from->rate_per_s * (double)(b - a) / (double)n, some + a,
				b - a);
		}
	}
	free(some);
}

void fluid_lp_make(struct fluid_lp *l, const struct fluid_system *f, size_t most_columns)
{
	size_t ways = 0, side;

	*l = (struct fluid_lp){.f = f, .price = mem_zalloc(f->n_resources, sizeof *l->price)};
	for (size_t g = 0; g < f->spec->n_groups; g++)
		ways += f->ways[g].n;
	side = (size_t)sqrt(fmin(BINS_MOST, (double)most_columns / (double)(ways > 0 ? ways : 1)));
	if (side == 0)
		side = 1;
	l->bins = mem_zalloc(f->spec->n_groups * side * side, sizeof *l->bins);
	l->flow = mem_zalloc(f->spec->n_groups * side * side, sizeof(*l->flow));
	for (uint32_t g = 0; g < f->spec->n_groups; g++)
		bins_of(l, g, side);
	fluid_lp_fill(l);
}

static void bin_empty(struct fluid_bin *b, size_t ways)
{
	for (size_t k = 0; k < ways; k++) {
		fluid_uses_finish(&b->uses[k]);
		b->can[k] = false;
	}
}

void fluid_lp_finish(struct fluid_lp *l)
{
	for (size_t b = 0; b < l->n_bins; b++) {
		bin_empty(&l->bins[b], l->f->ways[l->bins[b].group].n);
		free(l->bins[b].of);
		free(l->bins[b].uses);
		free(l->bins[b].can);
		free(l->flow[b]);
	}
	free(l->bins);
	free(l->flow);
	free(l->price);
	*l = (struct fluid_lp){0};
}

/** On average over those that can go that way; a bin goes where half of it can. The resources of a
 *  way are the same for all requests, and in the same order. */
static void fill_way(struct fluid_bin *b, const struct fluid_system *f, size_t k)
{
	struct fluid_uses one = {0}, *sum = &b->uses[k];
	size_t can = 0;

	for (size_t i = 0; i < b->n; i++) {
		if (!fluid_uses_of(&one, f, b->group, &f->ways[b->group].at[k], &b->of[i]))
			continue;
		for (size_t j = 0; j < one.n; j++) {
			if (can == 0)
				fluid_use_add(sum, one.at[j].r, 0.0);
			sum->at[j].seconds += one.at[j].seconds;
		}
		can++;
	}
	for (size_t j = 0; j < sum->n; j++)
		sum->at[j].seconds /= (double)can;
	b->can[k] = can > 0 && 2 * can >= b->n;
	fluid_uses_finish(&one);
}

void fluid_lp_fill(struct fluid_lp *l)
{
	for (size_t b = 0; b < l->n_bins; b++) {
		size_t ways = l->f->ways[l->bins[b].group].n;

		bin_empty(&l->bins[b], ways);
		for (size_t k = 0; k < ways; k++)
			fill_way(&l->bins[b], l->f, k);
	}
}

/* The program: minimise the load of the fullest resource */

struct program {
	struct fluid_lp *l;
	struct lp *lp;
	size_t n, full;  /* columns; the last is the load */
	size_t **column; /* [bin][way]; SIZE_MAX: none */
	double unit;     /* loads are counted in it */
	size_t *row;     /* of each resource */
	struct term {
		size_t n, cap;
		size_t *column;
		double *factor;
	} * terms; /* [resource] */
};

static void term_add(struct term *t, size_t column, double factor)
{
	size_t cap = t->cap;

	t->column = mem_grow(t->column, t->n, &cap, sizeof *t->column);
	t->factor = mem_grow(t->factor, t->n, &t->cap, sizeof *t->factor);
	t->column[t->n] = column;
	t->factor[t->n++] = factor;
}

static void number_columns(struct program *p)
{
	struct fluid_lp *l = p->l;

	p->column = mem_zalloc(l->n_bins, sizeof(*p->column));
	for (size_t b = 0; b < l->n_bins; b++) {
		size_t ways = l->f->ways[l->bins[b].group].n;

		p->column[b] = mem_zalloc(ways, sizeof **p->column);
		for (size_t k = 0; k < ways; k++)
			p->column[b][k] = l->bins[b].can[k] ? p->n++ : SIZE_MAX;
	}
	p->full = p->n++;
}

/** The most that this way alone takes of anything. */
static double most_of(const struct fluid_system *f, const struct fluid_uses *u)
{
	double most = 0.0;

	for (size_t j = 0; j < u->n; j++)
		most = fmax(most, u->at[j].seconds / f->resources[u->at[j].r].more);
	return most;
}

static size_t cheapest(const struct fluid_system *f, const struct fluid_bin *b)
{
	size_t ways = f->ways[b->group].n, best = ways;

	for (size_t k = 0; k < ways; k++)
		if (b->can[k] &&
			(best == ways || most_of(f, &b->uses[k]) < most_of(f, &b->uses[best])))
			best = k;
	return best;
}

/** The load when every bin goes where it takes least: the optimum is no larger. */
static double greedy_load(const struct fluid_lp *l)
{
	const struct fluid_system *f = l->f;
	double *load = mem_zalloc(f->n_resources, sizeof *load), most = 0.0;

	for (size_t b = 0; b < l->n_bins; b++) {
		size_t k = cheapest(f, &l->bins[b]);
		const struct fluid_uses *u = &l->bins[b].uses[k];

		for (size_t j = 0; k < f->ways[l->bins[b].group].n && j < u->n; j++)
			load[u->at[j].r] += l->bins[b].rate_per_s * u->at[j].seconds /
					    f->resources[u->at[j].r].more;
	}
	for (size_t r = 0; r < f->n_resources; r++)
		most = fmax(most, load[r]);
	free(load);
	return most;
}

/** Each bin goes somewhere, as far as it can go anywhere. */
static void all_go(struct program *p, size_t *columns, double *ones)
{
	for (size_t b = 0; b < p->l->n_bins; b++) {
		size_t n = 0;

		for (size_t k = 0; k < p->l->f->ways[p->l->bins[b].group].n; k++)
			if (p->column[b][k] != SIZE_MAX) {
				columns[n] = p->column[b][k];
				ones[n++] = 1.0;
			}
		if (n > 0)
			lp_row(p->lp, 1.0, 1.0, n, columns, ones);
	}
}

static void collect_terms(struct program *p)
{
	const struct fluid_lp *l = p->l;

	for (size_t b = 0; b < l->n_bins; b++)
		for (size_t k = 0; k < l->f->ways[l->bins[b].group].n; k++) {
			const struct fluid_uses *u = &l->bins[b].uses[k];

			for (size_t j = 0; p->column[b][k] != SIZE_MAX && j < u->n; j++)
				if (u->at[j].seconds > 0.0)
					term_add(&p->terms[u->at[j].r], p->column[b][k],
						l->bins[b].rate_per_s * u->at[j].seconds / p->unit);
		}
}

/** A column that a row names twice, as a link that a way goes over there and back, counts once. */
static void merge_terms(struct term *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++)
		if (n > 0 && t->column[n - 1] == t->column[i])
			t->factor[n - 1] += t->factor[i];
		else {
			t->column[n] = t->column[i];
			t->factor[n++] = t->factor[i];
		}
	t->n = n;
}

static void resource_rows(struct program *p)
{
	const struct fluid_system *f = p->l->f;

	for (size_t r = 0; r < f->n_resources; r++) {
		struct term *t = &p->terms[r];

		p->row[r] = SIZE_MAX;
		if (t->n == 0)
			continue;
		merge_terms(t);
		term_add(t, p->full, -f->resources[r].more);
		p->row[r] = lp_row(p->lp, -HUGE_VAL, 0.0, t->n, t->column, t->factor);
	}
}

static void program_finish(struct program *p)
{
	for (size_t b = 0; b < p->l->n_bins; b++)
		free(p->column[b]);
	free(p->column);
	for (size_t r = 0; r < p->l->f->n_resources; r++) {
		free(p->terms[r].column);
		free(p->terms[r].factor);
	}
	free(p->terms);
	free(p->row);
	lp_destroy(p->lp);
}

static void read_prices(struct program *p)
{
	struct fluid_lp *l = p->l;
	const struct fluid_system *f = l->f;
	double sum = 0.0;

	for (size_t r = 0; r < f->n_resources; r++) {
		l->price[r] = p->row[r] == SIZE_MAX ? 0.0 : fabs(lp_dual(p->lp, p->row[r]));
		sum += l->price[r] * f->resources[r].more;
	}
	for (size_t r = 0; r < f->n_resources; r++)
		l->price[r] /= sum;
}

static void read_flows(struct program *p)
{
	struct fluid_lp *l = p->l;

	for (size_t b = 0; b < l->n_bins; b++)
		for (size_t k = 0; k < l->f->ways[l->bins[b].group].n; k++)
			l->flow[b][k] = p->column[b][k] == SIZE_MAX
						? 0.0
						: lp_value(p->lp, p->column[b][k]);
}

static void program_make(struct program *p)
{
	const struct fluid_system *f = p->l->f;
	size_t *columns;
	double *ones;

	number_columns(p);
	columns = mem_zalloc(p->n, sizeof *columns);
	ones = mem_zalloc(p->n, sizeof *ones);
	p->lp = lp_create(p->n);
	p->terms = mem_zalloc(f->n_resources, sizeof *p->terms);
	p->row = mem_zalloc(f->n_resources, sizeof *p->row);
	lp_cost(p->lp, p->full, 1.0);
	all_go(p, columns, ones);
	collect_terms(p);
	resource_rows(p);
	free(columns);
	free(ones);
}

bool fluid_lp_solve(struct fluid_lp *l, struct err *err)
{
	struct program p = {.l = l, .unit = greedy_load(l)};
	bool ok;

	l->load = 0.0;
	if (!(p.unit > 0.0))
		return true; /* nothing takes anything */
	program_make(&p);
	ok = lp_solve(p.lp, HUGE_VAL, 1000000, &l->load) == LP_OPTIMAL;
	if (ok) {
		l->load *= p.unit;
		read_prices(&p);
		read_flows(&p);
	}
	program_finish(&p);
	return ok || err_run(err, "the solver gave up on the fluid bound");
}

/* The certificate */

/** The cheapest way for @r; 0: nobody can have it. */
static double cheapest_s(
	const struct fluid_lp *l, uint32_t g, const struct fluid_request *r, struct fluid_uses *u)
{
	const struct fluid_ways *w = &l->f->ways[g];
	double least = HUGE_VAL;

	for (size_t k = 0; k < w->n; k++) {
		double s = 0.0;

		if (!fluid_uses_of(u, l->f, g, &w->at[k], r))
			continue;
		for (size_t j = 0; j < u->n; j++)
			s += l->price[u->at[j].r] * u->at[j].seconds;
		least = fmin(least, s);
	}
	return least < HUGE_VAL ? least : 0.0;
}

double fluid_lp_priced_s(const struct fluid_lp *l, uint32_t g, const struct fluid_request *r)
{
	struct fluid_uses u = {0};
	double s = cheapest_s(l, g, r, &u);

	fluid_uses_finish(&u);
	return s;
}

double fluid_lp_certified(const struct fluid_lp *l, double *error)
{
	struct fluid_uses u = {0};
	double load = 0.0, variance = 0.0;

	for (uint32_t g = 0; g < l->f->spec->n_groups; g++) {
		const struct fluid_group *from = &l->f->groups[g];
		double n = (double)from->n, mean = 0.0, square = 0.0;

		for (size_t i = 0; i < from->n; i++) {
			double s = cheapest_s(l, g, &from->at[i], &u), d = s - mean;

			mean += d / (double)(i + 1);
			square += d * (s - mean);
		}
		load += from->rate_per_s * mean;
		if (from->drawn && n > 1.0)
			variance += from->rate_per_s * from->rate_per_s * square / (n * (n - 1.0));
	}
	fluid_uses_finish(&u);
	*error = 1.96 * sqrt(variance);
	return load;
}
