/* In place of hdf5.c in a build without HDF5. */
#include "io/record/backend.h"

static bool absent_open(struct rec_backend **out, const char *path,
	const struct recorder_spec *spec, struct err *err)
{
	(void)spec;
	*out = NULL;
	return err_input(err, "%s: this build has no HDF5; leave out record.queues", path);
}

static bool absent_close(struct rec_backend *b, bool *in_use, struct err *err)
{
	(void)in_use;
	(void)b;
	(void)err;
	return true;
}

const struct rec_ops rec_hdf5 = {
	.file = "series.h5",
	.open = absent_open,
	.close = absent_close,
};
