#include "models/serving/drafter.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "models/ev.h"
#include "models/net/net.h"

/** One that wants something: its prompt computed, or tokens. */
struct wish {
	const struct draft_line *line;
	uint32_t seq, epoch;
};

struct wishes {
	struct wish *at;
	size_t n, cap;
};

struct drafter {
	struct drafter_build b;
	struct wishes prompts, tokens; /* in order of coming */
	struct wish *step;             /* those in the step in flight */
	size_t n_step;
	bool busy, of_prompts;
	int64_t from_ns; /* it began */
};

static struct drafting *drafting_of(const struct drafter *d, uint32_t seq)
{
	return &d->b.sequences->at[seq].drafting;
}

static void add(struct wishes *w, const struct draft_line *l, uint32_t seq, uint32_t epoch)
{
	w->at = mem_grow(w->at, w->n, &w->cap, sizeof *w->at);
	w->at[w->n++] = (struct wish){l, seq, epoch};
}

static void take_out(struct wishes *w, uint32_t seq)
{
	size_t i = 0;

	while (i < w->n && w->at[i].seq != seq)
		i++;
	if (i == w->n)
		return;
	memmove(w->at + i, w->at + i + 1, (w->n - i - 1) * sizeof *w->at);
	w->n--;
}

struct drafter *drafter_create(const struct drafter_build *b)
{
	struct drafter *d = mem_zalloc(1, sizeof *d);

	d->b = *b;
	d->step = mem_zalloc(b->max_batch, sizeof *d->step);
	return d;
}

void drafter_destroy(struct drafter *d)
{
	if (!d)
		return;
	free(d->prompts.at);
	free(d->tokens.at);
	free(d->step);
	free(d);
}

static double within_s(const struct draft_line *l, double bytes)
{
	return l->within->latency_s + bytes / l->within->bytes_per_s;
}

double draft_line_s(const struct draft_line *l, struct net *net, size_t n)
{
	double up = (double)n * l->draft_bytes, down = (double)n * l->verdict_bytes;

	if (l->within)
		return within_s(l, up) + within_s(l, down);
	return net_predict_s(net, l->up, up, TRANSFER_DRAFT, true) +
	       net_predict_s(net, l->down, down, TRANSFER_DRAFT, true);
}

/* Steps */

static double prompts_s(const struct drafter *d)
{
	uint64_t tok = 0;
	double s = 0.0;

	for (size_t i = 0; i < d->n_step; i++) {
		uint32_t one = d->b.sequences->at[d->step[i].seq].prompt_tok;

		tok += one;
		s += cost_prefill_attention_s(d->b.cost, one, 0);
	}
	return s + cost_prefill_s(d->b.cost, tok, d->n_step);
}

static double tokens_s(const struct drafter *d)
{
	struct cost_work w = {.n_decode = d->n_step};

	for (size_t i = 0; i < d->n_step; i++)
		w.decode_context_tok += drafting_of(d, d->step[i].seq)->tok;
	return cost_step_s(d->b.cost, &w);
}

/** Begin a step, if it is idle and somebody wants one. */
static void go_on(struct drafter *d)
{
	const struct wishes *w = d->prompts.n > 0 ? &d->prompts : &d->tokens;
	double s;

	if (d->busy || w->n == 0)
		return;
	d->busy = true;
	d->of_prompts = d->prompts.n > 0;
	d->from_ns = engine_now_ns(d->b.engine);
	d->n_step = w->n < d->b.max_batch ? w->n : d->b.max_batch;
	memcpy(d->step, w->at, d->n_step * sizeof *d->step);
	s = d->of_prompts ? prompts_s(d) : tokens_s(d);
	post_draft_step(d->b.engine, ns_after(engine_now_ns(d->b.engine), ns_of_s(s)), d->b.id);
}

/** @bytes on their way, over @way or within the site. */
static void post(struct drafter *d, const struct draft_line *l, const struct route *way,
	double bytes, struct event there)
{
	int64_t now_ns = engine_now_ns(d->b.engine);

	if (l->within)
		engine_post_at(d->b.engine, ns_after(now_ns, ns_of_s(within_s(l, bytes))), there);
	else if (net_send(d->b.net, way, bytes, TRANSFER_DRAFT, &there))
		engine_post_at(d->b.engine, now_ns, there);
}

/** Drafts that are complete go, if there are any. */
static void post_drafts(struct drafter *d, const struct draft_line *l)
{
	uint32_t letter = l->open->up;

	if (letter == NO_ID)
		return;
	l->open->up = NO_ID;
	post(d, l, l->up, (double)d->b.mail->at[letter].n * l->draft_bytes,
		ev_draft(l->to, letter));
}

static void send(struct drafter *d, const struct draft_line *l, uint32_t seq)
{
	struct drafting *q = drafting_of(d, seq);

	l->counts->draft_bytes += l->draft_bytes;
	draft_mail_add(d->b.mail, &l->open->up, (struct draft_item){seq, q->turn});
	q->made = 0;
	q->bets = l->ahead;
	q->want = l->ahead ? l->k + 1 : 0;
	if (!l->ahead)
		take_out(&d->tokens, seq);
}

/** It has a token more. */
static void drafted(struct drafter *d, const struct wish *w)
{
	struct drafting *q = drafting_of(d, w->seq);

	if (q->epoch != w->epoch) /* overtaken */
		return;
	q->made++;
	q->tok++;
	if (q->made < q->want)
		return;
	if (q->bets)
		take_out(&d->tokens, w->seq); /* until the bet is decided */
	else
		send(d, w->line, w->seq);
}

/** It begins to draft on what it was told. */
static void start(struct drafter *d, const struct draft_line *l, uint32_t seq)
{
	struct sequence *of = &d->b.sequences->at[seq];
	struct drafting *q = &of->drafting;
	bool won = q->bets && q->won, wants = q->bets && q->made < q->want;

	q->told = false;
	if (!won) {
		l->counts->drafted += q->made;
		l->counts->wasted += q->made;
		take_out(&d->tokens, seq);
		q->made = 0;
		q->want = l->k;
		q->tok = of->prompt_tok + of->emitted_tok;
		q->epoch = ++l->turns->last;
		add(&d->tokens, l, seq, q->epoch);
	}
	q->bets = false;
	if (won && !wants) { /* all there, and it was out of the line */
		send(d, l, seq);
		if (l->ahead)
			add(&d->tokens, l, seq, q->epoch);
	}
}

static void computed(struct drafter *d, const struct wish *w)
{
	struct drafting *q = drafting_of(d, w->seq);

	if (q->prompt_epoch != w->epoch)
		return;
	take_out(&d->prompts, w->seq);
	q->ready = true;
	if (q->told)
		start(d, w->line, w->seq);
}

struct step_span drafter_step(const struct drafter *d)
{
	struct step_span s = {
		.instance = {NO_ID},
		.drafter = d->b.id + 1,
		.kind = d->of_prompts ? STEP_PREFILL : STEP_DRAFT,
		.from_ns = d->from_ns,
		.steps = 1,
		.batch = (uint32_t)d->n_step,
		.tok = d->of_prompts ? 0 : d->n_step,
	};

	for (size_t i = 0; i < d->n_step && d->of_prompts; i++)
		s.prompt_tok += d->b.sequences->at[d->step[i].seq].prompt_tok;
	return s;
}

void drafter_advance(struct drafter *d)
{
	d->busy = false;
	for (size_t i = 0; i < d->n_step; i++) {
		if (d->of_prompts)
			computed(d, &d->step[i]);
		else
			drafted(d, &d->step[i]);
	}
	for (size_t i = 0; i < d->n_step; i++)
		post_drafts(d, d->step[i].line);
	go_on(d);
}

/* What the instance says */

static double room_of(const struct draft_line *l, const struct sequence *q)
{
	return (double)q->prompt_tok + q->output_tok + 2.0 * l->k + 1.0;
}

bool drafter_begin(const struct draft_line *l, uint32_t seq)
{
	struct drafter *d = l->drafter;
	struct sequence *q = &d->b.sequences->at[seq];

	if (room_of(l, q) > d->b.room_tok)
		return false;
	d->b.room_tok -= room_of(l, q);
	q->drafting.prompt_epoch = ++l->turns->last;
	q->drafting.epoch = ++l->turns->last;
	add(&d->prompts, l, seq, q->drafting.prompt_epoch);
	go_on(d);
	return true;
}

void drafter_tell(const struct draft_line *l, uint32_t seq)
{
	struct drafting *q = drafting_of(l->drafter, seq);

	q->turn = ++l->turns->last;
	q->where = DRAFT_AWAITED;
	draft_mail_add(l->mail, &l->open->down, (struct draft_item){seq, q->turn});
}

void drafter_post(const struct draft_line *l)
{
	struct drafter *d = l->drafter;
	uint32_t letter = l->open->down;

	if (letter == NO_ID)
		return;
	l->open->down = NO_ID;
	post(d, l, l->down, (double)l->mail->at[letter].n * l->verdict_bytes,
		ev_verdict(d->b.id, letter));
}

/** False: it was overtaken. */
static bool hear(struct drafter *d, struct draft_item what)
{
	struct drafting *q = what.seq < d->b.sequences->n ? drafting_of(d, what.seq) : NULL;

	if (!q || q->turn != what.turn)
		return false;
	q->told = true;
	if (q->ready)
		start(d, q->line, what.seq);
	return true;
}

void drafter_hear(struct drafter *d, uint32_t letter)
{
	struct draft_letter l = d->b.mail->at[letter]; /* others may be opened meanwhile */

	for (size_t i = 0; i < l.n; i++)
		if (!hear(d, l.at[i]))
			l.at[i].seq = NO_ID;
	for (size_t i = 0; i < l.n; i++)
		if (l.at[i].seq != NO_ID)
			post_drafts(d, drafting_of(d, l.at[i].seq)->line);
	draft_mail_close(d->b.mail, letter);
	go_on(d);
}

/** What was made for @seq since its last draft left is in vain. */
static void drop(const struct draft_line *l, uint32_t seq)
{
	struct drafting *q = drafting_of(l->drafter, seq);

	l->counts->drafted += q->made;
	l->counts->wasted += q->made;
	take_out(&l->drafter->tokens, seq);
	q->turn = ++l->turns->last;
	q->epoch = ++l->turns->last;
	q->made = q->want = 0;
	q->bets = q->told = false;
	q->where = DRAFT_NOWHERE;
}

void drafter_stop(const struct draft_line *l, uint32_t seq)
{
	drop(l, seq);
}

void drafter_end(const struct draft_line *l, uint32_t seq)
{
	struct drafter *d = l->drafter;
	struct sequence *q = &d->b.sequences->at[seq];

	drop(l, seq);
	take_out(&d->prompts, seq);
	q->drafting.prompt_epoch = 0;
	q->drafting.line = NULL;
	d->b.room_tok += room_of(l, q);
}
