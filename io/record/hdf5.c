/*
 * Series, each replication's in a file of its own until series.h5 is made of them (series_file.h).
 * Blocks equal to the chunks, each compressed once, written past the chunk cache.
 */
#include "io/record/backend.h"

#include <hdf5.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/record/hdf5_put.h"
#include "io/record/series_file.h"

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
	char *path;
	hid_t file;
	hsize_t n; /* samples written */
	hid_t set[COLUMNS];
};

struct rec_backend {
	char *dir;
	uint32_t run;
	const struct recorder_run *run_of;
	struct series_about about;
	struct open_series *open;
	bool failed;
};

static bool fail(struct rec_backend *b, const char *path, struct err *err)
{
	b->failed = true;
	return hdf5_fail(path, err);
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
	ok = hdf5_put_text(at, "columns", text);
	free(text);
	return ok;
}

/* Datasets */

static hid_t create_set(const struct rec_backend *b, hid_t group, enum column c)
{
	const struct column_spec *spec = &columns[c];
	const hsize_t width = b->run_of->scenario->n_instances + 1;
	const hsize_t none[2] = {0, width}, most[2] = {H5S_UNLIMITED, width};
	const hsize_t chunk[2] = {series_cap(width), width};
	const int rank = spec->wide ? 2 : 1;
	hid_t space = H5Screate_simple(rank, none, most);
	hid_t how = H5Pcreate(H5P_DATASET_CREATE), with_groups = H5Pcreate(H5P_LINK_CREATE);
	hid_t access = H5Pcreate(H5P_DATASET_ACCESS);
	hid_t set = -1;

	/* without the time of day: the same runs make the same bytes */
	if (H5Pset_chunk(how, rank, chunk) >= 0 && H5Pset_shuffle(how) >= 0 &&
		H5Pset_deflate(how, 4) >= 0 && H5Pset_obj_track_times(how, false) >= 0 &&
		H5Pset_chunk_cache(access, 0, 0, 0) >= 0 &&
		H5Pset_create_intermediate_group(with_groups, 1) >= 0)
		set = H5Dcreate2(group, spec->path, spec->wide ? H5T_STD_I32LE : H5T_IEEE_F64LE,
			space, with_groups, how, access);
	H5Pclose(access);
	H5Pclose(with_groups);
	H5Pclose(how);
	H5Sclose(space);
	if (set >= 0 && hdf5_put_text(set, "units", spec->units) &&
		hdf5_put_text(set, "long_name", spec->long_name) &&
		(!spec->wide || put_queue_names(set, b->run_of->scenario)))
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
		return fail(b, s->path, err);
	in_file = H5Dget_space(s->set[c]);
	in_memory = H5Screate_simple(rank, count, NULL);
	ok = H5Sselect_hyperslab(in_file, H5S_SELECT_SET, from, NULL, count, NULL) >= 0 &&
	     H5Dwrite(s->set[c], columns[c].wide ? H5T_NATIVE_UINT32 : H5T_NATIVE_DOUBLE, in_memory,
		     in_file, H5P_DEFAULT, data) >= 0;
	if (!ok)
		fail(b, s->path, err);
	H5Sclose(in_memory);
	H5Sclose(in_file);
	return ok;
}

/* Replications */

static bool hdf5_sink_open(struct rec_backend *b, uint32_t number, struct err *err)
{
	struct open_series *s = mem_zalloc(1, sizeof *s);

	s->number = number;
	s->path = rec_part_path(b->dir, (struct rec_part){b->run, number});
	s->next = b->open;
	b->open = s;
	s->file = hdf5_create(s->path);
	if (s->file < 0)
		return fail(b, s->path, err);
	for (enum column c = 0; c < COLUMNS; c++) {
		s->set[c] = create_set(b, s->file, c);
		if (s->set[c] < 0)
			return fail(b, s->path, err);
	}
	/* so that it opens whatever happens to what follows */
	return H5Fflush(s->file, H5F_SCOPE_GLOBAL) >= 0 || fail(b, s->path, err);
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
	/* so that they can be read while they grow; the last block is followed by the end */
	return block->n < block->cap || H5Fflush(s->file, H5F_SCOPE_GLOBAL) >= 0 ||
	       fail(b, s->path, err);
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

	for (enum column c = 0; c < COLUMNS && ok; c++)
		ok = H5Dclose(s->set[c]) >= 0 || fail(b, s->path, err);
	ok = ok && (H5Fclose(s->file) >= 0 || fail(b, s->path, err));
	free(s->path);
	free(s);
	return ok;
}

static bool hdf5_discard(struct rec_backend *b, uint32_t number, struct err *err)
{
	(void)err;
	rec_part_unlink(b->dir, (struct rec_part){b->run, number});
	return true;
}

/* Runs and the file */

static void set_text(char **to, const char *text)
{
	free(*to);
	*to = mem_strdup(text);
}

static void add_run(struct series_about *a, const char *policy, uint32_t kept)
{
	const size_t n = a->n_runs + 1;

	a->policies = mem_resize(a->policies, n, sizeof *a->policies);
	a->kept = mem_resize(a->kept, n, sizeof *a->kept);
	a->policies[a->n_runs] = mem_strdup(policy);
	a->kept[a->n_runs++] = kept;
}

static void add_begun(struct series_about *a, const struct rec_begun *b)
{
	for (size_t i = 0; b && i < b->n; i++)
		add_run(a, b->policies[i], b->runs[i].ended ? UINT32_MAX : b->runs[i].kept);
}

static bool hdf5_run_begin(
	struct rec_backend *b, uint32_t id, const struct recorder_run *run, struct err *err)
{
	struct series_about *a = &b->about;

	(void)err;
	b->run = id;
	b->run_of = run;
	if (id > a->n_runs)
		add_run(a, run->policy, 0);
	set_text(&a->scenario, run->resolved);
	set_text(&a->version, run->version);
	a->seed = run->scenario->run.seed;
	return true;
}

static bool hdf5_open(
	struct rec_backend **out, const char *path, const struct rec_opening *o, struct err *err)
{
	struct rec_backend *b;

	(void)path;
	(void)err;
	*out = NULL;
	H5dont_atexit(); /* at exit it would touch a file that could not be closed, and crash */
	H5Eset_auto2(H5E_DEFAULT, NULL, NULL); /* of this thread: it prints nothing itself */
	b = mem_zalloc(1, sizeof *b);
	b->dir = mem_strdup(o->spec->dir);
	b->about.grouped = o->spec->n_runs > 1;
	add_begun(&b->about, o->begun);
	*out = b;
	return true;
}

static void backend_free(struct rec_backend *b)
{
	while (b->open) {
		struct open_series *s = take_series(b, b->open->number);

		free(s->path);
		free(s);
	}
	for (size_t i = 0; i < b->about.n_runs; i++)
		free(b->about.policies[i]);
	free(b->about.policies);
	free(b->about.kept);
	free(b->about.scenario);
	free(b->about.version);
	free(b->dir);
	free(b);
}

/* After a failure of its own a file is left as it is: closing would write to it again. Without a
 * run that began there is nothing new. */
static bool hdf5_close(struct rec_backend *b, const struct rec_closing *c, struct err *err)
{
	bool ok = true;

	(void)c;
	while (ok && b->open && !b->failed) /* another back-end failed */
		ok = hdf5_sink_close(b, b->open->number, err);
	if (!b->failed && b->about.scenario) {
		ok = series_file_make(b->dir, &b->about, err);
		if (ok)
			rec_parts_clear(b->dir);
	}
	backend_free(b);
	return ok;
}

const struct rec_ops rec_hdf5 = {
	.file = SERIES_FILE,
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
