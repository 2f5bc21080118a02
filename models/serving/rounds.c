/* Rounds of speculation on copies of the sequences, and what comes to pass of them. */
#include <string.h>

#include "models/serving/instance.h"
#include "models/serving/running.h"
#include "models/serving/speculative.h"

/* A window of about ten rounds: adaptive. */
static const double forgets = 0.9;

/* Copies */

/** The coins around the coming round of @a. */
static void toss(struct speculation *s, struct ahead *a)
{
	struct tossed *t = &s->tossed[a->id & s->tossed_mask];
	uint64_t block = a->round / RNG_TABLE_WORDS + 1;

	if (t->id != a->id || t->block != block) {
		t->id = a->id;
		t->block = block;
		rng_table_look(&s->coins, a->id, block - 1, t->coin);
	}
	memcpy(a->coin, t->coin, sizeof a->coin);
}

static void copy(const struct batch *b, struct ahead *a, uint32_t seq)
{
	const struct sequence *q = batch_sequence(b, seq);

	*a = (struct ahead){
		.id = q->id,
		.acceptance = q->acceptance,
		.won = q->won,
		.tried = q->tried,
		.tok = (uint32_t)batch_stored_tok(q),
		.left = q->output_tok - q->emitted_tok,
		.round = q->round,
		.seq = seq,
		.k = q->drafting.line ? b->speculation->draft->k : 0,
	};
	toss(b->speculation, a);
}

void speculation_copy(struct batch *b)
{
	struct speculation *s = b->speculation;

	s->n = b->running.n;
	s->at = s->held = s->stored = s->want = 0;
	s->n_want = 0;
	s->blocks_k = UINT32_MAX;
	for (size_t i = 0; i < s->n; i++) {
		copy(b, &s->ahead[i], b->running.heap[i].seq);
		s->held += batch_sequence(b, s->ahead[i].seq)->held_blocks;
		s->stored += s->ahead[i].tok;
		s->want += s->ahead[i].left;
		s->n_want += s->ahead[i].left > 0;
	}
	s->rows = b->running.rows;
	s->ended_tok = b->batching->keeps_rows ? (uint64_t)b->running.context_tok - s->stored : 0;
	s->plans = NULL;
	s->plan.until_tok = 0;
}

/** In the coming round of the copies, which is of @k where all are drafted here. */
static uint32_t k_of(const struct speculation *s, const struct ahead *a, uint32_t k)
{
	return s->cost ? k : a->k;
}

/** In a round of @k; who has ended keeps what he has. */
static uint64_t blocks_of(const struct batch *b, const struct ahead *a, uint32_t k)
{
	return kvcache_blocks(&b->kv, a->left > 0 ? (uint64_t)a->tok + k : (uint64_t)a->tok - 1);
}

uint64_t speculation_need(const struct batch *b, uint32_t k)
{
	const struct speculation *s = b->speculation;
	uint64_t sum = 0;

	if (k == s->blocks_k)
		return s->blocks > s->held ? s->blocks - s->held : 0;
	for (size_t i = 0; i < s->n; i++)
		sum += blocks_of(b, &s->ahead[i], k_of(s, &s->ahead[i], k));
	return sum > s->held ? sum - s->held : 0; /* answers of one token hold more than they use */
}

/* What a round takes and gives */

double speculation_round_s(const struct batch *b, size_t n, double context_tok, uint32_t k)
{
	return cost_round_s(b->cost, b->speculation->cost, n, k, context_tok);
}

struct cost_work speculation_work(const struct batch *b)
{
	const struct speculation *s = b->speculation;
	struct cost_work w = {0};

	for (size_t i = 0; i < s->n; i++) {
		const struct ahead *a = &s->ahead[i];

		if (a->k > 0) {
			cost_work_verify(&w, a->k, a->tok);
			continue;
		}
		w.n_decode++;
		w.decode_context_tok += a->tok;
	}
	return w;
}

/** Of @k drafted tokens. */
static uint32_t accepted(const struct ahead *a, uint32_t k)
{
	double u = (double)(a->coin[a->round % RNG_TABLE_WORDS] >> 11) * 0x1p-53;
	double reach = a->acceptance;
	uint32_t n = 0;

	for (; n < k && u < reach; n++)
		reach *= a->acceptance;
	return n;
}

uint32_t speculation_wins(const struct batch *b, size_t i, uint32_t k)
{
	const struct ahead *a = &b->speculation->ahead[i];
	uint32_t n = accepted(a, k_of(b->speculation, a, k)) + 1;

	return n < a->left ? n : a->left;
}

static void count(struct speculation_counts *sum, uint32_t k, uint32_t n, uint32_t left)
{
	if (k == 0)
		return;
	sum->rounds++;
	sum->drafted += k;
	sum->accepted += n;
	sum->looked_at += n < k ? n + 1 : k;
	sum->wasted += k - (n < left ? n : left);
}

/** @a makes its coming round of @k. */
static void round_of(
	struct speculation *s, struct ahead *a, uint32_t k, struct speculation_counts *c)
{
	uint32_t n = accepted(a, k), gain = n < a->left ? n + 1 : a->left;

	if (!s->cost)
		a->all = n == k && accepted(a, k + 1) > k;
	count(c, k, n, a->left);
	c->given += gain;
	a->tok += gain;
	a->left -= gain;
	if (k == 0)
		return;
	if (s->draft->adaptive) {
		a->won = forgets * a->won + n;
		a->tried = forgets * a->tried + (n < k ? n + 1 : k);
	}
	if (++a->round % RNG_TABLE_WORDS == 0)
		toss(s, a);
}

bool speculation_round(struct batch *b, uint32_t k, struct speculation_counts *sum)
{
	struct speculation *s = b->speculation;
	struct speculation_counts c = *sum;
	bool ends = false;

	s->blocks = 0;
	s->blocks_k = k;
	for (size_t i = 0; i < s->n; i++) {
		struct ahead *a = &s->ahead[i];
		uint32_t own = k_of(s, a, k);

		if (a->left > 0) {
			round_of(s, a, own, &c);
			if (a->left == 0) {
				s->n_want--;
				s->plan.until_tok = 0; /* what holds for so many */
				ends = true;
			}
		}
		s->blocks += blocks_of(b, a, own);
	}
	s->stored += c.given - sum->given;
	s->want -= c.given - sum->given;
	s->at++;
	*sum = c;
	return b->together.as_one ? s->n_want == 0 : ends;
}

void speculation_commit(struct batch *b, const struct speculation_counts *sum)
{
	struct speculation *s = b->speculation;

	b->kv.steps += s->at;
	s->drew = s->drew || sum->rounds > 0;
	b->running.context_tok = (double)(s->stored + s->ended_tok);
	speculation_add(&s->counts, sum);
	for (size_t i = 0; i < s->n; i++) { /* what running_hasten() moves was here before */
		const struct ahead *a = &s->ahead[i];
		struct sequence *q = batch_sequence(b, a->seq);
		uint32_t blocks = (uint32_t)kvcache_blocks(&b->kv, (uint64_t)a->tok - 1);

		b->kv.used += blocks;
		b->kv.used -= q->held_blocks;
		q->held_blocks = blocks;
		q->emitted_tok = q->output_tok - a->left;
		q->round = a->round;
		q->won = a->won;
		q->tried = a->tried;
		q->drafting.won = a->all;
		if (a->left == 0 && (s->n_want == 0 || !b->together.as_one))
			running_hasten(b, i);
	}
}
