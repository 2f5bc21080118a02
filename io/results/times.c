#include "io/results/times.h"

#include <string.h>

#include "base/quote.h"
#include "base/str.h"
#include "io/results/rows.h"
#include "models/measure/metric.h"

/* By name; the causes of the metrics time.* follow, by column. */
static const struct {
	struct results_time time;
	const char *sql, *condition;
} known[] = {
	{{"e2e", "end to end", "s"}, "delivered_s - created_s", "true"},
	{{"ttft", "first token", "s"}, "heard_s - created_s", "output_tokens > 0"},
	{{"tpot", "per token", "s"}, "(finished_s - first_token_s) / (output_tokens - 1)",
		"output_tokens >= 2"},
	{{"wait", "wait", "s"}, "started_s - created_s - (uploaded_s - assigned_s)", "true"},
	{{"network", "network", "s"}, "uploaded_s - assigned_s + delivered_s - finished_s", "true"},
	{{"latency", "latency", "ms/token"}, "1e3 * (delivered_s - created_s) / output_tokens",
		"output_tokens > 0"},
	{{"prediction", "longer than predicted", "s"}, "delivered_s - assigned_s - predicted_s",
		"predicted_s IS NOT NULL"},
};

enum { KNOWN = sizeof known / sizeof *known };

/* Names */

/** Is @metric, or what stands before its last part, @name? */
static bool is_of(const char *name, const char *metric)
{
	const size_t n = strlen(name);

	return strncmp(metric, name, n) == 0 && (metric[n] == '\0' || metric[n] == '.');
}

/** "time.decode_s" without its unit. */
static size_t cause_length(enum metric_id m)
{
	return strlen(metrics[m].name) - strlen("_s");
}

static bool refuse(const char *name, struct err *err)
{
	char quoted[QUOTE_SIZE];

	return err_input(err,
		"there is no time '%s' of a request: it has e2e, ttft, tpot, wait, network, "
		"latency, "
		"prediction, and time.decode or another cause of the metrics time.*",
		quote(quoted, sizeof quoted, name));
}

bool results_time_find(struct results_time *out, const char *name, struct err *err)
{
	for (size_t i = 0; i < KNOWN; i++)
		if (is_of(known[i].time.name, name)) {
			*out = known[i].time;
			return true;
		}
	for (enum metric_id m = METRIC_TIME; m < METRIC_TIME_SHARE; m++) {
		const size_t n = cause_length(m);

		if (strncmp(metrics[m].name, name, n) == 0 &&
			(name[n] == '\0' || strcmp(name + n, "_s") == 0)) {
			*out = (struct results_time){
				metrics[m].name, metrics[m].label, metrics[m].unit};
			return true;
		}
	}
	return refuse(name, err);
}

/* Values */

static void put_expression(struct buf *sql, const struct results_time *t)
{
	for (size_t i = 0; i < KNOWN; i++)
		if (strcmp(known[i].time.name, t->name) == 0) {
			buf_printf(
				sql, "%s FROM request WHERE %s", known[i].sql, known[i].condition);
			return;
		}
	buf_printf(sql, "1e-9 * %.*s_ns FROM request WHERE true",
		(int)(strlen(t->name) - strlen("time._s")), t->name + strlen("time."));
}

/** A column of the scope, and *@name in it; NULL: all. */
static bool scope_of(const char **column, const char **name, const char *scope, struct err *err)
{
	*column = NULL;
	*name = "";
	if (*scope == '\0' || strcmp(scope, "system") == 0)
		return true;
	*column = strncmp(scope, "group:", 6) == 0      ? "grp"
		  : strncmp(scope, "instance:", 9) == 0 ? "instance"
							: NULL;
	if (!*column)
		return err_input(
			err, "--scope of requests is group:NAME or instance:NAME, not '%s'", scope);
	*name = strchr(scope, ':') + 1;
	return true;
}

static bool ask(size_t *n, double **out, struct results *r, size_t run, const char *sql,
	const char *name, struct err *err)
{
	size_t cap = 0;
	struct rows q;

	if (!rows_of_newer_run(&q, r, run, sql, err))
		return false;
	sqlite3_bind_text(q.st, 2, name, -1, SQLITE_STATIC);
	while (rows_next(&q)) {
		*out = mem_grow(*out, *n, &cap, sizeof **out);
		(*out)[(*n)++] = sqlite3_column_double(q.st, 0);
	}
	return rows_end(&q, err);
}

bool results_times(size_t *n, double **out, struct results *r, size_t run,
	const struct results_time *t, const char *scope, struct err *err)
{
	const char *column, *name;
	struct buf sql;
	bool ok;

	*n = 0;
	*out = NULL;
	if (!scope_of(&column, &name, scope, err))
		return false;
	buf_init(&sql);
	buf_puts(&sql, "SELECT ");
	put_expression(&sql, t);
	buf_printf(&sql,
		" AND run = ?1 AND measured AND fate = 'done' AND replication IN (SELECT number "
		"FROM replication WHERE replication.run = ?1 AND status = 'complete') AND "
		"%s%s ORDER BY 1",
		column ? column : "?2 = ''", column ? " = ?2" : "");
	ok = ask(n, out, r, run, sql.s, name, err);
	buf_finish(&sql);
	return ok;
}
