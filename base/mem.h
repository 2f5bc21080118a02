#ifndef OFFING_BASE_MEM_H
#define OFFING_BASE_MEM_H

#include <stddef.h>

/**
 * Memory that cannot fail: when the machine has none left these print one line
 * and end the program with status 1, so that no caller carries an error path for it.
 */

/** @n zeroed objects of @size bytes; NULL only when @n is 0. Free with free(). */
void *mem_zalloc(size_t n, size_t size);

/** Grow or shrink @p to @n objects of @size bytes; new bytes are not cleared. */
void *mem_resize(void *p, size_t n, size_t size);

/** A copy of @s, which must not be NULL. Free with free(). */
char *mem_strdup(const char *s);

/** Make room for one more: doubles *@cap when @n has reached it. Returns @p, perhaps moved. */
void *mem_grow(void *p, size_t n, size_t *cap, size_t size);

/** qsort(), which takes no NULL, of an array that may be empty and so not there. */
void mem_sort(void *p, size_t n, size_t size, int (*compare)(const void *, const void *));

/**
 * All that lives as long as its owner (a scenario, a run), freed at once.
 * Objects are zeroed and aligned for any type.
 */
struct arena {
	struct arena_block *head;
};

void arena_init(struct arena *a);
void arena_finish(struct arena *a);
/** What is in @from lives in @a from now on; @from is empty. */
void arena_adopt(struct arena *a, struct arena *from);
void *arena_alloc(struct arena *a, size_t n, size_t size);
char *arena_strdup(struct arena *a, const char *s);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
