/* The whole of a scenario: its top level, `run`, `record`, and the resolved text. */
#include "io/scenario/scenario.h"

#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/near.h"
#include "base/quote.h"
#include "base/str.h"
#include "io/scenario/parts.h"
#include "io/scenario/precision.h"

/* run */

static const char *const quantile_words[] = {
	[PROFILE_LOW] = "low", [PROFILE_MEDIAN] = "median", [PROFILE_HIGH] = "high", NULL};

/** Below any time that can be given. */
static const double warmup_auto = -1;

struct run_entry {
	struct run_spec spec;
	struct src_pos horizon_at, requests_at, precision_of_at, antithetic_at;
};

static bool read_precision(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	return precision_read(r, *slot, key, &((struct run_entry *)to)->spec);
}

static bool read_precision_of(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	(void)key;
	return precision_read_of(r, *slot, &((struct run_entry *)to)->spec);
}

#define RUN(member) offsetof(struct run_entry, member)
#define RUN_TIME(word_, member, ...) \
	{ \
		.name = (word_), .kind = SCHEMA_QUANTITY, .to = RUN(member), .dim = QUANTITY_TIME, \
		.max = 50000.0 * 86400, __VA_ARGS__ \
	}
static const struct schema_key run_keys[] = {
	RUN_TIME("horizon", spec.horizon_s, .above_min = true, .at = RUN(horizon_at),
		.word = "trace", .without = "this or `requests` is required",
		.help = "Measured time after the warm-up, or `trace`: until every request of the "
			"traces after it is answered."),
	{.name = "requests",
		.kind = SCHEMA_U64,
		.to = RUN(spec.requests),
		.at = RUN(requests_at),
		.min = 1,
		.max = 1e15,
		.without = "this or `horizon` is required",
		.help = "Measured requests of a replication, created after the warm-up."},
	RUN_TIME("warmup", spec.warmup_s, .word = "auto", .word_value = -1, .dflt = "auto",
		.help = "What is simulated before anything is measured; `auto`: twice the MSER-5 "
			"cut of a pilot run."),
	{.name = "seed",
		.kind = SCHEMA_U64,
		.to = RUN(spec.seed),
		.dflt = "1",
		.help = "Seed of all random streams."},
	{.name = "replications",
		.kind = SCHEMA_UNSIGNED,
		.to = RUN(spec.replications),
		.min = 1,
		.max = 1e6,
		.dflt = "10",
		.help = "Independent repetitions."},
	{.name = "antithetic",
		.kind = SCHEMA_BOOL,
		.to = RUN(spec.antithetic),
		.at = RUN(antithetic_at),
		.without = "all are independent",
		.help = "Replications are pairs that draw opposite numbers, and intervals are over "
			"pairs: `replications` is even."},
	{.name = "precision",
		.kind = SCHEMA_OTHER,
		.read = read_precision,
		.dim = QUANTITY_FRACTION,
		.above_min = true,
		.max = 0.5,
		.word = "none",
		.dflt = "none",
		.takes = "a share, `none`, or metrics with theirs: `{e2e.p95_s: 2 %, qos.share: 1 "
			 "%}`",
		.help = "Half-width of the 95 % interval, as a share of the mean, to go on until: "
			"of all large metrics, or of each its own."},
	{.name = "precision_of",
		.kind = SCHEMA_OTHER,
		.read = read_precision_of,
		.at = RUN(precision_of_at),
		.dflt = "large",
		.list = "metrics",
		.takes = "`large`, or names: `[e2e.mean_s, qos.share]`",
		.help = "The metrics of the whole system that `precision` is asked of."},
	{.name = "profile_quantile",
		.kind = SCHEMA_WORD,
		.to = RUN(spec.quantile),
		.words = quantile_words,
		.dflt = "median",
		.help = "Whether device times are fast (`low`), median or slow (`high`) ones of "
			"the spread of their profiles."},
	{.name = "backlog",
		.kind = SCHEMA_U64,
		.to = RUN(spec.backlog),
		.max = SCENARIO_BACKLOG_MOST,
		.dflt = "0",
		.help = "So many requests stand in the scheduler's line at time 0; none of them is "
			"measured."},
	RUN_TIME("limit", spec.limit_s, .above_min = true, .word = "auto", .dflt = "auto",
		.help = "Simulated time after which a run of `requests` or of a trace has failed; "
			"`auto`: never by time, but when 20 million events change nothing about "
			"the measured requests."),
	RUN_TIME("scheduler_delay", spec.scheduler_delay_s, .dflt = "0 s",
		.help = "Each message to or from the scheduler takes this long."),
	RUN_TIME("state_delay", spec.state_delay_s, .dflt = "0 s",
		.help = "What policies see of an instance is this old, but for their own "
			"decisions."),
	{0},
};
const struct schema_map map_run = {.tables = {run_keys}};

static bool read_run(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct run_entry run = {0};
	size_t mark = schema_enter(r, key->name);
	bool ok = schema_read(r, *slot, run_keys, &run);

	schema_leave(r, mark);
	run.spec.warmup_auto = run.spec.warmup_s == warmup_auto;
	if (run.spec.warmup_auto)
		run.spec.warmup_s = 0;
	run.spec.horizon_trace = run.horizon_at.line > 0 && run.spec.horizon_s == 0.0;
	run.spec.at = (*slot)->at;
	if (ok && run.spec.n_precision_of > 0 && run.spec.precision == 0.0)
		scenario_warn(r, run.precision_of_at,
			run.spec.n_goals > 0
				? "precision_of has no effect: precision names its metrics"
				: "precision_of has no effect without a precision");
	((struct scenario_parts *)to)->s->spec.run = run.spec;
	if (ok && run.horizon_at.line > 0 && run.requests_at.line > 0)
		return err_list_at(r->errs, run.requests_at,
			"run has a horizon and a number of requests; only one can end it");
	if (ok && run.spec.antithetic && run.spec.replications % 2 > 0)
		return err_list_at(r->errs, run.antithetic_at,
			"antithetic replications are pairs; their number must be even, not %u",
			(unsigned)run.spec.replications);
	if (ok && run.horizon_at.line == 0 && run.requests_at.line == 0)
		return err_list_at(
			r->errs, (*slot)->at, "run needs the key 'horizon' or the key 'requests'");
	return ok;
}

/* record */

static const struct schema_key record_keys[] = {
	{.name = "requests",
		.kind = SCHEMA_BOOL,
		.to = offsetof(struct record_spec, requests),
		.dflt = "true",
		.help = "A row for every request."},
	{.name = "choices",
		.kind = SCHEMA_BOOL,
		.to = offsetof(struct record_spec, choices),
		.dflt = "false",
		.help = "What each request was predicted to take where it was sent, and at the "
			"best of the other instances."},
	{.name = "queues",
		.kind = SCHEMA_QUANTITY,
		.to = offsetof(struct record_spec, queues_s),
		.dim = QUANTITY_TIME,
		.above_min = true,
		.word = "off",
		.dflt = "1 s",
		.help = "Length of a slot of the queue series."},
	{.name = "timeline",
		.kind = SCHEMA_BOOL,
		.to = offsetof(struct record_spec, timeline),
		.dflt = "false",
		.help = "Whether `timeline.json` with the results shows the first replication of "
			"each policy."},
	{.name = "timeline_events",
		.kind = SCHEMA_U64,
		.to = offsetof(struct record_spec, timeline_events),
		.min = 1000,
		.max = 1e9,
		.dflt = "1000000",
		.help = "Events in it, all policies together."},
	{0},
};
const struct schema_map map_record = {.tables = {record_keys}};

static bool read_record(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct record_spec record = {0};
	size_t mark = schema_enter(r, key->name);
	bool ok = schema_read(r, *slot, record_keys, &record);

	schema_leave(r, mark);
	((struct scenario_parts *)to)->s->spec.record = record;
	return ok;
}

/* The top level */

/** Results are kept in a folder of this name. */
static bool read_scenario_name(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	static const char alnum[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	const char *name;
	char quoted[QUOTE_SIZE];
	size_t i;

	if (!schema_want(r, *slot, YAML_TEXT, key->name))
		return false;
	name = (*slot)->text;
	((struct scenario_parts *)to)->s->spec.name = name;
	for (i = 0; name[i] && (strchr(alnum, name[i]) || (i > 0 && strchr("_-.", name[i]))); i++)
		continue;
	if (!name[i] && i > 0 && i <= 64)
		return true;
	return err_list_at(r->errs, (*slot)->at,
		"name should be 1 to 64 letters, digits, '_', '-' and '.', starting with a letter "
		"or a digit, not '%s'",
		quote(quoted, sizeof quoted, name));
}

#define SECTION(word, fn, ...) \
	{ \
		.name = (word), .kind = SCHEMA_OTHER, .read = (fn), __VA_ARGS__ \
	}
static const struct schema_key top_keys[] = {
	{.name = "name",
		.kind = SCHEMA_OTHER,
		.read = read_scenario_name,
		.required = true,
		.takes = "1 to 64 letters, digits, `_`, `-` and `.`, the first of them a letter or "
			 "a digit",
		.help = "Name of the scenario, and of the folder for its results."},
	{.name = "description",
		.kind = SCHEMA_TEXT,
		.to = offsetof(struct scenario_parts, description),
		.without = "none",
		.help = "One line for people."},
	SECTION("run", read_run, .required = true, .map = &map_run,
		.help = "How long and how often is simulated."),
	SECTION("sites", read_sites, .map = &map_sites, .without = "`{}`",
		.help = "Places with machines, by name."),
	SECTION("links", read_links, .map = &map_links, .without = "`{}`",
		.help = "The network, by name; without any, every transfer takes no time."),
	SECTION("models", read_models, .map = &map_models, .without = "`{}`",
		.help = "What is served, by name."),
	SECTION("instances", read_instances, .required = true, .map = &map_instances,
		.help = "Deployments of models, and queues with a service time, by name; or "
			"`auto`."),
	SECTION("users", read_groups, .required = true, .map = &map_users,
		.help = "Groups of users, by name."),
	SECTION("policy", read_policy, .map = &map_policy,
		.takes = "`{name: NAME, ...}`: a policy and its parameters, as `offing list "
			 "policies NAME` shows them",
		.without = "this or `policies` is required", .help = "Who serves what."),
	SECTION("policies", read_policies, .map = &map_policies,
		.takes = "`{LABEL: {name: NAME, ...}, ...}`",
		.without = "this or `policy` is required",
		.help = "Several policies by label, which run on the same arrivals."),
	SECTION("record", read_record, .map = &map_record, .without = "the defaults of its keys",
		.help = "What is kept beside the metrics."),
	{0},
};
const struct schema_map map_top = {.tables = {top_keys}};

/** Sections whose keys all have defaults may be left out. */
static void add_empty_sections(struct arena *a, struct yaml_node *root)
{
	static const char *const names[] = {"sites", "links", "models", "record"};
	const struct yaml_item *item;
	size_t i;

	for (i = 0; i < sizeof names / sizeof names[0]; i++) {
		item = yaml_find(root, names[i]);
		if (!item || item->value->is_null)
			yaml_set(a, root, names[i], root->at, yaml_new_map(a, root->at));
	}
}

static struct yaml_node *section(const struct yaml_node *root, const char *name)
{
	const struct yaml_item *item = yaml_find(root, name);

	return item && item->value->kind == YAML_MAP ? item->value : NULL;
}

static bool read_top(struct scenario_parts *p, struct yaml_node *root)
{
	bool ok, one, several;

	add_empty_sections(p->r.arena, root);
	p->sites_node = section(root, "sites");
	p->models_node = section(root, "models");
	p->instances_node = section(root, "instances");
	ok = schema_read(&p->r, root, top_keys, p);
	one = yaml_find(root, "policy") != NULL;
	several = yaml_find(root, "policies") != NULL;
	if (one && several)
		return err_list_at(p->r.errs, yaml_find(root, "policies")->key_at,
			"there is a policy and there are policies; only one of the two can be");
	if (!one && !several)
		return err_list_at(p->r.errs, root->at,
			"a scenario needs the key 'policy' or the key 'policies'");
	return ok;
}

/* What is kept of the tree */

static size_t count_leaves(const struct yaml_node *n)
{
	size_t total = 0, i;

	if (n->kind == YAML_TEXT || n->n == 0)
		return 1;
	for (i = 0; i < n->n; i++)
		total += count_leaves(n->items[i].value);
	return total;
}

/** An empty map or list is a leaf too: links: {} says something. */
static const char *leaf_text(const struct yaml_node *n)
{
	if (n->kind == YAML_TEXT)
		return n->is_null ? "null" : n->text;
	return n->kind == YAML_MAP ? "{}" : "[]";
}

static void add_leaves(
	struct scenario *s, struct setting *to, const struct yaml_node *n, const char *path)
{
	const char *dot = path[0] ? "." : "", *below;
	size_t i;

	if (n->kind == YAML_TEXT || n->n == 0) {
		to[s->n_settings++] = (struct setting){path, leaf_text(n)};
		return;
	}
	for (i = 0; i < n->n; i++) {
		below = n->kind == YAML_MAP
				? arena_printf(&s->arena, "%s%s%s", path, dot, n->items[i].key)
				: arena_printf(&s->arena, "%s%s%zu", path, dot, i);
		add_leaves(s, to, n->items[i].value, below);
	}
}

static void keep(struct scenario *s, struct yaml_node *root)
{
	struct setting *settings;
	struct buf text;

	settings = arena_alloc(&s->arena, count_leaves(root), sizeof *settings);
	add_leaves(s, settings, root, "");
	s->settings = settings;
	buf_init(&text);
	yaml_print(&text, root);
	s->text = arena_strdup(&s->arena, text.s);
	s->root = root;
	buf_finish(&text);
}

bool scenario_read(struct scenario **out, const struct scenario_request *req, struct err_list *errs)
{
	struct scenario_parts p = {.req = req};
	struct yaml_node *root;
	struct err err = {0};

	*out = NULL;
	p.s = mem_zalloc(1, sizeof *p.s);
	arena_init(&p.s->arena);
	p.r = (struct schema_reader){.arena = &p.s->arena, .errs = errs, .listener = req->listener};
	if (!scenario_load(&root, &p.s->arena, req, &err))
		err_list_add(errs, &err);
	else {
		read_top(&p, root);
		p.s->spec.description = p.description;
		parts_expand(&p);
	}
	if (errs->n == 0) {
		parts_warn_idle(&p, root);
		keep(p.s, root);
		p.s->profiles = p.profiles;
		*out = p.s;
		return true;
	}
	err_list_sort(errs);
	scenario_destroy(p.s);
	return false;
}

void scenario_destroy(struct scenario *s)
{
	if (!s)
		return;
	free(s->warnings);
	free(s->inputs);
	free(s->input_nodes);
	arena_finish(&s->arena);
	free(s);
}
