/*
 * Rounds without a closed form as one event: they are made in a loop until somebody has his last
 * token, or the next finds no memory, each with its end and the blocks it holds. What comes
 * meanwhile looks its place up; a cut makes the rounds before it again, on fresh copies.
 *
 * Costs: O(batch) a round, twice where it is cut; O(log rounds) a question.
 */
#include "base/mem.h"
#include "models/serving/jump.h"
#include "models/serving/span.h"
#include "models/serving/speculative.h"

/* An event at least every so many rounds, so that no answer is too long to be kept. */
enum { ROUNDS_MOST = 4096 };

static struct made *another(struct speculation *s)
{
	s->made = mem_grow(s->made, s->n_made, &s->cap_made, sizeof *s->made);
	return &s->made[s->n_made++];
}

static double round_s(const struct batch *b, uint32_t k)
{
	const struct speculation *s = b->speculation;
	struct cost_work w;

	if (s->cost)
		return speculation_round_s(b, s->rows, (double)(s->stored + s->ended_tok), k);
	w = speculation_work(b);
	return cost_step_s(b->cost, &w);
}

/** The coming round, of @k; *@sum_s is what the run takes up to its end. */
static bool make(struct batch *b, uint32_t k, double *sum_s)
{
	struct speculation *s = b->speculation;
	struct speculation_counts sum = {0};
	struct made *m;

	if (s->n_made > 0)
		sum = s->made[s->n_made - 1].sum;
	m = another(s);
	*sum_s += round_s(b, k);
	*m = (struct made){.k = k,
		.end_ns = ns_after(b->jump.from_ns, ns_of_s(*sum_s)),
		.need = speculation_need(b, k)};
	if (m->need > s->need_most)
		s->need_most = m->need;
	m->sum = sum;
	return speculation_round(b, k, &m->sum);
}

static void post(struct batch *b, uint64_t k)
{
	int64_t end_ns = k > 0 ? b->speculation->made[k - 1].end_ns : b->jump.from_ns;

	b->jump.end = b->executor->launch(b, end_ns, b->running.heap[0].seq);
}

/** The next round, or step by step its first. */
static void go_on(struct batch *b)
{
	b->jump.step_from_ns = batch_now_ns(b);
	post(b, b->step_by_step ? b->jump.stepped + 1 : b->jump.k);
}

/** End it after @k rounds instead. */
static void repost(struct batch *b, uint64_t k)
{
	engine_cancel(b->i->engine, b->jump.end);
	b->jump.k = k;
	post(b, k);
}

static void begin(struct batch *b)
{
	struct speculation *s = b->speculation;
	double sum_s = batch_swapping_s(b);
	/* one that was just put back may fit again after the next round; later it fits less.
	   Drafts from elsewhere are for one round. */
	size_t most = b->batching->admits(b) || !s->cost ? 1 : ROUNDS_MOST;
	uint32_t k;
	bool ends;

	b->jump.from_ns = batch_now_ns(b);
	b->jump.lead_s = sum_s;
	b->jump.stepped = 0;
	s->n_made = 0;
	s->need_most = 0;
	speculation_copy(b);
	k = speculation_k(b);
	do
		ends = make(b, k, &sum_s);
	while (!ends && s->n_made < most &&
		speculation_need(b, k = speculation_k(b)) <= kvcache_free(&b->kv));
	b->jump.k = s->n_made;
	go_on(b);
}

/** The copies go to where @k rounds have been made. */
static void go_to(struct batch *b, uint64_t k)
{
	struct speculation *s = b->speculation;
	struct speculation_counts unused = {0};

	if (s->at > k)
		speculation_copy(b);
	while (s->at < k)
		speculation_round(b, s->made[s->at].k, &unused);
}

/** Of the round just made, each token that is not the last of its answer. */
static void tell_tokens(struct batch *b)
{
	const struct speculation *s = b->speculation;
	uint64_t round = b->jump.stepped - 1;

	go_to(b, round);
	for (size_t i = 0; i < s->n; i++) {
		uint32_t n = speculation_wins(b, i, s->made[round].k);

		for (n -= n == s->ahead[i].left; n > 0; n--)
			b->i->host->token(b->i->world, b->i->id, s->ahead[i].seq);
	}
}

static bool advance(struct batch *b)
{
	struct jump *j = &b->jump;

	if (!b->step_by_step || j->stepped >= j->k) /* cut short before the next began */
		return true;
	j->stepped++;
	if (b->tells)
		tell_tokens(b);
	if (j->stepped < j->k && !b->batching->admits(b) &&
		b->speculation->made[j->stepped].need <= kvcache_free(&b->kv)) {
		go_on(b);
		return false;
	}
	j->k = j->stepped;
	return true;
}

static void end(struct batch *b)
{
	struct speculation *s = b->speculation;
	uint64_t peak = 0;

	for (uint64_t r = 0; r < b->jump.k; r++)
		if (s->made[r].need > peak)
			peak = s->made[r].need;
	kvcache_take(&b->kv, peak);
	b->kv.used -= peak;
	if (b->jump.k == 0)
		return;
	go_to(b, b->jump.k);
	speculation_commit(b, &s->made[b->jump.k - 1].sum);
}

static uint64_t steps_begun(const struct batch *b)
{
	const struct speculation *s = b->speculation;
	int64_t now_ns = batch_now_ns(b);
	uint64_t low = 0, high = b->jump.k;

	if (b->activity != BATCH_DECODE || now_ns <= b->jump.from_ns)
		return 0;
	if (b->step_by_step)
		return b->jump.stepped + (b->jump.step_from_ns == now_ns ? 0 : 1);
	while (low < high) { /* the first round whose end is not before now */
		uint64_t mid = (low + high) / 2;

		if (s->made[mid].end_ns < now_ns)
			low = mid + 1;
		else
			high = mid;
	}
	return low < b->jump.k ? low + 1 : low;
}

static bool cut(struct batch *b)
{
	const struct speculation *s = b->speculation;
	struct jump *j = &b->jump;
	uint64_t k = steps_begun(b);
	int64_t now_ns = batch_now_ns(b);

	if (b->step_by_step) { /* advance() ends it otherwise */
		if (j->step_from_ns != now_ns)
			return false;
		jump_end_now(b, j->stepped);
		return true;
	}
	if (k >= j->k)
		return false;
	if (k == 0 || s->made[k - 1].end_ns == now_ns) {
		jump_end_now(b, k);
		return true;
	}
	repost(b, k);
	return false;
}

static void shorten(struct batch *b)
{
	const struct speculation *s = b->speculation;
	struct jump *j = &b->jump;
	uint64_t free = kvcache_free(&b->kv), k;

	if (b->activity != BATCH_DECODE || s->need_most <= free)
		return;
	k = steps_begun(b);
	if (b->step_by_step && k > j->stepped)
		return; /* advance() looks when it is over */
	while (k < j->k && s->made[k].need <= free)
		k++;
	if (b->step_by_step ? k == j->stepped : k < j->k)
		repost(b, k);
}

static uint64_t need(const struct batch *b, uint64_t steps)
{
	return steps > 0 ? b->speculation->made[steps - 1].need : 0;
}

static uint64_t need_most(const struct batch *b)
{
	return b->speculation->need_most;
}

static uint64_t tok(const struct batch *b, uint64_t steps)
{
	return steps > 0 ? b->speculation->made[steps - 1].sum.given : 0;
}

const struct jump_ops jump_made = {
	.begin = begin,
	.advance = advance,
	.end = end,
	.cut = cut,
	.shorten = shorten,
	.steps_begun = steps_begun,
	.need = need,
	.need_most = need_most,
	.tok = tok,
};
