/* The rows of the table `request`, and what replications they are of. */
#include "io/results/requests.h"

#include <math.h>
#include <stdlib.h>

#include "io/results/rows.h"

struct results_requests {
	const struct results *of;
	sqlite3_stmt *st;
};

enum column {
	REPLICATION,
	ID,
	GROUP,
	HOME,
	MODEL,
	INSTANCE,
	FATE,
	PROMPT,
	OUTPUT,
	PREEMPTIONS,
	CACHED,
	CREATED,
	ASSIGNED,
	UPLOADED,
	STARTED,
	FIRST,
	HEARD,
	FINISHED,
	DELIVERED,
	DEADLINE,
	MEASURED,
	PREFIX,
	PREFIX_TOK,
	OWN,
};

/* What schemas before the sixth do not know is worked out, as far as they tell. */
static const char WINDOW[] =
	"(SELECT created_s >= warmup_s AND created_s < warmup_s + horizon_s FROM replication "
	"WHERE replication.run = request.run AND number = replication)";
static const char SELECT[] =
	"SELECT replication, id, grp, home, model, instance, fate, prompt_tokens, output_tokens, "
	"preemptions, %s, created_s, assigned_s, uploaded_s, started_s, first_token_s, %s, "
	"finished_s, delivered_s, "
	"deadline_s, %s, %s FROM request WHERE run = ?1 AND (?2 = 0 OR replication = ?2) "
	"ORDER BY replication, id";

static bool has_column(const struct results *r, const char *name)
{
	return sqlite3_table_column_metadata(
		       r->db, NULL, "request", name, NULL, NULL, NULL, NULL, NULL) == SQLITE_OK;
}

static bool prepare(struct results_requests *all, struct results *r, struct err *err)
{
	static const char heard[] = "CASE fate WHEN 'done' THEN first_token_s END";
	const char *sql = arena_printf(&r->arena, SELECT,
		has_column(r, "cached_tokens") ? "cached_tokens" : "0",
		has_column(r, "heard_s") ? arena_printf(&r->arena, "coalesce(heard_s, %s)", heard)
					 : heard,
		has_column(r, "measured")
			? arena_printf(&r->arena, "coalesce(measured, %s)", WINDOW)
			: WINDOW,
		has_column(r, "own") ? "prefix, prefix_tokens, own" : "NULL, NULL, NULL");

	return sqlite3_prepare_v2(r->db, sql, -1, &all->st, NULL) == SQLITE_OK ||
	       results_fail(r, err);
}

static int64_t time_of(sqlite3_stmt *st, int column)
{
	if (sqlite3_column_type(st, column) == SQLITE_NULL)
		return RESULTS_TIME_NONE;
	return llround(1e9 * sqlite3_column_double(st, column));
}

static const char *text_of(sqlite3_stmt *st, int column)
{
	const unsigned char *s = sqlite3_column_text(st, column);

	return s ? (const char *)s : "";
}

static uint32_t whole_of(sqlite3_stmt *st, int column)
{
	return (uint32_t)sqlite3_column_int64(st, column);
}

static void read_row(struct results_request *q, sqlite3_stmt *st)
{
	*q = (struct results_request){
		.replication = whole_of(st, REPLICATION),
		.id = (uint64_t)sqlite3_column_int64(st, ID),
		.group = text_of(st, GROUP),
		.home = text_of(st, HOME),
		.model = text_of(st, MODEL),
		.instance = text_of(st, INSTANCE),
		.fate = text_of(st, FATE),
		.prompt_tok = whole_of(st, PROMPT),
		.output_tok = whole_of(st, OUTPUT),
		.preemptions = whole_of(st, PREEMPTIONS),
		.cached_tok = whole_of(st, CACHED),
		.created_ns = time_of(st, CREATED),
		.assigned_ns = time_of(st, ASSIGNED),
		.uploaded_ns = time_of(st, UPLOADED),
		.started_ns = time_of(st, STARTED),
		.first_token_ns = time_of(st, FIRST),
		.heard_ns = time_of(st, HEARD),
		.finished_ns = time_of(st, FINISHED),
		.delivered_ns = time_of(st, DELIVERED),
		.deadline_ns = time_of(st, DEADLINE),
		.measured = sqlite3_column_int(st, MEASURED),
		.content = sqlite3_column_type(st, OWN) != SQLITE_NULL,
		.prefix = (uint64_t)sqlite3_column_int64(st, PREFIX),
		.prefix_tok = whole_of(st, PREFIX_TOK),
		.own = (uint64_t)sqlite3_column_int64(st, OWN),
	};
}

static bool kept_any(struct results *r, size_t run, bool *any, struct err *err)
{
	static const char sql[] = "SELECT EXISTS (SELECT 1 FROM request WHERE run = ?)";
	struct rows q;

	if (!rows_of_run(&q, r, run, sql, err))
		return false;
	*any = rows_next(&q) && sqlite3_column_int(q.st, 0);
	return rows_end(&q, err);
}

bool results_requests_open(struct results_requests **out, struct results *r, size_t run,
	uint32_t replication, struct err *err)
{
	struct results_requests *all;
	bool any = false;

	*out = NULL;
	if (!kept_any(r, run, &any, err))
		return false;
	if (!any)
		return err_input(err,
			"%s keeps no requests of policy '%s': run it with -s record.requests=true",
			r->dir, r->runs[run].policy);
	all = mem_zalloc(1, sizeof *all);
	all->of = r;
	if (!prepare(all, r, err)) {
		results_requests_close(all);
		return false;
	}
	sqlite3_bind_int64(all->st, 1, r->runs[run].id);
	sqlite3_bind_int64(all->st, 2, replication);
	*out = all;
	return true;
}

int results_requests_next(struct results_requests *all, struct results_request *q, struct err *err)
{
	int rc = sqlite3_step(all->st);

	if (rc == SQLITE_ROW) {
		read_row(q, all->st);
		return 1;
	}
	return rc == SQLITE_DONE ? 0 : (results_fail(all->of, err), -1);
}

void results_requests_close(struct results_requests *all)
{
	if (!all)
		return;
	sqlite3_finalize(all->st);
	free(all);
}

/* Replications */

bool results_replications(size_t *n, const struct results_replication **out, struct results *r,
	size_t run, struct err *err)
{
	static const char sql[] = "SELECT number, warmup_s, horizon_s, status FROM replication "
				  "WHERE run = ? ORDER BY number";
	struct results_replication *all = NULL;
	size_t cap = 0;
	struct rows q;

	*n = 0;
	if (!rows_of_run(&q, r, run, sql, err))
		return false;
	while (rows_next(&q)) {
		all = mem_grow(all, *n, &cap, sizeof *all);
		all[(*n)++] = (struct results_replication){whole_of(q.st, 0), rows_number(&q, 1),
			rows_number(&q, 2), results_status(text_of(q.st, 3))};
	}
	*out = rows_keep(r, all, *n, sizeof *all);
	return rows_end(&q, err);
}

bool results_scenario(const char **out, struct results *r, size_t run, struct err *err)
{
	struct rows q;

	*out = "";
	if (!rows_of_run(&q, r, run, "SELECT scenario FROM run WHERE id = ?", err))
		return false;
	if (rows_next(&q))
		*out = rows_text(&q, 0);
	return rows_end(&q, err);
}
