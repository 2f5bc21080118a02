/*
 * Another allocator, for LD_PRELOAD: hands out ever higher addresses at odd multiples of 16,
 * filled with rubbish, and takes nothing back. Whatever depends on addresses, on reuse or
 * on fresh memory being zero then comes out differently.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { HEAD_BYTES = 16 };

static void *take(size_t align, size_t bytes)
{
	static _Thread_local char *at, *end;
	const size_t block = (size_t)1 << 26;
	size_t need;
	char *p;

	if (align < 16)
		align = 16;
	if (bytes > SIZE_MAX / 2 || align > SIZE_MAX / 4)
		return NULL;
	need = bytes + 2 * align + 3 * HEAD_BYTES;
	if (need > (size_t)(end - at)) {
		p = mmap(NULL, need + block, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (p == MAP_FAILED)
			return NULL;
		at = p;
		end = p + need + block;
	}
	p = at + HEAD_BYTES;
	p += (align - (uintptr_t)p % align) % align;
	if (align == 16 && (uintptr_t)p % 32 == 0)
		p += 16;
	memcpy(p - HEAD_BYTES, &bytes, sizeof bytes);
	memset(p, 0xa5, bytes);
	at = p + bytes;
	return p;
}

void *malloc(size_t bytes)
{
	void *p = take(16, bytes);

	if (!p)
		errno = ENOMEM;
	return p;
}

void free(void *p)
{
	(void)p;
}

void *calloc(size_t n, size_t size)
{
	void *p = size > 0 && n > SIZE_MAX / size ? NULL : malloc(n * size);

	return p ? memset(p, 0, n * size) : NULL;
}

void *realloc(void *old, size_t bytes)
{
	void *p = malloc(bytes);
	size_t had;

	if (!p || !old)
		return p;
	memcpy(&had, (char *)old - HEAD_BYTES, sizeof had);
	return memcpy(p, old, had < bytes ? had : bytes);
}

void *aligned_alloc(size_t align, size_t bytes)
{
	return take(align, bytes);
}

void *memalign(size_t align, size_t bytes)
{
	return take(align, bytes);
}

int posix_memalign(void **out, size_t align, size_t bytes)
{
	*out = take(align, bytes);
	return *out ? 0 : ENOMEM;
}
