/* Solving by the program `cbc` (COIN-OR branch and cut): a file to it, a file from it. It is not
 * linked, as its licence does not go with the GPL. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "plan/milp_mps.h"

extern char **environ;

static const double cost_size = 0x1p20; /* cbc tells bounds with three decimals, and takes
					   solutions as equal that differ by 1e-5 */
static const double grace_s = 5.0;      /* beyond its limit, before it is ended */

struct files {
	char folder[64];
	struct buf program, solution, log;
};

static bool files_init(struct files *f, struct err *err)
{
	const char *tmp = getenv("TMPDIR");
	int n = snprintf(
		f->folder, sizeof f->folder, "%s/offing-cbc-XXXXXX", tmp && *tmp ? tmp : "/tmp");

	if (n < 0 || (size_t)n >= sizeof f->folder)
		snprintf(f->folder, sizeof f->folder, "/tmp/offing-cbc-XXXXXX");
	if (!mkdtemp(f->folder))
		return err_run(err, "no folder for cbc in %s: %s", f->folder, strerror(errno));
	buf_init(&f->program);
	buf_init(&f->solution);
	buf_init(&f->log);
	buf_printf(&f->program, "%s/program.mps", f->folder);
	buf_printf(&f->solution, "%s/solution.txt", f->folder);
	buf_printf(&f->log, "%s/log.txt", f->folder);
	return true;
}

static void files_finish(struct files *f)
{
	unlink(f->program.s);
	unlink(f->solution.s);
	unlink(f->log.s);
	rmdir(f->folder);
	buf_finish(&f->program);
	buf_finish(&f->solution);
	buf_finish(&f->log);
}

bool milp_has_cbc(void)
{
	const char *path = getenv("PATH");
	struct str rest = str_of(path ? path : ""), folder;
	bool found = false;

	while (!found && str_split(&rest, ':', &folder)) {
		struct buf name;

		buf_init(&name);
		buf_add(&name, folder.s, folder.n);
		buf_puts(&name, "/cbc");
		found = access(name.s, X_OK) == 0;
		buf_finish(&name);
	}
	return found;
}

/* Wait until it ends, is to stop, or is long beyond its time. */
static bool attend(pid_t child, const struct milp_limits *limits, int *status)
{
	double begin_s = clock_s();
	const struct timespec pause = {.tv_nsec = 5000000};
	pid_t ended;

	while ((ended = waitpid(child, status, WNOHANG)) == 0 || (ended < 0 && errno == EINTR)) {
		bool late =
			limits->seconds > 0.0 && clock_s() - begin_s > limits->seconds + grace_s;

		if (late || (limits->stop && atomic_load(limits->stop))) {
			kill(child, SIGKILL);
			waitpid(child, status, 0);
			return false;
		}
		nanosleep(&pause, NULL);
	}
	return true;
}

static bool launch(const struct files *f, const struct milp_limits *limits, struct err *err)
{
	char gap[40], seconds[40];
	const char *const arguments[] = {"cbc", f->program.s, "-timeMode", "elapsed", "-ratio", gap,
		"-sec", seconds, "-solve", "-solu", f->solution.s, NULL};
	posix_spawn_file_actions_t to;
	pid_t child;
	int rc, status = 0;

	snprintf(gap, sizeof gap, "%.17g", limits->gap);
	snprintf(seconds, sizeof seconds, "%.3f", limits->seconds > 0.0 ? limits->seconds : 1e9);
	posix_spawn_file_actions_init(&to);
	posix_spawn_file_actions_addopen(&to, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&to, 1, f->log.s, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	posix_spawn_file_actions_adddup2(&to, 1, 2);
	rc = posix_spawnp(&child, "cbc", &to, NULL, (char *const *)arguments, environ);
	posix_spawn_file_actions_destroy(&to);
	if (rc != 0)
		return err_run(err, "cannot run cbc: %s", strerror(rc));
	if (attend(child, limits, &status) && !(WIFEXITED(status) && WEXITSTATUS(status) == 0))
		return err_run(err, "cbc ended with status %d",
			WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return true;
}

/* "Lower bound:   12.345" of its log, scaled back, less what it rounds. */
static double told_bound(const struct files *f, double factor)
{
	FILE *from = fopen(f->log.s, "r");
	char line[200];
	double bound = -HUGE_VAL, told;

	while (from && fgets(line, sizeof line, from))
		if (sscanf(line, "Lower bound: %lf", &told) == 1)
			bound = (told - 1e-3) / factor;
	if (from)
		fclose(from);
	return bound;
}

static bool begins(const char *line, const char *word)
{
	return strncmp(line, word, strlen(word)) == 0;
}

/* "     17 c3_NAME   1   0.5", after "**" where it does not hold. */
static void take_values(FILE *from, double *x, size_t n)
{
	char line[400];
	size_t column;
	int at;

	while (fgets(line, sizeof line, from)) {
		const char *rest = line + strspn(line, "* ");

		if (sscanf(rest, "%*u c%zu%n", &column, &at) != 1 || column >= n)
			continue;
		rest += at;
		x[column] = strtod(rest + strcspn(rest, " "), NULL);
	}
}

static bool read_solution(struct milp *m, const struct files *f, FILE *from, double factor,
	struct milp_answer *out, struct err *err)
{
	char line[400] = "";
	double *x;

	if (!fgets(line, sizeof line, from))
		return err_run(err, "'%s': cbc wrote no solution", m->name);
	out->timed_out = begins(line, "Stopped on time");
	if (begins(line, "Infeasible") || begins(line, "Integer infeasible")) {
		out->status = MILP_INFEASIBLE;
		return true;
	}
	if (begins(line, "Unbounded") || strstr(line, "no integer solution")) {
		out->status = begins(line, "Unbounded") ? MILP_UNBOUNDED : MILP_TIMED_OUT;
		return true;
	}
	if (!begins(line, "Optimal") && !begins(line, "Stopped"))
		return err_run(err, "'%s': cbc says '%.100s'", m->name, line);
	x = mem_zalloc(m->n_columns + 1, sizeof *x);
	take_values(from, x, m->n_columns);
	out->status = MILP_TIMED_OUT;
	if (milp_holds(m, x)) {
		out->objective = milp_keep(m, x);
		out->bound = begins(line, "Optimal -")
				     ? out->objective
				     : fmin(told_bound(f, factor), out->objective);
		out->status = out->bound < out->objective ? MILP_FEASIBLE : MILP_OPTIMAL;
	} else if (begins(line, "Optimal")) {
		free(x);
		return err_run(err, "'%s': the solution that cbc found breaks a row", m->name);
	}
	free(x);
	return true;
}

static double factor_of(const struct milp *m)
{
	double most = 0.0;

	for (size_t c = 0; c < m->n_columns; c++)
		most = fmax(most, fabs(m->columns[c].cost));
	return most > 0.0 ? exp2(round(log2(cost_size / most))) : 1.0;
}

bool milp_run_cbc(
	struct milp *m, const struct milp_limits *limits, struct milp_answer *out, struct err *err)
{
	double factor = factor_of(m);
	struct files f;
	FILE *from;
	bool ok;

	if (!files_init(&f, err))
		return false;
	ok = milp_put_mps(m, f.program.s, factor, err) && launch(&f, limits, err);
	from = ok ? fopen(f.solution.s, "r") : NULL;
	if (from) {
		ok = read_solution(m, &f, from, factor, out, err);
		fclose(from);
	} else if (ok) { /* ended before it had any */
		out->status = MILP_TIMED_OUT;
		out->timed_out = true;
	}
	files_finish(&f);
	return ok;
}
