/* What every kind of file a recorder writes has to do, whichever it is. */
#include "tests/support/check.h"

#include <dirent.h>
#include <fcntl.h>
#include <hdf5.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "io/record/backend.h"
#include "io/record/folder.h"
#include "tests/recorder_fixture.h"

enum { WIDTH = 3, ROWS = 5000, BLOCKS = 40 };

struct kind {
	const struct rec_ops *ops;
	const char *magic; /* the first bytes of its files */
	bool (*sound)(const char *path);
	const char *grows; /* what it writes to until it is closed */
};

static bool sqlite_sound(const char *path)
{
	sqlite3_stmt *st = NULL;
	sqlite3 *db;
	bool ok;

	ok = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
	     sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &st, NULL) == SQLITE_OK &&
	     sqlite3_step(st) == SQLITE_ROW &&
	     strcmp((const char *)sqlite3_column_text(st, 0), "ok") == 0;
	sqlite3_finalize(st);
	sqlite3_close(db);
	return ok;
}

/* Visits all that is in it, which reads all of the structure. */
static herr_t visit(hid_t at, const char *name, const H5O_info_t *info, void *sum)
{
	(void)at;
	(void)name;
	*(hsize_t *)sum += info->num_attrs;
	return 0;
}

static bool hdf5_sound(const char *path)
{
	hid_t f = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
	hsize_t n_attributes = 0;
	bool ok = f >= 0 && H5Ovisit2(f, H5_INDEX_NAME, H5_ITER_NATIVE, visit, &n_attributes,
				    H5O_INFO_BASIC | H5O_INFO_NUM_ATTRS) >= 0;

	if (f >= 0)
		H5Fclose(f);
	return ok && n_attributes > 0;
}

static const struct kind kinds[] = {
	{&rec_sqlite, "SQLite format 3", sqlite_sound, "results.sqlite"},
	{&rec_hdf5, "\x89HDF\r\n", hdf5_sound, RECORDER_PARTS "/1-1.h5"},
};

struct life {
	const struct rec_ops *ops;
	struct rec_backend *b;
	struct recorder_spec spec;
	char *dir, path[4096], grows[4096];
	struct err err;
};

static void life_init(struct life *l, const struct kind *k)
{
	*l = (struct life){.ops = k->ops, .dir = fixture_dir()};
	l->spec = (struct recorder_spec){
		.dir = l->dir, .requests = true, .series = true, .n_runs = 1};
	snprintf(l->path, sizeof l->path, "%s/%s", l->dir, k->ops->file);
	snprintf(l->grows, sizeof l->grows, "%s/%s", l->dir, k->grows);
	assert_true(rec_parts_make(l->dir, &l->err));
}

static bool open_it(struct life *l)
{
	return l->ops->open(&l->b, l->path, &(struct rec_opening){.spec = &l->spec}, &l->err);
}

static bool close_it(struct life *l, struct err *err)
{
	bool in_use = false;

	return l->ops->close(l->b, &(struct rec_closing){.whole = true, .in_use = &in_use}, err);
}

static void life_open(struct life *l, const struct kind *k)
{
	life_init(l, k);
	assert_true(open_it(l));
}

static bool life_begin(struct life *l)
{
	return !l->ops->run_begin || l->ops->run_begin(l->b, 1, &fixture_run, &l->err);
}

static bool sink_open(struct life *l, uint32_t number)
{
	return !l->ops->sink_open || l->ops->sink_open(l->b, number, &l->err);
}

static bool sink_close(struct life *l, uint32_t number)
{
	return !l->ops->sink_close || l->ops->sink_close(l->b, number, &l->err);
}

static bool replication(struct life *l, uint32_t number)
{
	const struct recorder_replication rep = {.number = number, .status = RUN_COMPLETE};

	return !l->ops->replication || l->ops->replication(l->b, &rep, &l->err);
}

static bool run_end(struct life *l)
{
	return !l->ops->run_end ||
	       l->ops->run_end(l->b, &(struct recorder_end){.status = RUN_COMPLETE}, &l->err);
}

/* One block of requests and one full one of samples that do not compress well. */
static bool give_block(struct life *l, uint32_t number, uint64_t first_id)
{
	static _Thread_local struct request_row rows[ROWS];
	static _Thread_local double t_s[8192];
	static _Thread_local uint32_t q[8192 * WIDTH];
	const struct series_block s = {
		.n = 8192, .width = WIDTH, .cap = 8192, .t_s = t_s, .L = t_s, .drift = t_s, .q = q};
	size_t i;

	for (i = 0; i < ROWS; i++)
		rows[i] = fixture_row(first_id + i);
	for (i = 0; i < 8192; i++)
		t_s[i] = sin((double)(first_id + i));
	for (i = 0; i < 8192 * WIDTH; i++)
		q[i] = (uint32_t)((first_id + i) * 2654435761u);
	return (!l->ops->requests || l->ops->requests(l->b, number, rows, ROWS, &l->err)) &&
	       (!l->ops->series || l->ops->series(l->b, number, &s, &l->err));
}

static size_t count_files(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	size_t n = 0;

	while ((e = readdir(d)))
		n += e->d_type == DT_REG;
	closedir(d);
	return n;
}

static void assert_magic(const struct life *l, const char *magic)
{
	char start[32] = {0};
	FILE *f = fopen(l->path, "rb");

	assert_non_null(f);
	assert_true(fread(start, 1, strlen(magic), f) == strlen(magic));
	fclose(f);
	assert_string_equal(start, magic);
}

/* Two replications at once, a third in vain. */
static void whole_life(const struct kind *k)
{
	struct life l;
	uint32_t number;

	life_open(&l, k);
	assert_true(life_begin(&l));
	for (number = 1; number <= 3; number++)
		assert_true(sink_open(&l, number));
	for (number = 1; number <= 3; number++)
		assert_true(give_block(&l, number, 0) && give_block(&l, 4 - number, ROWS));
	for (number = 1; number <= 3; number++)
		assert_true(sink_close(&l, number));
	assert_true(replication(&l, 2) && replication(&l, 1));
	assert_true(!l.ops->discard || l.ops->discard(l.b, 3, &l.err));
	assert_true(run_end(&l));
	assert_true(close_it(&l, &l.err));
	assert_int_equal(l.err.kind, ERR_NONE);
	assert_int_equal(count_files(l.dir), 1);
	assert_magic(&l, k->magic);
	assert_true(k->sound(l.path));
	assert_true(rec_folder_taken(l.dir));
	rec_folder_discard(&(struct rec_folder){.into = l.dir});
	assert_int_equal(count_files(l.dir), 0);
	fixture_remove(l.dir);
}

static void every_kind_lives_through_a_run_and_leaves_one_file(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof kinds / sizeof *kinds; i++)
		whole_life(&kinds[i]);
}

static void every_kind_can_be_closed_at_once(void **state)
{
	struct life l;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		life_open(&l, &kinds[i]);
		assert_true(close_it(&l, &l.err));
		if (access(l.path, F_OK) == 0)
			assert_magic(&l, kinds[i].magic);
		fixture_remove(l.dir);
	}
}

static void every_kind_names_the_file_it_cannot_make(void **state)
{
	static const char dir[] = "/no/such/folder";
	size_t i;

	(void)state;
	for (i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		struct life l = {.ops = kinds[i].ops,
			.spec = {.dir = dir, .requests = true, .series = true, .n_runs = 1}};

		snprintf(l.path, sizeof l.path, "%s/file", dir);
		assert_false(open_it(&l) && life_begin(&l) && sink_open(&l, 1));
		assert_int_equal(l.err.kind, ERR_RUN);
		assert_true(strncmp(l.err.msg, dir, strlen(dir)) == 0);
		assert_null(strchr(l.err.msg, '\n'));
		if (l.b)
			(void)!close_it(&l, &(struct err){0});
	}
}

/* A child whose files may grow by 200 kB, while 40 blocks take 20 MB (requests) and 13 MB
 * (samples). */
static void write_until_full(struct life *l)
{
	const struct rlimit limit = {200000, 200000};
	bool ok = true;
	uint64_t i;

	signal(SIGXFSZ, SIG_IGN);
	if (!open_it(l) || !life_begin(l) || !sink_open(l, 1))
		exit(2);
	setrlimit(RLIMIT_FSIZE, &limit);
	for (i = 0; ok && i < BLOCKS; i++)
		ok = give_block(l, 1, i * ROWS);
	(void)!close_it(l, &(struct err){0});
	if (ok || l->err.kind != ERR_RUN || strncmp(l->err.msg, l->grows, strlen(l->grows)) != 0)
		exit(3);
	exit(strchr(l->err.msg, '\n') || strstr(l->err.msg, "cannot be written") ? 4 : 0);
}

/* The message has a reason, in one line. What the program prints besides is caught: a library that
 * complains at exit is not welcome. */
static void every_kind_tells_of_a_full_disk_and_goes_quietly(void **state)
{
	struct life l;
	char noise[4096], said[200] = "";
	int status, fd;
	pid_t child;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		life_init(&l, &kinds[i]);
		snprintf(noise, sizeof noise, "%s/noise", l.dir);
		fflush(NULL);
		child = fork();
		if (child == 0) {
			fd = open(noise, O_CREAT | O_WRONLY, 0666);
			dup2(fd, STDERR_FILENO);
			write_until_full(&l);
		}
		waitpid(child, &status, 0);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
		fd = open(noise, O_RDONLY);
		assert_true(read(fd, said, sizeof said - 1) >= 0);
		close(fd);
		assert_string_equal(said, "");
		unlink(noise);
		assert_true(kinds[i].sound(l.grows));
		fixture_remove(l.dir);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_lives_through_a_run_and_leaves_one_file),
		cmocka_unit_test(every_kind_can_be_closed_at_once),
		cmocka_unit_test(every_kind_names_the_file_it_cannot_make),
		cmocka_unit_test(every_kind_tells_of_a_full_disk_and_goes_quietly),
	};

	return cmocka_run_group_tests_name("recorders", tests, NULL, NULL);
}
