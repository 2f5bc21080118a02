#include "cli/input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/points.h"

#include "io/trace/arrival_trace.h"
#include "models/offload/guard.h"
#include "plan/copies.h"

bool input_plugins(struct plugins *out, const struct opts *o)
{
	struct err err = {0};
	const char **files;
	size_t n, i;
	bool ok = true;

	plugins_init(out);
	files = opts_all(o, "plugin", &n);
	if (n > 0)
		guard_install(); /* they may do anything */
	for (i = 0; i < n && ok; i++)
		ok = plugins_load(out, files[i], &err);
	free(files);
	if (!ok)
		err_print(&err, stderr);
	return ok;
}

static void warn(const struct scenario *s)
{
	for (size_t i = 0; i < s->n_warnings; i++)
		err_print_as(&s->warnings[i], "warning", stderr);
}

/* REL, REL: METRICS, or METRIC=REL,METRIC=REL. */
static void split_precision(struct scenario_request *req, char *text)
{
	char *colon = strchr(text, ':');

	req->precision = text;
	if (!colon || strchr(text, '='))
		return;
	*colon = '\0';
	req->precision_of = colon + 1;
}

static bool uses(const struct scenario_spec *s, const struct policy_ops *ops)
{
	for (size_t p = 0; p < s->n_policies; p++)
		if (s->policies[p].ops == ops)
			return true;
	return false;
}

/* The plug-ins whose policies the scenario names. */
static void add_plugins(struct scenario *s, const struct plugins *plugins, const struct opts *o)
{
	const char **files;
	size_t n;

	files = opts_all(o, "plugin", &n);
	for (size_t i = 0; i < n; i++) {
		const struct policy_ops *ops = plugins_policy(plugins, i);
		char key[128];

		snprintf(key, sizeof key, "plugin:%s", ops->name);
		if (uses(&s->spec, ops))
			scenario_add_input(s, key, files[i]);
	}
	free(files);
}

/* What -s says, and then what the point does. */
struct changes {
	const char **sets;
	struct set_place *at;
	size_t n;
};

static void add_point(
	struct changes *c, struct arena *a, const struct points *points, const struct point *point)
{
	c->sets = mem_resize(c->sets, c->n + points->n_keys, sizeof *c->sets);
	c->at = mem_zalloc(c->n + points->n_keys, sizeof *c->at);
	c->n += points_sets(points, point, a, c->sets + c->n, c->at + c->n);
}

bool input_point(struct scenario **out, const struct plugins *plugins, const char *file,
	const struct opts *o, const struct points *points, const struct point *point,
	struct err_list *errs)
{
	char *precision = opts_get(o, "precision") ? mem_strdup(opts_get(o, "precision")) : NULL;
	struct scenario_request req = {
		.file = file,
		.seed = opts_get(o, "seed"),
		.replications = opts_get(o, "replications"),
		.policies = plugins_registry(plugins),
		.traces = &arrival_trace_opener,
		.placer = &copies_placer,
	};
	struct changes changes = {0};
	struct arena arena;
	bool ok;

	arena_init(&arena);
	changes.sets = opts_all(o, "set", &changes.n);
	if (point)
		add_point(&changes, &arena, points, point);
	req.sets = changes.sets;
	req.sets_at = changes.at;
	req.n_sets = changes.n;
	if (precision)
		split_precision(&req, precision);
	ok = scenario_read(out, &req, errs);
	if (ok)
		add_plugins(*out, plugins, o);
	free(changes.sets);
	free(changes.at);
	arena_finish(&arena);
	free(precision);
	return ok;
}

/* --design and --point of commands that take one point. */

struct chosen {
	struct points points;
	const struct point *point; /* NULL: none is asked for */
};

static bool choose_point(struct chosen *c, const struct opts *o, struct err *err)
{
	const char *file = opts_get(o, "design");
	unsigned long number = 0;

	*c = (struct chosen){0};
	if (!opts_count(o, "point", 1, DESIGN_MOST_NUMBER, &number, err))
		return false;
	if (!file && number == 0)
		return true;
	if (!file || number == 0)
		return err_input(err, file ? "--design wants the row to take: --point N"
					   : "--point wants the table that has it: --design FILE");
	if (!points_read(&c->points, file, err))
		return false;
	c->point = points_find(&c->points, number);
	if (c->point)
		return true;
	points_finish(&c->points);
	return err_input(err, "%s has no point %lu", file, number);
}

static bool read_scenario(
	struct input *in, const char *file, const struct opts *o, const struct chosen *c)
{
	struct err_list errs;
	bool ok;

	err_list_init(&errs);
	ok = input_point(&in->scenario, &in->plugins, file, o, &c->points, c->point, &errs);
	if (ok)
		warn(in->scenario);
	else
		err_list_print(&errs, stderr);
	err_list_finish(&errs);
	return ok;
}

static bool read_chosen(struct input *in, const char *file, const struct opts *o)
{
	struct err err = {0};
	struct chosen chosen;
	bool ok;

	if (!choose_point(&chosen, o, &err)) {
		err_print(&err, stderr);
		return false;
	}
	if (chosen.point && chosen.point->sha256)
		snprintf(in->point_sha256, sizeof in->point_sha256, "%s", chosen.point->sha256);
	ok = read_scenario(in, file, o, &chosen);
	points_finish(&chosen.points);
	return ok;
}

bool input_read(struct input *in, const char *file, const struct opts *o)
{
	in->scenario = NULL;
	in->point_sha256[0] = '\0';
	if (input_plugins(&in->plugins, o) && read_chosen(in, file, o))
		return true;
	input_finish(in);
	return false;
}

bool input_check_point(const struct input *in, const struct opts *o, struct err *err)
{
	if (!in->point_sha256[0] || !strcmp(in->point_sha256, in->scenario->sha256))
		return true;
	return err_input(err,
		"point %s is another scenario than when %s was made: a file or an option has "
		"changed since",
		opts_get(o, "point"), opts_get(o, "design"));
}

void input_finish(struct input *in)
{
	scenario_destroy(in->scenario);
	plugins_finish(&in->plugins);
}
