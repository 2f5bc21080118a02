#include "tests/extremes/runner.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

/* A sanitizer (IS_SANITIZED comes from meson) needs a multiple of the memory and of the time,
 * and no end of addresses. */
enum { SLOWER = IS_SANITIZED ? 3 : 1, LARGER = IS_SANITIZED ? 4 : 1 };

/* Running */

static void child(const char *const argv[], int out, int err)
{
	struct rlimit space = {(rlim_t)(2 * RUN_MAX_BYTES), (rlim_t)(2 * RUN_MAX_BYTES)};
	struct rlimit none = {0, 0};
	int null = open("/dev/null", O_RDONLY);

	if (!IS_SANITIZED)
		setrlimit(RLIMIT_AS, &space);
	setrlimit(RLIMIT_CORE, &none);
	setpgid(0, 0);
	dup2(null, 0);
	dup2(out, 1);
	dup2(err, 2);
	execv(argv[0], (char *const *)argv);
	_exit(127);
}

static char *contents(FILE *f)
{
	long n;
	char *text;

	fseek(f, 0, SEEK_END);
	n = ftell(f);
	rewind(f);
	text = mem_zalloc((size_t)n + 1, 1);
	if (fread(text, 1, (size_t)n, f) != (size_t)n)
		abort();
	fclose(f);
	return text;
}

/** Wait for @pid until @until_s. */
static bool reap(pid_t pid, double until_s, int *status, struct rusage *use)
{
	struct timespec nap = {0, 1000000};

	while (wait4(pid, status, WNOHANG, use) == 0) {
		if (clock_s() > until_s)
			return false;
		nanosleep(&nap, NULL);
	}
	return true;
}

/** Wait for @pid: ask it to end, as Ctrl-C does, and then make it. */
static bool see_to_it(pid_t pid, int *status, struct rusage *use)
{
	double began_s = clock_s();

	if (reap(pid, began_s + SLOWER * RUN_PATIENCE_S, status, use))
		return true;
	kill(pid, SIGINT);
	if (reap(pid, began_s + SLOWER * RUN_MAX_S, status, use))
		return true;
	kill(-pid, SIGKILL);
	wait4(pid, status, 0, use);
	return false;
}

void run_command(struct run *r, const char *const argv[])
{
	FILE *out = tmpfile(), *err = tmpfile();
	struct rusage use;
	int status;
	pid_t pid;

	run_finish(r);
	if (!out || !err || (pid = fork()) < 0)
		abort();
	if (pid == 0)
		child(argv, fileno(out), fileno(err));
	setpgid(pid, pid);
	r->late = !see_to_it(pid, &status, &use);
	r->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	r->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	r->max_bytes = 1024.0 * (double)use.ru_maxrss;
	r->out = contents(out);
	r->err = contents(err);
}

void run_finish(struct run *r)
{
	free(r->out);
	free(r->err);
	*r = (struct run){0};
}

void run_remove(const char *folder)
{
	const char *const argv[] = {"/bin/rm", "-rf", folder, NULL};
	struct run r = {0};

	run_command(&r, argv);
	run_finish(&r);
}

/* Judging */

/** file:line:col: error: or warning:, or what offing itself says. */
static bool is_message(const char *line)
{
	const char *what = strstr(line, ": error: ");

	if (!what)
		what = strstr(line, ": warning: ");
	if (!what && !strncmp(line, "offing: ", 8))
		what = line;
	return what && strlen(what) > strlen(": warning: ");
}

/** Every line of @r->err is a message; *@n_errors of them are no warnings. */
static bool all_messages(const struct run *r, size_t *n_errors)
{
	char *copy = strdup(r->err), *rest = copy, *line;
	bool ok = true;

	*n_errors = 0;
	while ((line = strsep(&rest, "\n"))) {
		if (!*line)
			continue;
		ok = ok && is_message(line);
		*n_errors += strstr(line, ": error: ") != NULL;
	}
	free(copy);
	return ok;
}

const char *run_complaint(const struct run *r)
{
	size_t n_errors;
	bool clean = all_messages(r, &n_errors);

	if (r->late)
		return "does not end";
	if (strstr(r->err, "a fault of offing") || strstr(r->err, "Little's law") ||
		strstr(r->err, "requests were lost"))
		return "finds itself at fault";
	if (strstr(r->err, "Sanitizer") || strstr(r->err, "runtime error:"))
		return "a sanitizer complains";
	if (r->signal)
		return "ends by a signal";
	if (r->max_bytes > LARGER * RUN_MAX_BYTES)
		return "takes more than 1.5 GB";
	if (!clean)
		return "says something that is neither error nor warning";
	if (r->status == 0)
		return n_errors ? "reports an error and exit status 0" : NULL;
	if (r->status == 130) /* there was more to simulate than there was patience */
		return NULL;
	if (r->status != 1 && r->status != 2)
		return "has an exit status that is not documented";
	if (n_errors == 0)
		return "fails without an error message";
	return r->status == 1 && n_errors > 1 && !strstr(r->err, "policy '")
		       ? "fails with more than one line"
		       : NULL;
}

struct range {
	const char *name;
	double lo, hi;
};

/** What each number can be, from what it means; the first whose name ends the metric's name. */
static const struct range ranges[] = {
	{"lyapunov.verdict", -1, 1},
	{"lyapunov.drift_mean", -HUGE_VAL, HUGE_VAL},
	{"lyapunov.epsilon", -HUGE_VAL, HUGE_VAL},
	{"objective.S", -HUGE_VAL, 0},
	{".share", 0, 1},
	{"", 0, HUGE_VAL},
};

static const struct range *range_of(const char *name, size_t n)
{
	const struct range *r = ranges;

	for (; r->name[0]; r++) {
		size_t k = strlen(r->name);

		if (k <= n && !strncmp(name + n - k, r->name, k))
			break;
	}
	return r;
}

/** The value that follows @key after @at: *@n bytes. */
static const char *field(const char *at, const char *key, size_t *n)
{
	const char *found = strstr(at, key);

	if (!found)
		abort(); /* offing's --json is cut off */
	found += strlen(key);
	*n = strcspn(found, "\",");
	return found;
}

const char *run_bad_metric(const struct run *r, char *buf, size_t size)
{
	const char *at = r->out;

	while ((at = strstr(at, "{\"scope\":\""))) {
		size_t n_scope, n_name, n_mean, n_count;
		const char *scope = field(at, "\"scope\":\"", &n_scope);
		const char *name = field(scope, "\"name\":\"", &n_name);
		const char *mean = field(name, "\"mean\":", &n_mean);
		const char *count = field(mean, "\"n\":", &n_count);
		const struct range *range = range_of(name, n_name);
		char *end;
		double x = strtod(mean, &end);
		bool none = !strncmp(mean, "null", 4) && *count == '0';

		at = mean;
		if (none || (end == mean + n_mean && isfinite(x) && x >= range->lo - 1e-9 &&
				    x <= range->hi + 1e-9))
			continue;
		snprintf(buf, size, "%.*s of '%.*s' is %.*s", (int)n_name, name, (int)n_scope,
			scope, (int)n_mean, mean);
		return buf;
	}
	return NULL;
}
