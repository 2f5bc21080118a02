/* What series.h5 and its parts have in common. */
#include "io/record/hdf5_put.h"

#include <assert.h>
#include <hdf5.h>
#include <stdio.h>
#include <string.h>

enum { WHY = 600 };

static_assert(sizeof(hid_t) == sizeof(int64_t), "an identifier of HDF5 is an int64_t");

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

bool hdf5_fail(const char *path, struct err *err)
{
	char why[WHY] = "";

	H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_innermost, why);
	shorten(why);
	return err_run(err, "%s: %s", path, *why ? why : "cannot be written");
}

static bool put_attribute(hid_t at, const char *name, hid_t type, hid_t space, const void *data)
{
	hid_t a = H5Acreate2(at, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
	bool ok = a >= 0 && H5Awrite(a, type, data) >= 0;

	return a >= 0 && H5Aclose(a) >= 0 && ok;
}

bool hdf5_put_text(hid_t at, const char *name, const char *text)
{
	hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
	bool ok = H5Tset_size(type, H5T_VARIABLE) >= 0 && H5Tset_cset(type, H5T_CSET_UTF8) >= 0 &&
		  put_attribute(at, name, type, space, &text);

	H5Sclose(space);
	H5Tclose(type);
	return ok;
}

bool hdf5_put_uint64(hid_t at, const char *name, uint64_t value)
{
	hid_t space = H5Screate(H5S_SCALAR);
	bool ok = put_attribute(at, name, H5T_NATIVE_UINT64, space, &value);

	H5Sclose(space);
	return ok;
}

hid_t hdf5_create(const char *path)
{
	hid_t access = H5Pcreate(H5P_FILE_ACCESS), file = -1;

	if (H5Pset_file_locking(access, false, true) >= 0)
		file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, access);
	H5Pclose(access);
	return file;
}

hid_t hdf5_open_read(const char *path)
{
	hid_t access = H5Pcreate(H5P_FILE_ACCESS), file = -1;

	if (H5Pset_file_locking(access, false, true) >= 0)
		file = H5Fopen(path, H5F_ACC_RDONLY, access);
	H5Pclose(access);
	return file;
}
