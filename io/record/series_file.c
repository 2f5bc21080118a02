#include "io/record/series_file.h"

#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/whole_file.h"
#include "io/record/hdf5_copy.h"
#include "io/record/hdf5_put.h"

enum { NAME = 64 };

static const char LAST_SET[] = "lyapunov/drift"; /* of those that a part has */

static void group_of(char name[static NAME], bool grouped, struct rec_part p)
{
	if (grouped)
		snprintf(name, NAME, "/run_%u/replication_%u", (unsigned)p.run, (unsigned)p.number);
	else
		snprintf(name, NAME, "/replication_%u", (unsigned)p.number);
}

static hid_t open_read(const char *path)
{
	return access(path, R_OK) == 0 ? hdf5_open_read(path) : -1;
}

static bool has(hid_t file, const char *path)
{
	char at[2 * NAME];

	/* each link on the way is to be there, or it is an error and not an answer */
	for (const char *end = path + 1; *end; end++) {
		if (*end != '/')
			continue;
		snprintf(at, sizeof at, "%.*s", (int)(end - path), path);
		if (H5Lexists(file, at, H5P_DEFAULT) <= 0)
			return false;
	}
	return H5Lexists(file, path, H5P_DEFAULT) > 0;
}

bool rec_series_there(const char *dir, bool grouped, struct rec_part p)
{
	char *part = rec_part_path(dir, p), *whole = rec_path(dir, SERIES_FILE);
	char group[NAME], set[2 * NAME];
	hid_t file;
	bool there;

	H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
	group_of(group, grouped, p);
	snprintf(set, sizeof set, "%s/%s", group, LAST_SET);
	file = open_read(part);
	there = file >= 0 && has(file, LAST_SET);
	if (file >= 0)
		H5Fclose(file);
	file = there ? -1 : open_read(whole);
	there = there || (file >= 0 && has(file, set));
	if (file >= 0)
		H5Fclose(file);
	free(whole);
	free(part);
	return there;
}

/* Making it */

struct maker {
	const struct series_about *about;
	const char *dir, *path;
	hid_t file, older; /* older: below 0 where there is none */
	struct err *err;
};

static bool copy(const struct maker *m, hid_t from, const char *name, struct rec_part to)
{
	char group[NAME];

	group_of(group, m->about->grouped, to);
	return hdf5_copy_group(from, name, m->file, group, m->path, m->err);
}

/* Of its part; where that is gone, of the older file. */
static bool copy_one(const struct maker *m, struct rec_part p)
{
	char *path = rec_part_path(m->dir, p), group[NAME];
	hid_t from = open_read(path);
	bool ok;

	group_of(group, m->about->grouped, p);
	if (from >= 0)
		ok = copy(m, from, "/", p);
	else
		ok = m->older >= 0 ? copy(m, m->older, group, p) : hdf5_fail(path, m->err);
	if (from >= 0)
		H5Fclose(from);
	free(path);
	return ok;
}

/* Those of a run that the older file has and that are right. */
static bool list_older(const struct maker *m, struct rec_part_list *to, uint32_t id)
{
	char run[NAME] = "/";
	H5G_info_t info;
	hid_t group;
	bool ok;

	if (m->about->grouped)
		snprintf(run, sizeof run, "/run_%u", (unsigned)id);
	if (m->older < 0 || (m->about->grouped && !has(m->older, run)))
		return true;
	group = H5Gopen2(m->older, run, H5P_DEFAULT);
	ok = group >= 0 && H5Gget_info(group, &info) >= 0;
	for (hsize_t i = 0; ok && i < info.nlinks; i++) {
		char name[NAME] = "";
		unsigned number;

		ok = H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, i, name, NAME,
			     H5P_DEFAULT) >= 0;
		if (ok && sscanf(name, "replication_%u", &number) == 1 &&
			number <= m->about->kept[id - 1])
			rec_part_add(to, (struct rec_part){id, number});
	}
	if (group >= 0)
		H5Gclose(group);
	return ok || hdf5_fail(m->path, m->err);
}

static bool put_about(const struct maker *m)
{
	const struct series_about *a = m->about;

	return hdf5_put_text(m->file, "scenario", a->scenario) &&
	       hdf5_put_uint64(m->file, "seed", a->seed) &&
	       hdf5_put_text(m->file, "version", a->version) &&
	       (a->grouped || hdf5_put_text(m->file, "policy", a->policies[0]));
}

static bool put_runs(const struct maker *m)
{
	bool ok = true;

	for (size_t i = 0; m->about->grouped && i < m->about->n_runs && ok; i++) {
		char name[NAME];
		hid_t group;

		snprintf(name, sizeof name, "/run_%zu", i + 1);
		group = H5Gcreate2(m->file, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
		ok = group >= 0 && hdf5_put_text(group, "policy", m->about->policies[i]);
		ok = group >= 0 && H5Gclose(group) >= 0 && ok;
	}
	return ok;
}

static bool put_all(const struct maker *m)
{
	struct rec_part_list parts = rec_parts_list(m->dir);
	bool ok = put_about(m) && put_runs(m);

	for (uint32_t id = 1; ok && id <= m->about->n_runs; id++)
		ok = list_older(m, &parts, id);
	rec_parts_sort(&parts);
	for (size_t i = 0; ok && i < parts.n; i++)
		ok = copy_one(m, parts.at[i]);
	free(parts.at);
	return ok;
}

/* After a failure the file is left open: closing would write to it again. */
static bool make(struct maker *m)
{
	m->file = hdf5_create(m->path);
	return (m->file >= 0 && put_all(m) && H5Fclose(m->file) >= 0) || hdf5_fail(m->path, m->err);
}

bool series_file_make(const char *dir, const struct series_about *about, struct err *err)
{
	char *path = rec_path(dir, SERIES_FILE), *beside = rec_path(dir, SERIES_BESIDE);
	struct maker m = {
		.about = about, .dir = dir, .path = beside, .older = open_read(path), .err = err};
	bool ok = make(&m) && whole_file_become(beside, path, err);

	if (!ok)
		unlink(beside);
	if (m.older >= 0)
		H5Fclose(m.older);
	free(beside);
	free(path);
	return ok;
}
