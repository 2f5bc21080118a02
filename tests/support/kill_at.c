/*
 * To be preloaded: the program is killed, as by kill -9, before its call number KILL_AT (from 0)
 * that changes a file; each thread counts. KILL_COUNT names a file that gets how many there were.
 */
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static atomic_long calls;

static void count(void)
{
	const char *at = getenv("KILL_AT");

	if (atomic_fetch_add(&calls, 1) == (at ? atol(at) : -1)) {
		kill(getpid(), SIGKILL);
		pause();
	}
}

static __attribute__((destructor)) void tell(void)
{
	const char *file = getenv("KILL_COUNT");
	FILE *to = file ? fopen(file, "w") : NULL;

	if (!to)
		return;
	fprintf(to, "%ld\n", calls);
	fclose(to);
}

/* The function that this one stands in front of. */
#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at)
{
	count();
	return NEXT(pwrite64)(fd, bytes, n, at);
}

#ifndef __USE_FILE_OFFSET64
ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
	count();
	return NEXT(pwrite)(fd, bytes, n, at);
}

int ftruncate(int fd, off_t n)
{
	count();
	return NEXT(ftruncate)(fd, n);
}
#endif

ssize_t write(int fd, const void *bytes, size_t n)
{
	if (fd > STDERR_FILENO)
		count();
	return NEXT(write)(fd, bytes, n);
}

int ftruncate64(int fd, off64_t n)
{
	count();
	return NEXT(ftruncate64)(fd, n);
}

int unlink(const char *path)
{
	count();
	return NEXT(unlink)(path);
}

int rename(const char *from, const char *to)
{
	count();
	return NEXT(rename)(from, to);
}
