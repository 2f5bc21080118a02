/* Which runs a query is about. */
#include <stdlib.h>
#include <string.h>

#include "base/near.h"
#include "base/quote.h"
#include "base/str.h"
#include "io/results/axis.h"
#include "io/results/query_parts.h"

struct condition {
	const char *key, *value;
	bool key_met, value_met; /* by any run */
};

/* What is asked, taken apart */

static bool read_condition(
	struct condition *out, struct query *q, const char *text, struct err *err)
{
	const char *equals = strchr(text, '=');
	char quoted[QUOTE_SIZE];
	struct str key, value;

	if (!equals)
		return err_input(err, "'%s' is no condition: write KEY=VALUE",
			quote(quoted, sizeof quoted, text));
	key = str_trim((struct str){text, (size_t)(equals - text)});
	value = str_trim(str_of(equals + 1));
	*out = (struct condition){
		.key = arena_printf(&q->arena, "%.*s", (int)key.n, key.s),
		.value = arena_printf(&q->arena, "%.*s", (int)value.n, value.s),
	};
	return true;
}

static bool alike(const char *a, const char *b)
{
	const char *const pair[] = {a, b};
	double numbers[2];
	const char *unit;

	return strcmp(a, b) == 0 || (axis_numbers(numbers, &unit, pair, 2) &&
					    !(numbers[0] < numbers[1] || numbers[0] > numbers[1]));
}

/* Runs */

static void pick(struct query *q, struct results *of, size_t run)
{
	q->runs = mem_grow(q->runs, q->n_runs, &q->runs_cap, sizeof *q->runs);
	q->runs[q->n_runs++] = (struct picked){of, run};
}

/** Of the conditions on one key one must hold. */
static bool holds(
	bool *out, struct condition *c, size_t n, struct results *of, size_t run, struct err *err)
{
	*out = true;
	for (size_t i = 0; i < n; i++) {
		bool any = false;

		for (size_t k = 0; k < n; k++) {
			const char *value;

			if (strcmp(c[k].key, c[i].key) != 0)
				continue;
			if (!query_value_of(&value, of, run, c[k].key, err))
				return false;
			c[k].key_met = c[k].key_met || value;
			if (value && alike(value, c[k].value))
				any = c[k].value_met = true;
		}
		*out = *out && any;
	}
	return true;
}

/* Nothing is there */

enum { VALUES_SHOWN = 6 };

struct seen {
	struct near near;
	struct buf list;
	const char *shown[VALUES_SHOWN];
	size_t n;
};

static void see(struct seen *s, const char *value)
{
	char quoted[QUOTE_SIZE];

	near_add(&s->near, value);
	for (size_t i = 0; i < s->n && i < VALUES_SHOWN; i++)
		if (strcmp(s->shown[i], value) == 0)
			return;
	if (s->n < VALUES_SHOWN) {
		s->shown[s->n] = value;
		buf_printf(&s->list, "%s%s", s->n ? ", " : "", quote(quoted, sizeof quoted, value));
	} else if (s->n == VALUES_SHOWN) {
		buf_puts(&s->list, ", ...");
	}
	s->n++;
}

static bool no_value(const struct query *q, const struct condition *c, struct err *err)
{
	char quoted[QUOTE_SIZE];
	struct seen s = {0};
	const char *value, *unit;
	double number;
	bool ok = true;

	buf_init(&s.list);
	near_init(&s.near, c->value);
	for (size_t d = 0; d < q->n_results && ok; d++)
		for (size_t r = 0; r < results_n_runs(q->results[d]) && ok; r++) {
			ok = query_value_of(&value, q->results[d], r, c->key, err);
			if (ok && value)
				see(&s, value);
		}
	quote(quoted, sizeof quoted, c->value);
	if (ok && near_best(&s.near) && !axis_numbers(&number, &unit, &c->value, 1))
		ok = err_input(err, "no run has %s=%s; did you mean '%s'?", c->key, quoted,
			near_best(&s.near));
	else if (ok)
		ok = err_input(err, "no run has %s=%s; there is %s", c->key, quoted, s.list.s);
	buf_finish(&s.list);
	return ok;
}

static bool explain(const struct query *q, const struct condition *c, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (!c[i].key_met)
			return query_no_key(q, c[i].key, err);
		if (!c[i].value_met)
			return no_value(q, &c[i], err);
	}
	if (q->n_runs == 0)
		return err_input(
			err, n > 0 ? "no run meets all of the conditions" : "there is no run");
	return true;
}

bool query_pick(struct query *q, const char *const *where, size_t n, struct err *err)
{
	struct condition *c = mem_zalloc(n, sizeof *c);
	bool ok = true, yes;

	for (size_t i = 0; i < n && ok; i++)
		ok = read_condition(&c[i], q, where[i], err);
	for (size_t d = 0; d < q->n_results && ok; d++)
		for (size_t r = 0; r < results_n_runs(q->results[d]) && ok; r++) {
			ok = holds(&yes, c, n, q->results[d], r, err);
			if (ok && yes)
				pick(q, q->results[d], r);
		}
	ok = ok && explain(q, c, n, err);
	free(c);
	return ok;
}
