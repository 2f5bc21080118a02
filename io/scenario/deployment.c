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
