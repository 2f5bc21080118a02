/* offing table: metrics of runs by their keys. */
#include <stdlib.h>
#include <string.h>

#include "base/near.h"
#include "base/str.h"
#include "cli/command.h"
#include "cli/say.h"
#include "cli/table.h"

struct asked {
	struct arena arena;
	const struct opts *o;
	size_t n_results;
	struct results **results;
	struct query_spec spec;
};

/* What is asked */

/** All of an option that may be given several times, and each time be a list. */
static const char *const *list(size_t *n, struct asked *a, const char *name)
{
	size_t given, most = 0;
	const char **values = opts_all(a->o, name, &given), **out;
	struct str rest, item;

	for (size_t i = 0; i < given; i++)
		most += strlen(values[i]) + 1;
	out = arena_alloc(&a->arena, most, sizeof *out);
	*n = 0;
	for (size_t i = 0; i < given; i++) {
		rest = str_of(values[i]);
		while (str_split(&rest, ',', &item)) {
			item = str_trim(item);
			if (item.n)
				out[(*n)++] = arena_printf(&a->arena, "%.*s", (int)item.n, item.s);
		}
	}
	free(values);
	return out;
}

struct format {
	const char *name;
	void (*print)(FILE *to, struct table *t);
};

/* The first is meant when none is named. */
static const struct format formats[] = {
	{"text", table_print_text},
	{"markdown", table_print_markdown},
	{"latex", table_print_latex},
	{"csv", table_print_csv},
	{0},
};

static bool read_format(const struct format **out, const struct opts *o, struct err *err)
{
	const char *name = opts_get(o, "format");
	struct near near;

	*out = formats;
	if (!name)
		return true;
	near_init(&near, name);
	for (; (*out)->name; (*out)++) {
		if (strcmp((*out)->name, name) == 0)
			return true;
		near_add(&near, (*out)->name);
	}
	return near_refuse(&near, "format", err);
}

static void read_spec(struct asked *a)
{
	struct query_spec *s = &a->spec;
	const char **where = opts_all(a->o, "where", &s->n_where);
	const char **kept = arena_alloc(&a->arena, s->n_where, sizeof *kept);

	for (size_t i = 0; i < s->n_where; i++)
		kept[i] = where[i];
	free(where);
	s->where = kept;
	s->rows = list(&s->n_rows, a, "rows");
	s->cols = list(&s->n_cols, a, "cols");
	s->metrics = list(&s->n_metrics, a, "metric");
	s->scopes = list(&s->n_scopes, a, "scope");
}

/** Without --rows they are by what tells the runs apart. */
static bool choose_rows(struct asked *a, struct err *err)
{
	const char **keys, **kept;
	size_t n;
	bool ok;

	if (a->spec.n_rows > 0)
		return true;
	ok = query_keys_apart(&n, &keys, a->results, a->n_results, &a->spec, err);
	if (ok && n == 0 && a->spec.n_cols == 0) {
		a->spec.rows = arena_alloc(&a->arena, 1, sizeof *kept);
		((const char **)a->spec.rows)[0] = "policy";
		a->spec.n_rows = 1;
	} else if (ok) {
		kept = arena_alloc(&a->arena, n, sizeof *kept);
		for (size_t k = 0; k < n; k++)
			kept[k] = keys[k];
		a->spec.rows = kept;
		a->spec.n_rows = n;
	}
	free(keys);
	return ok;
}

/* The table */

static void say_again(const struct query *q)
{
	if (query_n_again(q) > 0)
		say("offing: %zu of %zu runs are the same as others and count once",
			query_n_again(q), query_n_runs(q));
}

static bool print(struct asked *a, struct err *err)
{
	const struct format *format;
	struct table table;
	struct query *q;

	read_spec(a);
	if (!read_format(&format, a->o, err) ||
		!results_open_all(&a->results, &a->n_results, a->o->args, a->o->n_args, err) ||
		!choose_rows(a, err) || !query_ask(&q, a->results, a->n_results, &a->spec, err))
		return false;
	say_again(q);
	table_make(&table, q);
	format->print(stdout, &table);
	table_finish(&table);
	query_finish(q);
	return true;
}

static enum status run(const struct opts *o)
{
	struct asked a = {.o = o};
	struct err err = {0};
	bool ok;

	arena_init(&a.arena);
	ok = print(&a, &err);
	results_close_all(a.results, a.n_results);
	arena_finish(&a.arena);
	return ok ? STATUS_DONE : command_fail(&err);
}

static const struct opt_spec opts[] = {
	{"rows", 0, "KEY,...", "what a row is for (what tells the runs apart)"},
	{"cols", 0, "KEY,...", "what a column is for (the metrics)"},
	{"metric", 0, "METRIC,...", "see `offing list metrics` (the main ones)"},
	{"scope", 0, "SCOPE,...", "what it is of: group:NAME, 'instance:*' (the system)"},
	{"where", 0, "KEY=VALUE", "only such runs; repeatable: of one key any, of several all"},
	{"format", 0, "FORMAT", "text, markdown, latex or csv (text)", "text markdown latex csv"},
	{0}};

const struct command cmd_table = {
	.name = "table",
	.args = "DIR...",
	.min_args = 1,
	.max_args = SIZE_MAX,
	.summary = "metrics of runs and sweeps as a table",
	.help = "A KEY is a leaf of the scenario, as links.wan.rate, or policy, folder, version. "
		"Each\n"
		"of --rows, --cols, --metric and --scope may be a list and be given again.\n"
		"docs/tables.md has examples.",
	.opts = opts,
	.run = run,
};
