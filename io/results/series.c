/* series.h5, read. */
#include "io/results/series.h"

#include <hdf5.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/record/hdf5_put.h"
#include "io/record/series_file.h"

enum { ROWS = 4096, COLUMN_Q = SERIES_COLUMNS, SETS };

/* Below the group of the replication. */
static const char *const paths[SETS] = {
	[SERIES_T] = "queues/t_s",
	[SERIES_L] = "lyapunov/L",
	[SERIES_DRIFT] = "lyapunov/drift",
	[COLUMN_Q] = "queues/q",
};

struct results_series {
	char *path;
	hid_t file, set[SETS];
	size_t n, width;
	char *text; /* the names, each ended */
	const char **names;
};

static bool fail(const struct results_series *s, struct err *err)
{
	return err_run(err, "%s cannot be read", s->path);
}

/* Opening */

static bool open_file(struct results_series *s, struct results *r, struct err *err)
{
	s->path = rec_path(results_dir(r), SERIES_FILE);
	if (access(s->path, R_OK) != 0)
		return err_input(err,
			"'%s' has no series.h5: run it with record.queues, as in -s "
			"record.queues='1 s'",
			results_dir(r));
	s->file = hdf5_open_read(s->path);
	return s->file >= 0 || fail(s, err);
}

/** Where the replication is: in /run_ID where the file is of several. */
static hid_t open_group(const struct results_series *s, int64_t id, uint32_t number)
{
	char run[48], name[96];
	bool grouped;

	snprintf(run, sizeof run, "/run_%lld", (long long)id);
	grouped = H5Lexists(s->file, run, H5P_DEFAULT) > 0;
	snprintf(name, sizeof name, "%s/replication_%u", grouped ? run : "", (unsigned)number);
	return H5Gopen2(s->file, name, H5P_DEFAULT);
}

static bool open_sets(
	struct results_series *s, struct results *r, size_t run, uint32_t number, struct err *err)
{
	hid_t group = open_group(s, results_run(r, run)->id, number);
	bool ok = group >= 0;

	for (size_t c = 0; c < SETS && ok; c++) {
		s->set[c] = H5Dopen2(group, paths[c], H5P_DEFAULT);
		ok = s->set[c] >= 0;
	}
	if (group >= 0)
		H5Gclose(group);
	return ok || err_input(err, "%s has nothing of replication %u of policy '%s'", s->path,
			     (unsigned)number, results_run(r, run)->policy);
}

/** Up to the shortest of them. */
static bool measure(struct results_series *s, struct err *err)
{
	for (size_t c = 0; c < SETS; c++) {
		hid_t space = H5Dget_space(s->set[c]);
		hsize_t size[2] = {0, 0};
		const int rank = c == COLUMN_Q ? 2 : 1;
		const bool ok = H5Sget_simple_extent_ndims(space) == rank &&
				H5Sget_simple_extent_dims(space, size, NULL) == rank;

		H5Sclose(space);
		if (!ok)
			return fail(s, err);
		s->n = c == 0 || size[0] < s->n ? (size_t)size[0] : s->n;
		if (c == COLUMN_Q)
			s->width = (size_t)size[1];
	}
	return true;
}

/** The attribute `columns`: names with commas between. */
static bool read_names(struct results_series *s, struct err *err)
{
	hid_t type = H5Tcopy(H5T_C_S1), a = H5Aopen(s->set[COLUMN_Q], "columns", H5P_DEFAULT);
	char *text = NULL, *at;
	bool ok = a >= 0 && H5Tset_size(type, H5T_VARIABLE) >= 0 &&
		  H5Tset_cset(type, H5T_CSET_UTF8) >= 0 && H5Aread(a, type, &text) >= 0 && text;

	if (ok)
		s->text = mem_strdup(text);
	H5free_memory(text);
	if (a >= 0)
		H5Aclose(a);
	H5Tclose(type);
	if (!ok)
		return fail(s, err);
	s->names = mem_zalloc(s->width, sizeof *s->names);
	at = s->text;
	for (size_t i = 0; i < s->width; i++) {
		s->names[i] = at ? strsep(&at, ",") : "";
	}
	return true;
}

bool results_series_open(struct results_series **out, struct results *r, size_t run,
	uint32_t number, struct err *err)
{
	struct results_series *s = mem_zalloc(1, sizeof *s);

	H5Eset_auto2(H5E_DEFAULT, NULL, NULL); /* it prints nothing itself */
	s->file = -1;
	for (size_t c = 0; c < SETS; c++)
		s->set[c] = -1;
	*out = s;
	if (open_file(s, r, err) && open_sets(s, r, run, number, err) && measure(s, err) &&
		read_names(s, err))
		return true;
	results_series_close(s);
	*out = NULL;
	return false;
}

void results_series_close(struct results_series *s)
{
	if (!s)
		return;
	for (size_t c = 0; c < SETS; c++)
		if (s->set[c] >= 0)
			H5Dclose(s->set[c]);
	if (s->file >= 0)
		H5Fclose(s->file);
	free(s->path);
	free(s->text);
	free(s->names);
	free(s);
}

size_t results_series_n(const struct results_series *s)
{
	return s->n;
}

size_t results_series_width(const struct results_series *s)
{
	return s->width;
}

const char *results_series_name(const struct results_series *s, size_t queue)
{
	return s->names[queue];
}

/* Reading */

/** @n rows from row @from on. */
static bool read_rows(void *out, const struct results_series *s, size_t set, hid_t type,
	size_t from, size_t n, struct err *err)
{
	const hsize_t start[2] = {from, 0}, count[2] = {n, s->width};
	hid_t in_file, in_memory;
	bool ok;

	if (n == 0)
		return true;
	in_file = H5Dget_space(s->set[set]);
	in_memory = H5Screate_simple(set == COLUMN_Q ? 2 : 1, count, NULL);
	ok = H5Sselect_hyperslab(in_file, H5S_SELECT_SET, start, NULL, count, NULL) >= 0 &&
	     H5Dread(s->set[set], type, in_memory, in_file, H5P_DEFAULT, out) >= 0;
	H5Sclose(in_memory);
	H5Sclose(in_file);
	return ok || fail(s, err);
}

bool results_series_read(
	double *out, const struct results_series *s, enum series_column c, struct err *err)
{
	return read_rows(out, s, c, H5T_NATIVE_DOUBLE, 0, s->n, err);
}

bool results_series_queues(const struct results_series *s,
	void (*row)(void *user, size_t slot, const uint32_t *queues), void *user, struct err *err)
{
	const size_t most = s->width > (1u << 20) / ROWS ? (1u << 20) / s->width + 1 : ROWS;
	uint32_t *rows = mem_zalloc(most * s->width, sizeof *rows);
	bool ok = true;

	for (size_t from = 0; from < s->n && ok; from += most) {
		const size_t n = s->n - from < most ? s->n - from : most;

		ok = read_rows(rows, s, COLUMN_Q, H5T_NATIVE_UINT32, from, n, err);
		for (size_t i = 0; i < n && ok; i++)
			row(user, from + i, rows + i * s->width);
	}
	free(rows);
	return ok;
}
