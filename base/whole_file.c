#include "base/whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

static const char BESIDE[] = ".unfinished";

struct whole_file {
	FILE *to;
	char *asked;  /* as messages name it */
	char *path;   /* links followed */
	char *beside; /* NULL: @path is written as it is */
	int fd;
	int why; /* errno of the first write that failed; 0: none */
	enum whole_over over;
};

bool fd_write(int fd, const void *bytes, size_t n)
{
	const char *at = bytes;

	while (n > 0) {
		ssize_t done = write(fd, at, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return false;
		at += done;
		n -= (size_t)done;
	}
	return true;
}

static bool fail(const char *path, int why, struct err *err)
{
	return err_run(err, "cannot write '%s': %s", path, strerror(why));
}

/* Opening */

static bool same_file(int fd, const char *path)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_ino == b.st_ino &&
	       a.st_dev == b.st_dev;
}

/* One process at a time. Whoever waited behind another that is done holds that one's file, which
 * has its name by now: again. A file system without locks has none. */
static bool open_beside(struct whole_file *f, struct err *err)
{
	for (;;) {
		f->fd = open(f->beside, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
		if (f->fd < 0)
			return fail(f->asked, errno, err);
		if (flock(f->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
			return err_run(
				err, "cannot write '%s': another process is writing it", f->asked);
		if (same_file(f->fd, f->beside))
			return ftruncate(f->fd, 0) == 0 || fail(f->asked, errno, err);
		close(f->fd);
	}
}

static bool open_file(struct whole_file *f, struct err *err)
{
	struct stat st;
	const bool there = stat(f->path, &st) == 0;

	if (!*f->path)
		return fail(f->asked, ENOENT, err);
	if (there && !S_ISREG(st.st_mode)) {
		f->fd = open(f->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
		return f->fd >= 0 || fail(f->asked, errno, err);
	}
	if (there && f->over != WHOLE_REPLACE)
		return err_input(err, "'%s' is there already%s", f->asked,
			f->over == WHOLE_FORCE ? "; use --force to replace it" : "");
	if (there && access(f->path, W_OK) != 0)
		return fail(f->asked, errno, err);
	f->beside = mem_zalloc(strlen(f->path) + sizeof BESIDE, 1);
	strcat(strcpy(f->beside, f->path), BESIDE);
	return open_beside(f, err);
}

/* stdio forgets why a write failed. */
static ssize_t cookie_write(void *cookie, const char *bytes, size_t n)
{
	struct whole_file *f = cookie;

	if (f->why == 0 && !fd_write(f->fd, bytes, n))
		f->why = errno;
	return f->why == 0 ? (ssize_t)n : 0;
}

static void finish(struct whole_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	free(f->beside);
	free(f->path);
	free(f->asked);
	free(f);
}

bool whole_file_open(
	struct whole_file **out, const char *path, enum whole_over over, struct err *err)
{
	const cookie_io_functions_t io = {.write = cookie_write};
	struct whole_file *f = mem_zalloc(1, sizeof *f);
	char *real = realpath(path, NULL);

	f->asked = mem_strdup(path);
	f->path = real ? real : mem_strdup(path);
	f->over = over;
	f->fd = -1;
	*out = NULL;
	if (open_file(f, err)) {
		f->to = fopencookie(f, "w", io);
		if (f->to) {
			*out = f;
			return true;
		}
		fail(path, errno, err);
	}
	finish(f);
	return false;
}

FILE *whole_file(const struct whole_file *f)
{
	return f->to;
}

/* Closing */

/* Where a file came to be there meanwhile it stays, if the file system can do that. */
static bool take_place(const char *from, const char *to, enum whole_over over)
{
	if (over != WHOLE_REPLACE) {
		if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
			return true;
		if (errno != EINVAL && errno != ENOSYS)
			return false;
	}
	return rename(from, to) == 0;
}

/* What is no file on a disk cannot be brought there. */
static bool to_disk(int fd)
{
	return fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP || errno == EROFS;
}

static int settle(struct whole_file *f)
{
	if (fclose(f->to) != 0 || f->why != 0)
		return f->why ? f->why : EIO;
	if (!to_disk(f->fd))
		return errno;
	if (!f->beside)
		return 0;
	return take_place(f->beside, f->path, f->over) ? 0 : errno;
}

bool whole_file_close(struct whole_file *f, struct err *err)
{
	const int why = settle(f);

	if (why != 0 && f->beside)
		unlink(f->beside);
	if (why != 0)
		fail(f->asked, why, err);
	finish(f);
	return why == 0;
}

void whole_file_drop(struct whole_file *f)
{
	if (!f)
		return;
	fclose(f->to);
	if (f->beside)
		unlink(f->beside);
	finish(f);
}

bool whole_file_become(const char *beside, const char *path, struct err *err)
{
	int fd = open(beside, O_RDONLY | O_CLOEXEC);
	bool ok = fd >= 0 && to_disk(fd) && rename(beside, path) == 0;

	if (!ok)
		fail(path, errno, err);
	if (fd >= 0)
		close(fd);
	return ok;
}
