/* Random scenarios keep what holds of all: nothing is lost, times are in order, policies see the
 * same arrivals, metrics are what they can be and what the requests say, and the same comes out
 * whatever the number of threads.
 *
 * usage: test_random_scenarios OFFING FIRST N     scenarios FIRST, ..., FIRST + N - 1
 *        test_random_scenarios --print K          the text of scenario K */
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "tests/extremes/generate.h"
#include "tests/extremes/runner.h"

enum { SHARDS = 2 };

/** What must find no row. A row's first column says where. */
static const struct {
	const char *sentence, *sql;
} invariants[] = {
	{"what was created was done, rejected, dropped, or is in the system",
		"SELECT scope || ' of run ' || run FROM metric WHERE name LIKE 'requests.%' AND "
		"(scope = '' OR scope LIKE 'group:%') GROUP BY run, replication, scope HAVING "
		"sum(CASE name WHEN 'requests.created' THEN -value ELSE value END) != 0"},
	{"the system has the requests of its groups",
		"SELECT a.name || ' of run ' || a.run FROM metric a WHERE a.scope = '' AND "
		"a.name LIKE 'requests.%' AND a.value != (SELECT sum(value) FROM metric b WHERE "
		"b.run = a.run AND b.replication = a.replication AND b.name = a.name AND "
		"b.scope LIKE 'group:%')"},
	{"each request has a fate of its own and a number of its own",
		"SELECT 'run ' || run FROM request GROUP BY run, replication HAVING "
		"count(DISTINCT id) != count(*) OR max(id) + 1 != count(*) OR "
		"sum(fate NOT IN ('done', 'rejected', 'dropped', 'in_system')) > 0"},
	{"times are in order, and none is missing before one that is there",
		"SELECT 'request ' || id || ' of run ' || run FROM request WHERE "
		"NOT ifnull(created_s <= assigned_s, assigned_s IS NULL) OR "
		"NOT ifnull(assigned_s <= uploaded_s, uploaded_s IS NULL) OR "
		"NOT ifnull(uploaded_s <= started_s, started_s IS NULL) OR "
		"NOT ifnull(started_s <= first_token_s, first_token_s IS NULL) OR "
		"NOT ifnull(first_token_s <= finished_s, finished_s IS NULL) OR "
		"NOT ifnull(finished_s <= delivered_s, delivered_s IS NULL)"},
	{"only what is done was delivered, and what was refused never started",
		"SELECT 'request ' || id || ' of run ' || run FROM request WHERE "
		"(fate = 'done') != (delivered_s IS NOT NULL) OR (fate = 'rejected' AND "
		"instance IS NOT NULL) OR (fate IN ('rejected', 'dropped') AND started_s IS NOT "
		"NULL)"},
	{"numbers go with the order of creation",
		"SELECT 'request ' || a.id || ' of run ' || a.run FROM request a JOIN request b ON "
		"a.run = b.run AND a.replication = b.replication AND b.id = a.id + 1 WHERE "
		"b.created_s < a.created_s"},
	{"every policy sees the same arrivals and lengths",
		"WITH own AS (SELECT *, row_number() OVER (PARTITION BY run, replication, grp "
		"ORDER "
		"BY id) AS k FROM request WHERE grp IN (SELECT substr(key, 7, length(key) - 23) "
		"FROM setting WHERE key LIKE 'users.%.arrivals.process' AND value NOT IN "
		"('closed', 'saturated'))) SELECT a.grp || ' number ' || a.k || ' of run ' || "
		"b.run "
		"FROM own a JOIN own b ON a.run = 1 AND b.run > 1 AND a.replication = "
		"b.replication AND a.grp = b.grp AND a.k = b.k WHERE a.created_s != b.created_s "
		"OR a.prompt_tokens != b.prompt_tokens OR a.output_tokens != b.output_tokens"},
	{"the cohort is who was created in [from, to)",
		"SELECT 'run ' || m.run || ': ' || m.value FROM metric m JOIN replication p ON "
		"m.run = p.run AND m.replication = p.number WHERE m.scope = '' AND m.name = "
		"'requests.created' AND EXISTS (SELECT 1 FROM setting WHERE key = 'run.horizon') "
		"AND m.value != (SELECT count(*) FROM request r WHERE r.run = m.run AND "
		"r.replication = m.replication AND r.created_s >= p.warmup_s AND r.created_s < "
		"p.warmup_s + p.horizon_s)"},
	{"the mean time is that of the requests",
		"SELECT 'run ' || m.run || ': ' || m.value FROM metric m JOIN replication p ON "
		"m.run = p.run AND m.replication = p.number WHERE m.scope = '' AND m.name = "
		"'e2e.mean_s' AND EXISTS (SELECT 1 FROM setting WHERE key = 'run.horizon') AND "
		"abs(m.value - (SELECT avg(delivered_s - created_s) FROM request r WHERE r.run = "
		"m.run AND r.replication = m.replication AND r.fate = 'done' AND r.created_s >= "
		"p.warmup_s AND r.created_s < p.warmup_s + p.horizon_s)) > 1e-9 * m.value"},
	{"what an instance served is what it was given",
		"SELECT 'request ' || id || ' of run ' || run FROM request WHERE (started_s IS NOT "
		"NULL AND instance IS NULL) OR (assigned_s IS NOT NULL AND instance IS NULL)"},
};

/** All that a result says but for who ran it and when. */
static const char *const tables[] = {
	"SELECT id, name, scenario, scenario_sha256, policy, seed, status FROM run ORDER BY id",
	"SELECT * FROM setting ORDER BY run, key",
	"SELECT * FROM replication ORDER BY run, number",
	"SELECT * FROM metric ORDER BY run, replication, scope, name",
	"SELECT * FROM summary ORDER BY run, scope, name",
	"SELECT * FROM warning ORDER BY run, replication, kind, scope, text",
	"SELECT * FROM request ORDER BY run, replication, id",
	"SELECT * FROM placement ORDER BY run, instance, stage, tensor",
};

struct trial {
	const char *offing, *folder;
	uint64_t number;
	struct buf text;
	char what[400]; /* is wrong */
	bool refused;
};

static bool wrong(struct trial *t, const char *what, const char *where)
{
	snprintf(t->what, sizeof t->what, "%s%s%s", what, *where ? ": " : "", where);
	return false;
}

/* Results */

static sqlite3 *open_result(const struct trial *t, const char *out)
{
	char file[256];
	sqlite3 *db;

	snprintf(file, sizeof file, "%s/%s/results.sqlite", t->folder, out);
	if (sqlite3_open_v2(file, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
		abort();
	return db;
}

static bool holds(struct trial *t, sqlite3 *db, size_t i)
{
	sqlite3_stmt *q;
	bool ok = true;
	int got;

	if (sqlite3_prepare_v2(db, invariants[i].sql, -1, &q, NULL) != SQLITE_OK)
		return wrong(t, invariants[i].sentence, sqlite3_errmsg(db));
	got = sqlite3_step(q);
	if (got == SQLITE_ROW)
		ok = wrong(t, invariants[i].sentence, (const char *)sqlite3_column_text(q, 0));
	else if (got != SQLITE_DONE)
		ok = wrong(t, invariants[i].sentence, sqlite3_errmsg(db));
	sqlite3_finalize(q);
	return ok;
}

static uint64_t hash_of(sqlite3 *db, const char *sql)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
	sqlite3_stmt *q;

	if (sqlite3_prepare_v2(db, sql, -1, &q, NULL) != SQLITE_OK)
		return 0;
	while (sqlite3_step(q) == SQLITE_ROW)
		for (int c = 0; c < sqlite3_column_count(q); c++) {
			const char *s = (const char *)sqlite3_column_text(q, c);

			for (s = s ? s : "\1"; *s; s++)
				h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
			h = (h ^ 0xff) * UINT64_C(0x100000001b3);
		}
	sqlite3_finalize(q);
	return h;
}

static bool same_results(struct trial *t)
{
	sqlite3 *one = open_result(t, "one"), *two = open_result(t, "two");
	bool ok = true;

	for (size_t i = 0; ok && i < sizeof tables / sizeof tables[0]; i++)
		if (hash_of(one, tables[i]) != hash_of(two, tables[i]))
			ok = wrong(t, "another number of threads gives other results", tables[i]);
	sqlite3_close(one);
	sqlite3_close(two);
	return ok;
}

static bool all_hold(struct trial *t)
{
	sqlite3 *db = open_result(t, "one");
	bool ok = true;

	for (size_t i = 0; ok && i < sizeof invariants / sizeof invariants[0]; i++)
		ok = holds(t, db, i);
	sqlite3_close(db);
	return ok;
}

/* Trying */

static void run(struct trial *t, struct run *r, const char *threads, const char *out)
{
	char file[256], dir[256];
	const char *const argv[] = {
		t->offing, "run", file, "-q", "--json", "-j", threads, "--force", "-o", dir, NULL};

	snprintf(file, sizeof file, "%s/s.yaml", t->folder);
	snprintf(dir, sizeof dir, "%s/%s", t->folder, out);
	run_command(r, argv);
}

static void write_text(const struct trial *t)
{
	char file[256];
	FILE *f;

	snprintf(file, sizeof file, "%s/s.yaml", t->folder);
	f = fopen(file, "w");
	if (!f || fputs(t->text.s, f) < 0 || fclose(f) != 0)
		abort();
}

static bool first_run(struct trial *t, struct run *r)
{
	char metric[200];

	run(t, r, "1", "one");
	if (run_complaint(r))
		return wrong(t, run_complaint(r), r->err);
	t->refused = r->status != 0;
	if (t->refused)
		return true;
	if (run_bad_metric(r, metric, sizeof metric))
		return wrong(t, metric, "");
	return all_hold(t);
}

static bool try_one(struct trial *t)
{
	struct run one = {0}, two = {0};
	bool ok;

	generate_scenario(&t->text, t->number);
	write_text(t);
	ok = first_run(t, &one);
	if (ok && !t->refused) {
		run(t, &two, "2", "two");
		if (strcmp(one.out, two.out) != 0)
			ok = wrong(t, "another number of threads gives other metrics", "");
		ok = ok && same_results(t);
	}
	if (!ok)
		printf("scenario %" PRIu64 ": %s\n%s\n", t->number, t->what, t->text.s);
	else if (t->refused && getenv("OFFING_TEST_VERBOSE"))
		printf("scenario %" PRIu64 " is refused: %s", t->number, one.err);
	run_finish(&one);
	run_finish(&two);
	return ok;
}

/** Of each hundred at most five may be refused: they are meant to run. */
static int try_shard(const char *offing, uint64_t first, uint64_t n, uint64_t shard)
{
	char folder[] = "/tmp/offing-random-XXXXXX";
	uint64_t tried = 0, failed = 0, refused = 0;

	if (!mkdtemp(folder))
		abort();
	for (uint64_t k = first + shard; k < first + n; k += SHARDS) {
		struct trial t = {.offing = offing, .folder = folder, .number = k};

		buf_init(&t.text);
		failed += !try_one(&t);
		refused += t.refused;
		tried++;
		buf_finish(&t.text);
		fflush(stdout);
	}
	printf("%" PRIu64 " scenarios, %" PRIu64 " wrong, %" PRIu64 " refused\n", tried, failed,
		refused);
	fflush(stdout);
	run_remove(folder);
	return failed > 0 || 20 * refused > tried + 20;
}

int main(int argc, char **argv)
{
	uint64_t first, n;
	int status, failed = 0;
	struct buf text;

	if (argc == 3 && !strcmp(argv[1], "--print")) {
		buf_init(&text);
		generate_scenario(&text, strtoull(argv[2], NULL, 10));
		fputs(text.s, stdout);
		buf_finish(&text);
		return 0;
	}
	if (argc != 4)
		return 2;
	first = strtoull(argv[2], NULL, 10);
	n = strtoull(argv[3], NULL, 10);
	for (uint64_t shard = 0; shard < SHARDS; shard++)
		if (fork() == 0)
			_exit(try_shard(argv[1], first, n, shard));
	while (wait(&status) > 0)
		failed += status != 0;
	return failed > 0;
}
