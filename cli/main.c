/* offing: the command line. */
#include <gsl/gsl_errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/quote.h"
#include "cli/command.h"
#include "cli/version.h"

static bool check_args(const struct command *c, const struct opts *o, struct err *err)
{
	char quoted[QUOTE_SIZE];

	if (o->n_args < c->min_args)
		return err_input(
			err, "%s needs %s; see `offing help %s`", c->name, c->args, c->name);
	if (o->n_args > c->max_args)
		return err_input(err, "%s takes no further argument '%s'; see `offing help %s`",
			c->name, quote(quoted, sizeof quoted, o->args[c->max_args]), c->name);
	return true;
}

static enum status run_command(const struct command *c, int argc, char **argv)
{
	enum status status;
	struct err err = {0};
	struct opts o;

	if (!opts_parse(&o, c->name, c->opts, argc, argv, &err)) {
		status = command_fail(&err);
	} else if (opts_get(&o, "help")) {
		command_help(stdout, c);
		status = STATUS_DONE;
	} else if (!check_args(c, &o, &err)) {
		status = command_fail(&err);
	} else {
		status = c->run(&o);
	}
	opts_finish(&o);
	return status;
}

static enum status dispatch(int argc, char **argv)
{
	struct opts none = {0};
	const struct command *c;

	if (argc < 2) {
		fputs("offing: error: no command; see `offing help`\n", stderr);
		return STATUS_USAGE;
	}
	if (!strcmp(argv[1], "--version")) {
		version_print(stdout);
		return STATUS_DONE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return cmd_help.run(&none);
	c = command_find(argv[1]);
	if (!c) {
		command_unknown(argv[1]);
		return STATUS_USAGE;
	}
	return run_command(c, argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	enum status status;

	signal(SIGXFSZ, SIG_IGN);    /* a limit on files is met where they are written */
	gsl_set_error_handler_off(); /* its codes are looked at where GSL is called */
	status = dispatch(argc, argv);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fputs("offing: error: cannot write to standard output\n", stderr);
		return status == STATUS_DONE ? STATUS_FAILED : (int)status;
	}
	return (int)status;
}
