#include "tests/models/serving/prefix_twin.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static uint64_t blocks_of(const struct twin *v, uint64_t tok)
{
	return (tok + v->block_tok - 1) / v->block_tok;
}

static size_t count(const struct twin *v, int stage)
{
	size_t n = 0;

	for (size_t i = 0; i < v->n; i++)
		n += (int)v->r[i].stage == stage;
	return n;
}

static bool in_batch(const struct twin_request *r)
{
	return r->stage == TWIN_PROMPT || r->stage == TWIN_RUNNING;
}

static size_t batch_size(const struct twin *v)
{
	return count(v, TWIN_PROMPT) + count(v, TWIN_RUNNING);
}

static uint64_t stored(const struct twin_request *r)
{
	return r->prompt + r->emitted;
}

/* The table */

static struct twin_block *find(struct twin *v, const struct twin_request *r, uint64_t block)
{
	uint64_t n = block * v->block_tok;

	for (size_t i = 0; i < v->n_table; i++)
		if (v->table[i].n == n && memcmp(v->table[i].tok, r->tok, n * sizeof *r->tok) == 0)
			return &v->table[i];
	return NULL;
}

/** Full blocks of the first @tok tokens there behind those that it has, or those of them held. */
static uint64_t match(struct twin *v, const struct twin_request *r, uint64_t tok, bool held_only)
{
	uint64_t n = r->in_table;
	const struct twin_block *b;

	while ((n + 1) * v->block_tok <= tok && (b = find(v, r, n + 1)) != NULL &&
		(!held_only || b->holders > 0))
		n++;
	return n - r->in_table;
}

static void hold(struct twin *v, struct twin_request *r, uint64_t blocks)
{
	for (; blocks > 0; blocks--)
		find(v, r, ++r->in_table)->holders++;
}

static uint64_t table_count(const struct twin *v, bool held)
{
	uint64_t n = 0;

	for (size_t i = 0; i < v->n_table; i++)
		n += (v->table[i].holders > 0) == held;
	return n;
}

static uint64_t used(const struct twin *v)
{
	uint64_t sum = table_count(v, true);

	for (size_t i = 0; i < v->n; i++)
		if (in_batch(&v->r[i]))
			sum += blocks_of(v, v->r[i].held_tok) - v->r[i].in_table;
	return sum;
}

static uint64_t reserved(const struct twin *v)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < v->n; i++)
		sum += v->r[i].reserved;
	return sum;
}

static uint64_t unused(const struct twin *v)
{
	return v->total - used(v) - reserved(v);
}

/** What is used, kept and free is all there is: what is kept gives way, the longest unused first.
 */
static void settle(struct twin *v)
{
	while (used(v) + table_count(v, false) > v->total) {
		size_t oldest = v->n_table;

		for (size_t i = 0; i < v->n_table; i++)
			if (v->table[i].holders == 0 &&
				(oldest == v->n_table ||
					v->table[i].let_go < v->table[oldest].let_go))
				oldest = i;
		v->table[oldest] = v->table[--v->n_table];
		v->evicted++;
	}
}

/** All full blocks of its first @tok tokens are computed. */
static void add(struct twin *v, struct twin_request *r, uint64_t tok)
{
	while ((r->in_table + 1) * v->block_tok <= tok) {
		if (match(v, r, tok, false) == 0) {
			v->table = mem_grow(v->table, v->n_table, &v->cap_table, sizeof *v->table);
			v->table[v->n_table++] = (struct twin_block){
				.tok = r->tok, .n = (r->in_table + 1) * v->block_tok};
		}
		hold(v, r, 1);
	}
}

/** It leaves, with @tok tokens in its blocks. */
static void leave(struct twin *v, struct twin_request *r, uint64_t tok)
{
	settle(v);
	add(v, r, tok);
	for (; r->in_table > 0; r->in_table--) {
		struct twin_block *b = find(v, r, r->in_table);

		if (--b->holders == 0)
			b->let_go = ++v->order;
	}
}

/* Who waits */

static bool preempted_waits(const struct twin *v)
{
	for (size_t i = 0; i < v->n; i++)
		if (v->r[i].stage == TWIN_WAITING && v->r[i].preemptions > 0)
			return true;
	return false;
}

static bool bare(const struct twin_request *r)
{
	return r->stage == TWIN_WAITING && r->reserved == 0 && r->preemptions == 0;
}

static bool bare_waits(const struct twin *v)
{
	for (size_t i = 0; i < v->n; i++)
		if (bare(&v->r[i]))
			return true;
	return false;
}

static void reserve(struct twin *v, struct twin_request *r)
{
	hold(v, r, match(v, r, r->prompt, true));
	r->reserved = blocks_of(v, r->prompt + 1) - r->in_table;
}

/** Those that come until @until_s, while what is in flight holds its blocks. */
static void arrivals(struct twin *v, double until_s)
{
	for (size_t i = 0; i < v->n; i++) {
		struct twin_request *r = &v->r[i];
		size_t here = batch_size(v) + count(v, TWIN_WAITING);

		if (r->stage != TWIN_COMING || r->ready_s > until_s)
			continue;
		if (here < v->max_batch && !preempted_waits(v) && !bare_waits(v) &&
			blocks_of(v, r->prompt + 1) - match(v, r, r->prompt, true) <= unused(v))
			reserve(v, r);
		r->stage = TWIN_WAITING;
	}
}

/** Those in line from place @k on: the first; NULL: none. */
static struct twin_request *in_line(struct twin *v, size_t k)
{
	long after = -1000000000;
	struct twin_request *r = NULL;

	for (size_t n = 0; n <= k; n++) {
		r = NULL;
		for (size_t i = 0; i < v->n; i++)
			if (v->r[i].stage == TWIN_WAITING && v->r[i].order > after &&
				(!r || v->r[i].order < r->order))
				r = &v->r[i];
		if (!r)
			return NULL;
		after = r->order;
	}
	return r;
}

/** Blocks that the next token of all that decode asks for. */
static uint64_t need_next(const struct twin *v)
{
	uint64_t n = 0;

	for (size_t i = 0; i < v->n; i++)
		if (v->r[i].stage == TWIN_RUNNING)
			n += blocks_of(v, stored(&v->r[i])) - blocks_of(v, v->r[i].held_tok);
	return n;
}

static bool fits(struct twin *v, const struct twin_request *r, uint64_t beside)
{
	return r->reserved > 0 ||
	       blocks_of(v, stored(r) + 1) - match(v, r, stored(r), true) + beside <= unused(v);
}

static void set_aside(struct twin *v)
{
	struct twin_request *r;

	for (size_t k = 0; batch_size(v) + k < v->max_batch && !preempted_waits(v); k++) {
		r = in_line(v, k);
		if (!r)
			return;
		if (r->reserved > 0)
			continue;
		if (!fits(v, r, v->chunked ? need_next(v) : 0))
			return;
		reserve(v, r);
	}
}

/** Tokens of @r that a prefill would find. */
static uint64_t found(struct twin *v, const struct twin_request *r)
{
	uint64_t tok = (r->in_table + match(v, r, stored(r), false)) * v->block_tok;

	return tok < stored(r) ? tok : stored(r) - 1;
}

static void admit(struct twin *v, struct twin_request *r)
{
	settle(v);
	r->computed = (uint32_t)found(v, r);
	hold(v, r, match(v, r, stored(r), false));
	if (r->preemptions == 0)
		r->cached = r->computed;
	r->reserved = 0;
	r->stage = TWIN_PROMPT;
	r->held_tok = stored(r) + 1;
	r->chunk = (uint32_t)stored(r) - r->computed;
	r->born = ++v->admissions;
	settle(v);
}

static void preempt(struct twin *v, struct twin_request *r)
{
	leave(v, r, r->stage == TWIN_PROMPT ? r->computed : stored(r) - 1);
	r->stage = TWIN_WAITING;
	r->preemptions++;
	r->order = --v->front;
}

static struct twin_request *youngest(struct twin *v, int stage)
{
	struct twin_request *y = NULL;

	for (size_t i = 0; i < v->n; i++)
		if ((int)v->r[i].stage == stage && (!y || v->r[i].born > y->born))
			y = &v->r[i];
	return y;
}

static void make_room(struct twin *v)
{
	while (count(v, TWIN_RUNNING) > 0 && need_next(v) > unused(v)) {
		struct twin_request *r = youngest(v, TWIN_PROMPT);

		preempt(v, r ? r : youngest(v, TWIN_RUNNING));
	}
}

/* Steps */

static void take_next(struct twin *v)
{
	for (size_t i = 0; i < v->n; i++)
		if (v->r[i].stage == TWIN_RUNNING)
			v->r[i].held_tok = stored(&v->r[i]);
}

/** The next that may come in; when nobody is in, whoever fits. */
static struct twin_request *admissible(struct twin *v, uint64_t prompt_tok, uint64_t beside)
{
	struct twin_request *r;

	for (size_t k = 0; (r = in_line(v, k)) != NULL; k++) {
		bool cap = v->chunked || count(v, TWIN_PROMPT) == 0 ||
			   prompt_tok + stored(r) - found(v, r) <= v->cap_tok;

		if (batch_size(v) < v->max_batch && cap && fits(v, r, beside))
			return r;
		if (batch_size(v) > 0)
			return NULL;
	}
	return NULL;
}

static void form_whole(struct twin *v)
{
	struct twin_request *r;
	uint64_t tok = 0;

	while ((r = admissible(v, tok, 0)) != NULL) {
		admit(v, r);
		add(v, r, stored(r));
		tok += r->chunk;
	}
}

static uint64_t cut(struct twin *v, struct twin_request *r, uint64_t budget)
{
	uint64_t left = stored(r) - r->computed;

	r->chunk = (uint32_t)(left < budget ? left : budget);
	add(v, r, r->computed + r->chunk);
	return budget - r->chunk;
}

static void form_chunks(struct twin *v)
{
	uint64_t budget;
	struct twin_request *r;

	/* who was preempted is back as soon as there is memory, whatever the budget */
	while (preempted_waits(v) && (r = admissible(v, 0, need_next(v))) != NULL)
		admit(v, r);
	make_room(v);
	budget = v->budget - count(v, TWIN_RUNNING);
	for (unsigned long b = 0; b <= v->admissions; b++) /* the oldest first */
		for (size_t i = 0; i < v->n; i++)
			if (v->r[i].stage == TWIN_PROMPT && v->r[i].born == b)
				budget = cut(v, &v->r[i], budget);
	while (budget > 0 && (r = admissible(v, 0, need_next(v))) != NULL) {
		admit(v, r);
		budget = cut(v, r, budget);
	}
	if (count(v, TWIN_PROMPT) > 0)
		take_next(v);
}

static double step_s(const struct twin *v, bool decode)
{
	struct cost_work w = {.n_decode = decode ? count(v, TWIN_RUNNING) : 0};
	double s = 0.0;

	for (size_t i = 0; i < v->n; i++) {
		const struct twin_request *r = &v->r[i];

		if (r->stage == TWIN_RUNNING)
			w.decode_context_tok += (double)stored(r);
		if (r->stage != TWIN_PROMPT || r->chunk == 0)
			continue;
		w.prompt_tok += r->chunk;
		w.n_ended += r->computed + r->chunk == stored(r);
		s += cost_prefill_attention_s(v->cost, r->chunk, r->computed);
	}
	return s + cost_step_s(v->cost, &w);
}

/** A token more; in order of admission. */
static void emit(struct twin *v, int stage)
{
	for (unsigned long b = 0; b <= v->admissions; b++)
		for (size_t i = 0; i < v->n; i++) {
			struct twin_request *r = &v->r[i];

			if ((int)r->stage != stage || r->born != b)
				continue;
			if (stage == TWIN_PROMPT) {
				r->computed += r->chunk;
				r->chunk = 0;
				if (r->computed < stored(r))
					continue;
			}
			if (r->emitted++ == 0)
				r->first_s = v->now_s;
			r->stage = TWIN_RUNNING;
			if (r->emitted < r->output)
				continue;
			leave(v, r, stored(r) - 1);
			r->stage = TWIN_DONE;
			r->finished_s = v->now_s;
		}
}

static void step(struct twin *v)
{
	bool prompts = count(v, TWIN_PROMPT) > 0, decode = v->chunked || !prompts;
	double s = step_s(v, decode);

	if (!prompts)
		take_next(v);
	arrivals(v, v->now_s + s);
	v->now_s += s;
	v->used = mem_grow(v->used, v->n_steps, &v->cap_steps, sizeof *v->used);
	v->used[v->n_steps++] = used(v);
	if (decode) /* whose prompt ends now decodes from the next step on */
		emit(v, TWIN_RUNNING);
	emit(v, TWIN_PROMPT);
}

static void form(struct twin *v)
{
	if (v->chunked)
		form_chunks(v);
	else
		form_whole(v);
	set_aside(v);
	if (count(v, TWIN_PROMPT) == 0)
		make_room(v);
}

static void wait_for_one(struct twin *v)
{
	double next_s = 1e300;

	for (size_t i = 0; i < v->n; i++)
		if (v->r[i].stage == TWIN_COMING && v->r[i].ready_s < next_s)
			next_s = v->r[i].ready_s;
	v->now_s = next_s;
	arrivals(v, next_s);
}

void twin_run(struct twin *v)
{
	for (size_t i = 0; i < v->n; i++)
		v->r[i].order = (long)i + 1;
	while (count(v, TWIN_DONE) < v->n) {
		form(v);
		if (batch_size(v) > 0)
			step(v);
		else if (count(v, TWIN_WAITING) == 0)
			wait_for_one(v);
	}
	settle(v);
}

void twin_finish(struct twin *v)
{
	free(v->table);
	free(v->used);
	free(v->r);
}
