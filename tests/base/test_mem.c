#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tests/support/aborts.h"

static void fresh_memory_is_zero(void **state)
{
	unsigned char *p = mem_zalloc(1000, 3);
	size_t i;

	(void)state;
	for (i = 0; i < 3000; i++)
		assert_int_equal(p[i], 0);
	free(p);
	assert_null(mem_zalloc(0, 8));
}

static void growing_keeps_what_is_there(void **state)
{
	uint64_t *p = NULL;
	size_t n, cap = 0;

	(void)state;
	for (n = 0; n < 5000; n++) {
		p = mem_grow(p, n, &cap, sizeof *p);
		assert_true(cap > n);
		p[n] = 3 * n;
	}
	for (n = 0; n < 5000; n++)
		assert_int_equal(p[n], 3 * n);
	assert_true(cap < 16384); /* doubling from 16: 8192 */
	p = mem_resize(p, 10, sizeof *p);
	assert_int_equal(p[9], 27);
	assert_null(mem_resize(p, 0, sizeof *p)); /* frees */
}

static int by_value(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void nothing_can_be_sorted(void **state)
{
	int some[] = {3, 1, 2};

	(void)state;
	mem_sort(NULL, 0, sizeof *some, by_value);
	mem_sort(some, 3, sizeof *some, by_value);
	for (int i = 0; i < 3; i++)
		assert_int_equal(some[i], i + 1);
}

static void a_copied_string_is_its_own(void **state)
{
	char text[] = "edge1", *copy = mem_strdup(text);

	(void)state;
	text[0] = 'X';
	assert_string_equal(copy, "edge1");
	free(copy);
}

/* Sizes from 1 to 300 KB cross the block size both ways. */
static void an_arena_gives_zeroed_aligned_separate_pieces(void **state)
{
	enum { PIECES = 400 };
	unsigned char *piece[PIECES];
	size_t size[PIECES], i, k;
	struct arena a;

	(void)state;
	arena_init(&a);
	for (i = 0; i < PIECES; i++) {
		size[i] = i % 97 == 50 ? 300000 : 1 + i * 37 % 5000;
		piece[i] = arena_alloc(&a, size[i], 1);
		assert_int_equal((uintptr_t)piece[i] % _Alignof(max_align_t), 0);
		for (k = 0; k < size[i]; k++)
			assert_int_equal(piece[i][k], 0);
		memset(piece[i], (int)(i % 255) + 1, size[i]);
	}
	for (i = 0; i < PIECES; i++)
		for (k = 0; k < size[i]; k++)
			assert_int_equal(piece[i][k], i % 255 + 1);
	assert_null(arena_alloc(&a, 0, 4));
	arena_finish(&a);
}

static void an_arena_keeps_text(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a);
	assert_string_equal(arena_strdup(&a, "cloud"), "cloud");
	assert_string_equal(arena_printf(&a, "%s/%d", "edge", 27), "edge/27");
	assert_string_equal(arena_printf(&a, "%s", ""), "");
	arena_finish(&a);
}

/* Let ASan return NULL, as malloc does, instead of ending the program in its own way. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static void too_much_at_once(void)
{
	mem_zalloc(SIZE_MAX / 2, 3);
}

static void too_much_for_an_arena(void)
{
	struct arena a;

	arena_init(&a);
	arena_alloc(&a, SIZE_MAX / 4, 8);
}

static void too_much_to_resize(void)
{
	mem_resize(NULL, SIZE_MAX / 2, 4);
}

/* Products that overflow size_t must not come back as a small piece. */
static void what_cannot_be_had_ends_the_program_with_1(void **state)
{
	(void)state;
	assert_int_equal(exit_status(too_much_at_once), 1);
	assert_int_equal(exit_status(too_much_for_an_arena), 1);
	assert_int_equal(exit_status(too_much_to_resize), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fresh_memory_is_zero),
		cmocka_unit_test(growing_keeps_what_is_there),
		cmocka_unit_test(nothing_can_be_sorted),
		cmocka_unit_test(a_copied_string_is_its_own),
		cmocka_unit_test(an_arena_gives_zeroed_aligned_separate_pieces),
		cmocka_unit_test(an_arena_keeps_text),
		cmocka_unit_test(what_cannot_be_had_ends_the_program_with_1),
	};
	return cmocka_run_group_tests_name("mem", tests, NULL, NULL);
}
