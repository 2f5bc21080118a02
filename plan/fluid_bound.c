/* The fluid bound: solve, charge each instance by the work that it is found to have, solve again.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plan/fluid_parts.h"

enum {
	MOST_DRAWN = 1 << 17, /* requests of a group */
	LEAST_DRAWN = 1 << 12,
	MOST_PRICED = 1 << 20, /* of them, times ways */
	MOST_COLUMNS = 4096,
	MOST_BINDING = 32, /* that are tried with 10 % more */
};

static const double much_more = 1.1;
static const double dear = 1e-3; /* part of the price below which nothing is said to bind */

/* Rules */

/** What @b brings to class @c on way @w. */
static void add_work(struct least_mix *m, const struct fluid_system *f, uint32_t c,
	const struct fluid_way *w, const struct fluid_bin *b, double rate_per_s)
{
	bool prefill = f->class_of[w->prefill] == c, decode = f->class_of[w->decode] == c;

	for (size_t i = 0; i < b->n && rate_per_s > 0.0; i++) {
		const struct fluid_request *r = &b->of[i];
		double part = rate_per_s / (double)b->n,
		       rows = r->output_tok > 1 ? r->output_tok - 1.0 : 0.0;

		if (prefill)
			m->prompt_tok += part * (f->spec->instances[w->prefill].prefix_cache
								? r->own_tok
								: r->prompt_tok);
		if (decode) {
			m->decode_tok += part * rows;
			m->context_tok += part * rows * (r->prompt_tok + 0.5 * (rows - 1.0));
		}
	}
}

static struct least_mix work_of(const struct fluid_lp *l, uint32_t c)
{
	struct least_mix m = {0};

	for (size_t b = 0; b < l->n_bins; b++) {
		const struct fluid_bin *bin = &l->bins[b];

		for (size_t k = 0; k < l->f->ways[bin->group].n; k++)
			add_work(&m, l->f, c, &l->f->ways[bin->group].at[k], bin,
				bin->rate_per_s * l->flow[b][k]);
	}
	return m;
}

/** Is there other work than that of its rules? */
static bool is_new(const struct fluid_class *c, const struct least_mix *m)
{
	double rows = m->decode_tok, size = m->decode_tok + m->prompt_tok;

	if (!(size > 0.0))
		return false;
	for (size_t k = 0; k < c->n_rules; k++) {
		const struct least_mix *x = &c->rule_mix[k];
		double of = x->decode_tok + x->prompt_tok;

		if (fabs(rows / size - x->decode_tok / of) < 0.02 &&
			fabs(m->context_tok / size - x->context_tok / of) <
				0.02 * (x->context_tok / of + 1.0))
			return false;
	}
	return true;
}

/** True in *@any: there are other rules now. */
static bool add_rules(bool *any, struct fluid_system *f, const struct fluid_lp *l, struct err *err)
{
	*any = false;
	for (uint32_t c = 0; c < f->n_classes; c++) {
		struct fluid_class *class = &f->classes[c];
		struct least_mix m = work_of(l, c);

		if (class->n_rules == 0 || class->n_rules == FLUID_RULES || !is_new(class, &m))
			continue;
		if (!fluid_class_rule(f, c, &m, err))
			return false;
		*any = true;
	}
	return true;
}

bool fluid_solve(struct fluid_lp *l, struct fluid_system *f, struct err *err)
{
	bool again;

	fluid_lp_make(l, f, MOST_COLUMNS);
	do {
		if (!fluid_lp_solve(l, err) || !add_rules(&again, f, l, err))
			return false;
		if (again)
			fluid_lp_fill(l);
	} while (again);
	return true;
}

/* What binds */

static double family_price(const struct fluid_lp *l, uint32_t family)
{
	double sum = 0.0;

	for (size_t r = 0; r < l->f->n_resources; r++)
		if (l->f->resources[r].family == family)
			sum += l->price[r];
	return sum;
}

static void set_more(struct fluid_system *f, uint32_t family, double more)
{
	for (size_t r = 0; r < f->n_resources; r++)
		if (f->resources[r].family == family)
			f->resources[r].more = more;
}

/** The program with 10 % more of a family, by how much its load falls. */
static bool solve_with_more(
	double *more, struct fluid_lp *l, struct fluid_system *f, uint32_t family, struct err *err)
{
	const struct fluid_family *x = &f->families[family];
	bool memory = x->kind == FLUID_MEMORY, ok;
	double before = l->load;

	if (memory)
		ok = fluid_class_memory(f, x->class, much_more, err);
	else {
		set_more(f, family, much_more);
		ok = true;
	}
	if (memory)
		fluid_lp_fill(l);
	ok = ok && fluid_lp_solve(l, err);
	*more = l->load > 0.0 ? before / l->load - 1.0 : 0.0;
	l->load = before;
	if (memory)
		return fluid_class_memory(f, x->class, 1.0, err) && ok;
	set_more(f, family, 1.0);
	return ok;
}

/** The rule of class @c that is dearest. */
static size_t dearest_rule(const struct fluid_lp *l, uint32_t c)
{
	const struct fluid_class *class = &l->f->classes[c];
	const double *price = &l->price[l->f->time_at[class->first]];
	size_t best = 0;

	for (size_t k = 1; k < class->n_rules; k++)
		if (price[k] > price[best])
			best = k;
	return best;
}

static void add_parts(struct least_parts *sum, const struct fluid_lp *l, uint32_t c,
	const struct fluid_way *w, const struct fluid_bin *b, double part)
{
	const struct fluid_system *f = l->f;
	const struct least *rule = f->classes[c].rules[dearest_rule(l, c)];

	for (size_t i = 0; i < b->n; i++) {
		const struct fluid_request *r = &b->of[i];
		struct least_request x = {
			r->prompt_tok, r->output_tok, .computed_tok = r->prompt_tok};
		struct least_parts p;

		if (f->spec->instances[f->classes[c].first].prefix_cache)
			x.computed_tok = r->own_tok;
		p = least_parts_of(rule, &x);
		sum->prompt_s += f->class_of[w->prefill] == c ? part * p.prompt_s : 0.0;
		sum->decode_s += f->class_of[w->decode] == c ? part * p.decode_s : 0.0;
	}
}

/** Of the time of class @c, what prompts take; below 0: it knows none. */
static double prompt_share(const struct fluid_lp *l, uint32_t c)
{
	struct least_parts sum = {0};

	if (l->f->classes[c].n_rules == 0)
		return -1.0;
	for (size_t b = 0; b < l->n_bins; b++) {
		const struct fluid_bin *bin = &l->bins[b];

		for (size_t k = 0; k < l->f->ways[bin->group].n; k++)
			if (l->flow[b][k] > 0.0)
				add_parts(&sum, l, c, &l->f->ways[bin->group].at[k], bin,
					bin->rate_per_s * l->flow[b][k] / (double)bin->n);
	}
	return sum.prompt_s / (sum.prompt_s + sum.decode_s);
}

static int by_price(const void *a, const void *b)
{
	const struct fluid_binding *x = a, *y = b;

	return (x->share < y->share) - (x->share > y->share);
}

/** The memory of a class is looked at where its time is scarce. */
static bool may_bind(const struct fluid_lp *l, uint32_t family)
{
	const struct fluid_family *x = &l->f->families[family];

	if (family_price(l, family) >= dear)
		return true;
	if (x->kind != FLUID_MEMORY)
		return false;
	for (uint32_t k = 0; k < l->f->n_families; k++)
		if (l->f->families[k].kind == FLUID_TIME && l->f->families[k].class == x->class)
			return family_price(l, k) >= dear;
	return false;
}

static bool look_at_bindings(
	struct fluid_bound *out, struct fluid_lp *l, struct fluid_system *f, struct err *err)
{
	double *price = mem_zalloc(f->n_resources, sizeof *price);
	bool ok = true;

	out->binding = arena_alloc(&out->arena, f->n_families, sizeof *out->binding);
	for (uint32_t k = 0; k < f->n_families; k++)
		if (may_bind(l, k))
			out->binding[out->n++] = (struct fluid_binding){.kind = f->families[k].kind,
				.name = f->families[k].name,
				.share = family_price(l, k),
				.family = k,
				.prompt_share = f->families[k].kind == FLUID_TIME
							? prompt_share(l, f->families[k].class)
							: -1.0};
	memcpy(price, l->price, f->n_resources * sizeof *price);
	mem_sort(out->binding, out->n, sizeof *out->binding, by_price);
	for (size_t k = 0; ok && k < out->n && k < MOST_BINDING; k++)
		ok = solve_with_more(&out->binding[k].more, l, f, out->binding[k].family, err);
	memcpy(l->price, price, f->n_resources * sizeof *price);
	free(price);
	return ok;
}

/* All of it */

static bool is_exact(const struct scenario_spec *s)
{
	for (size_t i = 0; i < s->n_instances; i++)
		if (!s->instances[i].synthetic || s->instances[i].capacity > 0)
			return false;
	for (size_t l = 0; l < s->n_links; l++)
		if (s->links[l].up.netem.loss != NETEM_LOSS_NONE ||
			s->links[l].down.netem.loss != NETEM_LOSS_NONE)
			return false;
	return true;
}

/** So many requests that all their ways can be priced in reasonable time. */
static size_t drawn_of(const struct scenario_spec *s)
{
	double most = (double)MOST_PRICED / (double)(s->n_instances > 0 ? s->n_instances : 1);

	return (size_t)fmax(LEAST_DRAWN, fmin(MOST_DRAWN, most));
}

static bool bound(
	struct fluid_bound *out, struct fluid_system *f, struct fluid_lp *l, struct err *err)
{
	double load, error;

	if (!fluid_solve(l, f, err))
		return false;
	out->scale = HUGE_VAL;
	if (!(l->load > 0.0))
		return true;
	load = fluid_lp_certified(l, &error);
	out->scale = 1.0 / load;
	out->error = error / (load * load);
	return look_at_bindings(out, l, f, err);
}

bool fluid_bound(struct fluid_bound *out, const struct scenario_spec *s, struct err *err)
{
	struct fluid_system f = {0};
	struct fluid_group *groups;
	struct fluid_lp l = {0};
	bool ok;

	*out = (struct fluid_bound){.exact = is_exact(s)};
	arena_init(&out->arena);
	ok = fluid_groups_draw(&groups, s, drawn_of(s), &out->arena, err) &&
	     fluid_system_make(&f, s, groups, &out->arena, err);
	for (size_t g = 0; ok && g < s->n_groups; g++)
		out->rate_per_s += groups[g].rate_per_s;
	ok = ok && bound(out, &f, &l, err);
	fluid_lp_finish(&l);
	fluid_system_finish(&f);
	return ok;
}

void fluid_bound_finish(struct fluid_bound *b)
{
	arena_finish(&b->arena);
	*b = (struct fluid_bound){0};
}
