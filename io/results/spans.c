#include "io/results/spans.h"

#include <string.h>

#include "io/results/rows.h"

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

static void add(struct results_span *spans, size_t n, const struct rows *q)
{
	const char *name = (const char *)sqlite3_column_text(q->st, 0);
	const bool same = n > 0 && strcmp(spans[n - 1].instance, name) == 0;

	spans[n] = (struct results_span){
		.instance = same ? spans[n - 1].instance : rows_text(q, 0),
		.id = (uint64_t)sqlite3_column_int64(q->st, 1),
		.arrived_s = rows_number(q, 2),
		.started_s = rows_number(q, 3),
		.first_token_s = rows_number(q, 4),
		.left_s = rows_number(q, 5),
		.tokens = sqlite3_column_int(q->st, 6) != 0,
	};
}

bool results_spans(size_t *n, struct results_span **out, struct results *r, size_t run,
	uint32_t number, size_t most, struct err *err)
{
	size_t cap = 0;
	struct rows q;
	bool ok;

	*n = 0;
	*out = NULL;
	if (!rows_of_run(&q, r, run, sql, err))
		return false;
	sqlite3_bind_int64(q.st, 2, number);
	sqlite3_bind_int64(q.st, 3, (sqlite3_int64)most);
	while (rows_next(&q)) {
		*out = mem_grow(*out, *n, &cap, sizeof **out);
		add(*out, *n, &q);
		++*n;
	}
	ok = rows_end(&q, err);
	if (ok && *n == 0)
		ok = err_input(err,
			"%s has no requests of replication %u of policy '%s': run it with "
			"record.requests, as in -s record.requests=true",
			r->path, (unsigned)number, r->runs[run].policy);
	return ok;
}
