#ifndef OFFING_CLI_INPUT_H
#define OFFING_CLI_INPUT_H

#include "cli/opt.h"
#include "io/scenario/scenario.h"
#include "policies/plugin.h"

/** What commands that read a scenario share: these options, and the reading itself. */
#define PLUGIN_OPT \
	{ \
		"plugin", 0, "FILE.so", "load a policy from a shared object; repeatable" \
	}

#define INPUT_OPTS \
	{"set", 's', "KEY=VALUE", "change the scenario: -s links.wan.rate='10 Mbps'; repeatable"}, \
		{"seed", 0, "N", "run.seed of the scenario"}, \
		{"replications", 0, "N", "run.replications of the scenario"}, \
		{"precision", 0, "HOW", "run.precision: REL, REL:METRIC,... or METRIC=REL,..."}, \
		PLUGIN_OPT

/** One point of a table (points.h). */
#define POINT_OPTS \
	{"design", 0, "FILE.csv", "change what a row of this table does, after every -s"}, \
	{ \
		"point", 0, "N", "the row whose column `point` is N, or row N" \
	}

struct points;
struct point;

/** A scenario and the policies it may name, which must outlive it. */
struct input {
	struct plugins plugins;
	struct scenario *scenario;
	char point_sha256[65]; /* what the table of points says identifies it; "": nothing */
};

/** All policies there are: the built-in ones, and those of --plugin. On false what is wrong has
 * been printed; plugins_finish() is due all the same. */
MUST_CHECK bool input_plugins(struct plugins *out, const struct opts *o);

/** Read the scenario @file as the options in @o say. On false what is wrong has been
 *  printed, and @in needs no input_finish(). */
MUST_CHECK bool input_read(struct input *in, const char *file, const struct opts *o);
void input_finish(struct input *in);

/** Point @point of @points of the scenario @file, with the policies of @plugins. On false @errs,
 *  which the caller has initialised, says what is wrong. */
MUST_CHECK bool input_point(struct scenario **out, const struct plugins *plugins, const char *file,
	const struct opts *o, const struct points *points, const struct point *point,
	struct err_list *errs);

/** Is it the scenario that the table of points was made of? After scenario_identify(). */
MUST_CHECK bool input_check_point(const struct input *in, const struct opts *o, struct err *err);

#endif
