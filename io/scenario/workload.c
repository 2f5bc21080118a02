/* How long requests are. */
#include <stddef.h>
#include <string.h>

#include "base/near.h"
#include "base/quote.h"
#include "io/scenario/parts.h"
#include "models/workload/dataset.h"

static bool find_dataset(
	struct schema_reader *r, const struct yaml_node *n, struct workload_spec *w)
{
	char quoted[QUOTE_SIZE], nearest[100];
	struct near near;
	size_t i;

	if (!strcmp(n->text, "trace")) {
		w->kind = WORKLOAD_TRACE;
		return true;
	}
	w->kind = WORKLOAD_DATASET;
	w->dataset = dataset_find(n->text);
	if (w->dataset)
		return true;
	near_init(&near, n->text);
	for (i = 0; i < dataset_count(); i++)
		near_add(&near, dataset_at(i)->name);
	return err_list_at(r->errs, n->at, "unknown dataset '%s'%s",
		quote(quoted, sizeof quoted, n->text),
		parts_near(
			&near, "; `offing list datasets` has the names", nearest, sizeof nearest));
}

static bool read_dataset(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	return schema_want(r, *slot, YAML_TEXT, key->name) && find_dataset(r, *slot, to);
}

#define WORK(member) offsetof(struct workload_spec, member)
#define WORK_TRUNCATE \
	{ \
		.name = "truncate", .kind = SCHEMA_BOOL, .to = WORK(truncate), .dflt = "false", \
		.help = "A prompt beyond the model's context is cut; else it is rejected." \
	}
#define WORK_TOKENS(word, member, what) \
	{ \
		.name = (word), .kind = SCHEMA_OTHER, .to = WORK(member), .read = read_dist, \
		.dim = QUANTITY_NUMBER, .min = 1, .required = true, .map = &map_dist, \
		.takes = "a distribution of numbers", .help = (what) \
	}

static const struct schema_key dataset_keys[] = {
	{.name = "dataset",
		.kind = SCHEMA_OTHER,
		.read = read_dataset,
		.required = true,
		.list = "datasets",
		.takes = "a name from `offing list datasets`",
		.help = "Lengths of prompts and answers, drawn jointly."},
	WORK_TRUNCATE,
	{0},
};
static const struct schema_key rows_keys[] = {
	{.name = "trace",
		.kind = SCHEMA_OTHER,
		.to = WORK(rows),
		.read = read_trace,
		.required = true,
		.map = &map_trace,
		.help = "Lengths are rows of it, drawn jointly."},
	WORK_TRUNCATE,
	{0},
};
static const struct schema_key tokens_keys[] = {
	WORK_TOKENS("prompt_tokens", prompt_tok, "Length of a prompt, rounded, at least 1."),
	WORK_TOKENS("output_tokens", output_tok, "Length of an answer, rounded, at least 1."),
	WORK_TRUNCATE,
	{0},
};
static const struct schema_variant workload_variants[] = {{"a data set", dataset_keys},
	{"rows of a trace", rows_keys}, {"distributions", tokens_keys}};
const struct schema_map map_workload = {
	.when = "for lengths from", .variants = workload_variants, .n_variants = 3};

bool read_workload(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct workload_spec *w = to;
	struct yaml_node *n = *slot;
	size_t mark;
	bool ok;

	w->at = n->at;
	if (n->kind == YAML_TEXT)
		return find_dataset(r, n, w);
	mark = schema_enter(r, key->name);
	if (n->kind == YAML_MAP && yaml_find(n, "dataset")) {
		ok = schema_read(r, n, dataset_keys, w);
	} else if (n->kind == YAML_MAP && yaml_find(n, "trace")) {
		w->kind = WORKLOAD_ROWS;
		ok = schema_read(r, n, rows_keys, w);
	} else {
		w->kind = WORKLOAD_DISTS;
		ok = schema_read(r, n, tokens_keys, w);
	}
	schema_leave(r, mark);
	return ok;
}
