/* Instances that run a model: who is in a step, and the memory for keys and values. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/quantity.h"
#include "io/scenario/batching.h"
#include "models/cost/catalog.h"

static const char *const like_words[] = {"none", "vllm", "vllm-v0", NULL};
static const char *const batching_words[] = {[BATCHING_CONTINUOUS] = "continuous",
	[BATCHING_CHUNKED] = "chunked",
	[BATCHING_STATIC] = "static",
	NULL};
static const char *const return_words[] = {
	[STATIC_RETURN_BATCH] = "batch", [STATIC_RETURN_EACH] = "each", NULL};
static const char *const preemption_words[] = {
	[PREEMPTION_RECOMPUTE] = "recompute", [PREEMPTION_SWAP] = "swap", NULL};

static const char *const decode_attention_words[] = {"full", "das-decode", NULL};

#define INSTANCE(member) offsetof(struct instance_entry, member)
#define WORD(word, member, all, ...) \
	{ \
		.name = (word), .kind = SCHEMA_WORD, .to = INSTANCE(member), .words = (all), \
		__VA_ARGS__ \
	}
#define COUNT(word, member, most, ...) \
	{ \
		.name = (word), .kind = SCHEMA_UNSIGNED, .to = INSTANCE(member), .min = 1, \
		.max = (most), __VA_ARGS__ \
	}
#define AMOUNT(word, member, dimension, ...) \
	{ \
		.name = (word), .kind = SCHEMA_QUANTITY, .to = INSTANCE(member), \
		.dim = (dimension), __VA_ARGS__ \
	}

/* What has no default is 0, not given. */
const struct schema_key batching_keys[] = {
	WORD("like", like, like_words, .without = "`none`",
		.help = "The defaults of that server hold for what is not given."),
	WORD("batching", spec.batching, batching_words, .at = INSTANCE(batching_at),
		.dflt = "continuous",
		.help = "Who is in a step: prompts first, prompts in pieces beside those that "
			"decode, or a batch that is formed once and runs to its end."),
	COUNT("chunk_tokens", spec.chunk_tok, 1e6, .at = INSTANCE(spec.chunk_at), .dflt = "512",
		.help = "`chunked`: rows in a step, at least `max_batch`."),
	COUNT("max_batch", spec.max_batch, 65536, .at = INSTANCE(spec.max_batch_at), .dflt = "16",
		.help = "Sequences in a batch."),
	COUNT("max_batched_tokens", spec.limits.max_batched_tok, 1e7,
		.at = INSTANCE(spec.limits.max_batched_at),
		.without = "`continuous`: `max_len`; else no limit",
		.help = "New tokens of prompts in a step; a longer prompt goes alone."),
	COUNT("prefill_limit", spec.limits.prefill_limit, 65536, .without = "no limit",
		.help = "`continuous`: prompts in a step."),
	COUNT("max_len", spec.limits.max_len_tok, 1e9, .at = INSTANCE(spec.limits.max_len_at),
		.without = "the model's context",
		.help = "Most tokens of a prompt and its answer; longer requests go elsewhere or "
			"are rejected."),
	AMOUNT("batch_wait", spec.limits.batch_wait_s, QUANTITY_TIME, .dflt = "0 s",
		.help = "`static`: how long a batch waits for others after its first has come."),
	WORD("static_return", spec.limits.returns, return_words, .dflt = "batch",
		.help = "`static`: an answer leaves with the last of its batch, or each when it is "
			"done."),
	COUNT("block_tokens", spec.block_tok, 65536, .dflt = "16",
		.help = "Tokens in one block of KV memory."),
	COUNT("kv_blocks", spec.kv.blocks, 1e9, .at = INSTANCE(spec.kv.blocks_at),
		.without = "what the device has room for", .help = "Blocks of KV memory."),
	AMOUNT("memory_share", spec.kv.share, QUANTITY_FRACTION, .at = INSTANCE(spec.kv.share_at),
		.above_min = true, .max = 1, .without = "all",
		.help = "Share of the device's memory for weights, `reserve` and KV together."),
	AMOUNT("reserve", spec.reserve_bytes, QUANTITY_BYTES, .at = INSTANCE(spec.reserve_at),
		.dflt = "0.4 GB", .help = "Device memory kept free of weights and KV."),
	AMOUNT("watermark", spec.kv.watermark, QUANTITY_FRACTION, .max = 0.5, .dflt = "0",
		.help = "Share of the blocks that stays free when a request is admitted."),
	WORD("decode_attention", decode_attention, decode_attention_words, .dflt = "full",
		.help = "Attention of decode steps: `das-decode` reads only some of the keys and "
			"values."),
	AMOUNT("decode_keep", decode_keep, QUANTITY_FRACTION, .above_min = true, .max = 1,
		.dflt = "27 %",
		.help = "`das-decode`: share read of what a sequence has beyond 1024 tokens."),
	WORD("preemption", spec.kv.preemption, preemption_words, .dflt = "recompute",
		.help = "What becomes of who finds no block for the next token: recomputed, or "
			"swapped to the host and back."),
	AMOUNT("swap_space", spec.kv.swap_bytes, QUANTITY_BYTES, .dflt = "4 GiB",
		.help = "Memory of the host for each gpu, for `swap`; what finds no room there "
			"is recomputed."),
	{0},
};

static size_t count(const struct schema_key *keys)
{
	size_t n = 0;

	while (keys[n].kind != SCHEMA_END)
		n++;
	return n;
}

const struct schema_key *batching_keys_behind(struct arena *a, const struct schema_key *own)
{
	size_t n = count(own), more = count(batching_keys);
	struct schema_key *keys = arena_alloc(a, n + more + 1, sizeof *keys);

	memcpy(keys, own, n * sizeof *keys);
	memcpy(keys + n, batching_keys, (more + 1) * sizeof *keys);
	return keys;
}

/* Presets: what a server of that name does with none of its flags. docs/serving.md has the sources.
 */

static const char *given(const struct yaml_node *map, const char *key)
{
	const struct yaml_item *item = yaml_find(map, key);

	return !item || item->value->is_null    ? NULL
	       : item->value->kind == YAML_TEXT ? item->value->text
						: "";
}

static void fill(struct schema_reader *r, struct yaml_node *map, const struct yaml_node *like,
	const char *key, const char *value)
{
	if (!given(map, key))
		yaml_set(r->arena, map, key, like->at, yaml_new_text(r->arena, value, like->at));
}

static bool says(const struct yaml_node *map, const char *key, const char *word)
{
	const char *text = given(map, key);

	return text && !strcmp(text, word);
}

static bool is_below(const char *text, const char *most)
{
	char *end;
	double x = strtod(text, &end);

	return end != text && *end == '\0' && x >= 1.0 && x < strtod(most, NULL);
}

/** What the entry of a site, or the counted one that @name is of, says of its gpu. */
static const struct yaml_node *gpu_of(const struct yaml_node *sites, const char *name)
{
	static const char digits[] = "0123456789";
	size_t n = strlen(name), stem = n;

	while (stem > 0 && strchr(digits, name[stem - 1]))
		stem--;
	for (size_t i = 0; i < sites->n; i++) {
		const struct yaml_item *site = &sites->items[i], *gpu;
		size_t length = strlen(site->key);

		if ((length != n && length != stem) || strncmp(site->key, name, length) != 0 ||
			site->value->kind != YAML_MAP)
			continue;
		gpu = yaml_find(site->value, "gpu");
		if (gpu && !gpu->value->is_null)
			return gpu->value;
	}
	return NULL;
}

/** vLLM has larger defaults where the device has 70 GiB, but for the A100. */
static bool is_large(const struct scenario_parts *p, const char *site)
{
	const struct yaml_node *gpu = p->sites_node && site ? gpu_of(p->sites_node, site) : NULL;
	const char *memory = gpu && gpu->kind == YAML_MAP ? given(gpu, "memory") : NULL;
	const struct catalog_gpu *known =
		gpu && gpu->kind == YAML_TEXT ? catalog_find_gpu(gpu->text) : NULL;
	double bytes = known ? known->spec.mem_bytes : 0.0;
	char why[200];

	if (memory && !quantity_parse(&bytes, memory, QUANTITY_BYTES, why, sizeof why))
		return false; /* said elsewhere */
	return bytes >= 70.0 * 0x1p30 && !(known && strcmp(gpu->text, "a100") == 0);
}

/** A preset asks for nothing that is refused. */
static bool may_keep_prefixes(const struct yaml_node *map)
{
	return !says(map, "batching", "static") && !says(map, "preemption", "swap") &&
	       !says(map, "decoding", "speculative") && !says(map, "decoding", "planned") &&
	       !given(map, "sites") && !given(map, "stages") && !given(map, "micro_batches");
}

void batching_preset(struct schema_reader *r, struct yaml_node *map)
{
	const struct yaml_item *item = yaml_find(map, "like");
	bool v1 = says(map, "like", "vllm"), v0 = says(map, "like", "vllm-v0");
	const char *budget = given(map, "max_batched_tokens");
	bool large = v1 && is_large(parts_of(r), given(map, "site"));
	const char *step = large ? "8192" : "2048", *most = large ? "1024" : "256";

	if (!v1 && !v0)
		return;
	fill(r, map, item->value, "batching", v1 ? "chunked" : "continuous");
	if (says(map, "batching", "chunked"))
		fill(r, map, item->value, "chunk_tokens", budget && *budget ? budget : step);
	fill(r, map, item->value, "max_batch", budget && is_below(budget, most) ? budget : most);
	fill(r, map, item->value, "block_tokens", "16");
	if (!given(map, "kv_blocks"))
		fill(r, map, item->value, "memory_share", "0.9");
	if (v0 && !says(map, "batching", "static"))
		fill(r, map, item->value, "watermark", "0.01");
	if (v1 && may_keep_prefixes(map))
		fill(r, map, item->value, "prefix_cache", "true");
}

/* What does not go together */

static bool check_budget(struct schema_reader *r, struct src_pos at, const char *key,
	const struct instance_spec *i, unsigned tok)
{
	return tok >= i->max_batch ||
	       err_list_at(r->errs, at,
		       "%s must be at least max_batch, %u, not %u: a step has a row for each "
		       "sequence that decodes",
		       key, i->max_batch, tok);
}

static bool check_budgets(struct schema_reader *r, const struct instance_spec *i)
{
	unsigned cap = i->limits.max_batched_tok;

	if (cap > 0 && cap < i->max_batch)
		return check_budget(r, i->limits.max_batched_at, "max_batched_tokens", i, cap);
	return i->batching != BATCHING_CHUNKED ||
	       check_budget(r, i->chunk_at, "chunk_tokens", i, i->chunk_tok);
}

bool batching_check(struct schema_reader *r, struct instance_entry *e)
{
	struct instance_spec *i = &e->spec;
	bool ok = check_budgets(r, i);

	if (e->decode_attention > 0 && e->decoding != DECODING_AUTOREGRESSIVE)
		ok = err_list_at(r->errs, e->decoding_at,
			"decode_attention: das-decode has no form for steps that verify drafts");
	i->decode_keep = e->decode_attention > 0 ? e->decode_keep : 0.0;
	if (e->like == LIKE_VLLM || e->like == LIKE_VLLM_V0)
		i->limits.least_batched_tok = 2048;
	if (i->batching == BATCHING_STATIC && i->role != ROLE_BOTH)
		ok = err_list_at(r->errs, i->role_at,
			"a static batch makes prompts and answers in one go; a role needs "
			"continuous or chunked batching");
	if (i->kv.blocks > 0 && i->kv.share > 0.0)
		return err_list_at(r->errs, i->kv.share_at,
			"kv_blocks and memory_share both say how much memory keys and values have; "
			"only one can");
	return ok;
}

bool batching_place(struct scenario_parts *p, struct instance_spec *i)
{
	const struct model_spec *m = &p->s->spec.models[i->model.i];
	const struct gpu_spec *host = &p->s->spec.sites[i->site.i].host;

	if (i->kv.preemption == PREEMPTION_SWAP && host->pcie_bytes_per_s > 0.0) {
		i->kv.pcie_bytes_per_s = host->pcie_bytes_per_s;
		p->site_entries[i->site.i]->hosts = true;
	}
	if (i->limits.max_len_tok <= m->shape.context)
		return true;
	return err_list_at(p->r.errs, i->limits.max_len_at,
		"max_len must be at most the context of '%s', %u tokens, not %u", m->name,
		m->shape.context, i->limits.max_len_tok);
}
