/* Models: a shape by name, or written out. */
#include <stddef.h>

#include "base/near.h"
#include "base/quote.h"
#include "io/scenario/parts.h"
#include "models/cost/catalog.h"

#define SHAPE(member) offsetof(struct llm_shape, member)
#define SIZE(word, member, most) \
	.name = (word), .kind = SCHEMA_UNSIGNED, .to = SHAPE(member), .min = 1, .max = (most)
static const struct schema_key shape_keys[] = {
	{SIZE("h", hidden, 1e6), .required = true, .help = "Width of the hidden state."},
	{SIZE("ffn", ffn, 1e7), .required = true, .help = "Width of the feed-forward network."},
	{SIZE("L", layers, 1e4), .required = true, .help = "Number of layers."},
	{SIZE("heads", heads, 1e4), .required = true, .help = "Heads of attention."},
	{SIZE("kv_heads", kv_heads, 1e4), .without = "as many as `heads`",
		.help = "Heads with keys and values of their own."},
	{SIZE("head_dim", head_dim, 1e4), .without = "`h` / `heads`", .help = "Width of a head."},
	{SIZE("vocab", vocab, 1e8), .required = true,
		.help = "Number of tokens in the vocabulary."},
	{SIZE("context", context, 1e8), .required = true,
		.help = "Most tokens of a prompt and its answer."},
	{.name = "tied_embeddings",
		.kind = SCHEMA_BOOL,
		.to = SHAPE(tied_embeddings),
		.dflt = "false",
		.help = "The head is the embedding: one matrix in memory, read at every step."},
	{.name = "qkv_bias",
		.kind = SCHEMA_BOOL,
		.to = SHAPE(qkv_bias),
		.dflt = "false",
		.help = "Queries, keys and values have biases."},
	{0},
};
const struct schema_map map_shape = {.tables = {shape_keys}};

/** Defaults that depend on other keys: all heads have keys and values of their own, and
 *  together they are as wide as the model. */
static bool complete_shape(struct schema_reader *r, struct yaml_node *n, struct llm_shape *s)
{
	if (s->head_dim == 0 && s->hidden % s->heads)
		return err_list_at(r->errs, n->at,
			"%s needs the key 'head_dim': %u heads do not divide h = %u", r->path,
			s->heads, s->hidden);
	if (s->kv_heads == 0) {
		s->kv_heads = s->heads;
		yaml_set(r->arena, n, "kv_heads", n->at,
			yaml_new_text(r->arena, arena_printf(r->arena, "%u", s->kv_heads), n->at));
	}
	if (s->head_dim == 0) {
		s->head_dim = s->hidden / s->heads;
		yaml_set(r->arena, n, "head_dim", n->at,
			yaml_new_text(r->arena, arena_printf(r->arena, "%u", s->head_dim), n->at));
	}
	if (s->heads % s->kv_heads)
		return err_list_at(r->errs, n->at, "kv_heads must divide heads, not %u and %u",
			s->kv_heads, s->heads);
	return schema_read(r, n, shape_keys, s); /* the order of the keys */
}

static bool find_model(struct schema_reader *r, const struct yaml_node *n, struct llm_shape *to)
{
	const struct catalog_model *model = catalog_find_model(n->text);
	char quoted[QUOTE_SIZE], nearest[100];
	struct near near;
	size_t i;

	if (model) {
		*to = model->shape;
		return true;
	}
	near_init(&near, n->text);
	for (i = 0; i < catalog_n_models; i++)
		near_add(&near, catalog_models[i].shape.name);
	return err_list_at(r->errs, n->at, "unknown model '%s'%s",
		quote(quoted, sizeof quoted, n->text),
		parts_near(&near, "; `offing list models` has the names", nearest, sizeof nearest));
}

static bool read_shape(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct model_entry *model = to;
	size_t mark;
	bool ok;

	if ((*slot)->kind == YAML_TEXT)
		return find_model(r, *slot, &model->spec.shape);
	mark = schema_enter(r, key->name);
	ok = schema_read(r, *slot, shape_keys, &model->spec.shape) &&
	     complete_shape(r, *slot, &model->spec.shape);
	model->spec.shape.name = model->e.name;
	schema_leave(r, mark);
	return ok;
}

/** A name, in the precision of its model; or a map that says one. */
static bool read_model_draft(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to);

static const struct schema_key model_keys[] = {
	{.name = "model",
		.kind = SCHEMA_OTHER,
		.read = read_shape,
		.required = true,
		.list = "models",
		.map = &map_shape,
		.takes = "a name from `offing list models`, or a map",
		.help = "Shape of the model."},
	{.name = "precision",
		.kind = SCHEMA_WORD,
		.to = offsetof(struct model_entry, spec.precision),
		.words = llm_precision_names,
		.dflt = "fp16",
		.help = "Precision of the weights."},
	{.name = "draft",
		.kind = SCHEMA_OTHER,
		.read = read_model_draft,
		.list = "models",
		.map = &map_model_draft,
		.takes = "a name, in the precision of its model, or a map",
		.without = "none",
		.help = "A smaller model with the same vocabulary, for instances that speculate."},
	{0},
};
const struct schema_map map_models = {.each = "X", .tables = {model_keys}};

static const struct schema_key draft_keys[] = {
	{.name = "model",
		.kind = SCHEMA_OTHER,
		.read = read_shape,
		.required = true,
		.list = "models",
		.map = &map_shape,
		.takes = "a name from `offing list models`, or a map",
		.help = "The shape of the draft."},
	{.name = "precision",
		.kind = SCHEMA_WORD,
		.to = offsetof(struct model_entry, spec.precision),
		.words = llm_precision_names,
		.required = true,
		.help = "Precision of its weights."},
	{0},
};
const struct schema_map map_model_draft = {.tables = {draft_keys}};

static bool read_model_draft(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct model_entry *model = to;
	struct model_entry *draft = arena_alloc(r->arena, 1, sizeof *draft);
	size_t mark;
	bool ok;

	draft->e.name = arena_printf(r->arena, "%s.draft", model->e.name);
	draft->spec = (struct model_spec){
		.name = draft->e.name, .precision = model->spec.precision, .at = (*slot)->at};
	model->spec.draft = &draft->spec;
	if ((*slot)->kind == YAML_TEXT)
		return find_model(r, *slot, &draft->spec.shape);
	mark = schema_enter(r, key->name);
	ok = schema_read(r, *slot, draft_keys, draft);
	schema_leave(r, mark);
	return ok;
}

static bool read_model(struct schema_reader *r, struct yaml_node **slot, void *entry)
{
	struct model_entry *model = entry;

	model->spec.name = model->e.name;
	model->spec.at = model->e.at;
	return schema_read(r, *slot, model_keys, model);
}

bool read_models(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct scenario_parts *p = to;
	size_t mark = schema_enter(r, key->name), i;
	struct model_spec *models;
	bool ok;

	ok = parts_named(
		r, *slot, "a model", sizeof *p->models, read_model, &p->models, &p->n_models);
	schema_leave(r, mark);
	models = arena_alloc(r->arena, p->n_models, sizeof *models);
	for (i = 0; i < p->n_models; i++)
		models[i] = p->models[i].spec;
	p->s->spec.models = models;
	p->s->spec.n_models = p->n_models;
	return ok;
}
