#include "io/results/merge.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* series.h5 is made by a thread of its own: its library takes as long as the other. */
struct series_job {
	struct merged *m;
	const char *into;
	struct err err;
	bool ok;
};

static void *make_series(void *job)
{
	struct series_job *j = job;

	j->ok = merge_series(j->m, j->into, &j->err);
	return NULL;
}

static bool write_all(struct merged *m, const char *into, struct err *err)
{
	struct series_job job = {.m = m, .into = into};
	pthread_t thread;
	int failed = pthread_create(&thread, NULL, make_series, &job);
	bool ok;

	if (failed)
		return err_run(err, "cannot start a thread: %s", strerror(failed));
	ok = merge_copy(m, into, err) && merge_write_provenance(m, into, err);
	pthread_join(thread, NULL);
	if (ok && !job.ok)
		*err = job.err;
	return ok && job.ok;
}

bool results_merge(struct merged *out, const struct merge_spec *spec, struct err *err)
{
	const bool made = access(spec->into, F_OK) != 0;
	struct rec_folder folder;
	bool ok;

	*out = (struct merged){0};
	arena_init(&out->arena);
	arena_init(&out->series_arena);
	if (!check_apart(spec, err) || !merge_read_parts(out, spec, err) ||
		!merge_compare(out, err) ||
		!rec_folder_open_beside(&folder, spec->into, spec->force, err))
		return false;
	ok = write_all(out, folder.into, err) && rec_folder_commit(&folder, err);
	if (!ok)
		rec_folder_discard(&folder);
	rec_folder_close(&folder);
	if (!ok && made)
		rmdir(spec->into);
	return ok;
}

void merged_finish(struct merged *m)
{
	free(m->parts);
	arena_finish(&m->arena);
	arena_finish(&m->series_arena);
}
