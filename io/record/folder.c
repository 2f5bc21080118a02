/* The folder of a result. */
#include "io/record/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/record/parts.h"
#include "io/record/recorder.h"
#include "io/record/series_file.h"

bool rec_folder_make(const char *dir, struct err *err)
{
	char *path = mem_strdup(dir), *p;
	bool ok = true;
	struct stat st;

	for (p = path + 1; ok && *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		ok = mkdir(path, 0777) == 0 || errno == EEXIST;
		*p = '/';
	}
	ok = ok && (mkdir(path, 0777) == 0 || errno == EEXIST);
	if (ok && stat(path, &st) == 0 && !S_ISDIR(st.st_mode)) {
		errno = ENOTDIR;
		ok = false;
	}
	if (!ok)
		err_run(err, "cannot make the folder %s: %s", dir, strerror(errno));
	free(path);
	return ok;
}

/* A name for each file that a back-end or its library may make; NULL behind the last. The first
 * is the last to take its place: with it a result is there. */
static const char *const names[] = {"results.sqlite", "results.sqlite-wal", "results.sqlite-shm",
	"results.sqlite-journal", SERIES_FILE, SERIES_BESIDE, RECORDER_TIMELINE,
	RECORDER_PROVENANCE, NULL};

bool rec_folder_taken(const char *dir)
{
	const char *const *name;
	bool taken = false;
	char *path;

	for (name = names; *name && !taken; name++) {
		path = rec_path(dir, *name);
		taken = access(path, F_OK) == 0;
		free(path);
	}
	return taken;
}

/* Of several processes that try at once, one succeeds. */
static bool claim(const char *dir, struct err *err)
{
	char *path = rec_path(dir, names[0]);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

	if (fd >= 0)
		close(fd);
	else if (errno == EEXIST)
		err_input(err, "%s already holds a result; --force replaces it", dir);
	else
		err_run(err, "%s: %s", path, strerror(errno));
	free(path);
	return fd >= 0;
}

/* A file system that knows no such locks leaves it to claim(). */
static bool lock(struct rec_folder *f, struct err *err)
{
	f->lock_fd = open(f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->lock_fd < 0)
		return err_run(err, "%s: %s", f->dir, strerror(errno));
	if (flock(f->lock_fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
		return true;
	return err_input(err,
		"another run is writing its result to %s; wait for its end or choose another "
		"folder",
		f->dir);
}

/* True also where there is no such file. */
static bool clear(const char *dir, struct err *err)
{
	const char *const *name;
	bool ok = true;
	char *path;

	for (name = names; *name; name++) {
		path = rec_path(dir, *name);
		if (unlink(path) != 0 && errno != ENOENT)
			ok = err_run(err, "cannot replace %s: %s", path, strerror(errno));
		free(path);
	}
	rec_parts_remove(dir);
	return ok;
}

/* An empty DIR/unfinished; what a killed run left there goes. */
static bool stage(struct rec_folder *f, struct err *err)
{
	f->replaces = true;
	free(f->into);
	f->into = rec_path(f->dir, RECORDER_BESIDE);
	if (access(f->dir, W_OK | X_OK) != 0)
		return err_run(err, "cannot replace the result in %s: %s", f->dir, strerror(errno));
	return rec_folder_make(f->into, err) && clear(f->into, err) && claim(f->into, err);
}

static bool take_hold(struct rec_folder *f, bool force, struct err *err)
{
	if (!force) {
		if (!claim(f->dir, err))
			return false;
		if (lock(f, err))
			return true;
		rec_folder_discard(f);
		return false;
	}
	return lock(f, err) && rec_folder_begin(f, err);
}

bool rec_folder_open(struct rec_folder *f, const char *dir, bool force, struct err *err)
{
	*f = (struct rec_folder){.dir = mem_strdup(dir), .into = mem_strdup(dir), .lock_fd = -1};
	if (rec_folder_make(dir, err) && take_hold(f, force, err))
		return true;
	rec_folder_close(f);
	return false;
}

static bool may_replace(const char *dir, bool force, struct err *err)
{
	return force || !rec_folder_taken(dir) ||
	       err_input(err, "%s already holds a result; --force replaces it", dir);
}

bool rec_folder_open_beside(struct rec_folder *f, const char *dir, bool force, struct err *err)
{
	*f = (struct rec_folder){.dir = mem_strdup(dir), .into = mem_strdup(dir), .lock_fd = -1};
	if (rec_folder_make(dir, err) && may_replace(dir, force, err) && lock(f, err) &&
		stage(f, err))
		return true;
	rec_folder_close(f);
	return false;
}

bool rec_folder_hold(struct rec_folder *f, const char *dir, struct err *err)
{
	*f = (struct rec_folder){.dir = mem_strdup(dir), .into = mem_strdup(dir), .lock_fd = -1};
	if (rec_folder_make(dir, err) && lock(f, err))
		return true;
	rec_folder_close(f);
	return false;
}

bool rec_folder_begin(struct rec_folder *f, struct err *err)
{
	return rec_folder_taken(f->dir) ? stage(f, err) : claim(f->dir, err);
}

bool rec_folder_renew(struct rec_folder *f, struct err *err)
{
	return clear(f->dir, err) && claim(f->dir, err);
}

void rec_folder_go_on(struct rec_folder *f, bool beside)
{
	f->replaces = beside;
	if (!beside)
		return;
	free(f->into);
	f->into = rec_path(f->dir, RECORDER_BESIDE);
}

/* The old files go first: with the log of another database beside it, a database is none. */
bool rec_folder_commit(struct rec_folder *f, struct err *err)
{
	size_t i = sizeof names / sizeof *names - 1;
	bool ok = true;

	if (!f->replaces)
		return true;
	if (!clear(f->dir, err))
		return false;
	while (ok && i-- > 0) {
		char *from = rec_path(f->into, names[i]), *to = rec_path(f->dir, names[i]);

		if (rename(from, to) != 0 && errno != ENOENT)
			ok = err_run(err, "cannot make %s of %s: %s", to, from, strerror(errno));
		free(from);
		free(to);
	}
	if (ok)
		rmdir(f->into);
	return ok;
}

void rec_folder_discard(struct rec_folder *f)
{
	struct err ignored = {0};

	clear(f->into, &ignored);
	if (f->replaces)
		rmdir(f->into);
}

void rec_folder_close(struct rec_folder *f)
{
	if (f->lock_fd >= 0)
		close(f->lock_fd);
	free(f->dir);
	free(f->into);
	*f = (struct rec_folder){.lock_fd = -1};
}
