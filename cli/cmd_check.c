/* offing check: read a scenario, check it, print it as resolved. */
#include <stdio.h>

#include "cli/command.h"
#include "cli/input.h"
#include "cli/provenance.h"
#include "cli/routes.h"
#include "cli/tc.h"
#include "models/world/world.h"

/* Whose device times it uses, as comments: it still reads back to itself. */
static void print_resolved(const struct scenario *s)
{
	fputs(s->text, stdout);
	provenance_print(stdout, &s->spec, "# ", 80);
}

static enum status check(const struct opts *o)
{
	enum status status = STATUS_DONE;
	struct err err = {0};
	struct input in;

	if (!input_read(&in, o->args[0], o))
		return STATUS_USAGE;
	if (!world_check(&in.scenario->spec, &err))
		status = command_fail(&err);
	else if (opts_get(o, "routes")) {
		if (!routes_print(stdout, &in.scenario->spec, &err))
			status = command_fail(&err);
	} else if (opts_get(o, "tc"))
		tc_print(stdout, &in.scenario->spec);
	else
		print_resolved(in.scenario);
	input_finish(&in);
	return status;
}

static const struct opt_spec opts[] = {
	{"routes", 0, NULL, "print the route from each group of users to each site with instances"},
	{"tc", 0, NULL, "print the tc commands that build the links instead"}, INPUT_OPTS,
	POINT_OPTS, {0}};

const struct command cmd_check = {
	.name = "check",
	.args = "FILE",
	.min_args = 1,
	.max_args = 1,
	.summary = "read a scenario, check it, print it with all defaults filled in",
	.help = "FILE may be - for standard input. What is printed reads back to itself;\n"
		"comments at its end name the profiles that device times come from.\n"
		"The first 10 000 rows of traces are checked too.",
	.opts = opts,
	.run = check,
};
