/* In place of hdf5.c in a build without HDF5. */
#include "io/record/backend.h"
#include "io/record/series_file.h"
#include "io/record/series_merge.h"

static bool absent_open(
	struct rec_backend **out, const char *path, const struct rec_opening *o, struct err *err)
{
	(void)o;
	*out = NULL;
	return err_input(err, "%s: this build has no HDF5; leave out record.queues", path);
}

static bool absent_close(struct rec_backend *b, const struct rec_closing *c, struct err *err)
{
	(void)c;
	(void)b;
	(void)err;
	return true;
}

const struct rec_ops rec_hdf5 = {
	.file = "series.h5",
	.open = absent_open,
	.close = absent_close,
};

bool rec_series_there(const char *dir, bool grouped, struct rec_part p)
{
	(void)dir;
	(void)grouped;
	(void)p;
	return false;
}

const bool series_merge_can = false;

bool series_merge_open(struct series_merge **out, const char *path, struct err *err)
{
	*out = NULL;
	return err_input(err, "%s: this build has no HDF5", path);
}

bool series_merge_add(
	struct series_merge *s, const char *file, uint32_t from, uint32_t to, struct err *err)
{
	(void)s;
	(void)from;
	(void)to;
	return err_input(err, "%s: this build has no HDF5", file);
}

bool series_merge_close(struct series_merge *s, struct err *err)
{
	(void)s;
	(void)err;
	return true;
}

void series_merge_drop(struct series_merge *s)
{
	(void)s;
}
