#include "tests/support/check.h"

#include "models/serving/kvcache.h"

static struct kvcache of(uint64_t total, uint32_t block_tok)
{
	struct kvcache c;

	kvcache_init(&c, total, block_tok);
	return c;
}

/* Blocks of 4. One sequence of 6 tokens stores its 7th, 8th, 9th, ... : a new block for the
 * third step (token 9), the seventh (13), the eleventh (17). */
static void a_sequence_takes_a_block_every_block_tok_steps(void **state)
{
	struct kvcache c = of(100, 4);

	(void)state;
	kvcache_take(&c, 2); /* 7 tokens */
	kvcache_join(&c, 7);
	assert_int_equal(kvcache_need(&c, 2), 0);
	assert_int_equal(kvcache_need(&c, 3), 1);
	assert_int_equal(kvcache_need(&c, 6), 1);
	assert_int_equal(kvcache_need(&c, 7), 2);
	assert_int_equal(kvcache_need(&c, 11), 3);
	kvcache_step(&c, 3); /* tokens 7, 8 and 9 are stored: 3 blocks */
	assert_int_equal(c.used, 3);
	assert_int_equal(kvcache_need(&c, 4), 1);
	kvcache_leave(&c, 0, 10);
	assert_int_equal(c.used, 0);
	assert_int_equal(c.peak, 3);
	kvcache_finish(&c);
}

/* One that joins with token 9 next already holds the block for it: the first step asks for
 * nothing, the fifth (token 13) does. */
static void who_joins_has_its_first_block(void **state)
{
	struct kvcache c = of(100, 4);

	(void)state;
	kvcache_take(&c, 3);
	kvcache_join(&c, 9);
	assert_int_equal(kvcache_need(&c, 1), 0);
	assert_int_equal(kvcache_need(&c, 4), 0);
	assert_int_equal(kvcache_need(&c, 5), 1);
	kvcache_leave(&c, 0, 9); /* before any step: all three go back */
	assert_int_equal(c.used, 0);
	assert_int_equal(kvcache_need(&c, 1), 0);
	kvcache_finish(&c);
}

/* Three sequences, next tokens 6, 7 and 9 (the last with its block): of blocks of 4 they need
 * one at steps 4, 8 | 3, 7 | 5, 9. */
static void steps_end_where_the_blocks_do(void **state)
{
	static const uint64_t most[] = {2, 3, 4, 6, 7};
	struct kvcache c = of(100, 4);

	(void)state;
	kvcache_take(&c, 2 + 2 + 3);
	kvcache_join(&c, 6);
	kvcache_join(&c, 7);
	kvcache_join(&c, 9);
	for (uint64_t room = 0; room < 5; room++)
		assert_int_equal(kvcache_steps_within(&c, 1000, room), most[room]);
	assert_int_equal(kvcache_steps_within(&c, 5, 4), 5); /* no more than asked */
	kvcache_finish(&c);
}

/* Around every multiple of the block, and where 32 bits end. */
static void blocks_are_those_of_a_division(void **state)
{
	static const uint32_t blocks[] = {1, 2, 3, 5, 7, 16, 20, 641, 4096, 65537, UINT32_MAX};
	static const uint64_t around[] = {
		0, 1, 255, 6700417, UINT32_MAX / 2, UINT32_MAX, UINT64_C(1) << 40};

	(void)state;
	for (size_t b = 0; b < sizeof blocks / sizeof *blocks; b++) {
		struct kvcache c = {
			.block_tok = blocks[b], .reciprocal = UINT64_MAX / blocks[b] + 1};

		for (size_t a = 0; a < sizeof around / sizeof *around; a++) {
			uint64_t at = around[a] / blocks[b] * blocks[b];

			for (uint64_t tok = at > 3 ? at - 3 : 0; tok < at + 4; tok++) {
				assert_int_equal(kvcache_full_blocks(&c, tok), tok / blocks[b]);
				assert_int_equal(kvcache_blocks(&c, tok),
					tok / blocks[b] + (tok % blocks[b] > 0));
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sequence_takes_a_block_every_block_tok_steps),
		cmocka_unit_test(who_joins_has_its_first_block),
		cmocka_unit_test(steps_end_where_the_blocks_do),
		cmocka_unit_test(blocks_are_those_of_a_division),
	};

	return cmocka_run_group_tests_name("kvcache", tests, NULL, NULL);
}
