#include "io/scenario/deployment.h"

#include <string.h>

/* Entries */

void deployment_put(struct arena *a, struct yaml_node *map, const char *key, const char *text)
{
	yaml_set(a, map, key, map->at, yaml_new_text(a, text, map->at));
}

static void put_number(struct arena *a, struct yaml_node *map, const char *key, unsigned n)
{
	deployment_put(a, map, key, arena_printf(a, "%u", n));
}

struct yaml_node *deployment_offload(
	struct arena *a, struct src_pos at, unsigned cpu, unsigned streamed)
{
	struct yaml_node *map = yaml_new_map(a, at);

	put_number(a, map, "cpu_layers", cpu);
	put_number(a, map, "streamed_layers", streamed);
	return map;
}

static void put_stages(struct arena *a, struct yaml_node *map, const struct scenario_spec *s,
	const struct deployment *dep)
{
	struct yaml_node *list = yaml_new_map(a, map->at);

	list->kind = YAML_LIST;
	for (size_t k = 0; k < dep->n_stages; k++) {
		struct yaml_node *stage = yaml_new_map(a, map->at);

		deployment_put(a, stage, "site", s->sites[dep->stages[k].site.i].name);
		put_number(a, stage, "layers", dep->stages[k].layers);
		yaml_append(a, list, (struct yaml_item){.value = stage});
	}
	yaml_set(a, map, "stages", map->at, list);
	put_number(a, map, "micro_batches", dep->micro_batches);
}

void deployment_write(struct arena *a, struct yaml_node *map, const struct scenario_spec *s,
	const struct deployment *dep)
{
	deployment_put(a, map, "model", s->models[dep->model.i].name);
	if (dep->n_stages > 1)
		put_stages(a, map, s, dep);
	else
		deployment_put(a, map, "site", s->sites[dep->stages[0].site.i].name);
	if (dep->cpu_layers + dep->streamed_layers > 0)
		yaml_set(a, map, "offload", map->at,
			deployment_offload(a, map->at, dep->cpu_layers, dep->streamed_layers));
	if (dep->drafted && !yaml_find(map, "decoding"))
		deployment_put(a, map, "decoding", "speculative");
	if (!dep->drafted)
		(void)yaml_remove(map, "draft");
}

/* A scenario */

/** The entry of which instance @name is: its own, or that which it is counted of. */
static const struct yaml_item *entry_of(const struct yaml_node *instances, const char *name)
{
	const struct yaml_item *item = yaml_find(instances, name);

	for (size_t i = 0; i < instances->n && !item; i++) {
		const char *key = instances->items[i].key;
		size_t n = strlen(key);

		if (strncmp(name, key, n) == 0 && name[n] &&
			name[n + strspn(name + n, "0123456789")] == '\0')
			item = &instances->items[i];
	}
	return item;
}

static bool is_of(const struct yaml_node *entry, const char *model)
{
	const struct yaml_item *item = entry->kind == YAML_MAP ? yaml_find(entry, "model") : NULL;

	return item && !item->value->is_null && strcmp(item->value->text, model) == 0;
}

/** Without what says where it is, or could not be there. */
static struct yaml_node *bare(struct arena *a, const struct yaml_node *entry)
{
	static const char *const places[] = {"site", "sites", "stages", "split", "micro_batches",
		"offload", "tensor_parallel", "all_reduce", "count", "role", "kv_overlap",
		"decoding"};
	struct yaml_node *map = yaml_copy(a, entry);

	for (size_t k = 0; k < sizeof places / sizeof places[0]; k++)
		(void)yaml_remove(map, places[k]);
	return map;
}

static void put_null(struct arena *a, struct yaml_node *map, const char *key)
{
	deployment_put(a, map, key, "null");
	yaml_find(map, key)->value->is_null = true;
}

static struct yaml_node *instances_of(
	struct scenario *s, const struct deployment *dep, const struct instance_spec *like)
{
	const struct yaml_node *old = yaml_find(s->root, "instances")->value;
	const char *model = s->spec.models[dep->model.i].name, *name = model;
	struct arena *a = &s->arena;
	struct yaml_node *map = yaml_new_map(a, old->at), *mine;

	if (s->placed) /* those that auto makes are not in the file */
		put_null(a, map, "auto");
	for (size_t i = 0; i < old->n; i++) {
		const struct yaml_item *item = &old->items[i];

		if (is_of(item->value, model) && !s->placed)
			put_null(a, map, item->key);
		else if (!is_of(item->value, model) && s->placed)
			yaml_set(a, map, item->key, old->at, yaml_copy(a, item->value));
	}
	for (unsigned k = 1; k == 1 || yaml_find(s->placed ? map : old, name); k++)
		name = arena_printf(a, "%s-%u", model, k);
	mine = bare(a, entry_of(old, like->name)->value);
	deployment_write(a, mine, &s->spec, dep);
	yaml_set(a, map, name, old->at, mine);
	return map;
}

void deployment_fragment(struct buf *out, struct scenario *s, const char *base,
	const struct deployment *dep, const struct instance_spec *like)
{
	struct yaml_node *root = yaml_new_map(&s->arena, s->root->at);

	deployment_put(&s->arena, root, "extends", base);
	yaml_set(&s->arena, root, "instances", s->root->at, instances_of(s, dep, like));
	buf_printf(out, "# The placement of %s: %.6g ms a token are foretold.\n",
		s->spec.models[dep->model.i].name, dep->token_s * 1e3);
	yaml_print(out, root);
}
