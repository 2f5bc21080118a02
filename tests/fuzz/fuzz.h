#ifndef OFFING_TESTS_FUZZ_H
#define OFFING_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/** What libFuzzer calls; returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/** A file in memory that holds @n bytes, under a path that any reader can open. */
struct fuzz_file {
	int fd;
	char path[40];
};

void fuzz_file_make(struct fuzz_file *f, const void *data, size_t n);
void fuzz_file_drop(struct fuzz_file *f);

#endif
