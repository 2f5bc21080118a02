/* What the prompts of a group share: prefixes, and what was said before in a session. */
#include <stddef.h>
#include <string.h>

#include "base/quote.h"
#include "io/scenario/parts.h"
#include "models/workload/prefixes.h"

/** uniform, cycle, or zipf and its exponent. */
static bool read_pick(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	const struct schema_key exponent = {
		.name = "the exponent of zipf", .dim = QUANTITY_NUMBER, .max = PREFIX_ZIPF_MAX};
	struct prefixes_spec *p = to;
	char quoted[QUOTE_SIZE];
	struct src_pos at = (*slot)->at;
	const char *text;

	if (!schema_want(r, *slot, YAML_TEXT, key->name))
		return false;
	text = (*slot)->text;
	p->pick = PICK_UNIFORM;
	if (!strcmp(text, "uniform"))
		return true;
	p->pick = PICK_CYCLE;
	if (!strcmp(text, "cycle"))
		return true;
	p->pick = PICK_ZIPF;
	if (strncmp(text, "zipf ", 5) != 0)
		return err_list_at(r->errs, at,
			"pick should be 'uniform', 'cycle', or as in 'zipf 1.1', not '%s'",
			quote(quoted, sizeof quoted, text));
	return schema_number(r, yaml_new_text(r->arena, text + 5, at), &exponent, &p->zipf);
}

#define PREFIXES(member) offsetof(struct prefixes_spec, member)
static const struct schema_key prefixes_keys[] = {
	{.name = "count",
		.kind = SCHEMA_UNSIGNED,
		.to = PREFIXES(count),
		.min = 1,
		.max = PREFIXES_MOST,
		.required = true,
		.help = "How many shared texts there are: system prompts, say."},
	{.name = "tokens",
		.kind = SCHEMA_OTHER,
		.to = PREFIXES(tok),
		.read = read_dist,
		.dim = QUANTITY_NUMBER,
		.min = 1,
		.required = true,
		.map = &map_dist,
		.takes = "a distribution of numbers",
		.help = "Length of each, drawn once."},
	{.name = "pick",
		.kind = SCHEMA_OTHER,
		.read = read_pick,
		.dflt = "uniform",
		.takes = "`uniform`, `cycle` or `zipf S`",
		.help = "Which one a prompt begins with: number k with a probability as k^-S "
			"(`zipf S`, S from 0 to 20), one after another (`cycle`), or any."},
	{.name = "set",
		.kind = SCHEMA_TEXT,
		.to = PREFIXES(set),
		.without = "the group's name",
		.help = "Groups that name one set share its texts."},
	{0},
};
const struct schema_map map_prefixes = {.tables = {prefixes_keys}};

bool read_prefixes(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct prefixes_spec *p = to;
	size_t mark = schema_enter(r, key->name);
	bool ok = schema_want(r, *slot, YAML_MAP, key->name) &&
		  schema_read(r, *slot, prefixes_keys, p);

	schema_leave(r, mark);
	p->at = (*slot)->at;
	return ok;
}

#define SESSIONS(member) offsetof(struct sessions_spec, member)
static const struct schema_key sessions_keys[] = {
	{.name = "turns",
		.kind = SCHEMA_OTHER,
		.to = SESSIONS(turns),
		.read = read_dist,
		.dim = QUANTITY_NUMBER,
		.min = 1,
		.required = true,
		.map = &map_dist,
		.takes = "a distribution of numbers",
		.help = "How many requests a conversation has."},
	{.name = "think",
		.kind = SCHEMA_OTHER,
		.to = SESSIONS(think),
		.read = read_dist,
		.dim = QUANTITY_TIME,
		.dflt = "0 s",
		.map = &map_dist,
		.takes = "a distribution of times",
		.help = "Time between an answer and the next prompt."},
	{0},
};
const struct schema_map map_sessions = {.tables = {sessions_keys}};

bool read_sessions(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct sessions_spec *s = to;
	size_t mark = schema_enter(r, key->name);
	bool ok = schema_want(r, *slot, YAML_MAP, key->name) &&
		  schema_read(r, *slot, sessions_keys, s);

	schema_leave(r, mark);
	s->on = true;
	s->at = (*slot)->at;
	return ok;
}
