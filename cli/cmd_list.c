/* offing list: what a scenario may call by name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/near.h"
#include "base/quote.h"
#include "cli/command.h"
#include "cli/json.h"
#include "io/profile/file.h"
#include "io/scenario/scenario.h"
#include "models/cost/catalog.h"
#include "models/workload/dataset.h"
#include "policies/all.h"

/** Lines of a list as they come; strings that are made live in the arena. */
struct lines {
	struct arena arena;
	size_t n, cap;
	struct line {
		const char *name, *summary;
	} * all;
};

static void add(struct lines *l, const char *name, const char *summary)
{
	l->all = mem_grow(l->all, l->n, &l->cap, sizeof *l->all);
	l->all[l->n++] = (struct line){name, summary};
}

static void list_policies(struct lines *l)
{
	struct policy_registry policies = policies_all();
	size_t i;

	for (i = 0; i < policies.n; i++)
		add(l, policies.all[i]->name, policies.all[i]->summary);
}

static void list_gpus(struct lines *l)
{
	size_t i;

	for (i = 0; i < catalog_n_gpus; i++)
		add(l, catalog_gpus[i].spec.name, catalog_gpus[i].summary);
}

static void list_models(struct lines *l)
{
	size_t i;

	for (i = 0; i < catalog_n_models; i++)
		add(l, catalog_models[i].shape.name, catalog_models[i].summary);
}

static void list_runtimes(struct lines *l)
{
	const struct catalog_runtime *r;
	size_t i;

	for (i = 0; i < catalog_n_runtimes; i++) {
		r = &catalog_runtimes[i];
		add(l, r->name,
			r->built ? r->summary
				 : arena_printf(&l->arena, "%s (not built yet)", r->summary));
	}
}

static void list_profiles(struct lines *l)
{
	const struct profile_set *set = profile_builtin(&l->arena);
	const struct profile *p;
	size_t i;

	for (i = 0; i < set->n; i++) {
		p = set->all[i];
		add(l, p->name,
			arena_printf(&l->arena, "%s, runtime %s, model %s: %s, %s",
				strcmp(p->device, "*") ? p->device : "any gpu", p->runtime,
				strcmp(p->model, "*") ? p->model : "any",
				provenance_names[p->provenance], p->method));
	}
}

static void list_datasets(struct lines *l)
{
	size_t i;

	for (i = 0; i < dataset_count(); i++)
		add(l, dataset_at(i)->name, dataset_at(i)->summary);
}

static void list_arrivals(struct lines *l)
{
	const struct scenario_word *w;

	for (w = scenario_arrivals; w->name; w++)
		add(l, w->name, w->summary);
}

static const struct what {
	const char *name;
	void (*list)(struct lines *l);
} whats[] = {
	{"policies", list_policies},
	{"gpus", list_gpus},
	{"models", list_models},
	{"runtimes", list_runtimes},
	{"profiles", list_profiles},
	{"datasets", list_datasets},
	{"arrivals", list_arrivals},
};

static const struct what *find(const char *name)
{
	struct err err = {0};
	char quoted[QUOTE_SIZE];
	struct near near;
	size_t i;

	near_init(&near, name);
	for (i = 0; i < sizeof whats / sizeof whats[0]; i++) {
		if (!strcmp(whats[i].name, name))
			return &whats[i];
		near_add(&near, whats[i].name);
	}
	quote(quoted, sizeof quoted, name);
	if (near_best(&near))
		err_input(&err, "there is no list of '%s'; did you mean '%s'?", quoted,
			near_best(&near));
	else
		err_input(&err, "there is no list of '%s'; see `offing help list`", quoted);
	err_print(&err, stderr);
	return NULL;
}

static void print_text(const struct lines *l)
{
	size_t i, wide = 0;

	for (i = 0; i < l->n; i++)
		if (strlen(l->all[i].name) > wide)
			wide = strlen(l->all[i].name);
	for (i = 0; i < l->n; i++)
		printf("%-*s  %s\n", (int)wide, l->all[i].name, l->all[i].summary);
}

static void print_json(const struct lines *l)
{
	size_t i;

	putchar('[');
	for (i = 0; i < l->n; i++) {
		fputs(i ? ",\n {\"name\":" : "{\"name\":", stdout);
		json_string(stdout, l->all[i].name);
		fputs(",\"summary\":", stdout);
		json_string(stdout, l->all[i].summary);
		putchar('}');
	}
	puts("]");
}

static enum status list(const struct opts *o)
{
	const struct what *what = find(o->args[0]);
	struct lines lines = {0};

	if (!what)
		return STATUS_USAGE;
	arena_init(&lines.arena);
	what->list(&lines);
	if (opts_get(o, "json"))
		print_json(&lines);
	else
		print_text(&lines);
	free(lines.all);
	arena_finish(&lines.arena);
	return STATUS_DONE;
}

static const struct opt_spec opts[] = {
	{"json", 0, NULL, "print a JSON array of {name, summary}"},
	{0},
};

const struct command cmd_list = {
	.name = "list",
	.args = "WHAT",
	.min_args = 1,
	.max_args = 1,
	.summary = "list what a scenario may call by name",
	.help = "WHAT is policies, gpus, models, runtimes, profiles, datasets or arrivals.",
	.words = "policies gpus models runtimes profiles datasets arrivals",
	.opts = opts,
	.run = list,
};
