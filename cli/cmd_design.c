/* offing design: the points of an experiment, as a table. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli/command.h"
#include "cli/input.h"
#include "cli/points.h"
#include "cli/say.h"

enum { MOST_TOLD = 5 };

/* Every point of the scenario is read, for its digest and for what is wrong with it. */
struct reading {
	const struct opts *o;
	const char *file;
	struct plugins plugins;
	struct points points;
	size_t n_refused, n_told;
	char *told; /* last, or to be told next; NULL: nothing yet */
	const struct point *told_of;
};

static void say_point(const struct points *p, const struct point *point, const char *what)
{
	struct buf b;

	buf_init(&b);
	point_describe(&b, p, point);
	say("offing: %s: %s", b.s, what);
	buf_finish(&b);
}

/* Where @err stands and what it says; to be freed. */
static char *as_text(const struct err *err)
{
	char *text = NULL;
	size_t n;
	FILE *to = open_memstream(&text, &n);

	if (!to)
		return mem_strdup(err->msg);
	err_print(err, to);
	fclose(to);
	if (n > 0)
		text[n - 1] = '\0'; /* its end of line */
	return text;
}

/* It stays in the design, to fail alone when it is run. What many have in common is told once, and
 * what all have without a word on points. */
static void tell_refused(struct reading *r, const struct point *p, const struct err_list *errs)
{
	char *text = as_text(&errs->items[0]);
	const bool again = r->told && !strcmp(r->told, text);

	r->n_refused++;
	if (!again && r->told && r->n_told < MOST_TOLD) {
		say_point(&r->points, r->told_of, r->told);
		r->n_told++;
	}
	if (!again) {
		free(r->told);
		r->told = text;
		r->told_of = p;
	} else
		free(text);
}

/* The last of them; false: there is no point to run. */
static bool tell_rest(struct reading *r)
{
	const bool none = r->n_refused == r->points.n;

	if (r->n_refused == 0)
		return true;
	if (none && r->n_told == 0) {
		say("%s", r->told);
		return false;
	}
	if (r->n_told < MOST_TOLD)
		say_point(&r->points, r->told_of, r->told);
	if (none)
		say("offing: error: no point of this design can be run");
	else
		say("offing: %zu of %zu points cannot be run", r->n_refused, r->points.n);
	return !none;
}

static bool identify(struct reading *r, struct point *p, struct err_list *errs, struct err *err)
{
	struct scenario *s;
	bool ok;

	if (!input_point(&s, &r->plugins, r->file, r->o, &r->points, p, errs)) {
		tell_refused(r, p, errs);
		return true;
	}
	ok = scenario_identify(s, err);
	if (ok)
		p->sha256 = arena_strdup(&r->points.arena, s->sha256);
	scenario_destroy(s);
	return ok;
}

static bool identify_all(struct reading *r, struct err *err)
{
	bool ok = true;

	for (size_t i = 0; i < r->points.n && ok; i++) {
		struct err_list errs;

		r->points.points[i].sha256 = NULL; /* what a table said of older files */
		err_list_init(&errs);
		ok = identify(r, &r->points.points[i], &errs, err);
		err_list_finish(&errs);
	}
	return ok;
}

static void tell_twice(const struct points *p, const struct point *gone, const struct point *kept)
{
	struct buf one, other;

	buf_init(&one);
	buf_init(&other);
	point_describe(&one, p, gone);
	point_describe(&other, p, kept);
	if (!strcmp(one.s, other.s))
		say("offing: %s is there twice, and taken once", one.s);
	else
		say("offing: %s is the same scenario as %s, and left out", one.s, other.s);
	buf_finish(&one);
	buf_finish(&other);
}

static bool keep_numbers(struct reading *r, struct err *err)
{
	const char *file = opts_get(r->o, "keep");
	struct points old;

	if (!file)
		return true;
	if (!points_read(&old, file, err))
		return false;
	points_keep_numbers(&r->points, &old);
	points_finish(&old);
	return true;
}

static enum status design_points(struct reading *r)
{
	struct err err = {0};

	if (!identify_all(r, &err))
		return command_fail(&err);
	if (!tell_rest(r))
		return STATUS_USAGE;
	points_keep_first(&r->points, tell_twice);
	if (!keep_numbers(r, &err))
		return command_fail(&err);
	if (opts_get(r->o, "options"))
		points_print_options(stdout, &r->points);
	else
		points_print(stdout, &r->points);
	return STATUS_DONE;
}

/* Options that would say the same of every point what --vary says of each. */
static bool check_options(const struct reading *r, struct err *err)
{
	static const char *const options[] = {"seed", "replications", "precision"};

	if (!strcmp(r->file, "-"))
		return err_input(
			err, "a design reads FILE once a point: it cannot be standard input");
	for (size_t k = 0; k < r->points.n_keys; k++)
		for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
			if (opts_get(r->o, options[i]) && !strncmp(r->points.keys[k], "run.", 4) &&
				!strcmp(r->points.keys[k] + 4, options[i]))
				return err_input(err, "--%s would undo that %s is varied",
					options[i], r->points.keys[k]);
	return true;
}

static enum status design(const struct opts *o)
{
	struct reading r = {.o = o, .file = o->args[0]};
	enum status status;
	struct err err = {0};
	const char **vary;
	size_t n;
	bool ok;

	vary = opts_all(o, "vary", &n);
	ok = points_make(&r.points, opts_get(o, "design"), vary, n, &err);
	free(vary);
	if (!ok)
		return command_fail(&err);
	if (!check_options(&r, &err))
		status = command_fail(&err);
	else if (!input_plugins(&r.plugins, o))
		status = STATUS_USAGE;
	else
		status = design_points(&r);
	plugins_finish(&r.plugins);
	points_finish(&r.points);
	free(r.told);
	return status;
}

static const struct opt_spec opts[] = {
	{"vary", 0, "KEY=VALUES", "values A,B,C or a range, log:1..100:10 Mbps; repeatable"},
	{"design", 0, "HOW", "FILE.csv, sobol:N or lhs:N (with :SEED) in place of the full grid"},
	{"keep", 0, "FILE.csv", "points that this older design has keep their numbers"},
	{"options", 0, NULL, "print each point as options of `offing run`"}, INPUT_OPTS, {0}};

const struct command cmd_design = {
	.name = "design",
	.args = "FILE",
	.min_args = 1,
	.max_args = 1,
	.summary = "print the points of an experiment, a row each, for `offing run --design`",
	.help = "Values are written as after -s; one with commas in quotes or brackets. Ranges:\n"
		"lin: log: int: logint: A..B:N UNIT, step:A..B:STEP UNIT; for sobol and lhs\n"
		"without :N. Columns of FILE.csv are keys, with --vary each row meets each\n"
		"value. Points that come to the same scenario are one; one that cannot be\n"
		"read stays, and is told (docs/sweeps.md). scripts/sweep.sh runs them all.",
	.opts = opts,
	.run = design,
};
