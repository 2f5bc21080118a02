#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ARENA_BLOCK_BYTES = 64 * 1024 };

struct arena_block {
	struct arena_block *next;
	size_t used, cap;
	max_align_t data[];
};

static void *checked(void *p, size_t n, size_t size)
{
	if (p || n == 0 || size == 0)
		return p;
	fprintf(stderr, "offing: error: out of memory, with no room for %zu x %zu bytes more\n", n,
		size);
	_exit(EXIT_FAILURE); /* at once, as if killed: other threads are at work */
}

void *mem_zalloc(size_t n, size_t size)
{
	if (n == 0 || size == 0)
		return NULL;
	return checked(calloc(n, size), n, size);
}

void *mem_resize(void *p, size_t n, size_t size)
{
	if (n == 0 || size == 0) {
		free(p);
		return NULL;
	}
	return checked(reallocarray(p, n, size), n, size);
}

char *mem_strdup(const char *s)
{
	return checked(strdup(s), 1, strlen(s) + 1);
}

void *mem_grow(void *p, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return p;
	*cap = *cap ? 2 * *cap : 16;
	return mem_resize(p, *cap, size);
}

void mem_sort(void *p, size_t n, size_t size, int (*compare)(const void *, const void *))
{
	if (n > 1)
		qsort(p, n, size, compare);
}

void arena_init(struct arena *a)
{
	a->head = NULL;
}

void arena_finish(struct arena *a)
{
	struct arena_block *b, *next;

	for (b = a->head; b; b = next) {
		next = b->next;
		free(b);
	}
	a->head = NULL;
}

void arena_adopt(struct arena *a, struct arena *from)
{
	struct arena_block **end = &a->head; /* the newest block stays in front: it has room */

	while (*end)
		end = &(*end)->next;
	*end = from->head;
	from->head = NULL;
}

void *arena_alloc(struct arena *a, size_t n, size_t size)
{
	const size_t align = sizeof(max_align_t);
	struct arena_block *b = a->head;
	size_t want, cap;
	void *p;

	if (n == 0 || size == 0)
		return NULL;
	if (n > (SIZE_MAX / 2) / size)
		checked(NULL, n, size);
	want = (n * size + align - 1) / align * align;
	if (!b || b->cap - b->used < want) {
		cap = want > ARENA_BLOCK_BYTES ? want : ARENA_BLOCK_BYTES;
		b = checked(calloc(1, sizeof *b + cap), 1, sizeof *b + cap);
		b->cap = cap;
		b->next = a->head;
		a->head = b;
	}
	p = (char *)b->data + b->used;
	b->used += want;
	return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
	size_t n = strlen(s) + 1;

	return memcpy(arena_alloc(a, n, 1), s, n);
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap, again;
	int n;
	char *s;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	s = arena_alloc(a, (size_t)n + 1, 1);
	vsnprintf(s, (size_t)n + 1, fmt, again);
	va_end(again);
	return s;
}
