/* What speculates instead of decoding: the memory and the rounds of those that run. */
#include "models/serving/speculative.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "models/serving/apart.h"
#include "models/serving/drafter.h"
#include "models/serving/instance.h"
#include "models/serving/jump.h"

/* The decoder */

static uint64_t rounds(const struct batch *b, const struct sequence *q)
{
	uint64_t tok = b->together.as_one ? b->together.longest_tok : q->output_tok;

	return q->emitted_tok < tok ? UINT64_MAX / 2 : 0;
}

static uint64_t gained(const struct batch *b, const struct sequence *q)
{
	(void)b;
	(void)q;
	return 0;
}

static void join(struct batch *b, struct sequence *q, uint64_t tok)
{
	q->held_blocks = (uint32_t)kvcache_blocks(&b->kv, tok);
}

static void leave(struct batch *b, struct sequence *q, uint64_t tok)
{
	(void)tok;
	b->kv.used -= q->held_blocks;
	apart_leaves(b, q);
}

/** The fewest that the next round may draft. */
static uint32_t lookahead(const struct batch *b)
{
	const struct draft_spec *d = b->speculation->draft;

	return d->adaptive || d->planned ? 0 : d->k;
}

/** Elsewhere not everybody is drafted for. */
static bool is_drafted(const struct batch *b, const struct sequence *q)
{
	return b->speculation->cost || q->drafting.line;
}

static uint64_t need_next(const struct batch *b)
{
	uint32_t all = lookahead(b);
	uint64_t sum = 0;

	for (size_t i = 0; i < b->running.n; i++) {
		const struct sequence *q = batch_sequence(b, b->running.heap[i].seq);
		uint32_t k = is_drafted(b, q) ? all : 0;

		sum += kvcache_blocks(&b->kv, batch_stored_tok(q) + k) - q->held_blocks;
	}
	return sum;
}

static uint64_t rows(const struct batch *b)
{
	uint64_t n = 0;

	if (b->speculation->cost)
		return b->running.n * (b->speculation->draft->k + 1);
	for (size_t i = 0; i < b->running.n; i++)
		n += is_drafted(b, batch_sequence(b, b->running.heap[i].seq));
	return b->running.n + n * b->speculation->draft->k;
}

/** Of the round that take() began. */
static double round_s(const struct batch *b)
{
	if (!b->speculation->cost)
		return cost_step_s(b->cost, &b->speculation->work);
	return speculation_round_s(
		b, b->running.n, b->running.context_tok, b->speculation->made[0].k);
}

/** The draft computes the same prompts, beside the first token that it drafts, if it ever does. */
static double draft_s(const struct batch *b, const struct cost_work *prompts, uint32_t k)
{
	const struct cost *c = b->speculation->cost;
	struct cost_work w = *prompts;
	double s, n = (double)b->running.n;

	if (b->speculation->draft->k == 0)
		return 0.0;
	if (b->mixed && k > 0) {
		w.n_decode = b->running.n;
		w.decode_context_tok = b->running.context_tok;
	}
	s = w.prompt_tok + w.n_decode > 0 ? cost_step_s(c, &w) : 0.0;
	for (size_t i = 0; i < b->n_prefill; i++) {
		const struct sequence *q = batch_sequence(b, b->prefill[i]);

		if (q->chunk_tok > 0)
			s += cost_prefill_attention_s(c, q->chunk_tok, q->computed_tok);
	}
	for (uint32_t j = 1; b->mixed && j < k; j++)
		s += cost_decode_s(c, b->running.n, b->running.context_tok + n * j);
	return s;
}

/** Drafts made elsewhere are verified. */
static double verifies(const struct batch *b, struct cost_work *w)
{
	struct cost_work of = b->speculation->work;

	if (!b->mixed)
		return 0.0;
	of.prompt_tok = w->prompt_tok;
	of.n_ended = w->n_ended;
	of.n_begun = w->n_begun;
	*w = of;
	return 0.0;
}

static double drafts(const struct batch *b, struct cost_work *w)
{
	uint32_t k = b->mixed ? b->speculation->made[0].k : 0;
	double s = draft_s(b, w, k), n = (double)b->running.n;

	if (b->mixed && k == 0) {
		w->n_decode = b->running.n;
		w->decode_context_tok = b->running.context_tok;
	} else if (b->mixed) {
		w->n_verify = b->running.n;
		w->verify_rows = b->running.n * (k + 1);
		w->verify_context_tok = b->running.context_tok;
		w->verify_keys = (k + 1.0) * (b->running.context_tok + 0.5 * n * k);
	}
	return s;
}

static double beside(const struct batch *b, struct cost_work *w)
{
	return b->speculation->cost ? drafts(b, w) : verifies(b, w);
}

/** What it will give is known from now on; it counts when it is over. */
static void take(struct batch *b)
{
	struct speculation *s = b->speculation;
	struct made *m = s->made;

	speculation_copy(b);
	*m = (struct made){.k = speculation_k(b)};
	m->need = speculation_need(b, m->k);
	if (!s->cost)
		s->work = speculation_work(b);
	kvcache_take(&b->kv, m->need);
	speculation_round(b, m->k, &m->sum);
}

static void emit(struct batch *b)
{
	b->kv.used -= b->speculation->made[0].need;
	speculation_commit(b, &b->speculation->made[0].sum);
}

const struct decoder_ops decoder_speculative = {
	.name = "speculative",
	.jump = &jump_made,
	.cause = CAUSE_SPECULATION,
	.rounds = rounds,
	.gained = gained,
	.join = join,
	.leave = leave,
	.need_next = need_next,
	.lookahead = lookahead,
	.round_s = round_s,
	.rows = rows,
	.beside = beside,
	.take = take,
	.emit = emit,
};

/* Beginning, end, counts */

/** (3b): what is left beside weights and blocks is for the activations of prompts. */
static void limit_prompts(struct batch *b, const struct instance_build *build)
{
	const struct cost_spec *what = build->cost_spec;
	double share = build->spec->kv.share > 0.0 ? build->spec->kv.share : 1.0;
	double room = share * what->gpu->mem_bytes - cost_weight_bytes(what) -
		      cost_weight_bytes(build->draft_cost_spec) -
		      (double)b->kv.total * b->block_bytes;
	uint64_t rows = planned_rows(what->shape, room);

	if (b->batching->keeps_rows) /* passes of one step, for the batch is formed already */
		b->pass_tok = rows;
	else if (rows < b->prefill_cap_tok)
		b->prefill_cap_tok = rows;
}

void speculation_init(struct batch *b, const struct instance_build *build)
{
	struct speculation *s = mem_zalloc(1, sizeof *s);

	s->draft = &build->spec->draft;
	s->cost = build->draft_cost;
	s->planned = build->planned;
	s->outlook = build->draft_outlook;
	s->ahead = mem_zalloc(b->max_batch, sizeof *s->ahead);
	s->tossed_mask = 1;
	while (s->tossed_mask < 2 * (size_t)b->max_batch)
		s->tossed_mask *= 2;
	s->tossed = mem_zalloc(s->tossed_mask--, sizeof *s->tossed);
	s->away = mem_zalloc(b->max_batch, sizeof *s->away);
	for (size_t i = 0; i < build->n_draft_lines; i++)
		build->draft_lines[i].counts = &s->counts;
	s->made = mem_grow(s->made, 0, &s->cap_made, sizeof *s->made);
	rng_table_init(&s->coins, build->seed, build->replication, "acceptance", "");
	b->speculation = s;
	b->decoder = &decoder_speculative;
	if (s->planned)
		limit_prompts(b, build);
	b->most_tok =
		fmin(b->most_tok, (double)b->kv.total * (double)b->kv.block_tok - lookahead(b));
}

bool speculation_fits(const struct batch *b, struct err *err)
{
	const struct draft_spec *d = &b->i->spec->draft;

	if (!d->on || b->most_tok >= 2.0) /* a token of the prompt, one of the answer */
		return true;
	return err_at(err, d->k_at.line > 0 ? d->k_at : d->at,
		"instance '%s': k is %u, but its KV cache holds only %.0f tokens, of a round too",
		b->i->spec->name, d->k, (double)b->kv.total * (double)b->kv.block_tok);
}

void speculation_finish(struct batch *b)
{
	if (!b->speculation)
		return;
	free(b->speculation->ahead);
	free(b->speculation->away);
	free(b->speculation->tossed);
	free(b->speculation->made);
	free(b->speculation);
}

/** With the rounds of the run in flight that are over by now. */
static struct speculation_counts counted(const struct batch *b)
{
	const struct speculation *s = b->speculation;
	struct speculation_counts c = s->counts;
	size_t n = b->activity == BATCH_DECODE ? s->n_made : 0, i = 0;

	while (i < n && s->made[i].end_ns <= batch_now_ns(b))
		i++;
	if (i > 0)
		speculation_add(&c, &s->made[i - 1].sum);
	return c;
}

struct speculation_counts speculation_counted(const struct batch *b)
{
	struct speculation_counts c = counted(b);
	const struct speculation_counts *from = &b->speculation->before;

	c.rounds -= from->rounds;
	c.drafted -= from->drafted;
	c.looked_at -= from->looked_at;
	c.accepted -= from->accepted;
	c.wasted -= from->wasted;
	c.given -= from->given;
	c.draft_bytes -= from->draft_bytes;
	return c;
}

void speculation_measure(struct batch *b)
{
	b->speculation->before = counted(b);
}
