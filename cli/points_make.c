/* Points of an experiment, as --vary and --design ask for them. */
#include <stdlib.h>
#include <string.h>

#include "base/quote.h"
#include "cli/points.h"
#include "cli/vary.h"
#include "study/design.h"

/* What is varied. */
struct factors {
	struct vary *vary;
	size_t n;
};

/* sobol:N and lhs:N */

struct drawn {
	bool sobol;
	size_t n;
	uint64_t seed;
};

static bool is_drawn(const char *design)
{
	return !strncmp(design, "sobol:", 6) || !strncmp(design, "lhs:", 4);
}

static bool parse_drawn(struct drawn *d, const char *design, struct err *err)
{
	const char *text = strchr(design, ':') + 1;
	char quoted[QUOTE_SIZE], *end;

	*d = (struct drawn){.sobol = design[0] == 's', .seed = 1};
	d->n = (size_t)strtoul(text, &end, 10);
	if (end > text && *end == ':' && end[1 + strspn(end + 1, "0123456789")] == '\0' && end[1])
		d->seed = strtoull(end + 1, &end, 10);
	if (strspn(text, "0123456789") > 0 && *end == '\0' && d->n >= 1 &&
		d->n <= DESIGN_MOST_POINTS)
		return true;
	return err_input(err,
		"--design %s: the number of points should be from 1 to %d, with a seed as in "
		"sobol:64:7",
		quote(quoted, sizeof quoted, design), DESIGN_MOST_POINTS);
}

static void place(struct points *p, const struct factors *f, const double *u)
{
	for (size_t i = 0; i < p->n; i++) {
		struct point *to = &p->points[i];

		to->number = i + 1;
		to->values = arena_alloc(&p->arena, f->n, sizeof *to->values);
		to->at = arena_alloc(&p->arena, f->n, sizeof *to->at);
		for (size_t k = 0; k < f->n; k++)
			to->values[k] = vary_at(&f->vary[k], &p->arena, u[i * f->n + k]);
	}
}

static bool draw(struct points *p, const char *design, const struct factors *f, struct err *err)
{
	struct drawn d;
	bool ok = true;
	double *u;

	if (!parse_drawn(&d, design, err))
		return false;
	if (f->n == 0)
		return err_input(
			err, "--design %s wants keys to vary: --vary KEY=lin:A..B", design);
	p->n = d.n;
	p->points = arena_alloc(&p->arena, p->n, sizeof *p->points);
	u = mem_zalloc(d.n * f->n, sizeof *u);
	if (d.sobol)
		ok = design_sobol(u, d.n, f->n, d.seed, err);
	else
		design_latin(u, d.n, f->n, d.seed);
	if (ok)
		place(p, f, u);
	free(u);
	return ok;
}

/* Grids, and rows of a table */

static bool all_have_values(const struct factors *f, struct err *err)
{
	for (size_t k = 0; k < f->n; k++)
		if (f->vary[k].all)
			return err_input(err,
				"--vary %s: a grid needs the number of values, as in "
				"log:1..100:10 Mbps; without it a range is for --design sobol:N or "
				"lhs:N",
				f->vary[k].key);
	return true;
}

static bool count_points(size_t *n, const size_t *levels, size_t n_levels, struct err *err)
{
	*n = design_grid_size(levels, n_levels);
	return *n <= DESIGN_MOST_POINTS ||
	       err_input(err, "the grid has more than %d points", DESIGN_MOST_POINTS);
}

/* Factor 0 are the rows of @table, if there is one. */
static void fill_grid(
	struct points *p, const size_t *levels, const struct points *table, const struct factors *f)
{
	const size_t n_first = table ? table->n_keys : 0, n_levels = f->n + (table ? 1 : 0);

	for (size_t i = 0; i < p->n; i++) {
		struct point *to = &p->points[i];

		*to = (struct point){.number = i + 1};
		to->values = arena_alloc(&p->arena, p->n_keys, sizeof *to->values);
		to->at = arena_alloc(&p->arena, p->n_keys, sizeof *to->at);
		if (table) {
			const struct point *row =
				&table->points[design_grid_level(levels, n_levels, i, 0)];

			if (f->n == 0)
				to->number = row->number;
			memcpy(to->values, row->values, n_first * sizeof *to->values);
			memcpy(to->at, row->at, n_first * sizeof *to->at);
		}
		for (size_t k = 0; k < f->n; k++)
			to->values[n_first + k] = f->vary[k].values[design_grid_level(
				levels, n_levels, i, k + (table ? 1 : 0))];
	}
}

static bool make_grid(
	struct points *p, const struct points *table, const struct factors *f, struct err *err)
{
	size_t *levels = mem_zalloc(f->n + 1, sizeof *levels), n = 0;
	bool ok;

	if (table)
		levels[n++] = table->n;
	for (size_t k = 0; k < f->n; k++)
		levels[n++] = f->vary[k].n;
	ok = all_have_values(f, err) && count_points(&p->n, levels, n, err);
	if (ok) {
		p->points = arena_alloc(&p->arena, p->n, sizeof *p->points);
		fill_grid(p, levels, table, f);
	}
	free(levels);
	return ok;
}

/* All of it */

static bool keys_differ(const struct points *p, struct err *err)
{
	for (size_t k = 0; k < p->n_keys; k++)
		for (size_t i = 0; i < k; i++)
			if (!strcmp(p->keys[i], p->keys[k]))
				return err_input(err, "key '%s' is varied twice", p->keys[k]);
	return true;
}

static bool name_keys(
	struct points *p, const struct points *table, const struct factors *f, struct err *err)
{
	const size_t n = f->n + (table ? table->n_keys : 0);

	p->keys = arena_alloc(&p->arena, n, sizeof *p->keys);
	p->keys_at = arena_alloc(&p->arena, n, sizeof *p->keys_at);
	for (; table && p->n_keys < table->n_keys; p->n_keys++) {
		p->keys[p->n_keys] = table->keys[p->n_keys];
		p->keys_at[p->n_keys] = table->keys_at[p->n_keys];
	}
	for (size_t k = 0; k < f->n; k++)
		p->keys[p->n_keys++] = f->vary[k].key;
	return keys_differ(p, err);
}

static bool make_from(
	struct points *p, const char *design, const struct factors *f, struct err *err)
{
	struct points table = {0};

	if (!design)
		return f->n > 0 ? name_keys(p, NULL, f, err) && make_grid(p, NULL, f, err)
				: err_input(err, "nothing is varied: --vary KEY=A,B,... or "
						 "--design FILE.csv");
	if (is_drawn(design))
		return name_keys(p, NULL, f, err) && draw(p, design, f, err);
	if (!points_read(&table, design, err))
		return false;
	if (!name_keys(p, &table, f, err) || !make_grid(p, &table, f, err)) {
		points_finish(&table);
		return false;
	}
	p->numbered = table.numbered && f->n == 0;
	arena_adopt(&p->arena, &table.arena);
	return true;
}

bool points_make(
	struct points *p, const char *design, const char *const *vary, size_t n, struct err *err)
{
	struct factors f = {mem_zalloc(n, sizeof *f.vary), 0};
	bool ok = true;

	*p = (struct points){0};
	arena_init(&p->arena);
	for (; f.n < n && ok; f.n += ok)
		ok = vary_parse(&f.vary[f.n], &p->arena, vary[f.n], err);
	ok = ok && make_from(p, design, &f, err);
	while (f.n > 0)
		vary_finish(&f.vary[--f.n]);
	free(f.vary);
	if (!ok)
		points_finish(p);
	return ok;
}
