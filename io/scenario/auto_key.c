/* The word auto where instances stand: what may be said beside it. */
#include <string.h>

#include "io/scenario/auto.h"

void auto_normalise(struct arena *a, struct yaml_node *root)
{
	struct yaml_item *item = root->kind == YAML_MAP ? yaml_find(root, "instances") : NULL;
	struct yaml_node *map;

	if (!item || item->value->kind != YAML_TEXT || strcmp(item->value->text, "auto") != 0)
		return;
	map = yaml_new_map(a, item->value->at);
	yaml_set(a, map, "auto", item->value->at, yaml_new_map(a, item->value->at));
	item->value = map;
}

/** Where instances go is not for the template to say, nor what they serve. */
static bool check_template(struct schema_reader *r, const struct yaml_node *map)
{
	static const char *const not [] = {"site", "sites", "stages", "split", "micro_batches",
		"offload", "tensor_parallel", "all_reduce", "count", "model", "service", "slots",
		"capacity", "discipline", "role", "kv_overlap"};
	bool ok = true;

	for (size_t k = 0; k < sizeof not / sizeof not [0]; k++) {
		const struct yaml_item *item = yaml_find(map, not [k]);

		if (item && !item->value->is_null)
			ok = err_list_at(r->errs, item->key_at,
				"auto decides which instances there are and where: it takes no "
				"'%s'",
				not [k]);
	}
	return ok;
}

bool auto_take(struct schema_reader *r, struct yaml_node *map, bool *ok)
{
	const struct yaml_item *item = map->kind == YAML_MAP ? yaml_find(map, "auto") : NULL;
	struct scenario_parts *p = parts_of(r);

	*ok = true;
	if (!item)
		return false;
	if (item->value->is_null) {
		yaml_remove(map, "auto");
		return false;
	}
	if (!schema_want(r, item->value, YAML_MAP, "auto"))
		*ok = false;
	else
		p->auto_node = item->value;
	*ok = *ok && check_template(r, p->auto_node) && auto_has_placer(p, item->key_at);
	if (!*ok)
		p->auto_node = NULL;
	return true;
}
