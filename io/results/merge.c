#include "io/results/merge.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "io/record/folder.h"
#include "io/results/merge_inside.h"

/** A folder that is read must not be the one that is written to. */
static bool check_apart(const struct merge_spec *spec, struct err *err)
{
	struct stat into, from;

	if (stat(spec->into, &into) != 0)
		return true; /* it is going to be made */
	for (size_t i = 0; i < spec->n; i++)
		if (stat(spec->dirs[i], &from) == 0 && from.st_dev == into.st_dev &&
			from.st_ino == into.st_ino)
			return err_input(err,
				"'%s' is both read and written to; choose another folder for what "
				"is "
				"merged",
				spec->dirs[i]);
	return true;
}

static bool write_all(struct merged *m, const char *into, struct err *err)
{
	return merge_copy(m, into, err) && merge_write_provenance(m, into, err);
}

bool results_merge(struct merged *out, const struct merge_spec *spec, struct err *err)
{
	struct rec_folder folder;
	bool ok;

	*out = (struct merged){0};
	arena_init(&out->arena);
	if (!check_apart(spec, err) || !merge_read_parts(out, spec, err) ||
		!merge_compare(out, err) ||
		!rec_folder_open_beside(&folder, spec->into, spec->force, err))
		return false;
	ok = write_all(out, folder.into, err) && rec_folder_commit(&folder, err);
	if (!ok)
		rec_folder_discard(&folder);
	rec_folder_close(&folder);
	return ok;
}

void merged_finish(struct merged *m)
{
	free(m->parts);
	arena_finish(&m->arena);
}
