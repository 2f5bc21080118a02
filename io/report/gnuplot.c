#include "io/report/gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/utf8.h"

/* A child that reads and writes files without a name, so that nobody waits for anybody. */
struct child {
	const char *dir;              /* NULL: this one */
	const char *const *arguments; /* ends with NULL */
	FILE *in;                     /* NULL: nothing */
	FILE *out, *said;
};

/** The environment, in the locale that scripts are written in. */
static const char **environment(void)
{
	size_t n = 0, kept = 0;
	const char **out;

	while (environ[n])
		n++;
	out = mem_zalloc(n + 2, sizeof *out);
	for (size_t i = 0; i < n; i++)
		if (strncmp(environ[i], "LC_", 3) != 0)
			out[kept++] = environ[i];
	out[kept] = "LC_ALL=C.UTF-8";
	return out;
}

/** What errno would be when it could not be started; 0 when it could, and *@ok says how it went. */
static int run(bool *ok, const struct child *c)
{
	const char **with = environment();
	posix_spawn_file_actions_t how;
	int status = -1, failed;
	pid_t child;

	posix_spawn_file_actions_init(&how);
	if (c->in)
		posix_spawn_file_actions_adddup2(&how, fileno(c->in), 0);
	else
		posix_spawn_file_actions_addopen(&how, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&how, fileno(c->out), 1);
	posix_spawn_file_actions_adddup2(&how, fileno(c->said), 2);
	if (c->dir)
		posix_spawn_file_actions_addchdir_np(&how, c->dir);
	failed = posix_spawnp(
		&child, "gnuplot", &how, NULL, (char *const *)c->arguments, (char *const *)with);
	while (!failed && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	posix_spawn_file_actions_destroy(&how);
	free(with);
	*ok = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	return failed;
}

static void read_all(struct buf *out, FILE *from)
{
	char piece[4096];
	size_t n;

	rewind(from);
	while ((n = fread(piece, 1, sizeof piece, from)) > 0)
		buf_add(out, piece, n);
}

/** The last line of what it said is what was wrong. */
static bool fail(FILE *said, struct err *err)
{
	struct str rest, line, last = str_of("it ended without a word");
	struct buf text;

	buf_init(&text);
	read_all(&text, said);
	for (rest = str_of(text.s); str_split(&rest, '\n', &line);)
		if (str_trim(line).n > 0)
			last = str_trim(line);
	err_run(err, "gnuplot did not draw it: %.*s", (int)last.n, last.s);
	buf_finish(&text);
	return false;
}

static bool run_child(struct child *c, struct err *err)
{
	bool ok = false;
	int failed;

	c->said = tmpfile();
	if (!c->out || !c->said)
		return err_run(err, "no temporary file for gnuplot: %s", strerror(errno));
	failed = run(&ok, c);
	if (failed == ENOENT)
		err_run(err, "gnuplot is not installed (in Debian: gnuplot-nox)");
	else if (failed)
		err_run(err, "gnuplot cannot be run: %s", strerror(failed));
	else if (!ok)
		fail(c->said, err);
	return ok;
}

static void finish(struct child *c)
{
	if (c->in)
		fclose(c->in);
	if (c->out)
		fclose(c->out);
	if (c->said)
		fclose(c->said);
}

bool gnuplot_file(const char *dir, const char *script, const char *setting, struct err *err)
{
	const char *const arguments[] = {"gnuplot", "-d", "-e", setting, script, NULL};
	struct child c = {.dir = dir, .arguments = arguments, .out = tmpfile()};
	bool ok = run_child(&c, err);

	finish(&c);
	return ok;
}

bool gnuplot_text(struct buf *out, const char *script, struct err *err)
{
	const char *const arguments[] = {"gnuplot", "-d", "-", NULL};
	struct child c = {.arguments = arguments, .in = tmpfile(), .out = tmpfile()};
	bool ok;

	if (c.in && (fputs(script, c.in) < 0 || fflush(c.in) != 0))
		ok = err_run(err, "no room for a temporary file: %s", strerror(errno));
	else {
		if (c.in)
			rewind(c.in);
		ok = run_child(&c, err);
	}
	if (ok)
		read_all(out, c.out);
	finish(&c);
	return ok;
}

void gnuplot_quote(struct buf *out, const char *text)
{
	size_t n = strlen(text), length;
	uint32_t c;

	buf_putc(out, '\'');
	for (size_t at = 0; at < n; at += length ? length : 1) {
		length = utf8_decode(text + at, n - at, &c);
		if (text[at] == '\'')
			buf_puts(out, "''");
		else if (length > 0 && utf8_is_shown(c))
			buf_add(out, text + at, length);
		else
			buf_putc(out, ' ');
	}
	buf_putc(out, '\'');
}
