#include "io/results/keys.h"

#include <stdlib.h>
#include <string.h>

#include "io/results/details.h"
#include "io/results/rows.h"

/* All of them */

struct gathered {
	size_t n, cap;
	struct setting_key *at;
};

/* In order of name; a key that has several values comes several times. */
static bool gather(struct gathered *g, struct results *r, struct err *err)
{
	static const char sql[] =
		"SELECT key, value, count(*) FROM setting GROUP BY key, value ORDER BY key";
	struct rows q;

	if (!rows_of_all(&q, r, sql, err))
		return false;
	while (rows_next(&q)) {
		g->at = mem_grow(g->at, g->n, &g->cap, sizeof *g->at);
		g->at[g->n++] = (struct setting_key){.name = rows_text(&q, 0),
			.value = rows_text(&q, 1),
			.runs = (size_t)sqlite3_column_int64(q.st, 2)};
	}
	return rows_end(&q, err);
}

static int by_name(const void *x, const void *y)
{
	const struct setting_key *a = x, *b = y;

	return strcmp(a->name, b->name);
}

static void join(struct gathered *g)
{
	size_t n = 0;

	mem_sort(g->at, g->n, sizeof *g->at, by_name);
	for (size_t i = 0; i < g->n; i++) {
		struct setting_key *last = n ? &g->at[n - 1] : NULL;

		if (!last || strcmp(last->name, g->at[i].name) != 0) {
			g->at[n++] = g->at[i];
			continue;
		}
		last->runs += g->at[i].runs;
		last->differs = last->differs || strcmp(last->value, g->at[i].value) != 0;
	}
	g->n = n;
}

bool keys_all(size_t *n, struct setting_key **out, struct results *const *results, size_t n_results,
	struct err *err)
{
	struct gathered g = {0};
	size_t runs = 0;
	bool ok = true;

	for (size_t i = 0; i < n_results && ok; i++) {
		ok = gather(&g, results[i], err);
		runs += results[i]->n_runs;
	}
	join(&g);
	for (size_t i = 0; i < g.n; i++)
		g.at[i].differs = g.at[i].differs || g.at[i].runs < runs;
	*n = ok ? g.n : 0;
	*out = g.at;
	return ok;
}

/* Two runs */

bool keys_differing(size_t *n, const char ***out, struct results *a, size_t run_a,
	struct results *b, size_t run_b, struct err *err)
{
	const struct results_leaf *of_a, *of_b;
	size_t n_a, n_b, cap = 0;
	bool ok = results_leaves(&n_a, &of_a, a, run_a, err) &&
		  results_leaves(&n_b, &of_b, b, run_b, err);

	*n = 0;
	*out = NULL;
	for (size_t i = 0, k = 0; ok && (i < n_a || k < n_b);) {
		int which = i == n_a ? 1 : k == n_b ? -1 : strcmp(of_a[i].key, of_b[k].key);

		if (which != 0 || strcmp(of_a[i].value, of_b[k].value) != 0) {
			*out = mem_grow(*out, *n, &cap, sizeof **out);
			(*out)[(*n)++] = which <= 0 ? of_a[i].key : of_b[k].key;
		}
		i += which <= 0;
		k += which >= 0;
	}
	return ok;
}
