/* What a folder holds of the runs that are asked for. */
#include "io/record/resume.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/record/parts.h"
#include "io/record/recorder.h"
#include "io/record/schema.h"

enum { PATIENCE_MS = 10000 };

struct looker {
	sqlite3 *db;
	const char *path;
	bool parts; /* its files were not closed */
	const struct recorder_identity *id;
	struct recorder_look *out;
};

static bool fail(const struct looker *l, struct err *err)
{
	return err_run(err, "%s: %s", l->path, sqlite3_errmsg(l->db));
}

/* The number that @sql asks for. */
static bool number(sqlite3_int64 *out, const struct looker *l, const char *sql, struct err *err)
{
	sqlite3_stmt *st;
	bool ok = sqlite3_prepare_v2(l->db, sql, -1, &st, NULL) == SQLITE_OK &&
		  sqlite3_step(st) == SQLITE_ROW;

	if (ok)
		*out = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return ok || fail(l, err);
}

/* A file whose first transaction did not come to its end has no tables. */
static bool check_schema(bool *none, const struct looker *l, struct err *err)
{
	sqlite3_int64 tables, application, schema;

	if (!number(&tables, l, "SELECT count(*) FROM sqlite_schema", err) ||
		!number(&application, l, "PRAGMA application_id", err) ||
		!number(&schema, l, "PRAGMA user_version", err))
		return false;
	*none = tables == 0;
	if (*none)
		return true;
	if (application != REC_APPLICATION)
		return err_input(err, "%s was not written by offing", l->path);
	if (schema != REC_SCHEMA) {
		l->out->found = RECORDER_OTHER;
		snprintf(l->out->why, sizeof l->out->why, "has schema %lld, not %d",
			(long long)schema, REC_SCHEMA);
	}
	return true;
}

static bool differs(const struct looker *l, sqlite3_stmt *st, size_t i)
{
	const char *sha256 = (const char *)sqlite3_column_text(st, 0);
	const char *policy = (const char *)sqlite3_column_text(st, 1);
	const char *version = (const char *)sqlite3_column_text(st, 2);
	char *why = l->out->why;

	if (strcmp(sha256, l->id->sha256) != 0)
		snprintf(why, sizeof l->out->why,
			"is of another scenario or of other files: its identity is %.12s, not "
			"%.12s",
			sha256, l->id->sha256);
	else if (strcmp(version, l->id->version) != 0)
		snprintf(why, sizeof l->out->why, "was written by version %.60s, this is %.60s",
			version, l->id->version);
	else if (i >= l->id->n || strcmp(policy, l->id->policies[i]) != 0)
		snprintf(why, sizeof l->out->why,
			"has the policy '%.60s', which is not asked for here", policy);
	else
		return false;
	l->out->found = RECORDER_OTHER;
	return true;
}

/* Of runs in order: the status says whether all is written. */
static bool compare_runs(const struct looker *l, struct err *err)
{
	static const char sql[] =
		"SELECT scenario_sha256, policy, version, status FROM run ORDER BY id";
	size_t n = 0, ended = 0;
	sqlite3_stmt *st;
	int rc;

	if (sqlite3_prepare_v2(l->db, sql, -1, &st, NULL) != SQLITE_OK)
		return fail(l, err);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW && !differs(l, st, n)) {
		const char *status = (const char *)sqlite3_column_text(st, 3);

		l->out->failed = l->out->failed || strcmp(status, "failed") == 0;
		ended += strcmp(status, "interrupted") != 0;
		n++;
	}
	sqlite3_finalize(st);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return fail(l, err);
	if (l->out->found != RECORDER_OTHER && n > 0)
		l->out->found =
			ended == l->id->n && !l->parts ? RECORDER_WHOLE : RECORDER_UNFINISHED;
	return true;
}

static bool look(struct looker *l, struct err *err)
{
	bool none;

	/* to write, too: what was killed in its first transaction has to be rolled back */
	if (sqlite3_open_v2(l->path, &l->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
		return fail(l, err);
	sqlite3_busy_timeout(l->db, PATIENCE_MS);
	if (!check_schema(&none, l, err))
		return false;
	return none || l->out->found == RECORDER_OTHER || compare_runs(l, err);
}

static bool look_into(struct recorder_look *out, const char *dir,
	const struct recorder_identity *id, struct err *err)
{
	char *path = rec_path(dir, "results.sqlite"), *finished = rec_path(dir, RECORDER_FINISHED);
	struct looker l = {
		.id = id, .out = out, .path = path, .parts = access(finished, F_OK) == 0};
	struct stat st;
	bool ok = true;

	*out = (struct recorder_look){.found = RECORDER_NOTHING, .kept = l.parts};
	/* an empty one is what was claimed and never begun */
	if (stat(path, &st) == 0 && st.st_size > 0)
		ok = look(&l, err);
	sqlite3_close(l.db);
	free(finished);
	free(path);
	return ok;
}

/* Over an older result there may be one that --force began. */
bool recorder_look(struct recorder_look *out, const char *dir, const struct recorder_identity *id,
	struct err *err)
{
	struct err ignored = {0};
	struct recorder_look beside;
	char *into;

	if (!look_into(out, dir, id, err))
		return false;
	if (out->found != RECORDER_OTHER)
		return true;
	into = rec_path(dir, RECORDER_BESIDE);
	if (look_into(&beside, into, id, &ignored) &&
		(beside.found == RECORDER_UNFINISHED || beside.found == RECORDER_WHOLE)) {
		*out = beside;
		out->beside = true;
	}
	free(into);
	return true;
}
