/* Distributions: one form for lengths, service times and think times. */
#include <math.h>
#include <stddef.h>

#include "io/scenario/parts.h"
#include "sim/dist.h"

bool parts_numbers(struct schema_reader *r, const struct yaml_node *n, const struct schema_key *key,
	size_t least, const double **to, size_t *count)
{
	double *numbers;
	bool ok = true;
	size_t i;

	if (!schema_want(r, n, YAML_LIST, key->name))
		return false;
	if (n->n < least)
		return err_list_at(r->errs, n->at, "%s should be a list of at least %zu values",
			key->name, least);
	numbers = arena_alloc(r->arena, n->n, sizeof *numbers);
	for (i = 0; i < n->n; i++)
		ok = schema_number(r, n->items[i].value, key, &numbers[i]) && ok;
	*to = numbers;
	*count = n->n;
	return ok;
}

static bool read_quantiles(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct dist_spec *d = to;
	size_t i;

	if (!parts_numbers(r, *slot, key, 2, &d->quantiles, &d->n_quantiles))
		return false;
	for (i = 1; i < d->n_quantiles; i++)
		if (d->quantiles[i] < d->quantiles[i - 1])
			return err_list_at(r->errs, (*slot)->items[i].value->at,
				"quantiles must not decrease");
	return true;
}

#define DIST(member) offsetof(struct dist_spec, member)
#define DIST_TAG \
	{ \
		.name = "distribution", .kind = SCHEMA_TAG, .required = true, \
		.takes = "the name of a law", .help = "Which law; a plain value is a constant." \
	}
#define DIST_NUMBER(word, member, ...) \
	{ \
		.name = (word), .kind = SCHEMA_QUANTITY, .to = DIST(member), __VA_ARGS__ \
	}
#define DIST_MEAN \
	DIST_NUMBER("mean", mean, .dim = QUANTITY_DIMS, .above_min = true, .required = true, \
		.help = "Mean of the law before the cut by `min` and `max`.")
#define DIST_CV \
	DIST_NUMBER("cv", cv, .dim = QUANTITY_NUMBER, .min = DIST_CV_MIN, .max = DIST_CV_MAX, \
		.required = true, .help = "Coefficient of variation.")
#define DIST_BOUNDS \
	DIST_NUMBER("min", min, .dim = QUANTITY_DIMS, .without = "no limit", \
		.help = "What is less is drawn again."), \
		DIST_NUMBER("max", max, .dim = QUANTITY_DIMS, .above_min = true, \
			.without = "no limit", .help = "What is more is drawn again.")

static const struct schema_key constant_keys[] = {DIST_TAG,
	DIST_NUMBER("mean", mean, .dim = QUANTITY_DIMS, .required = true,
		.help = "Mean of the law before the cut by `min` and `max`."),
	DIST_BOUNDS, {0}};
static const struct schema_key mean_keys[] = {DIST_TAG, DIST_MEAN, DIST_BOUNDS, {0}};
static const struct schema_key cv_keys[] = {DIST_TAG, DIST_MEAN, DIST_CV, DIST_BOUNDS, {0}};
static const struct schema_key uniform_keys[] = {DIST_TAG,
	DIST_NUMBER("min", min, .dim = QUANTITY_DIMS, .required = true, .help = "Least value."),
	DIST_NUMBER("max", max, .dim = QUANTITY_DIMS, .above_min = true, .required = true,
		.help = "Greatest value."),
	{0}};
static const struct schema_key erlang_keys[] = {DIST_TAG, DIST_MEAN,
	{.name = "k",
		.kind = SCHEMA_UNSIGNED,
		.to = DIST(k),
		.min = 1,
		.max = 1000,
		.required = true,
		.help = "Number of phases."},
	DIST_BOUNDS, {0}};
static const struct schema_key weibull_keys[] = {DIST_TAG, DIST_MEAN,
	DIST_NUMBER("shape", shape, .dim = QUANTITY_NUMBER, .above_min = true, .required = true,
		.help = "Shape of the law: below 1 it is more spread than an exponential one."),
	DIST_BOUNDS, {0}};
static const struct schema_key hyper_keys[] = {DIST_TAG, DIST_MEAN,
	DIST_NUMBER("cv", cv, .dim = QUANTITY_NUMBER, .min = 1, .above_min = true,
		.max = DIST_CV_MAX, .required = true,
		.help = "Coefficient of variation: two phases with balanced means."),
	DIST_BOUNDS, {0}};
static const struct schema_key geometric_keys[] = {DIST_TAG,
	DIST_NUMBER("mean", mean, .dim = QUANTITY_DIMS, .min = 1, .required = true,
		.help = "Mean of the law before the cut by `min` and `max`."),
	DIST_BOUNDS, {0}};
static const struct schema_key empirical_keys[] = {DIST_TAG,
	{.name = "quantiles",
		.kind = SCHEMA_OTHER,
		.read = read_quantiles,
		.dim = QUANTITY_DIMS,
		.required = true,
		.takes = "a list of at least 2 values that do not decrease",
		.help = "Values at equal steps of probability from 0 to 1."},
	DIST_BOUNDS, {0}};

static const struct schema_variant dist_variants[] = {
	[DIST_CONSTANT] = {"deterministic", constant_keys},
	[DIST_EXPONENTIAL] = {"exponential", mean_keys},
	[DIST_UNIFORM] = {"uniform", uniform_keys},
	[DIST_ERLANG] = {"erlang", erlang_keys},
	[DIST_GAMMA] = {"gamma", cv_keys},
	[DIST_WEIBULL] = {"weibull", weibull_keys},
	[DIST_LOGNORMAL] = {"lognormal", cv_keys},
	[DIST_HYPEREXPONENTIAL] = {"hyperexponential", hyper_keys},
	[DIST_GEOMETRIC] = {"geometric", geometric_keys},
	[DIST_EMPIRICAL] = {"empirical", empirical_keys},
};

#define DIST_MAP \
	.form = "DISTRIBUTION", .when = "with distribution", .variants = dist_variants, \
	.n_variants = sizeof dist_variants / sizeof dist_variants[0]
const struct schema_map map_dist = {DIST_MAP};
const struct schema_map map_service_of = {.each = "GROUP", DIST_MAP};

/** What the table cannot say: bounds against each other, and enough of the law between. */
static bool check_dist(struct schema_reader *r, const struct dist_spec *spec)
{
	struct err err = {0};
	struct dist *d;

	if (!dist_create(&d, spec, &err))
		return err_list_add(r->errs, &err);
	dist_destroy(d);
	return true;
}

static bool read_law(struct schema_reader *r, struct yaml_node *n, struct dist_spec *d)
{
	size_t chosen;

	if (!schema_read_variant(r, n, "distribution", dist_variants,
		    sizeof dist_variants / sizeof dist_variants[0], d, &chosen))
		return false;
	d->kind = (enum dist_kind)chosen;
	if (d->kind == DIST_GEOMETRIC && r->dim != QUANTITY_NUMBER)
		return err_list_at(r->errs, n->at, "geometric is for numbers, not for times");
	if (d->min > d->max)
		return err_list_at(r->errs, n->at, "min must be at most max, not %s and %s",
			yaml_find(n, "min")->value->text, yaml_find(n, "max")->value->text);
	return check_dist(r, d);
}

bool read_dist(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	enum quantity_dim outer = r->dim;
	struct dist_spec *d = to;
	size_t mark;
	bool ok;

	*d = (struct dist_spec){.min = -HUGE_VAL, .max = HUGE_VAL, .at = (*slot)->at};
	r->dim = key->dim;
	if ((*slot)->kind == YAML_TEXT) {
		d->kind = DIST_CONSTANT;
		ok = schema_number(r, *slot, key, &d->mean) && check_dist(r, d);
	} else {
		mark = schema_enter(r, key->name);
		ok = read_law(r, *slot, d);
		schema_leave(r, mark);
	}
	r->dim = outer;
	if (ok && key->dim == QUANTITY_NUMBER && d->kind == DIST_CONSTANT &&
		floor(d->mean) < d->mean)
		return err_list_at(r->errs, (*slot)->at,
			"%s are counted: a constant must be whole, not %.9g", key->name, d->mean);
	return ok;
}
