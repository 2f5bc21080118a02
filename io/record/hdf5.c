/*
 * series.h5. Blocks equal to the chunks, each compressed once, written past the
 * chunk cache and flushed, in the default file format: so a killed run leaves a
 * file that opens, and so does a full disk, which is met before the flush.
 */
#include "io/record/backend.h"

#include <hdf5.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { WHY = 600 };

enum column { COL_QUEUES_T, COL_Q, COL_LYAPUNOV_T, COL_L, COL_DRIFT, COLUMNS };

struct column_spec {
	const char *path, *units, *long_name;
	bool wide; /* a column per queue */
};

static const struct column_spec columns[COLUMNS];

/* A replication being written. */
struct open_series {
	struct open_series *next;
	uint32_t number;
	hsize_t n; /* samples written */
	hid_t set[COLUMNS];
};

struct rec_backend {
	hid_t file;
	char *path;
	bool grouped; /* several runs: each in /run_ID */
	uint32_t run;
	const struct recorder_run *about;
	struct open_series *open;
	bool failed;
};

static herr_t keep_innermost(unsigned n, const H5E_error2_t *e, void *out)
{
	if (n == 0)
		snprintf(out, WHY, "%s", e->desc);
	return 0;
}

/* HDF5 tells of the system's errors in a long text of several lines that ends in this. */
static void shorten(char *why)
{
	static const char before[] = "error message = '";
	char *message = strstr(why, before), *end;

	if (message) {
		message += strlen(before);
		memmove(why, message, strlen(message) + 1);
		why[strcspn(why, "'")] = '\0';
	}
	for (end = why; *end; end++)
		if (*end == '\n')
			*end = ' ';
}

static bool fail(struct rec_backend *b, struct err *err)
{
	char why[WHY] = "";

	H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_innermost, why);
	shorten(why);
	b->failed = true;
	return err_run(err, "%s: %s", b->path, *why ? why : "cannot be written");
}

/* Attributes */

static bool put_attribute(hid_t at, const char *name, hid_t type, hid_t space, const void *data)
{
	hid_t a = H5Acreate2(at, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
	bool ok = a >= 0 && H5Awrite(a, type, data) >= 0;

	return a >= 0 && H5Aclose(a) >= 0 && ok;
}

/* Of any length: the text itself lies in the file's heap. */
static bool put_text(hid_t at, const char *name, const char *text)
{
	hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
	bool ok = H5Tset_size(type, H5T_VARIABLE) >= 0 && H5Tset_cset(type, H5T_CSET_UTF8) >= 0 &&
		  put_attribute(at, name, type, space, &text);

	H5Sclose(space);
	H5Tclose(type);
	return ok;
}

static bool put_uint64(hid_t at, const char *name, uint64_t value)
{
	hid_t space = H5Screate(H5S_SCALAR);
	bool ok = put_attribute(at, name, H5T_NATIVE_UINT64, space, &value);

	H5Sclose(space);
	return ok;
}

/* The names of the queues, separated by commas: an attribute that is an array may have 64 KB. */
static bool put_queue_names(hid_t at, const struct scenario_spec *s)
{
	size_t i, size = sizeof "scheduler";
	char *text, *end;
	bool ok;

	for (i = 0; i < s->n_instances; i++)
		size += strlen(s->instances[i].name) + 1;
	end = text = mem_zalloc(size, 1);
	for (i = 0; i < s->n_instances; i++)
		end = stpcpy(stpcpy(end, s->instances[i].name), ",");
	strcpy(end, "scheduler");
	ok = put_text(at, "columns", text);
	free(text);
	return ok;
}

/* Datasets */

static hid_t create_set(const struct rec_backend *b, hid_t group, enum column c)
{
	const struct column_spec *spec = &columns[c];
	const hsize_t width = b->about->scenario->n_instances + 1;
	const hsize_t none[2] = {0, width}, most[2] = {H5S_UNLIMITED, width};
	const hsize_t chunk[2] = {series_cap(width), width};
	const int rank = spec->wide ? 2 : 1;
	hid_t space = H5Screate_simple(rank, none, most);
	hid_t how = H5Pcreate(H5P_DATASET_CREATE), with_groups = H5Pcreate(H5P_LINK_CREATE);
	hid_t access = H5Pcreate(H5P_DATASET_ACCESS);
	hid_t set = -1;

	if (H5Pset_chunk(how, rank, chunk) >= 0 && H5Pset_shuffle(how) >= 0 &&
		H5Pset_deflate(how, 4) >= 0 && H5Pset_chunk_cache(access, 0, 0, 0) >= 0 &&
		H5Pset_create_intermediate_group(with_groups, 1) >= 0)
		set = H5Dcreate2(group, spec->path, spec->wide ? H5T_STD_I32LE : H5T_IEEE_F64LE,
			space, with_groups, how, access);
	H5Pclose(access);
	H5Pclose(with_groups);
	H5Pclose(how);
	H5Sclose(space);
	if (set >= 0 && put_text(set, "units", spec->units) &&
		put_text(set, "long_name", spec->long_name) &&
		(!spec->wide || put_queue_names(set, b->about->scenario)))
		return set;
	if (set >= 0)
		H5Dclose(set);
	return -1;
}

/* Append @n rows of @data. The reason of a failure is taken before any other call clears it. */
static bool append(struct rec_backend *b, const struct open_series *s, enum column c, size_t n,
	size_t width, const void *data, struct err *err)
{
	const int rank = columns[c].wide ? 2 : 1;
	const hsize_t size[2] = {s->n + n, width}, from[2] = {s->n, 0}, count[2] = {n, width};
	hid_t in_file, in_memory;
	bool ok;

	if (H5Dset_extent(s->set[c], size) < 0)
		return fail(b, err);
	in_file = H5Dget_space(s->set[c]);
	in_memory = H5Screate_simple(rank, count, NULL);
	ok = H5Sselect_hyperslab(in_file, H5S_SELECT_SET, from, NULL, count, NULL) >= 0 &&
	     H5Dwrite(s->set[c], columns[c].wide ? H5T_NATIVE_UINT32 : H5T_NATIVE_DOUBLE, in_memory,
		     in_file, H5P_DEFAULT, data) >= 0;
	if (!ok)
		fail(b, err);
	H5Sclose(in_memory);
	H5Sclose(in_file);
	return ok;
}

/* Replications */

static void group_name(const struct rec_backend *b, char name[static 48], uint32_t number)
{
	if (b->grouped)
		snprintf(name, 48, "/run_%u/replication_%u", (unsigned)b->run, (unsigned)number);
	else
		snprintf(name, 48, "/replication_%u", (unsigned)number);
}

static bool hdf5_sink_open(struct rec_backend *b, uint32_t number, struct err *err)
{
	struct open_series *s = mem_zalloc(1, sizeof *s);
	char name[48];
	bool ok = true;
	hid_t group;
	enum column c;

	group_name(b, name, number);
	group = H5Gcreate2(b->file, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
	s->number = number;
	for (c = 0; c < COLUMNS; c++) {
		s->set[c] = group >= 0 ? create_set(b, group, c) : -1;
		ok = ok && s->set[c] >= 0;
	}
	s->next = b->open;
	b->open = s;
	ok = ok && H5Fflush(b->file, H5F_SCOPE_GLOBAL) >= 0;
	if (!ok)
		fail(b, err);
	if (group >= 0)
		H5Gclose(group);
	return ok;
}

static bool hdf5_series(
	struct rec_backend *b, uint32_t number, const struct series_block *block, struct err *err)
{
	const void *const data[COLUMNS] = {
		[COL_QUEUES_T] = block->t_s,
		[COL_Q] = block->q,
		[COL_LYAPUNOV_T] = block->t_s,
		[COL_L] = block->L,
		[COL_DRIFT] = block->drift,
	};
	struct open_series *s;
	enum column c;

	for (s = b->open; s->number != number; s = s->next)
		;
	for (c = 0; c < COLUMNS; c++)
		if (!append(b, s, c, block->n, block->width, data[c], err))
			return false;
	s->n += block->n;
	return H5Fflush(b->file, H5F_SCOPE_GLOBAL) >= 0 || fail(b, err);
}

static struct open_series *take_series(struct rec_backend *b, uint32_t number)
{
	struct open_series **p, *s;

	for (p = &b->open; (*p)->number != number; p = &(*p)->next)
		;
	s = *p;
	*p = s->next;
	return s;
}

static bool hdf5_sink_close(struct rec_backend *b, uint32_t number, struct err *err)
{
	struct open_series *s = take_series(b, number);
	bool ok = true;
	enum column c;

	for (c = 0; c < COLUMNS; c++)
		if (H5Dclose(s->set[c]) < 0)
			ok = fail(b, err);
	free(s);
	return ok;
}

static bool hdf5_discard(struct rec_backend *b, uint32_t number, struct err *err)
{
	char name[48];

	group_name(b, name, number);
	return H5Ldelete(b->file, name, H5P_DEFAULT) >= 0 || fail(b, err);
}

/* Runs and the file */

static bool hdf5_run_begin(
	struct rec_backend *b, uint32_t id, const struct recorder_run *run, struct err *err)
{
	char name[32];
	bool ok = true;
	hid_t group;

	b->run = id;
	b->about = run;
	if (id == 1)
		ok = put_text(b->file, "scenario", run->resolved) &&
		     put_uint64(b->file, "seed", run->scenario->run.seed) &&
		     put_text(b->file, "version", run->version);
	if (ok && b->grouped) {
		snprintf(name, sizeof name, "/run_%u", (unsigned)id);
		group = H5Gcreate2(b->file, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
		ok = group >= 0 && put_text(group, "policy", run->policy);
		ok = group >= 0 && H5Gclose(group) >= 0 && ok;
	} else if (ok) {
		ok = put_text(b->file, "policy", run->policy);
	}
	return (ok && H5Fflush(b->file, H5F_SCOPE_GLOBAL) >= 0) || fail(b, err);
}

/* Without a lock, so that others can read what has been flushed. */
static hid_t create_file(const char *path)
{
	hid_t access = H5Pcreate(H5P_FILE_ACCESS), file = -1;

	if (H5Pset_file_locking(access, false, true) >= 0)
		file = H5Fcreate(path, H5F_ACC_EXCL, H5P_DEFAULT, access);
	H5Pclose(access);
	return file;
}

static bool hdf5_open(struct rec_backend **out, const char *path, const struct recorder_spec *spec,
	struct err *err)
{
	struct rec_backend *b = mem_zalloc(1, sizeof *b);

	H5dont_atexit(); /* at exit it would touch a file that could not be closed, and crash */
	H5Eset_auto2(H5E_DEFAULT, NULL, NULL); /* of this thread: it prints nothing itself */
	b->path = mem_strdup(path);
	b->grouped = spec->n_runs > 1;
	b->file = create_file(path);
	*out = b;
	if (b->file >= 0)
		return true;
	fail(b, err);
	free(b->path);
	free(b);
	*out = NULL;
	return false;
}

/* After a failure of its own the file is left as it is: closing would write to it again, a length
 * that it does not have for one, and then nobody can open it. */
static bool hdf5_close(struct rec_backend *b, bool *in_use, struct err *err)
{
	bool ok = true;

	(void)in_use;
	while (ok && b->open && !b->failed) /* another back-end failed */
		ok = hdf5_sink_close(b, b->open->number, err);
	if (!b->failed && H5Fclose(b->file) < 0)
		ok = fail(b, err);
	while (b->open)
		free(take_series(b, b->open->number));
	free(b->path);
	free(b);
	return ok;
}

const struct rec_ops rec_hdf5 = {
	.file = "series.h5",
	.open = hdf5_open,
	.run_begin = hdf5_run_begin,
	.sink_open = hdf5_sink_open,
	.series = hdf5_series,
	.sink_close = hdf5_sink_close,
	.discard = hdf5_discard,
	.close = hdf5_close,
};

static const struct column_spec columns[COLUMNS] = {
	[COL_QUEUES_T] = {"queues/t_s", "s", "simulated time at the end of the slot", false},
	[COL_Q] = {"queues/q", "1", "requests assigned and unfinished, by queue", true},
	[COL_LYAPUNOV_T] = {"lyapunov/t_s", "s", "simulated time at the end of the slot", false},
	[COL_L] = {"lyapunov/L", "1", "Lyapunov function, half the sum of the squared queues",
		false},
	[COL_DRIFT] = {"lyapunov/drift", "1", "change of L since the slot before", false},
};
