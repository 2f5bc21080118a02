/* Groups of users. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "io/scenario/parts.h"

static const char *const delivery_words[] = {"whole", "stream", NULL};

#define GROUP(member) offsetof(struct group_entry, member)
static const struct schema_key group_keys[] = {
	{.name = "count",
		.kind = SCHEMA_UNSIGNED,
		.to = GROUP(spec.count),
		.min = 1,
		.max = 1e7,
		.dflt = "1",
		.help = "Users in the group, for `closed` arrivals; an open rate is of the whole "
			"group."},
	{.name = "home",
		.kind = SCHEMA_OTHER,
		.to = GROUP(home),
		.read = read_ref,
		.takes = "a name",
		.without = "none",
		.help = "The site they are next to: decides between routes that are equal, and for "
			"policies that go by it."},
	{.name = "model",
		.kind = SCHEMA_OTHER,
		.to = GROUP(model),
		.read = read_ref,
		.takes = "a key of `models`",
		.without = "required, unless every instance is synthetic",
		.help = "Which they ask for."},
	{.name = "arrivals",
		.kind = SCHEMA_OTHER,
		.to = GROUP(spec.arrivals),
		.read = read_arrivals,
		.required = true,
		.map = &map_arrivals,
		.help = "When requests come."},
	{.name = "workload",
		.kind = SCHEMA_OTHER,
		.to = GROUP(spec.workload),
		.read = read_workload,
		.list = "datasets",
		.map = &map_workload,
		.takes = "a name from `offing list datasets`, `trace`, or a map",
		.without = "required, unless every instance is synthetic; `trace` with arrivals of "
			   "a trace",
		.help = "How long requests are; `trace`: lengths come with the arrivals."},
	{.name = "prefixes",
		.kind = SCHEMA_OTHER,
		.to = GROUP(spec.prefixes),
		.read = read_prefixes,
		.map = &map_prefixes,
		.without = "none",
		.help = "Beginnings that prompts share, which stand before the tokens of "
			"`workload`."},
	{.name = "sessions",
		.kind = SCHEMA_OTHER,
		.to = GROUP(spec.sessions),
		.read = read_sessions,
		.map = &map_sessions,
		.without = "none",
		.help = "Conversations in place of single requests."},
	{.name = "deadline",
		.kind = SCHEMA_QUANTITY,
		.to = GROUP(spec.deadline_s),
		.dim = QUANTITY_TIME,
		.above_min = true,
		.word = "none",
		.word_value = HUGE_VAL,
		.dflt = "none",
		.help = "Time from creation to the last byte within which an answer is in time."},
	{.name = "delivery",
		.kind = SCHEMA_WORD,
		.to = GROUP(delivery),
		.words = delivery_words,
		.dflt = "whole",
		.help = "Whole answers, or each token as a message of its own as it is made."},
	{.name = "bytes_per_token",
		.kind = SCHEMA_QUANTITY,
		.to = GROUP(spec.bytes_per_tok),
		.dim = QUANTITY_BYTES,
		.max = 1e6,
		.dflt = "4 B",
		.help = "Size of a token of prompts and answers on links."},
	{0},
};
const struct schema_map map_users = {.each = "X", .tables = {group_keys}};

/** The lengths of a trace are taken from it unless another workload is named. */
static void default_workload(struct schema_reader *r, struct yaml_node *n)
{
	const struct yaml_item *arrivals = yaml_find(n, "arrivals"), *process = NULL;
	const struct yaml_item *workload = yaml_find(n, "workload");

	if (arrivals && arrivals->value->kind == YAML_MAP)
		process = yaml_find(arrivals->value, "process");
	if (!process || process->value->kind != YAML_TEXT || strcmp(process->value->text, "trace"))
		return;
	if (!workload || workload->value->is_null)
		yaml_set(r->arena, n, "workload", n->at, yaml_new_text(r->arena, "trace", n->at));
}

static bool read_group(struct schema_reader *r, struct yaml_node **slot, void *entry)
{
	struct group_entry *g = entry;
	const struct workload_spec *w = &g->spec.workload;

	if (!schema_want(r, *slot, YAML_MAP, r->path))
		return false;
	g->spec.name = g->e.name;
	g->spec.at = g->e.at;
	default_workload(r, *slot);
	if (!schema_read(r, *slot, group_keys, g))
		return false;
	g->spec.stream = g->delivery == 1;
	if (!g->spec.prefixes.set)
		g->spec.prefixes.set = g->e.name;
	if (w->kind != WORKLOAD_TRACE || g->spec.arrivals.process == ARRIVAL_TRACE)
		return true;
	return err_list_at(r->errs, w->at,
		"workload 'trace' needs arrivals of process 'trace' to take the lengths from");
}

bool read_groups(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct scenario_parts *p = to;
	size_t mark = schema_enter(r, key->name);
	bool ok = parts_named(r, *slot, "a group of users", sizeof *p->groups, read_group,
		&p->groups, &p->n_groups);

	schema_leave(r, mark);
	p->groups_bad = !ok;
	return ok;
}
