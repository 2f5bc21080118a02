#include "io/record/parts.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

char *rec_path(const char *dir, const char *name)
{
	char *path = mem_zalloc(strlen(dir) + strlen(name) + 2, 1);

	return strcat(strcat(strcpy(path, dir), "/"), name);
}

char *rec_part_path(const char *dir, struct rec_part p)
{
	char name[64];

	snprintf(name, sizeof name, RECORDER_PARTS "/%" PRIu32 "-%" PRIu32 ".h5", p.run, p.number);
	return rec_path(dir, name);
}

bool rec_parts_make(const char *dir, struct err *err)
{
	char *path = rec_path(dir, RECORDER_PARTS);
	bool ok = mkdir(path, 0777) == 0 || errno == EEXIST;

	if (!ok)
		err_run(err, "cannot make the folder %s: %s", path, strerror(errno));
	free(path);
	return ok;
}

static int by_run_and_number(const void *a, const void *b)
{
	const struct rec_part *x = a, *y = b;

	if (x->run != y->run)
		return x->run < y->run ? -1 : 1;
	return (x->number > y->number) - (x->number < y->number);
}

static bool part_of(struct rec_part *out, const char *name)
{
	int end = 0;

	return sscanf(name, "%" SCNu32 "-%" SCNu32 ".h5%n", &out->run, &out->number, &end) == 2 &&
	       end > 0 && name[end] == '\0';
}

void rec_part_add(struct rec_part_list *l, struct rec_part p)
{
	l->at = mem_grow(l->at, l->n, &l->cap, sizeof *l->at);
	l->at[l->n++] = p;
}

void rec_parts_sort(struct rec_part_list *l)
{
	size_t n = 0;

	mem_sort(l->at, l->n, sizeof *l->at, by_run_and_number);
	for (size_t i = 0; i < l->n; i++)
		if (n == 0 || by_run_and_number(&l->at[n - 1], &l->at[i]) != 0)
			l->at[n++] = l->at[i];
	l->n = n;
}

struct rec_part_list rec_parts_list(const char *dir)
{
	char *path = rec_path(dir, RECORDER_PARTS);
	struct rec_part_list list = {0};
	struct rec_part one;
	DIR *d = opendir(path);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (part_of(&one, e->d_name))
			rec_part_add(&list, one);
	if (d)
		closedir(d);
	free(path);
	return list;
}

void rec_part_unlink(const char *dir, struct rec_part p)
{
	char *path = rec_part_path(dir, p);

	unlink(path);
	free(path);
}

void rec_parts_clear(const char *dir)
{
	struct rec_part_list parts = rec_parts_list(dir);

	for (size_t i = 0; i < parts.n; i++)
		rec_part_unlink(dir, parts.at[i]);
	free(parts.at);
}

/* What says that the others are there goes last. */
void rec_parts_remove(const char *dir)
{
	char *folder = rec_path(dir, RECORDER_PARTS), *finished = rec_path(dir, RECORDER_FINISHED);

	rec_parts_clear(dir);
	unlink(finished);
	rmdir(folder);
	free(finished);
	free(folder);
}
