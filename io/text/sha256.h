#ifndef OFFING_IO_TEXT_SHA256_H
#define OFFING_IO_TEXT_SHA256_H

#include <stddef.h>

/** The SHA-256 digest (FIPS 180-4) of @n bytes, as 64 hexadecimal digits and a 0. */
void sha256_hex(char hex[static 65], const void *data, size_t n);

#endif
