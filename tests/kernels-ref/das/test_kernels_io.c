/* What offing-das reads, draws and refuses. */
#include "tests/support/check.h"

#include "kernels-ref/das/io.h"
#include "kernels-ref/das/job.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void write_file(const char *path, const void *data, size_t n)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static void raw_and_text_hold_the_same_numbers(void **state)
{
	const char text[] = "1.5, -2\n3e2,\t0.25\n";
	const float raw[] = {1.5f, -2.0f, 300.0f, 0.25f};
	struct err err = {0};
	float *x;
	size_t n;

	(void)state;
	write_file("test_io.csv", text, sizeof(text) - 1);
	write_file("test_io.f32", raw, sizeof(raw));
	for (size_t i = 0; i < 2; i++) {
		assert_true(das_read_floats(&x, &n, i ? "test_io.f32" : "test_io.csv", &err));
		assert_int_equal(n, 4);
		assert_memory_equal(x, raw, sizeof(raw));
		free(x);
	}
	unlink("test_io.csv");
	unlink("test_io.f32");
}

static void assert_unreadable(const char *path, const char *data, size_t n, const char *message)
{
	struct err err = {0};
	float *x;
	size_t count;

	if (data)
		write_file(path, data, n);
	assert_false(das_read_floats(&x, &count, path, &err));
	assert_null(x);
	assert_int_equal(err.kind, ERR_INPUT);
	assert_string_equal(err.msg, message);
	if (data)
		unlink(path);
}

static void bad_files_are_named_with_the_reason(void **state)
{
	const uint32_t nan = 0x7fc00000;

	(void)state;
	assert_unreadable("test_bad.csv", "1,2,x3", 6, "'x3' is not a finite number");
	assert_unreadable("test_bad.csv", "1,inf", 5, "'inf' is not a finite number");
	assert_unreadable("test_bad.csv", " \n", 2, "test_bad.csv: no numbers in it");
	assert_unreadable(
		"test_bad.f32", "12345", 5, "test_bad.f32: size is not a multiple of 4 bytes");
	assert_unreadable(
		"test_bad.f32", (const char *)&nan, 4, "test_bad.f32: number 0 is not finite");
	assert_unreadable("test_none.f32", NULL, 0, "test_none.f32: No such file or directory");
}

static void a_wrong_number_is_placed(void **state)
{
	struct err err = {0};
	float *x;
	size_t n;

	(void)state;
	write_file("test_place.csv", "1,2\n3,4\n5,six\n", 14);
	assert_false(das_read_floats(&x, &n, "test_place.csv", &err));
	assert_int_equal(err.at.line, 3);
	assert_int_equal(err.at.col, 3);
	unlink("test_place.csv");
}

/* 2 x 3 blocks of 2 queries x 1 key, causal over 3 tokens: the second row of blocks is query 2.
 * 2 pixels a key, so 4 a row: 6 x 8 pixels, after 43 bytes of header. Kept by the map: blue
 * (0, 114, 178); skipped: grey 222; above the diagonal: white; fixed: (230, 159, 0); of one group
 * in two without V: blue at .2 + .8/2 = .6: (0, 68, 106). */
static void the_picture_shows_why_blocks_are_kept(void **state)
{
	struct attn_shape s = {.n_heads = 1,
		.n_kv_heads = 1,
		.n_q_tok = 3,
		.n_k_tok = 3,
		.dim = 1,
		.causal = true};
	struct das_params p = das_params_default();
	const uint8_t pv[] = {1, 0, 0, 0, 1, 0, 1, 1, 1};
	uint8_t buf[200];
	struct das_mask *m;
	struct err err = {0};
	FILE *f;

	(void)state;
	p.q_block_tok = 2;
	p.k_block_tok = p.group_tok = 1;
	m = das_mask_create(&s, &p);
	m->why[0] = DAS_BY_MAP; /* of queries 0 and 1, the second skipped V */
	m->why[1] = DAS_BY_DIAGONAL;
	m->why[4] = DAS_BY_SIM_K;
	assert_true(das_write_picture("test_mask.ppm", &s, &p, m, pv, 0, 2, &err));
	f = fopen("test_mask.ppm", "rb");
	assert_non_null(f);
	assert_int_equal(fread(buf, 1, sizeof(buf), f), 43 + 6 * 8 * 3);
	fclose(f);
	unlink("test_mask.ppm");
	assert_memory_equal(buf, "P6\n#  0.500 tokens a pixel\n    6     8\n255\n", 43);
	assert_memory_equal(buf + 43, "\x00\x44\x6a", 3);
	assert_memory_equal(buf + 43 + 4 * 3, "\xff\xff\xff", 3);
	assert_memory_equal(buf + 43 + 4 * 6 * 3, "\xde\xde\xde", 3);
	assert_memory_equal(buf + 43 + (4 * 6 + 2) * 3, "\xe6\x9f\x00", 3);
	das_mask_destroy(m);
}

static bool parse(struct das_job *j, struct err *err, char *line)
{
	char *argv[16] = {(char[]){"offing-das"}};
	int argc = 1;

	for (char *w = strtok(line, " "); w; w = strtok(NULL, " "))
		argv[argc++] = w;
	optind = 0; /* glibc: start over */
	return das_job_parse(j, argc, argv, err);
}

static void options_arrive(void **state)
{
	char line[] = "--heads 6 --kv-heads 3 --block 64x32 --group 8 --lambda -9.5 --topk 0.25 "
		      "--lengths 512,1024";
	struct err err = {0};
	struct das_job j;

	(void)state;
	assert_true(parse(&j, &err, line));
	assert_int_equal(j.s.n_kv_heads, 3);
	assert_int_equal(j.p.q_block_tok, 64);
	assert_int_equal(j.p.k_block_tok, 32);
	assert_near(j.p.lambda_nats, -9.5, 0.0);
	assert_int_equal(j.p.rule, DAS_TOP_K);
	assert_int_equal(j.n_lengths, 2);
	assert_int_equal(j.lengths[1], 1024);
}

static void wrong_options_are_refused_in_one_line(void **state)
{
	static const struct {
		const char *line, *message;
	} cases[] = {
		{"--tau 0", "--tau must be above 0, not 0"},
		{"--tau nan", "--tau must be a number, not 'nan'"},
		{"--lambda 2", "--lambda must be below 0, not 2"},
		{"--heads 3 --kv-heads 2", "--heads must be a multiple of --kv-heads, up to 4096"},
		{"--tokens 0", "--tokens must be above 0"},
		{"--dim 1", "--dim must be at least 2 to generate"},
		{"--tokens -5", "--tokens must be a whole number up to 16777216, not '-5'"},
		{"--block 128", "--block must be like 128x64, not '128'"},
		{"--group 48", "--group must divide the block's 128 queries"},
		{"--q a.f32", "--q, --k and --v go together"},
		{"--lengths 512,,8",
			"--lengths must be up to 32 whole numbers with commas, at ',8'"},
		{"--blok 1x1", "'--blok' is no option, or lacks its value; try --help"},
		{"--head 4", "--head must be below 4"},
		{"extra", "'extra' is not expected; try --help"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct err err = {0};
		struct das_job j;
		char line[100];

		snprintf(line, sizeof(line), "%s", cases[i].line);
		assert_false(parse(&j, &err, line));
		assert_string_equal(err.msg, cases[i].message);
		assert_int_equal(err.kind, ERR_INPUT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(raw_and_text_hold_the_same_numbers),
		cmocka_unit_test(bad_files_are_named_with_the_reason),
		cmocka_unit_test(a_wrong_number_is_placed),
		cmocka_unit_test(the_picture_shows_why_blocks_are_kept),
		cmocka_unit_test(options_arrive),
		cmocka_unit_test(wrong_options_are_refused_in_one_line),
	};
	return cmocka_run_group_tests_name("kernels_io", tests, NULL, NULL);
}
