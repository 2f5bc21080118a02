/* Which metrics of what a query is about. */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/near.h"
#include "base/quote.h"
#include "io/results/query_parts.h"

/** All that any of the results has measured. */
struct known {
	size_t n, cap;
	struct results_measured *at;
};

static bool read_known(struct known *k, const struct query *q, struct err *err)
{
	const struct results_measured *all;
	size_t n;

	for (size_t d = 0; d < q->n_results; d++) {
		if (!results_measured(&n, &all, q->results[d], err))
			return false;
		for (size_t i = 0; i < n; i++) {
			k->at = mem_grow(k->at, k->n, &k->cap, sizeof *k->at);
			k->at[k->n++] = all[i];
		}
	}
	return true;
}

/** instance:edge2 before instance:edge10; of one scope in order of name. */
static int by_scope(const void *x, const void *y)
{
	const struct results_measured *a = x, *b = y;
	int scopes = strverscmp(a->scope, b->scope);

	return scopes ? scopes : strcmp(a->name, b->name);
}

static const char *scope_of(const char *asked)
{
	return strcmp(asked, "system") == 0 ? "" : asked;
}

static bool matches(const char *scope, const char *asked)
{
	return strcmp(scope, scope_of(asked)) == 0 || fnmatch(scope_of(asked), scope, 0) == 0;
}

/* What there is not */

static bool no_metric(const struct known *k, const char *name, struct err *err)
{
	enum metric_id id;
	struct near near;

	if (metric_find(&id, name))
		return err_input(err, "no run here measured %s", name);
	near_init(&near, name);
	for (enum metric_id m = 0; m < METRICS; m++)
		near_add(&near, metrics[m].name);
	for (size_t i = 0; i < k->n; i++)
		near_add(&near, k->at[i].name);
	return near_refuse(&near, "metric", err);
}

static bool no_scope(const struct known *k, const char *name, const char *scope, struct err *err)
{
	const char *first = NULL;
	char quoted[QUOTE_SIZE];
	struct near near;

	near_init(&near, scope);
	for (size_t i = 0; i < k->n; i++)
		if (strcmp(k->at[i].name, name) == 0) {
			const char *is = *k->at[i].scope ? k->at[i].scope : "system";

			near_add(&near, is);
			first = first ? first : is;
		}
	if (!first)
		return no_metric(k, name, err);
	quote(quoted, sizeof quoted, *scope ? scope : "system");
	if (near_best(&near))
		return err_input(err, "no run here measured %s of '%s'; did you mean '%s'?", name,
			quoted, near_best(&near));
	return err_input(err, "no run here measured %s of '%s'; there is '%s', for one", name,
		quoted, first);
}

/* What there is */

static void add(struct query *q, const struct results_measured *m)
{
	struct query_metric *to;

	for (size_t i = 0; i < q->n_metrics; i++)
		if (strcmp(q->metrics[i].name, m->name) == 0 &&
			strcmp(q->metrics[i].scope, m->scope) == 0)
			return;
	q->metrics = mem_grow(q->metrics, q->n_metrics, &q->metrics_cap, sizeof *q->metrics);
	to = &q->metrics[q->n_metrics++];
	*to = (struct query_metric){.name = m->name, .scope = m->scope, .unit = m->unit};
	if (!metric_find(&to->id, m->name))
		to->id = METRICS;
}

/** True where there is any. */
static bool add_all(struct query *q, const struct known *k, const char *name, const char *scope)
{
	bool any = false;

	for (size_t i = 0; i < k->n; i++)
		if (strcmp(k->at[i].name, name) == 0 && matches(k->at[i].scope, scope)) {
			add(q, &k->at[i]);
			any = true;
		}
	return any;
}

/* What is told of where nothing is asked for. */
static const enum metric_id main_metrics[] = {METRIC_LATENCY_PER_TOKEN, METRIC_E2E_MEAN,
	METRIC_E2E_P95, METRIC_GOODPUT, METRIC_QOS_SHARE};

enum { MAIN_METRICS = sizeof main_metrics / sizeof *main_metrics };

static bool add_main(struct query *q, const struct known *k, const char *const *scopes,
	size_t n_scopes, struct err *err)
{
	bool any = false;

	for (size_t m = 0; m < MAIN_METRICS; m++)
		for (size_t s = 0; s < n_scopes; s++)
			any = add_all(q, k, metrics[main_metrics[m]].name, scopes[s]) || any;
	return any || err_input(err, "none of the main metrics was measured there; say which of "
				     "`offing list metrics` is meant");
}

/** Of several scopes a metric need not have all, nor a scope all of several metrics. */
static bool add_named(struct query *q, const struct known *k, const struct query_spec *spec,
	const char *const *scopes, size_t n_scopes, struct err *err)
{
	bool *met = mem_zalloc(n_scopes, sizeof *met), ok = true;

	for (size_t m = 0; m < spec->n_metrics && ok; m++) {
		bool any = false;

		for (size_t s = 0; s < n_scopes; s++)
			if (add_all(q, k, spec->metrics[m], scopes[s]))
				any = met[s] = true;
		ok = any || no_scope(k, spec->metrics[m], scopes[0], err);
	}
	for (size_t s = 0; s < n_scopes && ok; s++)
		ok = met[s] || no_scope(k, spec->metrics[0], scopes[s], err);
	free(met);
	return ok;
}

bool query_choose(struct query *q, const struct query_spec *spec, struct err *err)
{
	static const char *const system[] = {""};
	const char *const *scopes = spec->n_scopes ? spec->scopes : system;
	const size_t n_scopes = spec->n_scopes ? spec->n_scopes : 1;
	struct known k = {0};
	bool ok = read_known(&k, q, err);

	mem_sort(k.at, k.n, sizeof *k.at, by_scope);
	if (ok && spec->n_metrics > 0)
		ok = add_named(q, &k, spec, scopes, n_scopes, err);
	else if (ok)
		ok = add_main(q, &k, scopes, n_scopes, err);
	free(k.at);
	return ok;
}
