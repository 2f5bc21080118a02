/* Questions and words that the kinds of pictures of `offing plot` share. */
#include "cli/plotted.h"

#include <stdlib.h>
#include <string.h>

bool plotted_ask(struct query **out, const struct plotted *p, const char *x, const char *by,
	const char *metric, struct err *err)
{
	const char *scope = opts_get(p->o, "scope");
	struct query_spec spec = {
		.n_rows = x ? 1 : 0,
		.rows = &x,
		.n_cols = by ? 1 : 0,
		.cols = &by,
		.n_metrics = metric ? 1 : 0,
		.metrics = &metric,
		.n_scopes = metric && scope ? 1 : 0,
		.scopes = &scope,
	};
	const char **where = opts_all(p->o, "where", &spec.n_where);
	bool ok;

	spec.where = where;
	ok = query_ask(out, p->results, p->n, &spec, err);
	free(where);
	return ok;
}

bool plotted_policy(
	const char **out, const struct plotted *p, const struct query_cell *c, struct err *err)
{
	const char *key;

	*out = NULL;
	if (!c->of)
		return true;
	key = arena_printf(p->arena, "policies.%s.name", results_run(c->of, c->run)->policy);
	return results_setting(out, c->of, c->run, key, err) &&
	       (*out || results_setting(out, c->of, c->run, "policy.name", err));
}

const char *plotted_title(const struct plotted *p, const struct query *q)
{
	const char *given = opts_get(p->o, "title"), *name = NULL;

	for (size_t r = 0; r < query_rows(q)->n; r++)
		for (size_t c = 0; c < query_cols(q)->n; c++) {
			const struct query_cell *cell = query_cell(q, r, c, 0);
			const char *one = cell->of ? results_run(cell->of, cell->run)->name : name;

			if (name && strcmp(name, one) != 0)
				return given ? given : "";
			name = one;
		}
	return given ? given : name ? name : "";
}

bool plotted_logs(bool *x, bool *y, const struct plotted *p, struct err *err)
{
	size_t n;
	const char **axes = opts_all(p->o, "log", &n);
	bool ok = true;

	*x = *y = false;
	for (size_t i = 0; i < n && ok; i++) {
		ok = strcmp(axes[i], "x") == 0 || strcmp(axes[i], "y") == 0 ||
		     strcmp(axes[i], "xy") == 0 ||
		     err_input(err, "--log takes x, y or xy, not '%s'", axes[i]);
		*x = *x || strchr(axes[i], 'x');
		*y = *y || strchr(axes[i], 'y');
	}
	free(axes);
	return ok;
}
