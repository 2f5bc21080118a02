#include "io/record/hdf5_copy.h"

#include <hdf5.h>
#include <stdlib.h>

#include "base/mem.h"
#include "io/record/hdf5_put.h"

enum { NAME = 256, RANK = 2 };

struct copier {
	const char *path;
	struct err *err;
};

/* At once: the next call forgets the reason. */
static bool fail(const struct copier *c)
{
	return hdf5_fail(c->path, c->err);
}

/* Attributes: texts of any length, and numbers. */

static bool copy_attribute(const struct copier *c, hid_t a, hid_t to)
{
	hid_t type = H5Aget_type(a), space = H5Aget_space(a), b;
	char name[NAME] = "", value[sizeof(uint64_t)]; /* a number, or where a text is */
	const bool text = H5Tis_variable_str(type) > 0;

	if (H5Aget_name(a, sizeof name, name) < 0 || (!text && H5Tget_size(type) > sizeof value) ||
		H5Aread(a, type, value) < 0)
		return fail(c);
	b = H5Acreate2(to, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
	if (b < 0 || H5Awrite(b, type, value) < 0 || H5Aclose(b) < 0)
		return fail(c);
	if (text)
		H5Dvlen_reclaim(type, space, H5P_DEFAULT, value);
	H5Sclose(space);
	H5Tclose(type);
	return true;
}

static bool copy_attributes(const struct copier *c, hid_t from, hid_t to)
{
	H5O_info_t info;

	if (H5Oget_info2(from, &info, H5O_INFO_NUM_ATTRS) < 0)
		return fail(c);
	for (hsize_t i = 0; i < info.num_attrs; i++) {
		hid_t a = H5Aopen_by_idx(
			from, ".", H5_INDEX_NAME, H5_ITER_INC, i, H5P_DEFAULT, H5P_DEFAULT);

		if (a < 0)
			return fail(c);
		if (!copy_attribute(c, a, to))
			return false;
		H5Aclose(a);
	}
	return true;
}

bool hdf5_copy_attribute(hid_t from, const char *name, hid_t to, const char *path, struct err *err)
{
	const struct copier c = {path, err};
	hid_t a = H5Aopen(from, name, H5P_DEFAULT);

	if (a < 0)
		return fail(&c);
	if (!copy_attribute(&c, a, to))
		return false;
	H5Aclose(a);
	return true;
}

/* Datasets */

static bool copy_chunk(const struct copier *c, hid_t from, hid_t to, const hsize_t *at)
{
	hsize_t size = 0;
	uint32_t left_out;
	void *bytes;
	bool ok;

	if (H5Dget_chunk_storage_size(from, at, &size) < 0)
		return fail(c);
	if (size == 0)
		return true;
	bytes = mem_zalloc(size, 1);
	ok = (H5Dread_chunk(from, H5P_DEFAULT, at, &left_out, bytes) >= 0 &&
		     H5Dwrite_chunk(to, H5P_DEFAULT, left_out, at, size, bytes) >= 0) ||
	     fail(c);
	free(bytes);
	return ok;
}

static bool copy_chunks(const struct copier *c, hid_t from, hid_t to, hid_t space, hid_t how)
{
	hsize_t size[RANK] = {1, 1}, chunk[RANK] = {1, 1}, at[RANK];

	if (H5Sget_simple_extent_ndims(space) > RANK || H5Pget_layout(how) != H5D_CHUNKED)
		return err_run(c->err, "%s: it is not of offing's making", c->path);
	if (H5Sget_simple_extent_dims(space, size, NULL) < 0 || H5Pget_chunk(how, RANK, chunk) < 0)
		return fail(c);
	for (at[0] = 0; at[0] < size[0]; at[0] += chunk[0])
		for (at[1] = 0; at[1] < size[1]; at[1] += chunk[1])
			if (!copy_chunk(c, from, to, at))
				return false;
	return true;
}

static bool copy_set(const struct copier *c, hid_t from, hid_t to, const char *name)
{
	hid_t set = H5Dopen2(from, name, H5P_DEFAULT), made;
	hid_t how = H5Dget_create_plist(set), type = H5Dget_type(set), space = H5Dget_space(set);

	if (set < 0 || how < 0 || H5Pset_obj_track_times(how, false) < 0)
		return fail(c);
	made = H5Dcreate2(to, name, type, space, H5P_DEFAULT, how, H5P_DEFAULT);
	if (made < 0)
		return fail(c);
	if (!copy_attributes(c, set, made) || !copy_chunks(c, set, made, space, how))
		return false;
	if (H5Dclose(made) < 0)
		return fail(c);
	H5Sclose(space);
	H5Tclose(type);
	H5Pclose(how);
	H5Dclose(set);
	return true;
}

/* Groups */

static bool copy_members(const struct copier *c, hid_t from, hid_t to);

static bool copy_below(const struct copier *c, hid_t from, hid_t to, const char *name)
{
	hid_t source = H5Gopen2(from, name, H5P_DEFAULT), made;

	if (source < 0)
		return fail(c);
	made = H5Gcreate2(to, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
	if (made < 0)
		return fail(c);
	if (!copy_members(c, source, made))
		return false;
	H5Gclose(source);
	return H5Gclose(made) >= 0 || fail(c);
}

static bool copy_member(const struct copier *c, hid_t from, hid_t to, const char *name)
{
	H5O_info_t info;

	if (H5Oget_info_by_name2(from, name, &info, H5O_INFO_BASIC, H5P_DEFAULT) < 0)
		return fail(c);
	return info.type == H5O_TYPE_GROUP ? copy_below(c, from, to, name)
					   : copy_set(c, from, to, name);
}

static bool copy_members(const struct copier *c, hid_t from, hid_t to)
{
	H5G_info_t info;

	if (!copy_attributes(c, from, to))
		return false;
	if (H5Gget_info(from, &info) < 0)
		return fail(c);
	for (hsize_t i = 0; i < info.nlinks; i++) {
		char name[NAME] = "";

		if (H5Lget_name_by_idx(
			    from, ".", H5_INDEX_NAME, H5_ITER_INC, i, name, NAME, H5P_DEFAULT) < 0)
			return fail(c);
		if (!copy_member(c, from, to, name))
			return false;
	}
	return true;
}

bool hdf5_copy_group(
	hid_t from, const char *name, hid_t to, const char *as, const char *path, struct err *err)
{
	const struct copier c = {path, err};
	hid_t links = H5Pcreate(H5P_LINK_CREATE), source = H5Gopen2(from, name, H5P_DEFAULT), made;

	if (source < 0 || H5Pset_create_intermediate_group(links, 1) < 0)
		return fail(&c);
	made = H5Gcreate2(to, as, links, H5P_DEFAULT, H5P_DEFAULT);
	if (made < 0)
		return fail(&c);
	if (!copy_members(&c, source, made))
		return false;
	H5Pclose(links);
	H5Gclose(source);
	return H5Gclose(made) >= 0 || fail(&c);
}
