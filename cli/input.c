#include "cli/input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

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
static void add_plugins(struct input *in, const struct opts *o)
{
	const char **files;
	size_t n;

	files = opts_all(o, "plugin", &n);
	for (size_t i = 0; i < n; i++) {
		const struct policy_ops *ops = plugins_policy(&in->plugins, i);
		char key[128];

		snprintf(key, sizeof key, "plugin:%s", ops->name);
		if (uses(&in->scenario->spec, ops))
			scenario_add_input(in->scenario, key, files[i]);
	}
	free(files);
}

static bool read_scenario(struct input *in, const char *file, const struct opts *o)
{
	char *precision = opts_get(o, "precision") ? mem_strdup(opts_get(o, "precision")) : NULL;
	struct scenario_request req = {
		.file = file,
		.seed = opts_get(o, "seed"),
		.replications = opts_get(o, "replications"),
		.policies = plugins_registry(&in->plugins),
		.traces = &arrival_trace_opener,
		.placer = &copies_placer,
	};
	const char **sets = opts_all(o, "set", &req.n_sets);
	struct err_list errs;
	bool ok;

	req.sets = sets;
	if (precision)
		split_precision(&req, precision);
	err_list_init(&errs);
	ok = scenario_read(&in->scenario, &req, &errs);
	if (ok)
		add_plugins(in, o);
	if (ok)
		warn(in->scenario);
	else
		err_list_print(&errs, stderr);
	err_list_finish(&errs);
	free(sets);
	free(precision);
	return ok;
}

bool input_read(struct input *in, const char *file, const struct opts *o)
{
	in->scenario = NULL;
	if (input_plugins(&in->plugins, o) && read_scenario(in, file, o))
		return true;
	input_finish(in);
	return false;
}

void input_finish(struct input *in)
{
	scenario_destroy(in->scenario);
	plugins_finish(&in->plugins);
}
