/* Instances whose answers are drafted by a smaller model. */
#include "io/scenario/decoding.h"

#include <inttypes.h>
#include <string.h>

#include "io/yaml/schema_value.h"
#include "models/serving/planner.h"

enum { K_MOST = 32, K_ADAPTIVE = 8 };

static bool read_k(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct schema_key number = *key;
	struct draft_spec *d = to;
	const char *text = (*slot)->kind == YAML_TEXT ? (*slot)->text : "";

	d->k_at = (*slot)->at;
	d->planned = !strcmp(text, "planned");
	d->adaptive = !strcmp(text, key->word);
	d->k = d->adaptive ? K_ADAPTIVE : PLAN_K_MOST;
	if (d->planned || d->adaptive)
		return true;
	number.kind = SCHEMA_UNSIGNED;
	return schema_store(r, slot, &number, &d->k);
}

static bool read_site(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct draft_spec *d = to;

	d->site_at = (*slot)->at;
	if (!schema_pattern(r, *slot, key->name))
		return false;
	d->site = (*slot)->text;
	return true;
}

#define DRAFT(member) offsetof(struct draft_spec, member)
static const struct schema_key draft_keys[] = {
	{.name = "k",
		.kind = SCHEMA_OTHER,
		.read = read_k,
		.max = K_MOST,
		.word = "adaptive",
		.dflt = "4",
		.takes = "a whole number, `adaptive` or `planned`",
		.help = "Tokens drafted a round; `adaptive`: as many, up to 8, as promise most "
			"tokens a second, `planned`: as end the batch soonest."},
	{.name = "acceptance",
		.kind = SCHEMA_QUANTITY,
		.to = DRAFT(acceptance),
		.at = DRAFT(acceptance_at),
		.dim = QUANTITY_FRACTION,
		.max = 1,
		.word = "auto",
		.word_value = -1,
		.dflt = "auto",
		.help = "Probability that a drafted token is accepted; `auto`: as assumed of the "
			"users' data set."},
	{.name = "site",
		.kind = SCHEMA_OTHER,
		.read = read_site,
		.takes = "a name or a pattern",
		.without = "on the instance's device",
		.help = "Where drafts are made, on gpus of their own; a pattern or a counted name: "
			"those of users at their `home`."},
	{.name = "ahead",
		.kind = SCHEMA_BOOL,
		.to = DRAFT(drafts_ahead),
		.dflt = "false",
		.help = "Drafts made elsewhere go on before the verdict is there."},
	{.name = "max_batch",
		.kind = SCHEMA_UNSIGNED,
		.to = DRAFT(max_batch),
		.min = 1,
		.max = 65536,
		.dflt = "16",
		.help = "Drafts made elsewhere: sequences in a step of the drafter."},
	{.name = "draft_bytes",
		.kind = SCHEMA_QUANTITY,
		.to = DRAFT(tok_bytes),
		.dim = QUANTITY_BYTES,
		.max = 1e6,
		.dflt = "6 B",
		.help = "Size of a drafted token on links: 4 of the token and 2 of its "
			"probability."},
	{.name = "verdict_bytes",
		.kind = SCHEMA_QUANTITY,
		.to = DRAFT(verdict_bytes),
		.dim = QUANTITY_BYTES,
		.max = 1e6,
		.dflt = "8 B",
		.help = "Size of a verdict on links: how many, and a token."},
	{0},
};
const struct schema_map map_draft = {.tables = {draft_keys}};

bool read_draft(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct draft_spec *d = to;
	size_t mark;
	bool ok;

	d->at = (*slot)->at;
	mark = schema_enter(r, key->name);
	ok = schema_read(r, *slot, draft_keys, d);
	schema_leave(r, mark);
	return ok;
}

static bool says(const struct yaml_item *item, const char *word)
{
	return item && item->value->kind == YAML_TEXT && !strcmp(item->value->text, word);
}

void decoding_preset(struct schema_reader *r, struct yaml_node *map)
{
	const struct yaml_item *how = yaml_find(map, "decoding"), *draft = yaml_find(map, "draft"),
			       *k;
	bool plans = says(how, "planned");

	if (!plans && !says(how, "speculative"))
		return;
	if (!draft || draft->value->is_null)
		yaml_set(r->arena, map, "draft", how->value->at,
			yaml_new_map(r->arena, how->value->at));
	draft = yaml_find(map, "draft");
	if (!plans || draft->value->kind != YAML_MAP)
		return;
	k = yaml_find(draft->value, "k");
	if (!k || k->value->is_null)
		yaml_set(r->arena, draft->value, "k", how->value->at,
			yaml_new_text(r->arena, "planned", how->value->at));
}

/** A step has k + 1 rows for each sequence that decodes. */
static bool check_budget(struct schema_reader *r, const struct instance_spec *i)
{
	unsigned given = i->limits.max_batched_tok;
	bool steps = given > 0 && given < i->chunk_tok;
	uint64_t least = (uint64_t)i->max_batch * (i->draft.k + 1);

	if (i->batching != BATCHING_CHUNKED || (steps ? given : i->chunk_tok) >= least)
		return true;
	return err_list_at(r->errs, steps ? i->limits.max_batched_at : i->chunk_at,
		"%s must be at least max_batch x (k + 1), %" PRIu64
		", not %u: a step has k + 1 rows for each sequence that decodes",
		steps ? "max_batched_tokens" : "chunk_tokens", least, steps ? given : i->chunk_tok);
}

bool decoding_check(struct schema_reader *r, struct instance_entry *e)
{
	struct instance_spec *i = &e->spec;
	struct src_pos at = e->decoding_at;

	i->draft.on = e->decoding != DECODING_AUTOREGRESSIVE;
	if (!i->draft.on)
		return true;
	if (e->decoding == DECODING_PLANNED && !i->draft.planned)
		return err_list_at(r->errs, i->draft.k_at,
			"decoding: planned chooses k itself; for a k of your own say decoding: "
			"speculative");
	if (i->draft.site && (i->draft.adaptive || i->draft.planned))
		return err_list_at(r->errs, i->draft.k_at,
			"k: %s is built for drafts that are made on the same device",
			i->draft.adaptive ? "adaptive" : "planned");
	if (i->batching == BATCHING_STATIC && i->draft.site)
		return err_list_at(r->errs, i->draft.site_at,
			"drafts made elsewhere come one by one, which static batching is not built "
			"for");
	if (i->prefix_cache)
		return err_list_at(r->errs, at,
			"speculation with a prefix cache is not built: say prefix_cache: false");
	if (i->role != ROLE_BOTH)
		return err_list_at(r->errs, at,
			"speculation with phases apart is not built: it needs role: both");
	if (i->parallel.ranks > 1)
		return err_list_at(r->errs, at, "speculation with tensor_parallel is not built");
	if (i->offload.cpu_layers + i->offload.streamed_layers > 0)
		return err_list_at(
			r->errs, at, "speculation with layers off the device is not built");
	return check_budget(r, i);
}

/** What is wrong with the draft of @m as such. */
static bool check_pair(
	struct scenario_parts *p, const struct instance_spec *i, const struct model_spec *m)
{
	const struct model_spec *d = m->draft;

	if (!d)
		return err_list_at(p->r.errs, i->draft.at,
			"instance '%s' speculates, but the model '%s' has no draft", i->name,
			m->name);
	if (d->shape.vocab != m->shape.vocab)
		return err_list_at(p->r.errs, d->at,
			"the draft %s has a vocabulary of %u tokens and %s one of %u: they must be "
			"the "
			"same",
			d->shape.name, d->shape.vocab, m->shape.name, m->shape.vocab);
	if (i->draft.k + 1 >= m->shape.context)
		return err_list_at(p->r.errs, i->draft.k_at,
			"k is %u, but the context of '%s' has only %u tokens", i->draft.k, m->name,
			m->shape.context);
	return true;
}

/** Where the draft @d of @i is made: at one site, or at each that a pattern stands for. */
static bool place_elsewhere(
	struct scenario_parts *p, struct instance_spec *i, const struct model_spec *d)
{
	const struct scenario_spec *s = &p->s->spec;
	struct name_ref ref = {i->draft.site, i->draft.site_at};
	struct site_id one = parts_find_site(p, ref.name);
	struct draft_site *sites = arena_alloc(p->r.arena, s->n_sites, sizeof *sites);
	struct err err = {0};

	i->draft.by_home = one.i == NO_ID;
	if (one.i == NO_ID && !parts_is_glob(ref.name) && !parts_is_counted(p, ref.name))
		return parts_no_site(p, ref, true);
	for (uint32_t k = 0; k < s->n_sites; k++) {
		if (one.i == NO_ID ? !parts_stands_for(p, ref.name, k) : one.i != k)
			continue;
		if (!s->sites[k].has_gpu)
			return err_list_at(p->r.errs, ref.at,
				"instance '%s' has drafts made at site '%s', which has no gpu",
				i->name, s->sites[k].name);
		sites[i->draft.n_sites].site.i = k;
		p->site_entries[k]->wired |= k == i->site.i;
		if (!profile_find(&sites[i->draft.n_sites++].profile, p->profiles, &s->sites[k].gpu,
			    i->runtime, d->shape.name, d->precision, ref.at, &err))
			return err_list_add(p->r.errs, &err);
	}
	i->draft.sites = sites;
	return i->draft.n_sites > 0 || parts_no_site(p, ref, true);
}

bool parts_place_draft(struct scenario_parts *p, struct instance_spec *i)
{
	const struct model_spec *m = &p->s->spec.models[i->model.i];
	struct err err = {0};

	if (!i->draft.on)
		return true;
	if (i->n_stages > 0)
		return err_list_at(p->r.errs, i->draft.at,
			"instance '%s' speculates: that is not built for a pipeline", i->name);
	if (!check_pair(p, i, m))
		return false;
	if (i->draft.site)
		return place_elsewhere(p, i, m->draft);
	return profile_find(&i->draft.profile, p->profiles, &p->s->spec.sites[i->site.i].gpu,
		       i->runtime, m->draft->shape.name, m->draft->precision, i->draft.at, &err) ||
	       err_list_add(p->r.errs, &err);
}
