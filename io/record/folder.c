/* The folder of a result. */
#include "io/record/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

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

/* A name for each file that a back-end or its library may make; NULL behind the last. */
static const char *const names[] = {"results.sqlite", "results.sqlite-wal", "results.sqlite-shm",
	"results.sqlite-journal", "series.h5", NULL};

static char *path_of(const char *dir, const char *name)
{
	char *path = mem_zalloc(strlen(dir) + strlen(name) + 2, 1);

	strcat(strcat(strcpy(path, dir), "/"), name);
	return path;
}

bool rec_folder_taken(const char *dir)
{
	const char *const *name;
	bool taken = false;
	char *path;

	for (name = names; *name && !taken; name++) {
		path = path_of(dir, *name);
		taken = access(path, F_OK) == 0;
		free(path);
	}
	return taken;
}

bool rec_folder_claim(const char *dir, struct err *err)
{
	char *path = path_of(dir, names[0]);
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

void rec_folder_clear(const char *dir)
{
	const char *const *name;
	char *path;

	for (name = names; *name; name++) {
		path = path_of(dir, *name);
		unlink(path); /* what stays makes opening it fail, which says why */
		free(path);
	}
}
