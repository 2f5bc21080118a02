/* In place of hdf5.c in a build without HDF5. */
#include "io/record/backend.h"
#include "io/record/series_file.h"

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
