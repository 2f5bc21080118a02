#ifndef OFFING_TESTS_RUNNER_H
#define OFFING_TESTS_RUNNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Runs a command as a user would, but on a leash: after RUN_PATIENCE_S it gets
 * the SIGINT of a Ctrl-C, after RUN_MAX_S it is killed. What it says is caught,
 * how it ended told.
 */
enum { RUN_PATIENCE_S = 3, RUN_MAX_S = 10 };
#define RUN_MAX_BYTES 1.5e9

/** All text is the runner's until the next run of it. */
struct run {
	char *out, *err;  /* '\0' at the end; NULL before the first run */
	int status;       /* of exit(), or -1 */
	int signal;       /* that ended it, or 0 */
	bool late;        /* had to be stopped */
	double max_bytes; /* that it held at once */
};

/** Run @argv, which ends with NULL. The command cannot outlive the call. */
void run_command(struct run *r, const char *const argv[]);
void run_finish(struct run *r);

/** Remove @folder and all in it. */
void run_remove(const char *folder);

/**
 * What is wrong with how offing ended, or NULL: exit 0; exit 2 with nothing but places and
 * reasons; exit 1 with a reason; exit 130 when asked to; in time, in little memory, and no word of
 * a sanitizer.
 */
const char *run_complaint(const struct run *r);

/** The first metric of the --json lines in @r->out that cannot be: "busy.share of link:x is 2".
 *  Written to @buf; NULL when all can be. */
const char *run_bad_metric(const struct run *r, char *buf, size_t size);

#endif
