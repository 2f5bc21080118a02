#ifndef OFFING_CLI_INPUT_H
#define OFFING_CLI_INPUT_H

#include "cli/opt.h"
#include "io/scenario/scenario.h"
#include "policies/plugin.h"

/** What commands that read a scenario share: these options, and the reading itself. */
#define INPUT_OPTS \
	{"set", 's', "KEY=VALUE", "change the scenario: -s links.wan.rate='10 Mbps'; repeatable"}, \
		{"seed", 0, "N", "run.seed of the scenario"}, \
		{"replications", 0, "N", "run.replications of the scenario"}, \
		{"precision", 0, "REL[:METRICS]", \
			"run.precision, and run.precision_of, of the scenario"}, \
	{ \
		"plugin", 0, "FILE.so", "load a policy from a shared object; repeatable" \
	}

/** A scenario and the policies it may name, which must outlive it. */
struct input {
	struct plugins plugins;
	struct scenario *scenario;
};

/** Read the scenario @file as the options in @o say. On false what is wrong has been
 *  printed, and @in needs no input_finish(). */
MUST_CHECK bool input_read(struct input *in, const char *file, const struct opts *o);
void input_finish(struct input *in);

#endif
