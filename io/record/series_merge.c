#include "io/record/series_merge.h"

#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/record/hdf5_copy.h"
#include "io/record/hdf5_put.h"

const bool series_merge_can = true;

struct series_merge {
	char *path;
	hid_t file;
	char *from_path; /* of the file read last, NULL: none */
	hid_t from;
};

enum { NAME = 32 };

/* Files */

static void close_from(struct series_merge *s)
{
	if (s->from_path)
		H5Fclose(s->from);
	free(s->from_path);
	s->from_path = NULL;
}

/** Runs of one file follow each other. */
static bool read_from(struct series_merge *s, const char *path, struct err *err)
{
	struct err why = {0};

	if (s->from_path && strcmp(s->from_path, path) == 0)
		return true;
	close_from(s);
	s->from = hdf5_open_read(path);
	if (s->from < 0) {
		hdf5_fail(path, &why);
		return err_input(err, "%s", why.msg);
	}
	s->from_path = mem_strdup(path);
	return true;
}

bool series_merge_open(struct series_merge **out, const char *path, struct err *err)
{
	struct series_merge *s = mem_zalloc(1, sizeof *s);

	H5dont_atexit(); /* at exit it would touch a file that could not be closed, and crash */
	H5Eset_auto2(H5E_DEFAULT, NULL, NULL); /* of this thread: it prints nothing itself */
	*out = s;
	s->path = mem_strdup(path);
	s->file = hdf5_create(path);
	if (s->file >= 0)
		return true;
	hdf5_fail(path, err);
	series_merge_drop(s);
	*out = NULL;
	return false;
}

/* After a failure of its own the file is left as it is: closing would write to it again. */
void series_merge_drop(struct series_merge *s)
{
	close_from(s);
	free(s->path);
	free(s);
}

bool series_merge_close(struct series_merge *s, struct err *err)
{
	bool ok = H5Fclose(s->file) >= 0 || hdf5_fail(s->path, err);

	series_merge_drop(s);
	return ok;
}

/* Runs */

/** What is common to several runs is at the root of a file that no merge has made. */
static bool copy_about(const struct series_merge *s, hid_t from, hid_t to, struct err *err)
{
	static const char *const names[] = {"policy", "scenario", "seed", "version"};
	bool ok = true;

	for (size_t i = 0; i < sizeof names / sizeof *names && ok; i++) {
		const hid_t at = H5Aexists(from, names[i]) > 0 ? from : s->from;

		if (H5Aexists(at, names[i]) > 0)
			ok = hdf5_copy_attribute(at, names[i], to, s->path, err);
	}
	return ok;
}

static int by_number(const void *x, const void *y)
{
	const unsigned *a = x, *b = y;

	return (*a > *b) - (*a < *b);
}

/** The numbers of the replications in @group, ascending; free() them. */
static unsigned *list_replications(size_t *n, hid_t group)
{
	H5G_info_t info = {0};
	unsigned *numbers;

	*n = 0;
	if (H5Gget_info(group, &info) < 0)
		return NULL;
	numbers = mem_zalloc(info.nlinks + 1, sizeof *numbers);
	for (hsize_t i = 0; i < info.nlinks; i++) {
		char name[NAME] = "";

		H5Lget_name_by_idx(
			group, ".", H5_INDEX_NAME, H5_ITER_INC, i, name, NAME, H5P_DEFAULT);
		*n += sscanf(name, "replication_%u", &numbers[*n]) == 1;
	}
	mem_sort(numbers, *n, sizeof *numbers, by_number);
	return numbers;
}

/** One by one, so that the file is the same whether or not @from is of a merge itself. */
static bool copy_group(const struct series_merge *s, hid_t from, hid_t to, struct err *err)
{
	size_t n;
	unsigned *numbers = list_replications(&n, from);
	bool ok = (numbers || hdf5_fail(s->path, err)) && copy_about(s, from, to, err);

	for (size_t i = 0; i < n && ok; i++) {
		char name[NAME];

		snprintf(name, sizeof name, "replication_%u", numbers[i]);
		ok = hdf5_copy_group(from, name, to, name, s->path, err);
	}
	free(numbers);
	return ok;
}

/** Where @file keeps run @id; false: nowhere. A file of one run has it at its root. */
static bool place_of(char name[static NAME], hid_t file, uint32_t id)
{
	snprintf(name, NAME, "/run_%u", (unsigned)id);
	if (H5Lexists(file, name, H5P_DEFAULT) > 0)
		return true;
	strcpy(name, "/");
	return H5Aexists(file, "policy") > 0;
}

bool series_merge_add(
	struct series_merge *s, const char *file, uint32_t from, uint32_t to, struct err *err)
{
	char name[NAME];
	hid_t source, group;
	bool ok;

	if (!read_from(s, file, err))
		return false;
	if (!place_of(name, s->from, from))
		return true;
	source = H5Gopen2(s->from, name, H5P_DEFAULT);
	snprintf(name, sizeof name, "/run_%u", (unsigned)to);
	group = H5Gcreate2(s->file, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
	ok = (source >= 0 && group >= 0) || hdf5_fail(s->path, err);
	ok = ok && copy_group(s, source, group, err);
	if (source >= 0)
		H5Gclose(source);
	if (group >= 0)
		H5Gclose(group);
	return ok;
}
