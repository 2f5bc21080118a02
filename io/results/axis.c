#include "io/results/axis.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/quantity.h"

/* Numbers */

/* In the order in which they are tried: 0.5 is a number before it is a share, 50 GB/s is of a
 * memory before it is of a link. */
static const struct {
	enum quantity_dim dim;
	const char *unit;
	double times; /* of what quantity_parse() gives */
} dimensions[] = {
	{QUANTITY_NUMBER, "", 1},
	{QUANTITY_FRACTION, "", 1},
	{QUANTITY_TIME, "s", 1},
	{QUANTITY_BYTES, "B", 1},
	{QUANTITY_BYTE_RATE, "B/s", 1},
	{QUANTITY_BIT_RATE, "bit/s", 8},
	{QUANTITY_FREQUENCY, "1/s", 1},
	{QUANTITY_FLOP_RATE, "FLOP/s", 1},
	{QUANTITY_CLOCK, "Hz", 1},
	{QUANTITY_POWER, "W", 1},
	{QUANTITY_PRICE, "USD/h", 1},
};

enum { DIMENSIONS = sizeof dimensions / sizeof *dimensions };

bool axis_numbers(double *out, const char **unit, const char *const *values, size_t n)
{
	char why[300];

	for (size_t d = 0; d < DIMENSIONS; d++) {
		bool all = true, any = false;

		for (size_t i = 0; i < n && all; i++) {
			out[i] = (double)NAN;
			if (!values[i])
				continue;
			any = true;
			all = quantity_parse(
				&out[i], values[i], dimensions[d].dim, why, sizeof why);
			out[i] *= dimensions[d].times;
		}
		*unit = dimensions[d].unit;
		if (all && any)
			return true;
	}
	*unit = "";
	for (size_t i = 0; i < n; i++)
		out[i] = (double)NAN;
	return false;
}

/* The place of each run by one key */

struct item {
	const char *text;
	double number;
	size_t run, first; /* the first run of this text */
};

static int by_text(const void *x, const void *y)
{
	const struct item *a = x, *b = y;
	int texts = strcmp(a->text ? a->text : "", b->text ? b->text : "");

	if (!a->text != !b->text)
		return a->text ? -1 : 1;
	return texts ? texts : (a->run > b->run) - (a->run < b->run);
}

static int by_value(const void *x, const void *y)
{
	const struct item *a = x, *b = y;

	if (!a->text != !b->text)
		return a->text ? -1 : 1;
	if (a->number < b->number || a->number > b->number)
		return a->number < b->number ? -1 : 1;
	return isnan(a->number) ? (a->first > b->first) - (a->first < b->first) : 0;
}

static bool same_text(const struct item *a, const struct item *b)
{
	return a->text && b->text ? strcmp(a->text, b->text) == 0 : a->text == b->text;
}

/** @rank[run * stride], of runs alike the same. */
static void rank(size_t *rank, size_t stride, struct item *items, size_t n)
{
	size_t now = 0;

	mem_sort(items, n, sizeof *items, by_text);
	for (size_t i = 0; i < n; i++)
		items[i].first = i > 0 && same_text(&items[i - 1], &items[i]) ? items[i - 1].first
									      : items[i].run;
	mem_sort(items, n, sizeof *items, by_value);
	for (size_t i = 0; i < n; i++) {
		now += i > 0 && by_value(&items[i - 1], &items[i]) != 0;
		rank[items[i].run * stride] = now;
	}
}

static void rank_key(struct query_key *key, size_t *ranks, double *numbers, size_t k, size_t n_keys,
	size_t n_runs, const char *const *values)
{
	struct item *items = mem_zalloc(n_runs, sizeof *items);
	const char **texts = mem_zalloc(n_runs, sizeof *texts);
	double *of_key = mem_zalloc(n_runs, sizeof *of_key);

	for (size_t r = 0; r < n_runs; r++)
		texts[r] = values[r * n_keys + k];
	key->numeric = axis_numbers(of_key, &key->unit, texts, n_runs);
	for (size_t r = 0; r < n_runs; r++) {
		items[r] = (struct item){.text = texts[r], .number = of_key[r], .run = r};
		numbers[r * n_keys + k] = of_key[r];
	}
	rank(ranks + k, n_keys, items, n_runs);
	free(of_key);
	free(texts);
	free(items);
}

/* The place by all of them */

struct tuple {
	const size_t *ranks;
	size_t n, run;
};

static int by_ranks(const void *x, const void *y)
{
	const struct tuple *a = x, *b = y;

	for (size_t k = 0; k < a->n; k++)
		if (a->ranks[k] != b->ranks[k])
			return a->ranks[k] < b->ranks[k] ? -1 : 1;
	return 0;
}

static int by_ranks_and_run(const void *x, const void *y)
{
	const struct tuple *a = x, *b = y;
	int ranks = by_ranks(a, b);

	return ranks ? ranks : (a->run > b->run) - (a->run < b->run);
}

/** What each place is for is told by its first run. */
static void set_places(struct query_axis *out, size_t *place, struct arena *arena,
	struct tuple *tuples, size_t n_runs, const char *const *values, const double *numbers)
{
	const size_t n_keys = out->n_keys;
	struct query_value *at = arena_alloc(arena, n_runs * n_keys, sizeof *at);

	for (size_t i = 0; i < n_runs; i++) {
		const size_t run = tuples[i].run;

		if (i == 0 || by_ranks(&tuples[i - 1], &tuples[i]) != 0) {
			for (size_t k = 0; k < n_keys; k++)
				at[out->n * n_keys + k] = (struct query_value){
					values[run * n_keys + k], numbers[run * n_keys + k]};
			out->n++;
		}
		place[run] = out->n - 1;
	}
	out->values = at;
}

void axis_make(struct query_axis *out, size_t *place, struct arena *arena, size_t n_keys,
	const char *const *names, size_t n_runs, const char *const *values)
{
	struct query_key *keys = arena_alloc(arena, n_keys, sizeof *keys);
	size_t *ranks = mem_zalloc(n_runs * n_keys + 1, sizeof *ranks);
	double *numbers = mem_zalloc(n_runs * n_keys, sizeof *numbers);
	struct tuple *tuples = mem_zalloc(n_runs, sizeof *tuples);

	*out = (struct query_axis){.n_keys = n_keys, .keys = keys};
	for (size_t k = 0; k < n_keys; k++) {
		keys[k].name = names[k];
		rank_key(&keys[k], ranks, numbers, k, n_keys, n_runs, values);
	}
	for (size_t r = 0; r < n_runs; r++)
		tuples[r] = (struct tuple){ranks + r * n_keys, n_keys, r};
	mem_sort(tuples, n_runs, sizeof *tuples, by_ranks_and_run);
	set_places(out, place, arena, tuples, n_runs, values, numbers);
	free(tuples);
	free(numbers);
	free(ranks);
}
