/* Drafts made at the users' sites and verified elsewhere, against a naive engine that makes every
 * token and every message by itself, and by hand. All times are whole nanoseconds and agree
 * exactly. */
#include "tests/support/check.h"

#include <math.h>
#include <stdlib.h>

#include "io/profile/file.h"
#include "models/cost/catalog.h"
#include "models/cost/cost.h"
#include "sim/rng.h"
#include "tests/support/seeds.h"
#include "tests/support/world_fixture.h"

static struct seeds seeds;

enum { EDGES = 2 };

/* A random system: a cloud that verifies, two edges that draft, users at both and some of nowhere
 */

struct plan {
	struct draft_site sites[EDGES];
	struct model_spec draft;
	double delay_s[EDGES];
	double acceptance;
};

static const struct profile *profile_of(
	struct fixture *f, uint32_t site, const struct model_spec *m)
{
	const struct profile *p = NULL;
	struct err err = {0};

	if (!profile_find(&p, profile_builtin(&f->arena), &f->sites[site].gpu, "fused",
		    m->shape.name, m->precision, (struct src_pos){0}, &err))
		fail_msg("%s", err.msg);
	return p;
}

/** Leave room for @tok tokens of keys and values. */
static void squeeze(struct fixture *f, struct instance_spec *i, double tok)
{
	const struct model_spec *m = &f->models[0];

	i->reserve_bytes = f->sites[0].gpu.mem_bytes - llm_weight_bytes(&m->shape, m->precision) -
			   tok * llm_kv_bytes_per_tok(&m->shape);
}

static void build(struct fixture *f, struct plan *p, const char *const gpus[EDGES])
{
	static const char *const edges[EDGES] = {"edge1", "edge2"};

	fixture_init(f);
	fixture_site(f, "cloud", TIER_CLOUD, "rtx-4090");
	p->draft = (struct model_spec){.name = "draft",
		.shape = catalog_find_model("llama-68m")->shape,
		.precision = PRECISION_FP16};
	fixture_model(f, "llama2-7b", PRECISION_INT8)->draft = &p->draft;
	for (uint32_t e = 0; e < EDGES; e++) {
		fixture_site(f, edges[e], TIER_EDGE, gpus[e]);
		p->sites[e] = (struct draft_site){{e + 1}, profile_of(f, e + 1, &p->draft)};
		fixture_link(f, e == 0 ? "one" : "two", edges[e], "cloud", HUGE_VAL, p->delay_s[e]);
	}
	fixture_link(f, "users", "users", "*", HUGE_VAL, 0.0);
	fixture_llm(f, "gpu", 0, 0)->draft = (struct draft_spec){.on = true,
		.k = 4,
		.acceptance = 0.6,
		.n_sites = EDGES,
		.sites = p->sites,
		.by_home = true,
		.max_batch = 16,
		.tok_bytes = 6.0,
		.verdict_bytes = 8.0};
	fixture_policy(f, "random");
}

static void random_system(struct fixture *f, struct plan *p, uint64_t seed)
{
	static const char *const gpus[] = {"rtx-4090", "titan-x", "a100", "l40s"};
	static const char *const names[] = {"at-one", "at-two", "nowhere"};
	uint64_t x = seed;
	const char *of[EDGES];
	struct instance_spec *i;

	for (size_t e = 0; e < EDGES; e++) {
		of[e] = gpus[seeds_next(&x) % 4];
		p->delay_s[e] = 1e-4 * (double)(seeds_next(&x) % 300);
	}
	build(f, p, of);
	i = &f->instances[0];
	i->draft.k = 1 + (unsigned)(seeds_next(&x) % 8);
	i->draft.acceptance = (double)(seeds_next(&x) % 101) / 100.0;
	i->draft.drafts_ahead = seeds_next(&x) % 2;
	i->draft.max_batch = 1 + (unsigned)(seeds_next(&x) % 8);
	i->max_batch = 1 + (unsigned)(seeds_next(&x) % 24);
	i->block_tok = 1 + (unsigned)(seeds_next(&x) % 20);
	if (seeds_next(&x) % 2) {
		i->batching = BATCHING_CHUNKED;
		i->chunk_tok = i->max_batch * (i->draft.k + 1) + (unsigned)(seeds_next(&x) % 300);
	}
	if (seeds_next(&x) % 2)
		squeeze(f, i, 750.0 + (double)(seeds_next(&x) % 1500));
	for (uint32_t g = 0; g < 3; g++) {
		struct group_spec *u =
			fixture_group(f, names[g], 0.3 + 0.3 * (double)(seeds_next(&x) % 6));

		u->workload.prompt_tok = dist_uniform(5.0, 400.0);
		u->workload.output_tok = dist_uniform(1.0, 200.0);
		u->home = (struct site_id){g < EDGES ? g + 1 : NO_ID};
	}
	if (seeds_next(&x) % 2)
		i->host_time = (struct host_time){.step_s = 1e-4 * (double)(seeds_next(&x) % 30),
			.sequence_s = 1e-5 * (double)(seeds_next(&x) % 20),
			.prefill_s = 1e-3 * (double)(seeds_next(&x) % 20),
			.prompt_s = 1e-3 * (double)(seeds_next(&x) % 5)};
	f->spec.run.seed = seed;
	f->spec.run.horizon_s = 20.0;
}

/* The naive engine */

struct request {
	uint64_t id;
	int64_t ready_ns, first_ns, finished_ns;
	uint32_t prompt, output, emitted, computed, chunk, round, preemptions;
	uint64_t holds_tok;
	bool reserved, in_step, begun;
	enum { COMING, LINE, PROMPT, READY, AWAY, DONE } stage;
	double order;
	unsigned long admitted;
	int edge; /* -1: nobody drafts for it */

	/* what it hears and is sent */
	unsigned turn;
	bool here, won;
	bool drafted; /* its draft is to be verified by the next round */
	/* at the edge */
	bool computed_there, told, ahead;
	unsigned epoch;
	uint32_t made, want, context;
};

struct edge {
	struct cost *cost;
	int64_t delay_ns;
	size_t prompts[512], n_prompts, tokens[512], n_tokens, step[64], n_step;
	unsigned epochs[64];
	bool busy, of_prompts;
};

enum what { ARRIVES, STEP, DRAFT_STEP, DRAFT, VERDICT };

struct message {
	int64_t at_ns;
	enum what what;
	size_t who; /* request, or edge */
	unsigned turn;
	unsigned letter; /* those of an edge with one number are heard at once */
};

struct naive {
	const struct instance_spec *spec;
	struct cost *cost;
	struct rng_table coins;
	struct edge edges[EDGES];
	struct request *r;
	size_t n, n_messages;
	unsigned letter, letters; /* of what is posted now; so far */
	struct message *messages; /* in order of posting */
	int64_t now_ns;
	uint64_t total, cap_tok;
	unsigned long admissions;
	double front;
	unsigned turns;
	enum { IDLE, PROMPTS, ROUND } doing;
	bool mixed;
};

static void post(struct naive *v, int64_t at_ns, enum what what, size_t who, unsigned turn)
{
	v->messages[v->n_messages++] = (struct message){at_ns, what, who, turn, v->letter};
}

/** Is more of the letter of @m to come? */
static bool more_of(const struct naive *v, const struct message *m)
{
	for (size_t i = 0; i < v->n_messages; i++)
		if (v->messages[i].what == m->what && v->messages[i].letter == m->letter &&
			v->r[v->messages[i].who].edge == v->r[m->who].edge)
			return true;
	return false;
}

static bool next(struct naive *v, struct message *m)
{
	size_t first = 0;

	if (v->n_messages == 0)
		return false;
	for (size_t i = 1; i < v->n_messages; i++)
		if (v->messages[i].at_ns < v->messages[first].at_ns)
			first = i;
	*m = v->messages[first];
	for (size_t i = first + 1; i < v->n_messages; i++)
		v->messages[i - 1] = v->messages[i];
	v->n_messages--;
	return true;
}

static size_t count(const struct naive *v, int stage)
{
	size_t n = 0;

	for (size_t i = 0; i < v->n; i++)
		n += (int)v->r[i].stage == stage;
	return n;
}

static size_t in_batch(const struct naive *v)
{
	return count(v, PROMPT) + count(v, READY) + count(v, AWAY);
}

static uint32_t k_of(const struct naive *v, const struct request *r)
{
	return r->edge >= 0 ? v->spec->draft.k : 0;
}

/* Edges */

static void take_out(size_t *list, size_t *n, size_t who)
{
	size_t at = 0;

	while (at < *n && list[at] != who)
		at++;
	if (at == *n)
		return;
	for (--*n; at < *n; at++)
		list[at] = list[at + 1];
}

static void edge_goes_on(struct naive *v, size_t e)
{
	struct edge *d = &v->edges[e];
	struct cost_work w = {0};
	uint64_t tok = 0;
	double s = 0.0;

	if (d->busy || d->n_prompts + d->n_tokens == 0)
		return;
	d->of_prompts = d->n_prompts > 0;
	d->n_step = d->of_prompts ? d->n_prompts : d->n_tokens;
	if (d->n_step > v->spec->draft.max_batch)
		d->n_step = v->spec->draft.max_batch;
	for (size_t i = 0; i < d->n_step; i++) {
		const struct request *r;

		d->step[i] = d->of_prompts ? d->prompts[i] : d->tokens[i];
		r = &v->r[d->step[i]];
		d->epochs[i] = r->epoch;
		tok += r->prompt;
		w.decode_context_tok += r->context;
		if (d->of_prompts)
			s += cost_prefill_attention_s(d->cost, r->prompt, 0);
	}
	w.n_decode = d->n_step;
	s = d->of_prompts ? s + cost_prefill_s(d->cost, tok, d->n_step) : cost_step_s(d->cost, &w);
	d->busy = true;
	post(v, v->now_ns + ns_of_s(s), DRAFT_STEP, e, 0);
}

static void edge_sends(struct naive *v, size_t i)
{
	struct request *r = &v->r[i];
	struct edge *d = &v->edges[r->edge];

	post(v, v->now_ns + d->delay_ns, DRAFT, i, r->turn);
	r->made = 0;
	r->ahead = v->spec->draft.drafts_ahead;
	r->want = v->spec->draft.k + 1;
	if (!r->ahead)
		take_out(d->tokens, &d->n_tokens, i);
}

static void edge_starts(struct naive *v, size_t i)
{
	struct request *r = &v->r[i];
	struct edge *d = &v->edges[r->edge];
	bool all_there = r->made == v->spec->draft.k + 1;

	r->told = false;
	if (r->ahead && r->won) {
		r->ahead = false;
		if (!all_there)
			return; /* it goes on */
		edge_sends(v, i);
		if (r->ahead)
			d->tokens[d->n_tokens++] = i;
		return;
	}
	r->ahead = false;
	take_out(d->tokens, &d->n_tokens, i);
	d->tokens[d->n_tokens++] = i;
	r->epoch++;
	r->made = 0;
	r->want = v->spec->draft.k;
	r->context = r->prompt + r->emitted;
}

static void edge_step_ends(struct naive *v, size_t e)
{
	struct edge *d = &v->edges[e];

	d->busy = false;
	v->letter = ++v->letters;
	for (size_t i = 0; i < d->n_step; i++) {
		struct request *r = &v->r[d->step[i]];

		if (d->of_prompts) {
			take_out(d->prompts, &d->n_prompts, d->step[i]);
			r->computed_there = true;
			if (r->told && r->stage != DONE)
				edge_starts(v, d->step[i]);
			continue;
		}
		if (r->epoch != d->epochs[i])
			continue;
		r->made++;
		r->context++;
		if (r->made < r->want)
			continue;
		if (r->ahead)
			take_out(d->tokens, &d->n_tokens, d->step[i]);
		else
			edge_sends(v, d->step[i]);
	}
	edge_goes_on(v, e);
}

/** One of a letter; with the last of it the edge goes on. */
static void edge_hears(struct naive *v, const struct message *m)
{
	struct request *r = &v->r[m->who];

	v->letter = m->letter | 1U << 31; /* what it answers to this one goes in one, too */
	if (r->turn == m->turn && r->edge >= 0) {
		r->told = true;
		if (r->computed_there)
			edge_starts(v, m->who);
	}
	if (!more_of(v, m))
		edge_goes_on(v, (size_t)r->edge);
}

static void edge_forgets(struct naive *v, size_t i)
{
	struct request *r = &v->r[i];

	if (r->edge < 0)
		return;
	take_out(v->edges[r->edge].tokens, &v->edges[r->edge].n_tokens, i);
	r->turn = ++v->turns;
	r->epoch++;
	r->made = 0;
	r->told = r->ahead = r->here = false;
	if (r->stage == DONE)
		take_out(v->edges[r->edge].prompts, &v->edges[r->edge].n_prompts, i);
}

/* Memory */

static uint64_t blocks_of(const struct naive *v, uint64_t tok)
{
	return (tok + v->spec->block_tok - 1) / v->spec->block_tok;
}

static uint64_t blocks_gone(const struct naive *v)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < v->n; i++) {
		const struct request *r = &v->r[i];

		if (r->stage == PROMPT || r->stage == READY || r->stage == AWAY)
			sum += blocks_of(v, r->holds_tok);
		else if (r->reserved)
			sum += blocks_of(v, r->prompt + 1);
	}
	return sum;
}

static uint64_t blocks_more(const struct naive *v)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < v->n; i++)
		if (v->r[i].stage == READY)
			sum += blocks_of(v, v->r[i].prompt + v->r[i].emitted + k_of(v, &v->r[i])) -
			       blocks_of(v, v->r[i].holds_tok);
	return sum;
}

static void arrives(struct naive *v, size_t i)
{
	struct request *r = &v->r[i];
	size_t here = in_batch(v) + count(v, LINE);
	bool others_first = false;

	for (size_t k = 0; k < v->n; k++)
		others_first =
			others_first ||
			(v->r[k].stage == LINE && (!v->r[k].reserved || v->r[k].preemptions > 0));
	r->reserved = here < v->spec->max_batch && !others_first &&
		      blocks_gone(v) + blocks_of(v, r->prompt + 1) <= v->total;
	r->stage = LINE;
	if (r->edge < 0)
		return;
	v->edges[r->edge].prompts[v->edges[r->edge].n_prompts++] = i;
	edge_goes_on(v, (size_t)r->edge);
}

static bool fits(const struct naive *v, const struct request *r)
{
	uint64_t beside = v->spec->batching == BATCHING_CHUNKED ? blocks_more(v) : 0;

	return r->reserved ||
	       blocks_gone(v) + beside + blocks_of(v, r->prompt + r->emitted + 1) <= v->total;
}

static struct request *next_in_line(struct naive *v)
{
	struct request *best = NULL;

	for (size_t i = 0; i < v->n; i++) {
		struct request *r = &v->r[i];

		if (r->stage == LINE && (in_batch(v) > 0 || fits(v, r)) &&
			(!best || r->order < best->order))
			best = r;
	}
	return best && in_batch(v) < v->spec->max_batch && fits(v, best) ? best : NULL;
}

static void admit(struct naive *v, struct request *r)
{
	r->stage = PROMPT;
	r->reserved = false;
	r->holds_tok = r->prompt + r->emitted + 1;
	r->computed = 0;
	r->chunk = r->prompt + r->emitted;
	r->admitted = ++v->admissions;
}

static void admit_again(struct naive *v)
{
	struct request *r;

	while ((r = next_in_line(v)) && r->preemptions > 0)
		admit(v, r);
}

static void put_back(struct naive *v)
{
	bool prompts = count(v, PROMPT) > 0;
	size_t young = v->n;

	for (size_t i = 0; i < v->n; i++) {
		int stage = (int)v->r[i].stage;

		if ((prompts ? stage == PROMPT : stage == READY || stage == AWAY) &&
			(young == v->n || v->r[i].admitted > v->r[young].admitted))
			young = i;
	}
	if (!prompts)
		edge_forgets(v, young);
	v->r[young].stage = LINE;
	v->r[young].drafted = false;
	v->r[young].preemptions++;
	v->r[young].order = --v->front;
}

static void make_room(struct naive *v)
{
	while (count(v, READY) > 0 && blocks_gone(v) + blocks_more(v) > v->total)
		put_back(v);
}

static struct request *nth_prompt(struct naive *v, size_t n)
{
	for (unsigned long k = 1; k <= v->admissions; k++)
		for (size_t i = 0; i < v->n; i++)
			if (v->r[i].stage == PROMPT && v->r[i].admitted == k && n-- == 0)
				return &v->r[i];
	return NULL;
}

static void form_chunked(struct naive *v)
{
	uint64_t left = v->spec->chunk_tok;
	struct request *r;

	make_room(v);
	for (size_t i = 0; i < v->n; i++)
		left -= v->r[i].stage == READY ? k_of(v, &v->r[i]) + 1 : 0;
	for (size_t n = 0;; n++) {
		r = nth_prompt(v, n);
		if (!r && left > 0 && (r = next_in_line(v)))
			admit(v, r);
		if (!r)
			break;
		r->chunk = r->prompt + r->emitted - r->computed;
		r->chunk = r->chunk < left ? r->chunk : (uint32_t)left;
		left -= r->chunk;
	}
}

static void form_continuous(struct naive *v)
{
	struct request *r;
	uint64_t tok = 0;

	for (size_t i = 0; i < v->n; i++)
		tok += v->r[i].stage == PROMPT ? v->r[i].chunk : 0;
	while ((r = next_in_line(v)) && (tok == 0 || tok + r->prompt + r->emitted <= v->cap_tok)) {
		admit(v, r);
		tok += r->chunk;
	}
}

static void set_aside(struct naive *v)
{
	bool chunked = v->spec->batching == BATCHING_CHUNKED;
	uint64_t beside = chunked && !v->mixed ? blocks_more(v) : 0;
	size_t in = in_batch(v);

	for (size_t i = 0; i < v->n; i++)
		if (v->r[i].stage == LINE && v->r[i].preemptions > 0)
			return;
	for (size_t i = 0; i < v->n && in < v->spec->max_batch; i++) {
		struct request *r = &v->r[i];

		if (r->stage != LINE)
			continue;
		in++;
		if (!r->reserved &&
			blocks_gone(v) + beside + blocks_of(v, r->prompt + 1) > v->total)
			return;
		r->reserved = true;
	}
}

/* Steps of the cloud */

static void take(struct naive *v)
{
	for (size_t i = 0; i < v->n; i++) {
		struct request *r = &v->r[i];

		r->in_step = r->stage == READY;
		if (r->in_step)
			r->holds_tok = r->prompt + r->emitted + k_of(v, r);
	}
}

static double step_s(struct naive *v)
{
	const struct host_time *host = &v->spec->host_time;
	struct cost_work w = {0};
	double s = host->step_s;

	for (size_t i = 0; i < v->n; i++) {
		struct request *r = &v->r[i];

		if (v->doing != ROUND && r->stage == PROMPT) {
			s += r->begun ? 0.0 : host->prompt_s;
			r->begun = true;
			w.prompt_tok += r->chunk;
			w.n_ended += r->computed + r->chunk == r->prompt + r->emitted;
			if (r->chunk > 0)
				s += cost_prefill_attention_s(v->cost, r->chunk, r->computed);
		}
		if ((v->doing != ROUND && !v->mixed) || r->stage != READY)
			continue;
		if (k_of(v, r) > 0) {
			cost_work_verify(&w, k_of(v, r), r->prompt + r->emitted);
			continue;
		}
		w.n_decode++;
		w.decode_context_tok += r->prompt + r->emitted;
	}
	s += host->sequence_s * (double)(w.n_decode + w.n_verify + w.n_ended);
	s += w.prompt_tok > 0 ? host->prefill_s : 0.0;
	return s + cost_step_s(v->cost, &w);
}

static void boundary(struct naive *v)
{
	do {
		for (size_t i = 0; i < v->n; i++)
			if (v->r[i].stage == AWAY && v->r[i].here) {
				v->r[i].stage = READY;
				v->r[i].here = false;
				v->r[i].drafted = true;
			}
		if (v->spec->batching == BATCHING_CHUNKED)
			form_chunked(v);
		else
			form_continuous(v);
		v->mixed = v->spec->batching == BATCHING_CHUNKED && count(v, PROMPT) > 0 &&
			   count(v, READY) > 0;
		if (v->mixed)
			take(v);
		set_aside(v);
		v->doing = count(v, PROMPT) > 0 ? PROMPTS : count(v, READY) > 0 ? ROUND : IDLE;
		if (v->doing == ROUND)
			make_room(v);
	} while (v->doing == ROUND && count(v, READY) == 0);
	if (v->doing == IDLE)
		return;
	if (v->doing == ROUND)
		take(v);
	post(v, v->now_ns + ns_of_s(step_s(v)), STEP, 0, 0);
}

/** The tokens that the draft and the model agree on, up to @most. */
static uint32_t agreed(const struct naive *v, const struct request *r, uint32_t most)
{
	uint64_t word[RNG_TABLE_WORDS];
	uint32_t n = 0;
	double u;

	rng_table_look(&v->coins, r->id, r->round / 4, word);
	u = (double)(word[r->round % 4] >> 11) * 0x1p-53;
	while (n < most && u < pow(v->spec->draft.acceptance, n + 1.0))
		n++;
	return n;
}

static void emits(struct naive *v, struct request *r)
{
	uint32_t k = k_of(v, r);

	r->emitted += k > 0 ? agreed(v, r, k) + 1 : 1;
	r->won = k > 0 && agreed(v, r, k + 1) == k + 1;
	r->round += k > 0;
	if (r->emitted >= r->output) {
		r->emitted = r->output;
		r->stage = DONE;
		r->finished_ns = v->now_ns;
		edge_forgets(v, (size_t)(r - v->r));
	}
	r->holds_tok = r->prompt + r->emitted - 1;
	r->in_step = r->drafted = false;
}

static void prompts_end(struct naive *v)
{
	for (size_t i = 0; i < v->n; i++) {
		struct request *r = &v->r[i];

		if (r->stage != PROMPT)
			continue;
		r->computed += r->chunk;
		if (r->computed < r->prompt + r->emitted)
			continue;
		r->stage = READY;
		if (r->emitted++ == 0)
			r->first_ns = v->now_ns;
		if (r->emitted < r->output)
			continue;
		r->stage = DONE;
		r->finished_ns = v->now_ns;
		edge_forgets(v, i);
	}
}

/** The oldest first. */
static void send_off(struct naive *v)
{
	v->letter = ++v->letters;
	for (unsigned long k = 1; k <= v->admissions; k++)
		for (size_t i = 0; i < v->n; i++) {
			struct request *r = &v->r[i];

			if (r->stage != READY || r->edge < 0 || r->admitted != k || r->drafted)
				continue;
			r->stage = AWAY;
			r->turn = ++v->turns;
			post(v, v->now_ns + v->edges[r->edge].delay_ns, VERDICT, i, r->turn);
		}
}

static void step_ends(struct naive *v)
{
	bool prompts = v->doing == PROMPTS;

	for (size_t i = 0; i < v->n; i++)
		if ((v->mixed || !prompts) && v->r[i].in_step)
			emits(v, &v->r[i]);
	if (prompts)
		prompts_end(v);
	v->mixed = false;
	v->doing = IDLE;
	send_off(v);
	admit_again(v);
	boundary(v);
}

static void happens(struct naive *v, const struct message *m)
{
	v->now_ns = m->at_ns;
	switch (m->what) {
	case ARRIVES:
		arrives(v, m->who);
		if (v->doing == IDLE)
			boundary(v);
		break;
	case STEP:
		step_ends(v);
		break;
	case DRAFT_STEP:
		edge_step_ends(v, m->who);
		break;
	case DRAFT:
		if (v->r[m->who].turn == m->turn && v->r[m->who].stage == AWAY)
			v->r[m->who].here = true;
		if (v->doing == IDLE && !more_of(v, m))
			boundary(v);
		break;
	case VERDICT:
		edge_hears(v, m);
		break;
	}
}

static struct cost *cost_of(struct fixture *f, uint32_t site, const struct model_spec *m,
	const struct profile *p, unsigned max_batch)
{
	struct cost_spec spec = {.profile = p,
		.gpu = &f->sites[site].gpu,
		.shape = &m->shape,
		.precision = m->precision,
		.max_batch = max_batch,
		.quantile = PROFILE_MEDIAN};
	struct err err = {0};
	struct cost *c;

	if (!cost_create(&c, &spec, &err))
		fail_msg("%s", err.msg);
	return c;
}

static void naive_init(struct naive *v, struct fixture *f, const struct plan *p)
{
	const struct instance_spec *s = &f->instances[0];
	const struct model_spec *m = &f->models[0];
	double room = f->sites[0].gpu.mem_bytes - s->reserve_bytes -
		      llm_weight_bytes(&m->shape, m->precision);

	*v = (struct naive){.spec = s,
		.cost = cost_of(f, 0, m, s->profile, s->max_batch),
		.n = f->n_rows,
		.r = mem_zalloc(f->n_rows, sizeof *v->r),
		.messages = mem_zalloc(5 * f->n_rows + 9, sizeof *v->messages),
		.total = (uint64_t)(room / (llm_kv_bytes_per_tok(&m->shape) * s->block_tok)),
		.cap_tok = m->shape.context};
	rng_table_init(&v->coins, f->spec.run.seed, f->replication, "acceptance", "");
	for (uint32_t e = 0; e < EDGES; e++) {
		v->edges[e].cost =
			cost_of(f, e + 1, &p->draft, p->sites[e].profile, s->draft.max_batch);
		v->edges[e].delay_ns = ns_of_s(p->delay_s[e]);
	}
	for (size_t i = 0; i < v->n; i++) {
		uint32_t home = f->groups[f->rows[i].group].home.i;

		v->r[i] = (struct request){.id = f->rows[i].id,
			.ready_ns = f->rows[i].created_ns,
			.prompt = f->rows[i].prompt_tok,
			.output = f->rows[i].output_tok,
			.order = (double)(i + 1),
			.stage = f->rows[i].fate == FATE_REJECTED ? DONE : COMING,
			.edge = home == NO_ID ? -1 : (int)home - 1};
		if (v->r[i].stage == COMING)
			post(v, v->r[i].ready_ns, ARRIVES, i, 0);
	}
}

static void naive_finish(struct naive *v)
{
	for (size_t e = 0; e < EDGES; e++)
		cost_destroy(v->edges[e].cost);
	cost_destroy(v->cost);
	free(v->messages);
	free(v->r);
}

static size_t put_back_in_all, done_in_all;

static void compare(struct fixture *f, const struct plan *p, uint64_t seed)
{
	struct naive v;
	struct message m;

	naive_init(&v, f, p);
	while (next(&v, &m))
		happens(&v, &m);
	for (size_t i = 0; i < v.n; i++) {
		const struct request_row *r = &f->rows[i];

		if (r->fate != FATE_DONE) /* the horizon came first */
			continue;
		if (r->finished_ns != v.r[i].finished_ns || r->first_token_ns != v.r[i].first_ns ||
			r->preemptions != v.r[i].preemptions || r->rounds != v.r[i].round)
			fail_msg("system %llu, request %zu: %lld %lld %u %u, naive %lld %lld %u %u",
				(unsigned long long)seed, i, (long long)r->first_token_ns,
				(long long)r->finished_ns, r->preemptions, r->rounds,
				(long long)v.r[i].first_ns, (long long)v.r[i].finished_ns,
				v.r[i].preemptions, v.r[i].round);
		put_back_in_all += r->preemptions;
		done_in_all++;
	}
	naive_finish(&v);
}

static void every_message_and_token_is_that_of_a_naive_engine(void **state)
{
	(void)state;
	put_back_in_all = done_in_all = 0;
	for (uint64_t seed = seeds.first; seed <= seeds.last; seed++) {
		struct fixture f;
		struct plan p;

		random_system(&f, &p, seed);
		fixture_run(&f);
		compare(&f, &p, seed);
		fixture_finish(&f);
	}
	assert_true(done_in_all > 0);
	if (seeds.last > seeds.first + 20)
		assert_true(put_back_in_all > 0);
}

/*
 * Two users at one edge 50 ms away send a prompt of 100 tokens at the same instant, answers of
 *three tokens, k = 1, every draft accepted. The cloud computes the first prompt, then the second, P
 *each. A first token takes 50 ms to the edge, where a token is drafted, D, and the draft 50 ms
 *back; its verification, V, gives the other two. P is 22 ms and the rest far less, so the two never
 *meet:
 *
 *	first token at P, end at P + 50 + D + 50 + V;  of the second both are P later
 *
 * Each draft is 6 bytes.
 */
static void two_users_by_hand(void **state)
{
	static const char *const gpus[EDGES] = {"rtx-4090", "rtx-4090"};
	static const char *const names[] = {"a", "b"};
	struct plan p = {.delay_s = {50e-3, 50e-3}};
	int64_t P, D, V, way = ns_of_s(50e-3), t0;
	struct cost_work draft = {.n_decode = 1, .decode_context_tok = 101.0}, verify = {0};
	struct cost *cloud, *edge;
	struct fixture f;

	(void)state;
	build(&f, &p, gpus);
	f.instances[0].draft.k = 1;
	f.instances[0].draft.acceptance = 1.0;
	for (size_t g = 0; g < 2; g++) {
		struct group_spec *u = fixture_group(&f, names[g], 1.0);

		u->arrivals.process = ARRIVAL_DETERMINISTIC;
		u->workload.output_tok = dist_constant(3.0);
		u->home = (struct site_id){1};
	}
	f.spec.run.horizon_s = 1.5;
	fixture_run(&f);
	cloud = cost_of(&f, 0, &f.models[0], f.instances[0].profile, 16);
	edge = cost_of(&f, 1, &p.draft, p.sites[0].profile, 16);
	P = ns_of_s(cost_prefill_s(cloud, 100, 1) + cost_prefill_attention_s(cloud, 100, 0));
	D = ns_of_s(cost_step_s(edge, &draft));
	cost_work_verify(&verify, 1, 101.0);
	V = ns_of_s(cost_step_s(cloud, &verify));
	assert_true(P > D + V);
	t0 = f.rows[0].created_ns;
	assert_int_equal(f.rows[1].created_ns, t0);
	for (int64_t i = 0; i < 2; i++) {
		assert_int_equal(f.rows[i].fate, FATE_DONE);
		assert_int_equal(f.rows[i].first_token_ns, t0 + (i + 1) * P);
		assert_int_equal(f.rows[i].finished_ns, t0 + (i + 1) * P + way + D + way + V);
		assert_int_equal(f.rows[i].rounds, 1);
	}
	assert_near(fixture_metric(&f, "", "speculation.draft_bytes"), 2 * 6.0, 1e-9);
	assert_near(fixture_metric(&f, "", "speculation.drafted_tok"), 2.0, 1e-9);
	assert_near(fixture_metric(&f, "", "speculation.wasted_tok"), 0.0, 1e-9);
	cost_destroy(cloud);
	cost_destroy(edge);
	fixture_finish(&f);
}

/*
 * Three users send a prompt of 100 tokens each at the same instant to a site of two gpus, one of
 * which drafts; between them 1 kB/s and 100 ms. Answers of three tokens, k = 1, every draft
 *accepted. The first prompt is computed alone, P, the others together, Q. What is said of the first
 *is 8 bytes, of the others 16 in one letter; their drafts are 6 and 12. The others are drafted for
 *in one step, and verified in one:
 *
 *	of the first	P + (100 + 8) + D + (100 + 6) + V
 *	of the others	P + Q + (100 + 16) + E + (100 + 12) + W
 */
static void within_a_site_letters_go_over_the_interconnect(void **state)
{
	static const char *const gpus[EDGES] = {"rtx-4090", "rtx-4090"};
	static const char *const names[] = {"a", "b", "c"};
	struct plan p = {.delay_s = {50e-3, 50e-3}};
	struct cost_work one = {.n_decode = 1, .decode_context_tok = 101.0},
			 two = {.n_decode = 2, .decode_context_tok = 202.0}, v = {0}, w = {0};
	struct cost *cloud, *edge;
	int64_t ends[3], t0;
	double P, Q, alone;
	struct fixture f;

	(void)state;
	build(&f, &p, gpus);
	f.sites[0].interconnect =
		(struct interconnect_spec){.bytes_per_s = 1e3, .latency_s = 100e-3};
	p.sites[0].site = (struct site_id){0};
	f.instances[0].draft.n_sites = 1;
	f.instances[0].draft.by_home = false;
	f.instances[0].draft.k = 1;
	f.instances[0].draft.acceptance = 1.0;
	for (size_t g = 0; g < 3; g++) {
		struct group_spec *u = fixture_group(&f, names[g], 1.0);

		u->arrivals.process = ARRIVAL_DETERMINISTIC;
		u->workload.output_tok = dist_constant(3.0);
	}
	f.spec.run.horizon_s = 1.5;
	fixture_run(&f);
	cloud = cost_of(&f, 0, &f.models[0], f.instances[0].profile, 16);
	edge = cost_of(&f, 0, &p.draft, p.sites[0].profile, 16);
	alone = cost_prefill_attention_s(cloud, 100, 0);
	P = cost_prefill_s(cloud, 100, 1) + alone;
	Q = alone + alone + cost_prefill_s(cloud, 200, 2);
	cost_work_verify(&v, 1, 101.0);
	cost_work_verify(&w, 1, 101.0);
	cost_work_verify(&w, 1, 101.0);
	ends[0] = ns_of_s(P) + ns_of_s(108e-3) + ns_of_s(cost_step_s(edge, &one)) +
		  ns_of_s(106e-3) + ns_of_s(cost_step_s(cloud, &v));
	ends[1] = ns_of_s(P) + ns_of_s(Q) + ns_of_s(116e-3) + ns_of_s(cost_step_s(edge, &two)) +
		  ns_of_s(112e-3) + ns_of_s(cost_step_s(cloud, &w));
	ends[2] = ends[1];
	t0 = f.rows[0].created_ns;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(f.rows[i].created_ns, t0);
		assert_int_equal(f.rows[i].fate, FATE_DONE);
		assert_int_equal(f.rows[i].finished_ns - t0, ends[i]);
	}
	cost_destroy(cloud);
	cost_destroy(edge);
	fixture_finish(&f);
}

/* Two clouds that share the drafters, one of them with swapping, answers streamed over shaped
 * links, and policies that choose. Plain decodes jump where nobody is drafted for. */
static void richer_system(struct fixture *f, struct plan *p, uint64_t seed)
{
	static const char *const policies[] = {"random", "fcfs", "k-p-fcfs", "jsq"};
	struct instance_spec *i;

	random_system(f, p, seed);
	fixture_site(f, "other", TIER_CLOUD, "rtx-4090");
	fixture_link(f, "far", "edge1", "other", 1e6, 3e-3);
	fixture_link(f, "near", "edge2", "other", 1e6, 1e-3);
	i = fixture_llm(f, "second", 3, 0);
	i->draft = f->instances[0].draft;
	i->max_batch = 4;
	i->kv.preemption = PREEMPTION_SWAP;
	i->kv.swap_bytes = 1e9;
	squeeze(f, i, 1000.0);
	f->groups[0].stream = seed % 2;
	fixture_policy(f, policies[seed % 4]);
}

static void a_richer_system_is_the_same_step_by_step(void **state)
{
	(void)state;
	for (uint64_t seed = seeds.first; seed <= seeds.last; seed++) {
		struct fixture f[2];
		struct plan p[2];

		for (int steps = 0; steps < 2; steps++) {
			richer_system(&f[steps], &p[steps], seed);
			f[steps].step_by_step = steps;
			fixture_run(&f[steps]);
			assert_int_equal(f[steps].result.status, RUN_COMPLETE);
		}
		assert_int_equal(f[0].n_rows, f[1].n_rows);
		for (size_t i = 0; i < f[0].n_rows; i++) {
			const struct request_row *a = &f[0].rows[i], *b = &f[1].rows[i];

			if (a->delivered_ns != b->delivered_ns || a->rounds != b->rounds ||
				a->preemptions != b->preemptions)
				fail_msg("system %llu, request %zu: %lld, step by step %lld",
					(unsigned long long)seed, i, (long long)a->delivered_ns,
					(long long)b->delivered_ns);
		}
		fixture_finish(&f[0]);
		fixture_finish(&f[1]);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_users_by_hand),
		cmocka_unit_test(within_a_site_letters_go_over_the_interconnect),
		cmocka_unit_test(every_message_and_token_is_that_of_a_naive_engine),
		cmocka_unit_test(a_richer_system_is_the_same_step_by_step),
	};

	seeds = seeds_of(argc, argv, 50);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
