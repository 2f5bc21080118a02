#ifndef OFFING_IO_TEXT_SHA256_H
#define OFFING_IO_TEXT_SHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/** The SHA-256 digest (FIPS 180-4) of @n bytes, as 64 hexadecimal digits and a 0. */
void sha256_hex(char hex[static 65], const void *data, size_t n);

/** That of the content of a regular file, as sha256sum gives it, and its length. */
MUST_CHECK bool sha256_file(
	char hex[static 65], uint64_t *bytes, const char *file, struct err *err);

#endif
