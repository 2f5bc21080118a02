/* What the program around a model takes beside the device. */
#include "io/scenario/host_time.h"

#include <stddef.h>

#include "models/cost/catalog.h"

#define HOST(word, member, ...) \
	{ \
		.name = (word), .kind = SCHEMA_QUANTITY, .to = offsetof(struct host_time, member), \
		.dim = QUANTITY_TIME, .max = 60, .dflt = "0 s", __VA_ARGS__ \
	}

static const struct schema_key host_time_keys[] = {
	HOST("step", step_s, .help = "Time before each step."),
	HOST("sequence", sequence_s, .help = "Time for each sequence that gets a token in it."),
	HOST("prefill", prefill_s,
		.help = "Time before each step with prompts in it, beside `step`."),
	HOST("prompt", prompt_s, .help = "Time for each prompt that begins in it."),
	HOST("request", request_s, .help = "Time before a prompt that has come stands in line."),
	{.name = "ahead",
		.kind = SCHEMA_BOOL,
		.to = offsetof(struct host_time, ahead),
		.dflt = "false",
		.help = "Steps are made up while the one before runs, so who comes misses one."},
	{.name = "late",
		.kind = SCHEMA_BOOL,
		.to = offsetof(struct host_time, late),
		.dflt = "false",
		.help = "Tokens are told of a step late."},
	{0},
};
const struct schema_map map_host_time = {.tables = {host_time_keys}};

static const struct catalog_runtime *runtime_of(const struct yaml_node *map)
{
	const struct yaml_item *item = yaml_find(map, "runtime");

	if (!item || item->value->kind != YAML_TEXT)
		return NULL;
	return catalog_find_runtime(item->value->text);
}

static void fill(struct schema_reader *r, struct yaml_node *map, const char *key, const char *value)
{
	const struct yaml_item *item = yaml_find(map, key);

	if (!item || item->value->is_null)
		yaml_set(r->arena, map, key, map->at, yaml_new_text(r->arena, value, map->at));
}

static void fill_time(struct schema_reader *r, struct yaml_node *map, const char *key, double s)
{
	fill(r, map, key, arena_printf(r->arena, "%.9g ms", s * 1e3));
}

void host_time_preset(struct schema_reader *r, struct yaml_node *map)
{
	const struct catalog_runtime *runtime = runtime_of(map);
	const struct yaml_item *item = yaml_find(map, "host_time");
	struct yaml_node *to;

	if (!runtime || !runtime->provenance)
		return;
	if (!item || item->value->is_null)
		yaml_set(r->arena, map, "host_time", map->at, yaml_new_map(r->arena, map->at));
	to = yaml_find(map, "host_time")->value;
	if (to->kind != YAML_MAP)
		return; /* said when it is read */
	fill_time(r, to, "step", runtime->host.step_s);
	fill_time(r, to, "sequence", runtime->host.sequence_s);
	fill_time(r, to, "prefill", runtime->host.prefill_s);
	fill_time(r, to, "prompt", runtime->host.prompt_s);
	fill_time(r, to, "request", runtime->host.request_s);
	fill(r, to, "ahead", runtime->host.ahead ? "true" : "false");
	fill(r, to, "late", runtime->host.late ? "true" : "false");
}

bool read_host_time(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct instance_spec *i = to;
	const struct catalog_runtime *runtime =
		i->runtime ? catalog_find_runtime(i->runtime) : NULL;
	size_t mark = schema_enter(r, key->name);
	bool ok = schema_want(r, *slot, YAML_MAP, key->name) &&
		  schema_read(r, *slot, host_time_keys, &i->host_time);

	schema_leave(r, mark);
	if (runtime)
		i->host_time.sigma = runtime->host.sigma;
	return ok;
}
