#include "io/text/err_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { SHOWN = 20 };

void err_list_init(struct err_list *l)
{
	*l = (struct err_list){0};
}

void err_list_finish(struct err_list *l)
{
	size_t i;

	for (i = 0; i < l->n_files; i++)
		free(l->files[i]);
	free(l->files);
	free(l->items);
	*l = (struct err_list){0};
}

static const char *keep(struct err_list *l, const char *file)
{
	size_t i;

	if (!file)
		return NULL;
	for (i = 0; i < l->n_files; i++)
		if (!strcmp(l->files[i], file))
			return l->files[i];
	l->files = mem_grow(l->files, l->n_files, &l->cap_files, sizeof *l->files);
	l->files[l->n_files] = mem_strdup(file);
	return l->files[l->n_files++];
}

bool err_list_add(struct err_list *l, const struct err *e)
{
	l->items = mem_grow(l->items, l->n, &l->cap, sizeof *l->items);
	l->items[l->n] = *e;
	l->items[l->n++].at.file = keep(l, e->at.file);
	return false;
}

bool err_list_at(struct err_list *l, struct src_pos at, const char *fmt, ...)
{
	struct err e = {.kind = ERR_INPUT, .at = at};
	va_list ap;

	va_start(ap, fmt);
	err_write(&e, fmt, ap);
	va_end(ap);
	return err_list_add(l, &e);
}

/* Files are ranked by their first error. */
static size_t rank(const struct err_list *l, const char *file)
{
	size_t i = 0;

	while (i < l->n_files && l->files[i] != file)
		i++;
	return file ? i + 1 : 0;
}

static bool is_after(const struct err_list *l, const struct err *a, const struct err *b)
{
	if (a->at.file != b->at.file)
		return rank(l, a->at.file) > rank(l, b->at.file);
	if (a->at.line != b->at.line)
		return a->at.line > b->at.line;
	return a->at.col > b->at.col;
}

/* Insertion keeps equals in the order they were reported. Errors come nearly sorted, and
 * thousands of them only from a hostile file. */
void err_list_sort(struct err_list *l)
{
	struct err e;
	size_t i, j;

	for (i = 1; i < l->n; i++) {
		e = l->items[i];
		for (j = i; j > 0 && is_after(l, &l->items[j - 1], &e); j--)
			l->items[j] = l->items[j - 1];
		l->items[j] = e;
	}
}

void err_list_print(const struct err_list *l, FILE *to)
{
	size_t i;

	for (i = 0; i < l->n && i < SHOWN; i++)
		err_print(&l->items[i], to);
	if (l->n > SHOWN)
		fprintf(to, "offing: and %zu more\n", l->n - SHOWN);
}
