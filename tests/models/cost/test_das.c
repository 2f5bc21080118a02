#include "tests/support/check.h"

#include "models/cost/das.h"

/* SpargeAttn, Table 7, and nothing up to 4096 tokens; half way in log2 between two points, half
 * way between their shares. */
static void published_shares_by_length(void **state)
{
	static const struct {
		double tok, share;
	} want[] = {{200, 0.0}, {4096, 0.0}, {8192, 0.068}, {16384, 0.264}, {24576, 0.357},
		{49152, 0.498}, {131072, 0.54}, {1e6, 0.54}, {5792.6188, 0.034},
		{11585.2375, 0.166}};

	(void)state;
	for (size_t i = 0; i < sizeof want / sizeof want[0]; i++)
		assert_near(das_sparsity(ATTENTION_DAS, want[i].tok), want[i].share, 1e-6);
}

/* Count the blocks one by one: skipped are those neither on the diagonal nor in column 0. */
static double counted_ceiling(unsigned tok)
{
	unsigned seen = 0, skipped = 0;

	for (unsigned first = 0; first < tok; first += 128) {
		unsigned last = first + 127 < tok ? first + 127 : tok - 1;

		for (unsigned key = 0; key <= last; key += 64) {
			seen++;
			skipped += key > 0 && key + 63 < first;
		}
	}
	return (double)skipped / seen;
}

static void the_ceiling_counts_blocks(void **state)
{
	(void)state;
	for (unsigned tok = 128; tok < 5000; tok += 37) {
		double s = das_sparsity(ATTENTION_DAS_CEILING, tok);

		assert_near(s, counted_ceiling(tok), 1e-12);
		assert_near(das_sparsity(ATTENTION_DAS_OPTIMISTIC, tok), s / 2.0, 1e-12);
	}
}

/* Counted by hand: 0 to 128 tokens; 20 % at 150 and 192; 17, 45, 53, 68, 83, 91 % at 256,
 * 512, 600, 1024, 2048, 4096. */
static void the_ceiling_is_as_published(void **state)
{
	static const double tok[] = {128, 150, 192, 256, 512, 600, 1024, 2048, 4096};
	static const double share[] = {0.0, 0.20, 0.20, 0.17, 0.45, 0.53, 0.68, 0.83, 0.91};

	(void)state;
	for (size_t i = 0; i < 9; i++)
		assert_near(das_sparsity(ATTENTION_DAS_CEILING, tok[i]), share[i], 0.005);
}

/* Table 3 of SpargeAttn: 0.251 of 6.649 ms at 8K, 0.487 of 26.83 at 16K, 0.972 of 106.68 at 32K,
 * 2.599 of 424.24 at 64K, 8.764 of 1696.2 at 128K. */
static void prediction_by_length(void **state)
{
	static const double tok[] = {8192, 16384, 32768, 65536, 131072};
	static const double share[] = {
		0.251 / 6.649, 0.487 / 26.83, 0.972 / 106.68, 2.599 / 424.24, 8.764 / 1696.2};

	(void)state;
	for (size_t i = 0; i < 5; i++)
		assert_ratio(das_prediction_share(tok[i]), share[i], 0.005);
	/* half the length: half the pooling, a quarter of the attention */
	assert_ratio(das_prediction_share(4096), 2.0 * das_prediction_share(8192), 1e-12);
}

static void short_prompts_are_dense(void **state)
{
	(void)state;
	for (int a = 0; a < ATTENTIONS; a++)
		assert_near(das_sparsity((enum attention)a, 127), 0.0, 0.0);
	assert_near(das_prediction_share(127), 0.0, 0.0);
	assert_near(das_prediction_floor_s(127), 0.0, 0.0);
	assert_near(das_prediction_floor_s(128), 12e-6, 1e-18);
	assert_near(das_sparsity(ATTENTION_FULL, 100000), 0.0, 0.0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_shares_by_length),
		cmocka_unit_test(the_ceiling_counts_blocks),
		cmocka_unit_test(the_ceiling_is_as_published),
		cmocka_unit_test(prediction_by_length),
		cmocka_unit_test(short_prompts_are_dense),
	};
	return cmocka_run_group_tests_name("das", tests, NULL, NULL);
}
