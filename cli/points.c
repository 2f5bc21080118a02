/* Points of an experiment: tables of them, and numbers. */
#include "cli/points.h"

#include <stdlib.h>
#include <string.h>

#include "base/quote.h"
#include "base/str.h"
#include "cli/vary.h"
#include "io/text/csv.h"
#include "io/text/csv_table.h"
#include "study/design.h"

/* Reading */

static bool whole_number(size_t *out, const char *text)
{
	if (!text[0] || text[strspn(text, "0123456789")] || strlen(text) > 9)
		return false;
	*out = (size_t)strtoul(text, NULL, 10);
	return *out > 0;
}

/* Columns of the table that are keys; those that are none. */
struct columns {
	size_t number, sha256; /* n_columns: not there */
	size_t *key;           /* [n_keys] */
};

static bool name_columns(
	struct points *p, struct columns *c, const struct csv_table *t, struct err *err)
{
	c->number = c->sha256 = t->n_columns;
	p->keys = arena_alloc(&p->arena, t->n_columns, sizeof *p->keys);
	p->keys_at = arena_alloc(&p->arena, t->n_columns, sizeof *p->keys_at);
	c->key = arena_alloc(&p->arena, t->n_columns, sizeof *c->key);
	for (size_t i = 0; i < t->n_columns; i++) {
		const char *name = t->heading[i].text;

		if (!strcmp(name, POINTS_NUMBER))
			c->number = i;
		else if (!strcmp(name, POINTS_SHA256))
			c->sha256 = i;
		else {
			c->key[p->n_keys] = i;
			p->keys_at[p->n_keys] = t->heading[i].at;
			p->keys[p->n_keys++] = arena_strdup(&p->arena, vary_key(name));
		}
	}
	if (p->n_keys == 0)
		return err_at(err, t->heading[0].at, "no column is a key of a scenario");
	return t->n_rows > 0 ||
	       err_at(err, t->heading[0].at, "there are no points, only a heading");
}

static bool read_point(struct points *p, const struct columns *c, const struct csv_table *t,
	size_t row, struct err *err)
{
	const struct csv_cell *cells = t->rows[row];
	struct point *to = &p->points[row];
	char quoted[QUOTE_SIZE];

	to->number = row + 1;
	if (c->number < t->n_columns && !whole_number(&to->number, cells[c->number].text))
		return err_at(err, cells[c->number].at,
			"point should be a whole number from 1 on, not '%s'",
			quote(quoted, sizeof quoted, cells[c->number].text));
	if (c->sha256 < t->n_columns && cells[c->sha256].text[0])
		to->sha256 = arena_strdup(&p->arena, cells[c->sha256].text);
	to->values = arena_alloc(&p->arena, p->n_keys, sizeof *to->values);
	to->at = arena_alloc(&p->arena, p->n_keys, sizeof *to->at);
	for (size_t k = 0; k < p->n_keys; k++) {
		const struct csv_cell *cell = &cells[c->key[k]];

		to->at[k] = cell->at;
		if (cell->text[0])
			to->values[k] = arena_strdup(&p->arena, cell->text);
	}
	return true;
}

static int by_number(const void *a, const void *b)
{
	const size_t x = *(const size_t *)a, y = *(const size_t *)b;

	return (x > y) - (x < y);
}

static bool numbers_differ(const struct points *p, const char *file, struct err *err)
{
	size_t *numbers = mem_zalloc(p->n, sizeof *numbers), i;

	for (i = 0; i < p->n; i++)
		numbers[i] = p->points[i].number;
	mem_sort(numbers, p->n, sizeof *numbers, by_number);
	for (i = 1; i < p->n && numbers[i] != numbers[i - 1]; i++)
		continue;
	if (i < p->n)
		err_at(err, (struct src_pos){file, 1, 1}, "two points have the number %zu",
			numbers[i]);
	free(numbers);
	return i >= p->n;
}

static bool from_table(
	struct points *p, const struct csv_table *t, const char *file, struct err *err)
{
	struct columns c;

	if (!name_columns(p, &c, t, err))
		return false;
	p->n = t->n_rows;
	p->points = arena_alloc(&p->arena, p->n, sizeof *p->points);
	for (size_t row = 0; row < p->n; row++)
		if (!read_point(p, &c, t, row, err))
			return false;
	p->numbered = c.number < t->n_columns;
	return numbers_differ(p, file, err);
}

bool points_read(struct points *p, const char *file, struct err *err)
{
	struct csv_table t;
	bool ok;

	*p = (struct points){0};
	if (!csv_table_read(&t, file, DESIGN_MOST_POINTS, (struct src_pos){0}, err))
		return false;
	arena_init(&p->arena);
	ok = from_table(p, &t, file, err);
	csv_table_finish(&t);
	if (!ok)
		points_finish(p);
	return ok;
}

void points_finish(struct points *p)
{
	arena_finish(&p->arena);
	*p = (struct points){0};
}

/* Use */

const struct point *points_find(const struct points *p, size_t number)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->points[i].number == number)
			return &p->points[i];
	return NULL;
}

/* Files that a value names are seen from the current folder, as after -s: see struct set_place. */
static struct src_pos after_option(struct src_pos at, const char *option)
{
	at.file = at.file ? option : NULL;
	return at;
}

size_t points_sets(const struct points *p, const struct point *point, struct arena *a,
	const char **sets, struct set_place *at)
{
	const char *file = p->keys_at ? p->keys_at[0].file : NULL;
	const char *option = file ? arena_printf(a, "--design %s", file) : NULL;
	size_t n = 0;

	for (size_t k = 0; k < p->n_keys; k++) {
		if (!point->values[k])
			continue;
		at[n] = (struct set_place){0};
		if (point->at[k].file) {
			at[n].key = after_option(p->keys_at[k], option);
			at[n].value = after_option(point->at[k], option);
		}
		sets[n++] = arena_printf(a, "%s=%s", p->keys[k], point->values[k]);
	}
	return n;
}

/* Numbers that stay */

static bool same_texts(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool same_values(const struct points *p, const struct point *a, const struct points *q,
	const struct point *b)
{
	if (p->n_keys != q->n_keys)
		return false;
	for (size_t k = 0; k < p->n_keys; k++)
		if (strcmp(p->keys[k], q->keys[k]) != 0 || !same_texts(a->values[k], b->values[k]))
			return false;
	return true;
}

/* Then by place. */
static int by_sha256(const void *a, const void *b)
{
	const struct point *x = *(struct point *const *)a, *y = *(struct point *const *)b;
	int order = strcmp(x->sha256, y->sha256);

	return order ? order : (x > y) - (x < y);
}

/* Those of @p that have a digest, in its order. */
static struct point **sorted(const struct points *p, size_t *n)
{
	struct point **all = mem_zalloc(p->n, sizeof *all);

	*n = 0;
	for (size_t i = 0; i < p->n; i++)
		if (p->points[i].sha256)
			all[(*n)++] = &p->points[i];
	mem_sort(all, *n, sizeof(struct point *), by_sha256);
	return all;
}

static void keep_same_scenarios(struct points *p, const struct points *old)
{
	size_t n_new, n_old;
	struct point **mine = sorted(p, &n_new), **theirs = sorted(old, &n_old);

	for (size_t i = 0, k = 0; i < n_new && k < n_old;) {
		int order = strcmp(mine[i]->sha256, theirs[k]->sha256);

		if (order == 0)
			mine[i]->number = theirs[k]->number;
		i += order <= 0;
		k += order >= 0;
	}
	free(mine);
	free(theirs);
}

/* Point numbers that are taken. */
struct taken {
	bool *is; /* [n] */
	size_t n;
};

static void note(struct taken *t, size_t number)
{
	if (number < t->n)
		t->is[number] = true;
}

static void keep_same_values(struct points *p, const struct points *old, struct taken *taken)
{
	for (size_t i = 0; i < p->n; i++) {
		struct point *mine = &p->points[i];

		/* rows of a design that is made again stand where they stood, or after more */
		for (size_t k = 0; k < old->n && mine->number == 0; k++) {
			const struct point *its = &old->points[(i + k) % old->n];

			if (its->number < taken->n && !taken->is[its->number] &&
				same_values(p, mine, old, its))
				mine->number = its->number;
		}
		note(taken, mine->number);
	}
}

void points_keep_numbers(struct points *p, const struct points *old)
{
	struct taken taken = {.n = p->n + 1};
	size_t next = 1;

	for (size_t k = 0; k < old->n; k++)
		if (old->points[k].number >= taken.n)
			taken.n = old->points[k].number + 1;
	taken.n += p->n; /* room for all that are new */
	taken.is = mem_zalloc(taken.n, sizeof *taken.is);
	for (size_t i = 0; i < p->n; i++)
		p->points[i].number = 0;
	keep_same_scenarios(p, old);
	for (size_t i = 0; i < p->n; i++)
		note(&taken, p->points[i].number);
	keep_same_values(p, old, &taken);
	for (size_t k = 0; k < old->n; k++) /* those that are gone left a folder */
		note(&taken, old->points[k].number);
	for (size_t i = 0; i < p->n; i++) {
		if (p->points[i].number > 0)
			continue;
		while (taken.is[next])
			next++;
		p->points[i].number = next;
		taken.is[next] = true;
	}
	free(taken.is);
}

/* Each scenario once */

/* Leave out those whose number is 0. */
static void compact(struct points *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++) {
		if (p->points[i].number == 0)
			continue;
		p->points[n] = p->points[i];
		if (!p->numbered)
			p->points[n].number = n + 1;
		n++;
	}
	p->n = n;
}

void points_keep_first(struct points *p,
	void (*twice)(const struct points *p, const struct point *gone, const struct point *kept))
{
	size_t n, first = 0;
	struct point **all = sorted(p, &n);

	for (size_t i = 1; i < n; i++) {
		if (strcmp(all[i]->sha256, all[first]->sha256) != 0) {
			first = i;
			continue;
		}
		twice(p, all[i], all[first]);
		all[i]->number = 0;
	}
	free(all);
	compact(p);
}

/* Printing */

static void print_cell(FILE *to, const char *text)
{
	if (!text)
		return;
	if (strpbrk(text, ",\"") || text[0] == ' ' || text[strlen(text) - 1] == ' ')
		csv_print_quoted(to, text);
	else
		fputs(text, to);
}

void points_print(FILE *to, const struct points *p)
{
	fputs(POINTS_NUMBER, to);
	for (size_t k = 0; k < p->n_keys; k++) {
		fputc(',', to);
		print_cell(to, p->keys[k]);
	}
	fputs("," POINTS_SHA256 "\n", to);
	for (size_t i = 0; i < p->n; i++) {
		fprintf(to, "%zu", p->points[i].number);
		for (size_t k = 0; k < p->n_keys; k++) {
			fputc(',', to);
			print_cell(to, p->points[i].values[k]);
		}
		fprintf(to, ",%s\n", p->points[i].sha256 ? p->points[i].sha256 : "");
	}
}

static void print_quoted(FILE *to, const char *key, const char *value)
{
	fprintf(to, " -s '%s=", key);
	for (; *value; value++)
		fprintf(to, *value == '\'' ? "'\\''" : "%c", *value);
	fputc('\'', to);
}

void points_print_options(FILE *to, const struct points *p)
{
	for (size_t i = 0; i < p->n; i++) {
		fprintf(to, "%zu", p->points[i].number);
		for (size_t k = 0; k < p->n_keys; k++)
			if (p->points[i].values[k])
				print_quoted(to, p->keys[k], p->points[i].values[k]);
		fputc('\n', to);
	}
}

void point_describe(struct buf *to, const struct points *p, const struct point *point)
{
	const char *between = "";

	for (size_t k = 0; k < p->n_keys; k++) {
		if (!point->values[k])
			continue;
		buf_printf(to, "%s%s=%s", between, p->keys[k], point->values[k]);
		between = ", ";
	}
}
