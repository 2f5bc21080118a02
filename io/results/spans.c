#include "io/results/spans.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "io/results/inside.h"

/* One row a request and instance; where phases are apart the KV cache is on its way in between.
 * edge2 comes before edge10. */
static const char sql[] =
	"WITH stay (instance, id, arrived_s, started_s, first_token_s, left_s, tokens) AS ("
	"SELECT instance, id, uploaded_s, started_s, first_token_s, finished_s, output_tokens > 0 "
	"FROM request WHERE run = ?1 AND replication = ?2 AND prefill_instance IS NULL UNION ALL "
	"SELECT prefill_instance, id, uploaded_s, started_s, first_token_s, first_token_s, true "
	"FROM request WHERE run = ?1 AND replication = ?2 AND prefill_instance IS NOT NULL UNION "
	"ALL "
	"SELECT instance, id, first_token_s, first_token_s + 1e-9 * kv_ns, "
	"first_token_s + 1e-9 * kv_ns, finished_s, true "
	"FROM request WHERE run = ?1 AND replication = ?2 AND prefill_instance IS NOT NULL) "
	"SELECT instance, id, arrived_s, started_s, first_token_s, left_s, tokens FROM ("
	"SELECT *, row_number() OVER (PARTITION BY instance ORDER BY arrived_s, id) AS nth "
	"FROM stay WHERE instance IS NOT NULL AND arrived_s IS NOT NULL) WHERE nth <= ?3 "
	"ORDER BY rtrim(instance, '0123456789'), length(instance), instance, nth";

static double seconds(sqlite3_stmt *st, int column)
{
	return sqlite3_column_type(st, column) == SQLITE_NULL ? (double)NAN
							      : sqlite3_column_double(st, column);
}

static bool gather(
	size_t *n, struct results_span **out, struct results *r, sqlite3_stmt *st, struct err *err)
{
	size_t cap = 0;
	int rc;

	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(st, 0);
		const bool same = *n > 0 && strcmp((*out)[*n - 1].instance, name) == 0;

		*out = mem_grow(*out, *n, &cap, sizeof **out);
		(*out)[*n] = (struct results_span){
			.instance = same ? (*out)[*n - 1].instance : results_text(r, st, 0),
			.id = (uint64_t)sqlite3_column_int64(st, 1),
			.arrived_s = seconds(st, 2),
			.started_s = seconds(st, 3),
			.first_token_s = seconds(st, 4),
			.left_s = seconds(st, 5),
			.tokens = sqlite3_column_int(st, 6) != 0,
		};
		++*n;
	}
	return rc == SQLITE_DONE || results_fail(r, err);
}

bool results_spans(size_t *n, struct results_span **out, struct results *r, size_t run,
	uint32_t number, size_t most, struct err *err)
{
	sqlite3_stmt *st;
	bool ok;

	*n = 0;
	*out = NULL;
	if (sqlite3_prepare_v2(r->db, sql, -1, &st, NULL) != SQLITE_OK)
		return results_fail(r, err);
	sqlite3_bind_int64(st, 1, r->runs[run].id);
	sqlite3_bind_int64(st, 2, number);
	sqlite3_bind_int64(st, 3, (sqlite3_int64)most);
	ok = gather(n, out, r, st, err);
	sqlite3_finalize(st);
	if (ok && *n == 0)
		ok = err_input(err,
			"%s has no requests of replication %u of policy '%s': run it with "
			"record.requests, as in -s record.requests=true",
			r->path, (unsigned)number, r->runs[run].policy);
	return ok;
}
