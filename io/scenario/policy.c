/* Policies and their parameters. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/near.h"
#include "base/quote.h"
#include "io/scenario/keys.h"
#include "io/scenario/parts.h"
#include "models/offload/params.h"

enum { POLICIES_MOST = 1000 }; /* each keeps every setting: a result grows with their square */

static const struct policy_ops *find_policy(struct schema_reader *r, const struct yaml_node *name)
{
	const struct policy_registry *known = &parts_of(r)->req->policies;
	char quoted[QUOTE_SIZE], nearest[100];
	struct near near;
	size_t i;

	near_init(&near, name->text);
	for (i = 0; i < known->n; i++) {
		if (!strcmp(known->all[i]->name, name->text))
			return known->all[i];
		near_add(&near, known->all[i]->name);
	}
	err_list_at(r->errs, name->at, "unknown policy '%s'%s",
		quote(quoted, sizeof quoted, name->text),
		parts_near(
			&near, "; `offing list policies` has the names", nearest, sizeof nearest));
	return NULL;
}

/** Every key but `name`, as text. */
static bool gather_params(
	struct schema_reader *r, const struct yaml_node *n, struct policy_spec *to)
{
	struct param_text *params = arena_alloc(r->arena, n->n, sizeof *params);
	const struct yaml_item *item;
	bool ok = true;
	size_t i;

	to->params = params;
	for (i = 0; i < n->n; i++) {
		item = &n->items[i];
		if (!strcmp(item->key, "name") || item->value->is_null)
			continue;
		if (!schema_want(r, item->value, YAML_TEXT, item->key)) {
			ok = false;
			continue;
		}
		params[to->n_params++] = (struct param_text){
			item->key, item->value->text, item->key_at, item->value->at};
	}
	return ok;
}

/** The map again: the name, then every parameter in the order of the table. */
static void complete_params(struct schema_reader *r, struct yaml_node *n,
	const struct policy_ops *ops, const void *state)
{
	struct yaml_node *whole = yaml_new_map(r->arena, n->at), *value;
	const struct param_spec *param;
	const struct yaml_item *item = yaml_find(n, "name");
	char text[200];

	yaml_set(r->arena, whole, "name", item->key_at, item->value);
	for (param = ops->params; param && param->kind != PARAM_END; param++) {
		item = yaml_find(n, param->name);
		value = item && !item->value->is_null
				? item->value
				: yaml_new_text(r->arena,
					  params_print(text, sizeof text, state, param), n->at);
		yaml_set(r->arena, whole, param->name, n->at, value);
	}
	*n = *whole;
}

/* The others are parameters, which the policy itself has. */
static const struct schema_key policy_keys[] = {
	{.name = "name",
		.kind = SCHEMA_TAG,
		.required = true,
		.list = "policies",
		.takes = "a name from `offing list policies`",
		.help = "Which policy."},
	{0},
};
const struct schema_map map_policy = {.tables = {policy_keys}};
const struct schema_map map_policies = {.each = "X", .tables = {policy_keys}};

struct schema_key scenario_param_key(const struct param_spec *param)
{
	static const enum schema_kind kinds[] = {[PARAM_DOUBLE] = SCHEMA_QUANTITY,
		[PARAM_SIZE] = SCHEMA_U64,
		[PARAM_ENUM] = SCHEMA_WORD,
		[PARAM_TEXT] = SCHEMA_TEXT};

	return (struct schema_key){.name = param->name,
		.kind = kinds[param->kind],
		.dim = param->dim,
		.min = param->min,
		.max = param->max,
		.words = param->words,
		.help = param->help};
}

/** The parameters as keys of a scenario, for who listens. */
static void tell_params(const struct schema_reader *r, const struct param_spec *param)
{
	for (; param && param->kind != PARAM_END; param++) {
		const struct schema_key keys[] = {scenario_param_key(param), {0}};

		schema_tell(r, keys);
	}
}

static bool check_params(struct schema_reader *r, struct yaml_node *n, const struct policy_spec *to)
{
	void *state = mem_zalloc(1, to->ops->state_size + 1);
	struct err err = {0};
	bool ok =
		params_read(state, to->ops->params, to->ops->name, to->params, to->n_params, &err);

	if (ok)
		complete_params(r, n, to->ops, state);
	else
		err_list_add(r->errs, &err);
	free(state);
	return ok;
}

static bool read_one(struct schema_reader *r, struct yaml_node *n, struct policy_spec *to)
{
	const struct yaml_item *name;

	if (!schema_want(r, n, YAML_MAP, r->path))
		return false;
	schema_tell(r, policy_keys);
	name = yaml_find(n, "name");
	if (!name || name->value->is_null)
		return err_list_at(r->errs, n->at, "%s needs the key 'name'", r->path);
	if (!schema_want(r, name->value, YAML_TEXT, "name"))
		return false;
	to->at = name->value->at;
	to->ops = find_policy(r, name->value);
	if (to->ops)
		tell_params(r, to->ops->params);
	return to->ops && gather_params(r, n, to) && check_params(r, n, to);
}

bool read_policy(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct policy_spec *policy = arena_alloc(r->arena, 1, sizeof *policy);
	struct scenario_spec *spec = &((struct scenario_parts *)to)->s->spec;
	size_t mark = schema_enter(r, key->name);
	bool ok = read_one(r, *slot, policy);

	schema_leave(r, mark);
	if (!ok)
		return false;
	policy->label = policy->ops->name;
	spec->policies = policy;
	spec->n_policies = 1;
	return true;
}

struct policy_entry {
	struct entry e;
	struct policy_spec spec;
};

static bool read_policy_entry(struct schema_reader *r, struct yaml_node **slot, void *entry)
{
	struct policy_entry *p = entry;

	p->spec.label = p->e.name;
	return read_one(r, *slot, &p->spec);
}

bool read_policies(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct scenario_spec *spec = &((struct scenario_parts *)to)->s->spec;
	size_t mark = schema_enter(r, key->name), n, i;
	struct policy_entry *entries;
	struct policy_spec *policies;
	bool ok;

	ok = parts_named(r, *slot, "a policy", sizeof *entries, read_policy_entry, &entries, &n);
	schema_leave(r, mark);
	if (ok && n == 0)
		return err_list_at(r->errs, (*slot)->at, "policies is empty");
	if (ok && n > POLICIES_MOST)
		return err_list_at(r->errs, (*slot)->at,
			"there are %zu policies; at most %d can be in one scenario", n,
			POLICIES_MOST);
	if (!ok)
		return false;
	policies = arena_alloc(r->arena, n, sizeof *policies);
	for (i = 0; i < n; i++)
		policies[i] = entries[i].spec;
	spec->policies = policies;
	spec->n_policies = n;
	return true;
}
