#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

void fuzz_file_make(struct fuzz_file *f, const void *data, size_t n)
{
	ssize_t put;

	f->fd = memfd_create("fuzz", MFD_CLOEXEC);
	assert(f->fd >= 0);
	put = write(f->fd, data, n);
	assert(put == (ssize_t)n);
	snprintf(f->path, sizeof f->path, "/proc/self/fd/%d", f->fd);
}

void fuzz_file_drop(struct fuzz_file *f)
{
	close(f->fd);
}
