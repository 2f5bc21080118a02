/* What a recorder was given is read back through SQLite's and HDF5's own interfaces. */
#include "tests/support/check.h"

#include <dirent.h>
#include <hdf5.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "io/record/folder.h"
#include "io/record/parts.h"
#include "io/text/sha256.h"
#include "tests/recorder_fixture.h"

static struct recorder *open_recorder(const char *dir, size_t n_runs)
{
	const struct recorder_spec spec = {
		.dir = dir, .requests = true, .series = true, .n_runs = n_runs};
	struct recorder *r;
	struct err err = {0};

	assert_true(recorder_open(&r, &spec, &err));
	return r;
}

static void begin(struct recorder *r)
{
	struct err err = {0};

	assert_true(recorder_run_begin(r, &fixture_run, &err));
}

static struct recorder *open_recorder_begun(const char *dir)
{
	struct recorder *r = open_recorder(dir, 1);

	begin(r);
	return r;
}

static void end_replication(
	struct recorder *r, uint32_t number, size_t n, const struct metric_row *m)
{
	const struct recorder_replication rep = {.number = number,
		.seed = 1000 + number,
		.warmup_s = 2.5,
		.horizon_s = 60,
		.events = 12345,
		.status = RUN_COMPLETE,
		.n_metrics = n,
		.metrics = m};
	struct err err = {0};

	assert_true(recorder_replication(r, &rep, &err));
}

static void end_and_close(struct recorder *r, enum run_status status)
{
	struct err err = {0};

	assert_true(recorder_run_end(
		r, &(struct recorder_end){.status = status, .wall_s = 1.25}, &err));
	assert_true(recorder_close(r, &(struct recorder_place){0}, &err));
}

static sqlite3 *open_db(const char *dir)
{
	char path[4096];
	sqlite3 *db;

	snprintf(path, sizeof path, "%s/results.sqlite", dir);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	return db;
}

/* The answer as sqlite3 prints it: columns apart by |, rows by newline. */
static char *query(const char *dir, const char *sql)
{
	sqlite3 *db = open_db(dir);
	sqlite3_stmt *st;
	size_t size;
	char *text = NULL;
	FILE *to = open_memstream(&text, &size);
	int i, rc, rows = 0;

	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		if (rows++)
			fputc('\n', to);
		for (i = 0; i < sqlite3_column_count(st); i++) {
			const unsigned char *s = sqlite3_column_text(st, i);

			fprintf(to, "%s%s", i ? "|" : "", s ? (const char *)s : "NULL");
		}
	}
	assert_int_equal(rc, SQLITE_DONE);
	sqlite3_finalize(st);
	sqlite3_close(db);
	fclose(to);
	return text;
}

#define assert_query(dir, sql, want) assert_query_((dir), (sql), (want), __FILE__, __LINE__)

static void assert_query_(
	const char *dir, const char *sql, const char *want, const char *file, int line)
{
	char *got = query(dir, sql);

	_assert_string_equal(got, want, file, line);
	free(got);
}

static int make_dir(void **state)
{
	*state = fixture_dir();
	return 0;
}

static int drop_dir(void **state)
{
	fixture_remove(*state);
	return 0;
}

/* FIPS 180-4's examples for "abc" and for 448 bits (two blocks); sha256sum gives the same. */
static void sha256_gives_the_published_digests(void **state)
{
	char hex[65];

	(void)state;
	sha256_hex(hex, "abc", 3);
	assert_string_equal(
		hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	sha256_hex(hex, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56);
	assert_string_equal(
		hex, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	sha256_hex(hex, NULL, 0);
	assert_string_equal(
		hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void request_rows_come_back_with_names_and_seconds(void **state)
{
	struct recorder *r = open_recorder(*state, 1);
	struct request_row done = fixture_row(5), lost = fixture_row(6);
	const struct probe *s;

	begin(r);
	s = recorder_sink_open(r, 3);
	done.preemptions = 2;
	done.deadline_ns = 30000000000;
	lost.group = 1;
	done.prefill = 1;
	lost.model = lost.instance = lost.prefill = NO_ID;
	lost.fate = FATE_REJECTED;
	lost.assigned_ns = lost.uploaded_ns = lost.started_ns = lost.first_token_ns =
		lost.finished_ns = lost.delivered_ns = TIME_NONE;
	fixture_give(s, &lost);
	fixture_give(s, &done);
	recorder_sink_close(s);
	end_replication(r, 3, 0, NULL);
	end_and_close(r, RUN_COMPLETE);
	/* row 5: created at 5 x 3 ms, then + 1 ns, 20 ns, 300 ns, 4 us, 50 us, 600 us; 5 % 7 = 5 */
	assert_query(*state,
		"SELECT run, replication, id, grp, home, model, prompt_tokens, output_tokens, "
		"instance, prefill_instance, printf('%.9f %.9f %.9f %.9f %.9f %.9f %.9f', "
		"created_s, assigned_s, "
		"uploaded_s, started_s, first_token_s, finished_s, delivered_s), deadline_s, fate, "
		"preemptions FROM request ORDER BY run, replication, id",
		"1|3|5|campus|edge|chat|105|50|big|box|0.015000000 0.015000001 0.015000020 "
		"0.015000300 0.015004000 0.015050000 0.015600000|30.0|done|2\n"
		"1|3|6|guests|NULL|NULL|106|50|NULL|NULL|0.018000000 0.000000000 0.000000000 "
		"0.000000000 0.000000000 0.000000000 0.000000000|NULL|rejected|0");
	assert_query(*state, "SELECT count(*) FROM request WHERE assigned_s IS NULL", "1");
	assert_query(*state,
		"SELECT scheduler_ns, upload_wait_ns, upload_send_ns, instance_wait_ns, "
		"prefill_ns, decode_ns, stalled_ns, preempted_ns, speculation_ns, kv_ns, "
		"service_ns, download_ns FROM request WHERE id = 5",
		"1|0|19|280|3700|46000|0|0|0|0|0|550000");
}

static void run_settings_metrics_and_summary_come_back(void **state)
{
	const struct metric_row measured[] = {
		{"", METRIC_E2E_MEAN, 0.25},
		{"group:campus", METRIC_TPOT_MEAN, (double)NAN},
	};
	const struct summary_row rows[] = {
		{"", METRIC_E2E_MEAN, 0.25, (double)NAN, (double)NAN, (double)NAN, 1},
		{"site:edge", METRIC_BUSY_SHARE, 0.5, 0.125, 0.375, 0.625, 4},
	};
	const struct recorder_end end = {
		.status = RUN_COMPLETE, .wall_s = 1.25, .n_rows = 2, .rows = rows};
	struct recorder *r = open_recorder(*state, 1);
	struct err err = {0};

	begin(r);
	end_replication(r, 2, 2, measured);
	assert_true(recorder_run_end(r, &end, &err));
	assert_true(recorder_close(r, &(struct recorder_place){0}, &err));
	assert_query(*state,
		"SELECT id, name, scenario, substr(scenario_sha256, 1, 8), policy, seed, "
		"replications, version, wall_s, status, host <> '', "
		"abs(julianday('now') - julianday(started_utc)) < 0.01 FROM run",
		"1|fixture|abc|ba7816bf|ours|77|4|9.8.7|1.25|complete|1|1");
	assert_query(*state, "SELECT * FROM input", "1|users.u.arrivals.trace.file|t.csv|0123|77");
	assert_query(*state, "SELECT * FROM setting ORDER BY key",
		"1|name|fixture\n1|sites.edge.gpu|titan-x");
	assert_query(*state, "SELECT * FROM replication", "1|2|1002|2.5|60.0|12345|complete");
	assert_query(*state, "SELECT * FROM metric",
		"1|2||e2e.mean_s|s|0.25\n1|2|group:campus|tpot.mean_s|s|NULL");
	assert_query(*state, "SELECT * FROM summary",
		"1||e2e.mean_s|s|0.25|NULL|NULL|NULL|1\n"
		"1|site:edge|busy.share|1|0.5|0.125|0.375|0.625|4");
	/* the synthetic instance holds no model */
	assert_query(*state,
		"SELECT run, model, tensor, site, device, resident, stage FROM placement",
		"1|chat|all|cloud|rtx-4090|1|0");
}

/* Two stretches of one slot each, with a backlog of 5: changes 3 and 1, so of L 15 + 4.5 and
 * 5 + 0.5. Their mean is 2 -+ 12.706205 (t of one degree) times 1, the error of the mean. */
static void drift_comes_back_by_backlog_of_each_replication_and_of_all(void **state)
{
	struct drift d = {.places = 40};
	struct drift_step one = {5, 3, 19.5, 4.5}, other = {5, 1, 5.5, 0.5};
	struct recorder_replication rep = {.number = 3, .status = RUN_COMPLETE, .drift = &d};
	struct recorder *r = open_recorder(*state, 1);
	struct err err = {0};

	drift_slot(&d, &one);
	drift_slot(&d, &other);
	begin(r);
	assert_true(recorder_replication(r, &rep, &err));
	assert_true(recorder_run_end(
		r, &(struct recorder_end){.status = RUN_COMPLETE, .drift = &d}, &err));
	assert_true(recorder_close(r, &(struct recorder_place){0}, &err));
	assert_query(*state,
		"SELECT run, replication, backlog_least, backlog_most, slots, backlog_mean, "
		"change_mean, round(change_low, 4), round(change_high, 4), drift_mean, "
		"round(drift_low, 4), round(drift_high, 4) FROM drift ORDER BY rowid",
		"1|3|5|5|2|5.0|2.0|-10.7062|14.7062|12.5|-76.4434|101.4434\n"
		"1|NULL|5|5|2|5.0|2.0|-10.7062|14.7062|12.5|-76.4434|101.4434");
	assert_query(*state, "SELECT * FROM drift_fit ORDER BY rowid",
		"1|3|40.0|0|NULL|NULL|NULL|NULL|NULL|NULL\n"
		"1|NULL|40.0|0|NULL|NULL|NULL|NULL|NULL|NULL");
	drift_finish(&d);
}

static void warnings_come_back_with_where_they_were_met(void **state)
{
	struct warnings of_scenario = {0}, of_pilot = {0}, of_replication = {0}, of_run = {0};
	struct recorder_run run = fixture_run;
	const struct recorder_replication rep = {
		.number = 3, .status = RUN_FAILED, .warnings = &of_replication};
	const struct recorder_end end = {.status = RUN_FAILED, .warnings = &of_run};
	struct recorder *r = open_recorder(*state, 1);
	struct err err = {0};

	warnings_add(&of_scenario, WARN_SCENARIO, "", "a.yaml:%d:%d: odd", 2, 7);
	warnings_add(&of_pilot, WARN_FAILED, "", "%s", "short");
	warnings_add(&of_replication, WARN_FAILED, "", "it's %g s", 1.5);
	warnings_add(&of_replication, WARN_SCENARIO, "group:campus", "quiet");
	warnings_add(&of_run, WARN_SCENARIO, "", "in all");
	run.scenario_warnings = &of_scenario;
	run.pilot_warnings = &of_pilot;
	assert_true(recorder_run_begin(r, &run, &err));
	assert_true(recorder_replication(r, &rep, &err));
	assert_true(recorder_run_end(r, &end, &err));
	assert_true(recorder_close(r, &(struct recorder_place){0}, &err));
	assert_query(*state, "SELECT * FROM warning ORDER BY rowid",
		"1|NULL|scenario||a.yaml:2:7: odd\n"
		"1|0|failed||short\n"
		"1|3|failed||it's 1.5 s\n"
		"1|3|scenario|group:campus|quiet\n"
		"1|NULL|scenario||in all");
	warnings_finish(&of_scenario);
	warnings_finish(&of_pilot);
	warnings_finish(&of_replication);
	warnings_finish(&of_run);
}

static void tables_are_strict_and_numbered(void **state)
{
	end_and_close(open_recorder_begun(*state), RUN_COMPLETE);
	assert_query(*state, "PRAGMA user_version", "6");
	assert_query(*state,
		"SELECT name FROM pragma_table_list WHERE schema = 'main' AND "
		"name NOT LIKE 'sqlite%' AND NOT strict",
		"");
	assert_query(*state, "PRAGMA journal_mode", "delete");
	assert_query(*state, "PRAGMA integrity_check", "ok");
}

/* Series */

static void give_samples(const struct probe *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		const uint32_t q[3] = {(uint32_t)i, (uint32_t)(2 * i), 7};
		const struct queue_sample sample = {
			.at_ns = 500000000 * (int64_t)(i + 1), .n = 3, .q = q};

		s->ops->slot(s->state, &sample);
	}
}

static hid_t open_file(const char *dir, const char *name)
{
	char path[4096];
	hid_t f;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	f = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
	assert_true(f >= 0);
	return f;
}

static hid_t open_series(const char *dir)
{
	return open_file(dir, "series.h5");
}

static void read_text(hid_t at, const char *name, char *out, size_t size)
{
	hid_t a = H5Aopen(at, name, H5P_DEFAULT), type;
	char *text;

	assert_true(a >= 0);
	type = H5Aget_type(a);
	assert_true(H5Aread(a, type, &text) >= 0);
	snprintf(out, size, "%s", text);
	H5free_memory(text);
	H5Tclose(type);
	H5Aclose(a);
}

static void assert_text(hid_t file, const char *at, const char *name, const char *want)
{
	hid_t o = H5Oopen(file, at, H5P_DEFAULT);
	char got[200];

	assert_true(o >= 0);
	read_text(o, name, got, sizeof got);
	assert_string_equal(got, want);
	H5Oclose(o);
}

/* Doubles of a dataset of @n rows and @width columns; free() them. */
static double *read_set(hid_t file, const char *path, hsize_t n, hsize_t width)
{
	double *data = calloc(n * width, sizeof *data);
	hid_t set = H5Dopen2(file, path, H5P_DEFAULT), space;
	hsize_t size[2] = {0, 1};

	assert_true(set >= 0);
	space = H5Dget_space(set);
	H5Sget_simple_extent_dims(space, size, NULL);
	assert_int_equal(size[0], n);
	assert_int_equal(size[1], width);
	assert_true(H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0);
	H5Sclose(space);
	H5Dclose(set);
	return data;
}

/* 20 000 samples are two blocks of 8192 and 3616 more. */
static void series_come_back_across_blocks(void **state)
{
	enum { N = 20000 };
	struct recorder *r = open_recorder_begun(*state);
	const struct probe *s = recorder_sink_open(r, 1);
	double *t, *q, *L, *drift;
	hid_t f;
	size_t i;

	give_samples(s, N);
	recorder_sink_close(s);
	end_replication(r, 1, 0, NULL);
	end_and_close(r, RUN_COMPLETE);
	f = open_series(*state);
	t = read_set(f, "/replication_1/queues/t_s", N, 1);
	q = read_set(f, "/replication_1/queues/q", N, 3);
	L = read_set(f, "/replication_1/lyapunov/L", N, 1);
	drift = read_set(f, "/replication_1/lyapunov/drift", N, 1);
	assert_true(isnan(drift[0]));
	for (i = 1; i < N; i++) {
		assert_near(t[i], 0.5 * (double)(i + 1), 0);
		assert_near(q[3 * i], (double)i, 0);
		assert_near(q[3 * i + 1], 2 * (double)i, 0);
		assert_near(q[3 * i + 2], 7, 0);
		/* (i^2 + 4 i^2 + 49) / 2, and 2.5 (i^2 - (i - 1)^2) */
		assert_near(L[i], 2.5 * (double)i * (double)i + 24.5, 0);
		assert_near(drift[i], 5 * (double)i - 2.5, 0);
	}
	H5Fclose(f);
	free(t);
	free(q);
	free(L);
	free(drift);
}

static void series_say_what_they_are(void **state)
{
	struct recorder *r = open_recorder_begun(*state);
	const struct probe *s = recorder_sink_open(r, 1);
	uint64_t seed;
	hid_t f, a;

	give_samples(s, 3);
	recorder_sink_close(s);
	end_replication(r, 1, 0, NULL);
	end_and_close(r, RUN_COMPLETE);
	f = open_series(*state);
	assert_text(f, "/", "scenario", "abc");
	assert_text(f, "/", "version", "9.8.7");
	assert_text(f, "/", "policy", "ours");
	assert_text(f, "/replication_1/queues/q", "columns", "big,box,scheduler");
	assert_text(f, "/replication_1/queues/t_s", "units", "s");
	assert_text(f, "/replication_1/lyapunov/L", "units", "1");
	assert_text(f, "/replication_1/lyapunov/drift", "long_name",
		"change of L since the slot before");
	a = H5Aopen(f, "seed", H5P_DEFAULT);
	H5Aread(a, H5T_NATIVE_UINT64, &seed);
	assert_int_equal(seed, 77);
	H5Aclose(a);
	H5Fclose(f);
}

static void each_of_several_runs_has_its_group(void **state)
{
	struct recorder *r = open_recorder(*state, 2);
	struct recorder_run second = fixture_run;
	struct err err = {0};
	const struct probe *s;
	double *t;
	hid_t f;
	int run;

	second.policy = "theirs";
	for (run = 1; run <= 2; run++) {
		assert_true(recorder_run_begin(r, run == 1 ? &fixture_run : &second, &err));
		s = recorder_sink_open(r, 4);
		give_samples(s, 10 * (size_t)run);
		recorder_sink_close(s);
		end_replication(r, 4, 0, NULL);
		assert_true(
			recorder_run_end(r, &(struct recorder_end){.status = RUN_COMPLETE}, &err));
	}
	assert_true(recorder_close(r, &(struct recorder_place){0}, &err));
	f = open_series(*state);
	t = read_set(f, "/run_2/replication_4/queues/t_s", 20, 1);
	assert_text(f, "/run_1", "policy", "ours");
	assert_text(f, "/run_2", "policy", "theirs");
	assert_near(t[19], 10, 0);
	free(t);
	H5Fclose(f);
	assert_query(*state, "SELECT id, policy FROM run", "1|ours\n2|theirs");
}

/* Threads */

enum { THREADS = 4, ROWS_EACH = 20000 };

struct job {
	struct recorder *r;
	uint32_t number;
	bool ok;
};

static void *run_job(void *arg)
{
	struct job *j = arg;
	const struct probe *s = recorder_sink_open(j->r, j->number);
	const struct recorder_replication rep = {.number = j->number, .status = RUN_COMPLETE};
	struct err err = {0};
	struct request_row row;
	uint64_t i;

	for (i = 0; i < ROWS_EACH; i++) {
		row = fixture_row(i ^ 3); /* not quite in order, as requests end */
		fixture_give(s, &row);
	}
	give_samples(s, 100);
	recorder_sink_close(s);
	j->ok = recorder_replication(j->r, &rep, &err);
	return NULL;
}

static void run_jobs(struct recorder *r, struct job jobs[static THREADS])
{
	pthread_t threads[THREADS];
	uint32_t i;

	for (i = 0; i < THREADS; i++) {
		jobs[i] = (struct job){.r = r, .number = i};
		assert_int_equal(pthread_create(&threads[i], NULL, run_job, &jobs[i]), 0);
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

/* Sum of 0 .. 19 999 = 199 990 000. */
static void threads_lose_and_mix_nothing(void **state)
{
	struct recorder *r = open_recorder_begun(*state);
	struct job jobs[THREADS];

	run_jobs(r, jobs);
	end_and_close(r, RUN_COMPLETE);
	assert_query(*state,
		"SELECT replication, count(*), count(DISTINCT id), sum(id), max(abs(created_s - "
		"id * 0.003)) < 1e-9 FROM request GROUP BY replication ORDER BY replication",
		"0|20000|20000|199990000|1\n1|20000|20000|199990000|1\n"
		"2|20000|20000|199990000|1\n3|20000|20000|199990000|1");
}

/* Ends that are not good */

static void a_folder_with_a_result_is_refused_unless_forced(void **state)
{
	struct recorder_spec spec = {.dir = *state, .n_runs = 1};
	struct recorder *r;
	struct err err = {0};
	char want[400];

	assert_false(recorder_taken(*state));
	end_and_close(open_recorder_begun(*state), RUN_COMPLETE);
	assert_true(recorder_taken(*state));
	assert_false(recorder_open(&r, &spec, &err));
	assert_null(r);
	assert_int_equal(err.kind, ERR_INPUT);
	snprintf(want, sizeof want, "%s already holds a result; --force replaces it",
		(char *)*state);
	assert_string_equal(err.msg, want);
}

static size_t count_files(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	size_t n = 0;

	while ((e = readdir(d)))
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

/* A second result of one run over a first one of the policy "ours" with series. */
static struct recorder *open_second(const char *dir, size_t n_runs)
{
	const struct recorder_spec spec = {.dir = dir, .force = true, .n_runs = n_runs};
	struct recorder_run second = fixture_run;
	struct recorder *r;
	struct err err = {0};

	end_and_close(open_recorder_begun(dir), RUN_COMPLETE);
	assert_int_equal(count_files(dir), 2);
	assert_true(recorder_open(&r, &spec, &err));
	second.policy = "theirs";
	assert_true(recorder_run_begin(r, &second, &err));
	assert_query(dir, "SELECT policy FROM run", "ours");
	return r;
}

static struct recorder_place close_second(struct recorder *r)
{
	struct recorder_place place;
	struct err err = {0};

	assert_true(recorder_close(r, &place, &err));
	return place;
}

static void end_second(struct recorder *r, enum run_status status)
{
	struct err err = {0};

	assert_true(recorder_run_end(r, &(struct recorder_end){.status = status}, &err));
}

/* The old series go as well: the new result has none. */
static void a_whole_result_replaces_an_older_one_with_all_its_files(void **state)
{
	static const enum run_status whole[] = {RUN_COMPLETE, RUN_FAILED};
	size_t i;

	for (i = 0; i < 2; i++) {
		struct recorder *r = open_second(*state, 1);
		struct recorder_place place;

		end_second(r, whole[i]);
		place = close_second(r);
		assert_false(place.none || place.beside || place.in_use);
		assert_query(*state, "SELECT policy, status FROM run",
			i == 0 ? "theirs|complete" : "theirs|failed");
		assert_int_equal(count_files(*state), 1);
		rec_folder_discard(&(struct rec_folder){.into = *state});
	}
}

/* Of two runs one is interrupted, or does not even begin. */
static void a_part_of_a_result_leaves_the_older_one_and_lies_beside_it(void **state)
{
	char beside[4096];
	size_t i;

	snprintf(beside, sizeof beside, "%s/%s", (char *)*state, RECORDER_BESIDE);
	for (i = 0; i < 2; i++) {
		struct recorder *r = open_second(*state, 2);
		struct recorder_place place;

		end_replication(r, 1, 0, NULL);
		end_second(r, i == 0 ? RUN_INTERRUPTED : RUN_COMPLETE);
		place = close_second(r);
		assert_true(place.beside);
		assert_query(*state, "SELECT policy FROM run", "ours");
		assert_query(beside, "SELECT policy FROM run", "theirs");
		rec_folder_discard(&(struct rec_folder){.into = beside, .replaces = true});
		rec_folder_discard(&(struct rec_folder){.into = *state});
		assert_int_equal(count_files(*state), 0);
	}
}

static void nothing_finished_leaves_nothing_but_the_older_result(void **state)
{
	struct recorder *r = open_second(*state, 1);
	struct recorder_place place;

	end_second(r, RUN_INTERRUPTED);
	place = close_second(r);
	assert_true(place.none);
	assert_query(*state, "SELECT policy FROM run", "ours");
	assert_int_equal(count_files(*state), 2);
}

static void a_result_without_a_run_is_taken_away(void **state)
{
	struct recorder_place place = close_second(open_recorder(*state, 1));

	assert_true(place.none);
	assert_int_equal(count_files(*state), 0);
}

static void of_two_at_once_in_one_folder_the_second_is_refused(void **state)
{
	const struct recorder_spec spec = {.dir = *state, .force = true, .n_runs = 1};
	struct recorder *first = open_recorder_begun(*state), *second;
	struct err err = {0};

	assert_false(recorder_open(&second, &spec, &err));
	assert_int_equal(err.kind, ERR_INPUT);
	assert_non_null(strstr(err.msg, "another run is writing its result to "));
	end_and_close(first, RUN_COMPLETE);
	assert_query(*state, "SELECT status FROM run", "complete");
}

/* As with a shell of sqlite3 left open: it has read once and does nothing. */
static void a_reader_does_not_keep_a_result_from_being_finished(void **state)
{
	struct recorder *r = open_recorder_begun(*state);
	struct recorder_place place;
	sqlite3 *reader = open_db(*state);

	assert_int_equal(sqlite3_exec(reader, "SELECT * FROM run", NULL, NULL, NULL), SQLITE_OK);
	end_replication(r, 1, 0, NULL);
	end_second(r, RUN_COMPLETE);
	place = close_second(r);
	assert_true(place.in_use);
	assert_query(*state, "SELECT status FROM run", "complete");
	sqlite3_close(reader);
}

/* A full block of samples is flushed; locks are those that HDF5 takes of itself. */
static void series_can_be_read_while_they_grow(void **state)
{
	char command[4200];
	struct recorder *r;
	const struct probe *s;

	if (system("command -v h5dump >/dev/null") != 0)
		skip();
	r = open_recorder_begun(*state);
	s = recorder_sink_open(r, 1);
	give_samples(s, 20000);
	end_replication(r, 7, 0, NULL); /* behind all blocks */
	snprintf(command, sizeof command,
		"h5dump -d /queues/t_s -s 16383 -c 1 %s/" RECORDER_PARTS "/1-1.h5 | "
		"grep -q '(16383): 8192'",
		(char *)*state);
	assert_int_equal(system(command), 0);
	recorder_sink_close(s);
	end_and_close(r, RUN_COMPLETE);
}

static void folders_are_made_and_a_file_in_the_way_is_named(void **state)
{
	struct recorder_spec spec = {.n_runs = 1};
	struct err err = {0};
	char deep[4096], blocked[4200], want[4300];
	struct recorder *r;

	snprintf(deep, sizeof deep, "%s/a/b", (char *)*state);
	spec.dir = deep;
	assert_true(recorder_open(&r, &spec, &err));
	begin(r);
	assert_true(recorder_close(r, &(struct recorder_place){0}, &err));
	snprintf(blocked, sizeof blocked, "%s/results.sqlite/c", deep);
	spec.dir = blocked;
	assert_false(recorder_open(&r, &spec, &err));
	assert_int_equal(err.kind, ERR_RUN);
	snprintf(want, sizeof want, "cannot make the folder %s: Not a directory", blocked);
	assert_string_equal(err.msg, want);
	fixture_remove(strdup(deep));
	*strrchr(deep, '/') = '\0';
	rmdir(deep);
}

static void without_a_folder_nothing_is_kept(void **state)
{
	const struct recorder_spec spec = {.requests = true, .series = true, .n_runs = 1};
	struct recorder *r;
	const struct probe *s;
	struct err err = {0};

	(void)state;
	assert_true(recorder_open(&r, &spec, &err));
	begin(r);
	s = recorder_sink_open(r, 1);
	assert_null(s->ops->request);
	assert_null(s->ops->slot);
	recorder_sink_close(s);
	end_replication(r, 1, 0, NULL);
	end_and_close(r, RUN_COMPLETE);
}

/* Replication 8 has a sink but never ends: with several threads one may run in vain. */
static void leave_one_undone(const char *dir, enum run_status status)
{
	struct recorder *r = open_recorder_begun(dir);
	struct request_row row = fixture_row(9);
	const struct probe *s;
	uint32_t number;

	for (number = 7; number <= 8; number++) {
		s = recorder_sink_open(r, number);
		fixture_give(s, &row);
		give_samples(s, 5);
		recorder_sink_close(s);
	}
	end_replication(r, 7, 0, NULL);
	end_and_close(r, status);
}

static void a_replication_in_vain_leaves_no_trace_in_a_complete_run(void **state)
{
	hid_t f;

	leave_one_undone(*state, RUN_COMPLETE);
	assert_query(*state, "SELECT number, status FROM replication", "7|complete");
	assert_query(*state, "SELECT replication FROM request", "7");
	f = open_series(*state);
	assert_int_equal(H5Lexists(f, "/replication_7", H5P_DEFAULT), 1);
	assert_int_equal(H5Lexists(f, "/replication_8", H5P_DEFAULT), 0);
	H5Fclose(f);
}

static void an_interrupted_run_keeps_and_marks_what_it_has(void **state)
{
	leave_one_undone(*state, RUN_INTERRUPTED);
	assert_query(*state, "SELECT status FROM run", "interrupted");
	assert_query(*state, "SELECT number, status FROM replication ORDER BY number",
		"7|complete\n8|interrupted");
	assert_query(*state, "SELECT replication FROM request ORDER BY 1", "7\n8");
}

/* Blocks of 4096 requests and 8192 samples: of 10 000 and 20 000 two each are sure to be
 * written once the third has been begun and the queue has been waited for. */
static void killed_in_the_middle(const char *dir)
{
	struct recorder *r = open_recorder_begun(dir);
	const struct probe *s = recorder_sink_open(r, 1);
	struct request_row row;
	uint64_t i;

	for (i = 0; i < 10000; i++) {
		row = fixture_row(i);
		fixture_give(s, &row);
	}
	give_samples(s, 20000);
	recorder_sink_open(r, 2); /* behind all blocks */
	kill(getpid(), SIGKILL);
}

static void a_killed_run_can_be_read_and_says_so(void **state)
{
	pid_t child = fork();
	int status;
	double *t;
	hid_t f;

	if (child == 0) {
		killed_in_the_middle(*state);
		_exit(0);
	}
	waitpid(child, &status, 0);
	assert_true(WIFSIGNALED(status));
	assert_query(*state, "PRAGMA integrity_check", "ok");
	assert_query(*state, "SELECT status FROM run", "interrupted");
	assert_query(
		*state, "SELECT number, status FROM replication", "1|interrupted\n2|interrupted");
	assert_query(*state, "SELECT count(*), max(id) FROM request", "8192|8191");
	f = open_file(*state, RECORDER_PARTS "/1-1.h5");
	t = read_set(f, "/queues/t_s", 16384, 1);
	assert_near(t[16383], 8192, 0);
	free(t);
	H5Fclose(f);
}

/* In a child: no file may grow beyond 300 kB, which its threads run into. */
static int meet_the_limit(const char *dir)
{
	const struct rlimit limit = {300000, 300000};
	struct recorder *r = open_recorder_begun(dir);
	struct job jobs[THREADS];
	struct err err = {0}, again = {0};
	uint32_t i;

	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	run_jobs(r, jobs);
	for (i = 0; i < THREADS; i++)
		if (jobs[i].ok)
			return 1;
	if (!recorder_failed(r) ||
		recorder_run_end(r, &(struct recorder_end){.status = RUN_FAILED}, &err))
		return 2;
	if (recorder_close(r, &(struct recorder_place){0}, &again) ||
		strcmp(err.msg, again.msg) != 0)
		return 3;
	return err.kind == ERR_RUN && strstr(err.msg, dir) ? 0 : 4;
}

static void a_write_that_fails_is_told_and_stops_nobody(void **state)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(meet_the_limit(*state));
	waitpid(child, &status, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_query(*state, "SELECT status FROM run", "interrupted");
	assert_query(*state, "PRAGMA integrity_check", "ok");
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, drop_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_gives_the_published_digests),
		IN_DIR(request_rows_come_back_with_names_and_seconds),
		IN_DIR(run_settings_metrics_and_summary_come_back),
		IN_DIR(drift_comes_back_by_backlog_of_each_replication_and_of_all),
		IN_DIR(warnings_come_back_with_where_they_were_met),
		IN_DIR(tables_are_strict_and_numbered),
		IN_DIR(series_come_back_across_blocks),
		IN_DIR(series_say_what_they_are),
		IN_DIR(each_of_several_runs_has_its_group),
		IN_DIR(threads_lose_and_mix_nothing),
		IN_DIR(a_folder_with_a_result_is_refused_unless_forced),
		IN_DIR(a_whole_result_replaces_an_older_one_with_all_its_files),
		IN_DIR(a_part_of_a_result_leaves_the_older_one_and_lies_beside_it),
		IN_DIR(nothing_finished_leaves_nothing_but_the_older_result),
		IN_DIR(a_result_without_a_run_is_taken_away),
		IN_DIR(of_two_at_once_in_one_folder_the_second_is_refused),
		IN_DIR(a_reader_does_not_keep_a_result_from_being_finished),
		IN_DIR(series_can_be_read_while_they_grow),
		IN_DIR(folders_are_made_and_a_file_in_the_way_is_named),
		cmocka_unit_test(without_a_folder_nothing_is_kept),
		IN_DIR(a_replication_in_vain_leaves_no_trace_in_a_complete_run),
		IN_DIR(an_interrupted_run_keeps_and_marks_what_it_has),
		IN_DIR(a_killed_run_can_be_read_and_says_so),
		IN_DIR(a_write_that_fails_is_told_and_stops_nobody),
	};

	return cmocka_run_group_tests_name("recorder", tests, NULL, NULL);
}
