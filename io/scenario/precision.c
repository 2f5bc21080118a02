/* What replications go on for: metrics, and how precise each is to be. */
#include "io/scenario/precision.h"

#include <string.h>

#include "base/near.h"
#include "base/quote.h"

/* One name of a metric of the system. */
static bool find_metric(
	struct schema_reader *r, enum metric_id *id, const char *name, struct src_pos at)
{
	char quoted[QUOTE_SIZE];
	struct near near;

	near_init(&near, name);
	for (enum metric_id m = 0; m < METRICS; m++)
		if (metrics[m].scopes & SCOPE_SYSTEM)
			near_add(&near, metrics[m].name);
	if (metric_find(id, name) && metrics[*id].scopes & SCOPE_SYSTEM)
		return true;
	quote(quoted, sizeof quoted, name);
	if (near_best(&near))
		return err_list_at(r->errs, at,
			"'%s' is no metric of the whole system; did you mean '%s'?", quoted,
			near_best(&near));
	return err_list_at(r->errs, at,
		"'%s' is no metric of the whole system; see `offing list metrics`", quoted);
}

/* precision_of */

static bool add_metric(struct schema_reader *r, struct run_spec *run, const char *name,
	struct src_pos at, enum metric_id *ids)
{
	enum metric_id id;

	if (!find_metric(r, &id, name, at))
		return false;
	if (run->n_precision_of < METRICS)
		ids[run->n_precision_of++] = id;
	return true;
}

bool precision_read_of(struct schema_reader *r, const struct yaml_node *n, struct run_spec *run)
{
	enum metric_id *ids = arena_alloc(r->arena, METRICS, sizeof *ids);
	bool ok = true;

	run->precision_of = ids;
	if (n->kind == YAML_TEXT && strcmp(n->text, "large") == 0)
		return true;
	if (n->kind == YAML_TEXT) {
		char *text = arena_strdup(r->arena, n->text), *rest, *name;

		for (name = strtok_r(text, ", ", &rest); name; name = strtok_r(NULL, ", ", &rest))
			ok = add_metric(r, run, name, n->at, ids) && ok;
	} else if (n->kind == YAML_LIST) {
		for (size_t i = 0; i < n->n; i++)
			ok = schema_want(r, n->items[i].value, YAML_TEXT, "the name of a metric") &&
			     add_metric(
				     r, run, n->items[i].value->text, n->items[i].value->at, ids) &&
			     ok;
	}
	if (ok && run->n_precision_of == 0)
		return err_list_at(r->errs, n->at,
			"precision_of should be 'large' or names of metrics; see `offing list "
			"metrics`");
	return ok;
}

/* precision */

static bool add_goal(struct schema_reader *r, struct run_spec *run, struct precision_goal *goals,
	const struct schema_key *of, const char *name, struct src_pos name_at,
	const struct yaml_node *value)
{
	struct schema_key key = *of;
	struct precision_goal goal = {0};

	key.name = name;
	key.word = NULL;
	if (!find_metric(r, &goal.id, name, name_at) ||
		!schema_number(r, value, &key, &goal.relative))
		return false;
	for (size_t i = 0; i < run->n_goals; i++)
		if (goals[i].id == goal.id)
			return err_list_at(
				r->errs, name_at, "precision names %s a second time", name);
	goals[run->n_goals++] = goal;
	return true;
}

static char *trim(char *s)
{
	size_t n;

	s += strspn(s, " ");
	for (n = strlen(s); n > 0 && s[n - 1] == ' '; n--)
		s[n - 1] = '\0';
	return s;
}

static bool add_goals_of_text(struct schema_reader *r, struct run_spec *run,
	struct precision_goal *goals, const struct schema_key *key, const struct yaml_node *n)
{
	char *rest, *one, *equals, quoted[QUOTE_SIZE];
	bool ok = true;

	for (one = strtok_r(arena_strdup(r->arena, n->text), ",", &rest); one;
		one = strtok_r(NULL, ",", &rest)) {
		equals = strchr(one, '=');
		if (!equals) {
			ok = err_list_at(r->errs, n->at,
				"precision should be METRIC=REL,METRIC=REL..., and '%s' is not",
				quote(quoted, sizeof quoted, trim(one)));
			continue;
		}
		*equals = '\0';
		ok = add_goal(r, run, goals, key, trim(one), n->at,
			     yaml_new_text(r->arena, trim(equals + 1), n->at)) &&
		     ok;
	}
	return ok;
}

bool precision_read(struct schema_reader *r, const struct yaml_node *n,
	const struct schema_key *key, struct run_spec *run)
{
	struct precision_goal *goals;
	bool ok = true;

	if (n->kind == YAML_TEXT && !strchr(n->text, '='))
		return schema_number(r, n, key, &run->precision);
	goals = arena_alloc(r->arena, METRICS, sizeof *goals);
	run->goals = goals;
	if (n->kind == YAML_TEXT)
		return add_goals_of_text(r, run, goals, key, n);
	if (n->kind == YAML_LIST || n->n == 0)
		return err_list_at(r->errs, n->at,
			"precision should be a share or metrics with theirs, as {e2e.mean_s: 1 "
			"%%}");
	for (size_t i = 0; i < n->n; i++)
		ok = add_goal(r, run, goals, key, n->items[i].key, n->items[i].key_at,
			     n->items[i].value) &&
		     ok;
	return ok;
}
