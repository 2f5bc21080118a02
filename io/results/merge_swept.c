/* The view `swept` of results.sqlite of many: a column for each key in which the runs differ. */
#include <stdlib.h>

#include "base/str.h"
#include "io/results/merge_inside.h"

/** Of as many columns as a view can have, with some to spare for what joins it. */
enum { MOST_SWEPT = 1000 };

static void quoted(struct buf *out, const char *text, char quote)
{
	buf_putc(out, quote);
	for (; *text; text++) {
		buf_putc(out, *text);
		if (*text == quote)
			buf_putc(out, quote);
	}
	buf_putc(out, quote);
}

static bool is_column(const char *key)
{
	return sqlite3_stricmp(key, "run") != 0 && sqlite3_stricmp(key, "name") != 0 &&
	       sqlite3_stricmp(key, "policy") != 0;
}

/** The first of those that become columns; free() them and what is in them. */
struct swept {
	size_t n;
	char *keys[MOST_SWEPT];
};

static bool read_swept(struct swept *out, struct merged *m, sqlite3 *db)
{
	static const char keys[] =
		"SELECT key FROM setting GROUP BY key HAVING min(value) IS NOT max(value) OR "
		"count(*) < (SELECT count(*) FROM run) ORDER BY key";
	sqlite3_stmt *st;
	int rc;

	if (sqlite3_prepare_v2(db, keys, -1, &st, NULL) != SQLITE_OK)
		return false;
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		const char *key = (const char *)sqlite3_column_text(st, 0);

		if (is_column(key) && m->n_swept++ < MOST_SWEPT)
			out->keys[out->n++] = mem_strdup(key);
	}
	sqlite3_finalize(st);
	m->n_shown = out->n;
	return rc == SQLITE_DONE;
}

/** How many of the keys before @to SQL takes for the same as @i, which heeds no case. */
static size_t namesakes(const struct swept *s, size_t i, size_t to)
{
	size_t n = 0;

	for (size_t k = 0; k < to; k++)
		n += sqlite3_stricmp(s->keys[k], s->keys[i]) == 0;
	return n;
}

static void put_columns(struct buf *sql, const struct swept *s)
{
	struct buf name;

	buf_init(&name);
	for (size_t i = 0; i < s->n; i++) {
		buf_puts(sql,
			",\n\t(SELECT value FROM setting WHERE setting.run = run.id AND key = ");
		quoted(sql, s->keys[i], '\'');
		buf_puts(sql, ") AS ");
		buf_clear(&name);
		buf_puts(&name, s->keys[i]);
		if (namesakes(s, i, s->n) > 1)
			buf_printf(&name, " (%zu)", namesakes(s, i, i) + 1);
		quoted(sql, name.s, '"');
	}
	buf_finish(&name);
}

bool merge_swept(struct buf *sql, struct merged *m, sqlite3 *db)
{
	struct swept *s = mem_zalloc(1, sizeof *s);
	bool ok = read_swept(s, m, db);

	buf_puts(sql,
		"CREATE VIEW swept AS -- the keys in which runs differ\nSELECT run.id AS run, "
		"run.name, run.policy");
	put_columns(sql, s);
	buf_puts(sql, "\nFROM run");
	for (size_t i = 0; i < s->n; i++)
		free(s->keys[i]);
	free(s);
	return ok;
}
