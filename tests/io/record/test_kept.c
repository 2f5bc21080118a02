/* Replications come back to the bit, and what is half written is known. */
#include "tests/support/check.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "io/record/backend.h"
#include "io/record/kept.h"
#include "io/record/kept_pack.h"
#include "tests/recorder_fixture.h"

enum { LAST = 3 }; /* replications */

static int make(void **state)
{
	struct err err = {0};

	*state = fixture_dir();
	assert_true(rec_parts_make(*state, &err));
	return 0;
}

static int drop(void **state)
{
	fixture_remove(*state);
	return 0;
}

/* Numbers that a text would not bring back, and nothing to measure. */
static struct world_result result_of(uint32_t number)
{
	struct world_result r = {.status = RUN_COMPLETE,
		.warmup_s = 1.0 / 3.0,
		.horizon_s = 1e-300 * number,
		.events = UINT64_MAX - number,
		.digest = 0x123456789abcdef0u,
		.created = 7 + number,
		.in_system = 3,
		.random = number % 2,
		.n_metrics = 3,
		.metrics = mem_zalloc(3, sizeof *r.metrics),
		.evidence = {.runs = 1, .time_s = 0.1 + number, .correlated = 2}};
	const struct drift_step steps[] = {{3, 1.0, 0.1, 0.7}, {40, -1.0, 1.0 / 3, 2.0}};

	r.metrics[0] = (struct metric_row){"", METRIC_E2E_MEAN, 0.1 * number};
	r.metrics[1] = (struct metric_row){"instance:a b", METRIC_BUSY_SHARE, (double)NAN};
	r.metrics[2] = (struct metric_row){"group:g", METRIC_E2E_P99, 1.0 / 7.0};
	for (uint32_t i = 0; i < 40 + number; i++)
		drift_slot(&r.drift, &steps[i % 2]);
	r.drift.places = 2.5;
	r.drift.most_left = 4.0;
	for (uint32_t i = 1; i < number; i++)
		warnings_add(&r.warnings, WARN_BEHIND, "group:g", "100 %% of %u", i);
	return r;
}

static void assert_same(const struct world_result *a, const struct world_result *b)
{
	assert_int_equal(a->status, b->status);
	assert_memory_equal(&a->warmup_s, &b->warmup_s, sizeof(double));
	assert_memory_equal(&a->horizon_s, &b->horizon_s, sizeof(double));
	assert_true(a->events == b->events && a->digest == b->digest);
	assert_true(a->created == b->created && a->in_system == b->in_system);
	assert_int_equal(a->random, b->random);
	assert_int_equal(a->n_metrics, b->n_metrics);
	for (size_t i = 0; i < a->n_metrics; i++) {
		assert_int_equal(a->metrics[i].id, b->metrics[i].id);
		assert_string_equal(a->metrics[i].scope, b->metrics[i].scope);
		assert_memory_equal(&a->metrics[i].value, &b->metrics[i].value, sizeof(double));
	}
	assert_int_equal(a->drift.n, b->drift.n);
	assert_memory_equal(a->drift.at, b->drift.at, a->drift.n * sizeof *a->drift.at);
	assert_int_equal(a->drift.filled, b->drift.filled);
	assert_int_equal(a->drift.full, b->drift.full);
	assert_memory_equal(&a->drift.places, &b->drift.places, 2 * sizeof(double));
	assert_memory_equal(&a->evidence, &b->evidence, sizeof a->evidence);
	assert_int_equal(a->warnings.n, b->warnings.n);
	for (size_t i = 0; i < a->warnings.n; i++) {
		assert_int_equal(a->warnings.at[i].kind, b->warnings.at[i].kind);
		assert_int_equal(a->warnings.at[i].times, b->warnings.at[i].times);
		assert_string_equal(a->warnings.at[i].scope, b->warnings.at[i].scope);
		assert_string_equal(a->warnings.at[i].text, b->warnings.at[i].text);
	}
}

static char *path_of(const char *dir)
{
	return rec_path(dir, RECORDER_FINISHED);
}

/* Run 2, replications 1 to LAST; in @sizes how long the file is after each. */
static void write_kept(const char *dir, off_t sizes[LAST + 1])
{
	const struct recorder_spec spec = {.dir = dir, .n_runs = 2};
	char *path = path_of(dir);
	bool in_use = false;
	struct rec_backend *b;
	struct err err = {0};
	struct stat st;

	assert_true(rec_finished.open(&b, path, &(struct rec_opening){.spec = &spec}, &err));
	assert_true(rec_finished.run_begin(b, 2, &fixture_run, &err));
	for (uint32_t i = 1; i <= LAST; i++) {
		struct world_result r = result_of(i);

		assert_true(rec_finished.replication(b,
			&(struct recorder_replication){
				.number = i, .status = RUN_COMPLETE, .result = &r},
			&err));
		world_result_finish(&r);
		assert_int_equal(stat(path, &st), 0);
		sizes[i] = st.st_size;
	}
	assert_true(rec_finished.close(b, &(struct rec_closing){.in_use = &in_use}, &err));
	free(path);
}

static uint32_t count(const char *dir, uint32_t run)
{
	struct rec_kept *k;
	struct err err = {0};
	uint32_t n;

	assert_true(rec_kept_open(&k, dir, &err));
	n = rec_kept_count(k, run);
	rec_kept_close(k);
	return n;
}

static void replications_come_back_to_the_bit(void **state)
{
	off_t sizes[LAST + 1];
	struct rec_kept *k;
	struct err err = {0};

	write_kept(*state, sizes);
	assert_int_equal(count(*state, 1), 0);
	assert_int_equal(count(*state, 2), LAST);
	assert_true(rec_kept_open(&k, *state, &err));
	for (uint32_t i = 1; i <= LAST; i++) {
		struct world_result want = result_of(i), got;

		assert_true(rec_kept_load(&got, k, 2, i, &err));
		assert_same(&got, &want);
		world_result_finish(&got);
		world_result_finish(&want);
	}
	assert_false(rec_kept_load(&(struct world_result){0}, k, 2, LAST + 1, &err));
	assert_int_equal(err.kind, ERR_RUN);
	rec_kept_close(k);
}

static char *read_file(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	char *bytes;

	assert_non_null(f);
	fseek(f, 0, SEEK_END);
	*n = (size_t)ftell(f);
	rewind(f);
	bytes = mem_zalloc(*n, 1);
	assert_int_equal(fread(bytes, 1, *n, f), *n);
	fclose(f);
	return bytes;
}

static void write_file(const char *path, const char *bytes, size_t n)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	fclose(f);
}

static size_t whole_in(const off_t sizes[LAST + 1], size_t n)
{
	size_t k = 0;

	while (k < LAST && sizes[k + 1] <= (off_t)n)
		k++;
	return k;
}

/* As a killed program leaves it; and others can be added. */
static void cut_off_anywhere_the_whole_ones_are_there(void **state)
{
	off_t sizes[LAST + 1], again[LAST + 1];
	char *path = path_of(*state), *bytes;
	size_t n;

	write_kept(*state, sizes);
	bytes = read_file(path, &n);
	assert_int_equal(n, sizes[LAST]);
	for (size_t cut = 0; cut < n; cut += 211) {
		write_file(path, bytes, cut);
		assert_int_equal(count(*state, 2), whole_in(sizes, cut));
		assert_int_equal(count(*state, 2), whole_in(sizes, cut));
	}
	write_file(path, bytes, n - 5);
	assert_int_equal(count(*state, 2), LAST - 1);
	write_kept(*state, again);
	assert_int_equal(count(*state, 2), LAST);
	free(bytes);
	free(path);
}

/* Power that fails leaves blocks of anything. */
static void a_byte_that_is_wrong_ends_what_is_believed(void **state)
{
	off_t sizes[LAST + 1];
	char *path = path_of(*state), *bytes;
	size_t n;

	write_kept(*state, sizes);
	bytes = read_file(path, &n);
	for (size_t at = 0; at < n; at += 307) {
		bytes[at] ^= 0x20;
		write_file(path, bytes, n);
		assert_int_equal(count(*state, 2), whole_in(sizes, at));
		bytes[at] ^= 0x20;
	}
	free(bytes);
	free(path);
}

/* As of another build, whose hash is right. */
static void bytes_of_another_shape_are_refused(void **state)
{
	struct world_result r = result_of(2), got;
	struct buf names, bytes;

	(void)state;
	buf_init(&names);
	buf_init(&bytes);
	kept_pack_names(&names, &r);
	kept_pack(&bytes, &r);
	for (size_t n = 0; n < bytes.n; n += 101)
		assert_false(kept_unpack(
			&got, (struct str){names.s, names.n}, (struct str){bytes.s, n}));
	assert_false(kept_unpack(
		&got, (struct str){names.s, names.n - 3}, (struct str){bytes.s, bytes.n}));
	bytes.s[0] ^= 1;
	assert_false(
		kept_unpack(&got, (struct str){names.s, names.n}, (struct str){bytes.s, bytes.n}));
	bytes.s[0] ^= 1;
	assert_true(
		kept_unpack(&got, (struct str){names.s, names.n}, (struct str){bytes.s, bytes.n}));
	world_result_finish(&got);
	world_result_finish(&r);
	buf_finish(&bytes);
	buf_finish(&names);
}

int main(void)
{
#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, make, drop)
	const struct CMUnitTest tests[] = {
		IN_DIR(replications_come_back_to_the_bit),
		IN_DIR(cut_off_anywhere_the_whole_ones_are_there),
		IN_DIR(a_byte_that_is_wrong_ends_what_is_believed),
		cmocka_unit_test(bytes_of_another_shape_are_refused),
	};

	return cmocka_run_group_tests_name("kept", tests, NULL, NULL);
}
