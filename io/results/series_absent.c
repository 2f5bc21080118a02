/* In place of series.c in a build without HDF5. */
#include "io/results/series.h"

bool results_series_open(struct results_series **out, struct results *r, size_t run,
	uint32_t number, struct err *err)
{
	(void)run;
	(void)number;
	*out = NULL;
	return err_input(err, "%s/series.h5: this build has no HDF5", results_dir(r));
}

void results_series_close(struct results_series *s)
{
	(void)s;
}

size_t results_series_n(const struct results_series *s)
{
	(void)s;
	return 0;
}

size_t results_series_width(const struct results_series *s)
{
	(void)s;
	return 0;
}

const char *results_series_name(const struct results_series *s, size_t queue)
{
	(void)s;
	(void)queue;
	return "";
}

bool results_series_read(
	double *out, const struct results_series *s, enum series_column c, struct err *err)
{
	(void)out;
	(void)s;
	(void)c;
	return err_input(err, "this build has no HDF5");
}

bool results_series_queues(const struct results_series *s,
	void (*row)(void *user, size_t slot, const uint32_t *queues), void *user, struct err *err)
{
	(void)s;
	(void)row;
	(void)user;
	return err_input(err, "this build has no HDF5");
}
