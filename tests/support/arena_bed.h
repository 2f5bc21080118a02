#ifndef OFFING_TESTS_SUPPORT_ARENA_BED_H
#define OFFING_TESTS_SUPPORT_ARENA_BED_H

#include "base/mem.h"

/** An arena for each test: cmocka_unit_test_setup_teardown(TEST, arena_begin, arena_end). */

static struct arena arena;

static inline int arena_begin(void **state)
{
	(void)state;
	arena_init(&arena);
	return 0;
}

static inline int arena_end(void **state)
{
	(void)state;
	arena_finish(&arena);
	return 0;
}

#endif
