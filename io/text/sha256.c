/* SHA-256 after FIPS 180-4. */
#include "io/text/sha256.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

/* Section 4.2.2: the first 32 bits of the fractions of the cube roots of the first 64 primes. */
static const uint32_t round_constant[64] = {
	0x428a2f98,
	0x71374491,
	0xb5c0fbcf,
	0xe9b5dba5,
	0x3956c25b,
	0x59f111f1,
	0x923f82a4,
	0xab1c5ed5,
	0xd807aa98,
	0x12835b01,
	0x243185be,
	0x550c7dc3,
	0x72be5d74,
	0x80deb1fe,
	0x9bdc06a7,
	0xc19bf174,
	0xe49b69c1,
	0xefbe4786,
	0x0fc19dc6,
	0x240ca1cc,
	0x2de92c6f,
	0x4a7484aa,
	0x5cb0a9dc,
	0x76f988da,
	0x983e5152,
	0xa831c66d,
	0xb00327c8,
	0xbf597fc7,
	0xc6e00bf3,
	0xd5a79147,
	0x06ca6351,
	0x14292967,
	0x27b70a85,
	0x2e1b2138,
	0x4d2c6dfc,
	0x53380d13,
	0x650a7354,
	0x766a0abb,
	0x81c2c92e,
	0x92722c85,
	0xa2bfe8a1,
	0xa81a664b,
	0xc24b8b70,
	0xc76c51a3,
	0xd192e819,
	0xd6990624,
	0xf40e3585,
	0x106aa070,
	0x19a4c116,
	0x1e376c08,
	0x2748774c,
	0x34b0bcb5,
	0x391c0cb3,
	0x4ed8aa4a,
	0x5b9cca4f,
	0x682e6ff3,
	0x748f82ee,
	0x78a5636f,
	0x84c87814,
	0x8cc70208,
	0x90befffa,
	0xa4506ceb,
	0xbef9a3f7,
	0xc67178f2,
};

static uint32_t rotr(uint32_t x, unsigned n)
{
	return x >> n | x << (32 - n);
}

/* Section 6.2.2, steps 1 to 4. */
static void take_block(uint32_t h[static 8], const unsigned char block[static 64])
{
	uint32_t w[64], v[8], t1, t2;
	size_t t;

	for (t = 0; t < 16; t++)
		w[t] = (uint32_t)block[4 * t] << 24 | (uint32_t)block[4 * t + 1] << 16 |
		       (uint32_t)block[4 * t + 2] << 8 | block[4 * t + 3];
	for (; t < 64; t++)
		w[t] = (rotr(w[t - 2], 17) ^ rotr(w[t - 2], 19) ^ w[t - 2] >> 10) + w[t - 7] +
		       (rotr(w[t - 15], 7) ^ rotr(w[t - 15], 18) ^ w[t - 15] >> 3) + w[t - 16];
	memcpy(v, h, sizeof v);
	for (t = 0; t < 64; t++) {
		t1 = v[7] + (rotr(v[4], 6) ^ rotr(v[4], 11) ^ rotr(v[4], 25)) +
		     ((v[4] & v[5]) ^ (~v[4] & v[6])) + round_constant[t] + w[t];
		t2 = (rotr(v[0], 2) ^ rotr(v[0], 13) ^ rotr(v[0], 22)) +
		     ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
		memmove(v + 1, v, 7 * sizeof v[0]);
		v[4] += t1;
		v[0] = t1 + t2;
	}
	for (t = 0; t < 8; t++)
		h[t] += v[t];
}

struct state {
	uint32_t h[8];
	unsigned char block[64];
	size_t used; /* bytes of @block */
	uint64_t n;  /* bytes so far */
};

/* Section 5.3.3. */
static const struct state start = {
	.h = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab,
		0x5be0cd19},
};

static void take(struct state *s, const unsigned char *p, size_t n)
{
	size_t part;

	s->n += n;
	for (; n > 0; p += part, n -= part) {
		part = n < 64 - s->used ? n : 64 - s->used;
		memcpy(s->block + s->used, p, part);
		s->used += part;
		if (s->used < 64)
			continue;
		take_block(s->h, s->block);
		s->used = 0;
	}
}

/* Section 5.1.1: one bit, zeros, the length in bits. */
static void finish(struct state *s, char hex[static 65])
{
	static const unsigned char padding[64] = {0x80};
	const uint64_t bits = s->n * 8;
	unsigned char length[8];
	size_t i;

	for (i = 0; i < 8; i++)
		length[7 - i] = (unsigned char)(bits >> 8 * i);
	take(s, padding, (s->used < 56 ? 56 : 120) - s->used);
	take(s, length, sizeof length);
	for (i = 0; i < 8; i++)
		snprintf(hex + 8 * i, 9, "%08x", (unsigned)s->h[i]);
}

void sha256_hex(char hex[static 65], const void *data, size_t n)
{
	struct state s = start;

	take(&s, data, n);
	finish(&s, hex);
}

bool sha256_file(char hex[static 65], uint64_t *bytes, const char *file, struct err *err)
{
	unsigned char chunk[1 << 16];
	struct state s = start;
	int fd = file_open(file, (struct src_pos){0}, err);
	ssize_t n;

	if (fd < 0)
		return false;
	while ((n = read(fd, chunk, sizeof chunk)) > 0)
		take(&s, chunk, (size_t)n);
	if (n < 0)
		err_run(err, "%s: %s", file, strerror(errno));
	close(fd);
	*bytes = s.n;
	finish(&s, hex);
	return n == 0;
}
