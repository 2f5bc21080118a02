/* A file is whole or not there, and why it is not is said. */
#include "tests/support/check.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/whole_file.h"

struct bed {
	char dir[64], path[96], beside[128];
};

static int make(void **state)
{
	struct bed *b = calloc(1, sizeof *b);

	strcpy(b->dir, "/tmp/offing-whole-XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	snprintf(b->path, sizeof b->path, "%s/a.txt", b->dir);
	snprintf(b->beside, sizeof b->beside, "%s.unfinished", b->path);
	*state = b;
	return 0;
}

static int drop(void **state)
{
	struct bed *b = *state;

	unlink(b->path);
	unlink(b->beside);
	assert_int_equal(rmdir(b->dir), 0); /* so nothing else is left there */
	free(b);
	return 0;
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

#define assert_holds(path, want) assert_holds_((path), (want), __LINE__)

static void assert_holds_(const char *path, const char *want, int line)
{
	char got[100] = "";
	FILE *f = fopen(path, "r");

	if (want == NULL) {
		_assert_true(f == NULL, path, __FILE__, line);
		return;
	}
	assert_non_null(f);
	got[fread(got, 1, sizeof got - 1, f)] = '\0';
	fclose(f);
	_assert_string_equal(got, want, __FILE__, line);
}

static struct whole_file *begin(const char *path, enum whole_over over)
{
	struct whole_file *f;
	struct err err = {0};

	if (!whole_file_open(&f, path, over, &err))
		fail_msg("%s", err.msg);
	return f;
}

static void until_it_is_closed_the_older_file_is_there(void **state)
{
	struct bed *b = *state;
	struct err err = {0};
	struct whole_file *f;

	put(b->path, "old");
	f = begin(b->path, WHOLE_REPLACE);
	fprintf(whole_file(f), "new %d", 2);
	fflush(whole_file(f));
	assert_holds(b->path, "old");
	assert_holds(b->beside, "new 2");
	assert_true(whole_file_close(f, &err));
	assert_holds(b->path, "new 2");
	assert_holds(b->beside, NULL);
}

static void what_is_dropped_leaves_nothing(void **state)
{
	struct bed *b = *state;
	struct whole_file *f = begin(b->path, WHOLE_REPLACE);

	fputs("new", whole_file(f));
	whole_file_drop(f);
	whole_file_drop(NULL);
	assert_holds(b->path, NULL);
	assert_holds(b->beside, NULL);
}

static void what_a_killed_one_left_is_no_part_of_it(void **state)
{
	struct bed *b = *state;
	struct err err = {0};
	struct whole_file *f;

	put(b->beside, "left by one that was killed");
	f = begin(b->path, WHOLE_REPLACE);
	fputs("new", whole_file(f));
	assert_true(whole_file_close(f, &err));
	assert_holds(b->path, "new");
}

static void a_file_that_is_there_is_the_users(void **state)
{
	struct bed *b = *state;
	struct err err = {0}, plain = {0};
	struct whole_file *f;

	put(b->path, "old");
	assert_false(whole_file_open(&f, b->path, WHOLE_FORCE, &err));
	assert_null(f);
	assert_int_equal(err.kind, ERR_INPUT);
	assert_non_null(strstr(err.msg, "is there already; use --force to replace it"));
	assert_false(whole_file_open(&f, b->path, WHOLE_REFUSE, &plain));
	assert_non_null(strstr(plain.msg, "is there already"));
	assert_null(strstr(plain.msg, "--force"));
	assert_holds(b->path, "old");
}

/* Two programs asked at once: the second is not to take the first one's work away. */
static void one_that_came_meanwhile_stays(void **state)
{
	struct bed *b = *state;
	struct err err = {0};
	struct whole_file *f = begin(b->path, WHOLE_FORCE);

	fputs("new", whole_file(f));
	put(b->path, "another's");
	assert_false(whole_file_close(f, &err));
	assert_int_equal(err.kind, ERR_RUN);
	assert_holds(b->path, "another's");
	assert_holds(b->beside, NULL);
}

static void of_two_at_once_the_second_is_refused(void **state)
{
	struct bed *b = *state;
	struct err err = {0};
	struct whole_file *f = begin(b->path, WHOLE_REPLACE), *second;

	fputs("first", whole_file(f));
	assert_false(whole_file_open(&second, b->path, WHOLE_REPLACE, &err));
	assert_int_equal(err.kind, ERR_RUN);
	assert_non_null(strstr(err.msg, "another process is writing it"));
	err = (struct err){0};
	assert_true(whole_file_close(f, &err));
	assert_holds(b->path, "first");
}

/* Limits on the size of files are to a program what a full disk is. */
static void where_the_disk_is_full_the_older_one_stays_and_it_is_said(void **state)
{
	struct bed *b = *state;
	int status;
	pid_t child;

	put(b->path, "old");
	child = fork();
	if (child == 0) {
		const struct rlimit limit = {70000, 70000};
		struct whole_file *f = begin(b->path, WHOLE_REPLACE);
		struct err err = {0};

		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &limit);
		for (int i = 0; i < 100000; i++)
			fputs("0123456789", whole_file(f));
		/* what came of another write since is not the reason */
		(void)!open("/nowhere", 0);
		_exit(!whole_file_close(f, &err) && err.kind == ERR_RUN &&
					strstr(err.msg, "File too large")
				? 0
				: 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_holds(b->path, "old");
	assert_holds(b->beside, NULL);
}

static void what_cannot_be_written_is_named_with_the_reason(void **state)
{
	static const struct {
		const char *path, *why;
	} cases[] = {
		{"/nowhere/at/all.csv", "cannot write '/nowhere/at/all.csv': No such file"},
		{"/proc/all.csv", "cannot write '/proc/all.csv': "},
		{"/", "cannot write '/': Is a directory"},
		{"", "cannot write '': No such file"},
	};
	struct whole_file *f;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct err err = {0};

		assert_false(whole_file_open(&f, cases[i].path, WHOLE_REPLACE, &err));
		assert_int_equal(err.kind, ERR_RUN);
		if (!strstr(err.msg, cases[i].why))
			fail_msg("%s: %s", cases[i].path, err.msg);
	}
}

static void a_device_is_written_to_as_it_is(void **state)
{
	struct err err = {0};
	struct whole_file *f = begin("/dev/null", WHOLE_FORCE);
	struct stat st;

	(void)state;
	fputs("a", whole_file(f));
	assert_true(whole_file_close(f, &err));
	f = begin("/dev/full", WHOLE_FORCE);
	fputs("a", whole_file(f));
	assert_false(whole_file_close(f, &err));
	assert_string_equal(err.msg, "cannot write '/dev/full': No space left on device");
	assert_int_equal(stat("/dev/full", &st), 0);
	assert_true(S_ISCHR(st.st_mode));
}

static void a_link_goes_on_leading_to_it(void **state)
{
	struct bed *b = *state;
	struct err err = {0};
	struct whole_file *f;
	char link[128];
	struct stat st;

	put(b->path, "old");
	snprintf(link, sizeof link, "%s/link", b->dir);
	assert_int_equal(symlink("a.txt", link), 0);
	f = begin(link, WHOLE_REPLACE);
	fputs("new", whole_file(f));
	assert_true(whole_file_close(f, &err));
	assert_holds(b->path, "new");
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	unlink(link);
}

static void what_others_wrote_takes_its_name_when_it_is_whole(void **state)
{
	struct bed *b = *state;
	struct err err = {0};

	put(b->path, "old");
	put(b->beside, "new");
	assert_true(whole_file_become(b->beside, b->path, &err));
	assert_holds(b->path, "new");
	assert_holds(b->beside, NULL);
	assert_false(whole_file_become(b->beside, b->path, &err));
	assert_holds(b->path, "new");
}

int main(void)
{
#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, make, drop)
	const struct CMUnitTest tests[] = {
		IN_DIR(until_it_is_closed_the_older_file_is_there),
		IN_DIR(what_is_dropped_leaves_nothing),
		IN_DIR(what_a_killed_one_left_is_no_part_of_it),
		IN_DIR(a_file_that_is_there_is_the_users),
		IN_DIR(one_that_came_meanwhile_stays),
		IN_DIR(of_two_at_once_the_second_is_refused),
		IN_DIR(where_the_disk_is_full_the_older_one_stays_and_it_is_said),
		cmocka_unit_test(what_cannot_be_written_is_named_with_the_reason),
		cmocka_unit_test(a_device_is_written_to_as_it_is),
		IN_DIR(a_link_goes_on_leading_to_it),
		IN_DIR(what_others_wrote_takes_its_name_when_it_is_whole),
	};

	return cmocka_run_group_tests_name("whole_file", tests, NULL, NULL);
}
