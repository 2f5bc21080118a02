/* Speculation with draft and model on one device, against a naive engine that makes every token of
 * every sequence by itself, and jumps against steps. */
#include "tests/support/check.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "io/profile/file.h"
#include "models/cost/catalog.h"
#include "models/cost/cost.h"
#include "sim/rng.h"
#include "tests/models/serving/plan_twin.h"
#include "tests/support/seeds.h"
#include "tests/support/world_fixture.h"

static struct seeds seeds;

/* A random system */

static const struct model_spec *draft_of(struct fixture *f, const char *name)
{
	struct model_spec *m = arena_alloc(&f->arena, 1, sizeof *m);

	*m = (struct model_spec){.name = name,
		.shape = catalog_find_model(name)->shape,
		.precision = PRECISION_FP16};
	return m;
}

static void speculate(struct fixture *f, struct instance_spec *i, unsigned k, double acceptance)
{
	struct model_spec *m = &f->models[i->model.i];
	struct err err = {0};

	if (!m->draft)
		m->draft = draft_of(f, "llama-68m");
	i->draft = (struct draft_spec){.on = true, .k = k, .acceptance = acceptance};
	if (!profile_find(&i->draft.profile, profile_builtin(&f->arena), &f->sites[i->site.i].gpu,
		    i->runtime, m->draft->shape.name, m->draft->precision, i->at, &err))
		fail_msg("%s", err.msg);
}

/** Leave room for @tok tokens of keys and values, of model and draft. */
static void squeeze(struct fixture *f, struct instance_spec *i, double tok)
{
	const struct model_spec *m = &f->models[i->model.i];

	i->reserve_bytes =
		f->sites[i->site.i].gpu.mem_bytes - llm_weight_bytes(&m->shape, m->precision) -
		llm_weight_bytes(&m->draft->shape, m->draft->precision) -
		tok * (llm_kv_bytes_per_tok(&m->shape) + llm_kv_bytes_per_tok(&m->draft->shape));
}

static void random_instance(struct fixture *f, struct instance_spec *i, uint64_t *x)
{
	static const double sure[] = {0.0, 1.0};
	double acceptance = (double)(seeds_next(x) % 100) / 100.0;

	if (seeds_next(x) % 8 == 0)
		acceptance = sure[seeds_next(x) % 2];
	speculate(f, i, (unsigned)(seeds_next(x) % 9), acceptance);
	i->draft.adaptive = seeds_next(x) % 3 == 0;
	i->draft.planned = !i->draft.adaptive && seeds_next(x) % 3 == 0;
	if (i->draft.planned)
		i->draft.k = 8;
	i->max_batch = 1 + (unsigned)(seeds_next(x) % 24);
	i->block_tok = 1 + (unsigned)(seeds_next(x) % 20);
	if (seeds_next(x) % 2) {
		i->batching = BATCHING_CHUNKED;
		i->chunk_tok = i->max_batch * (i->draft.k + 1) + (unsigned)(seeds_next(x) % 300);
	}
	if (seeds_next(x) % 2)
		squeeze(f, i, 750.0 + (double)(seeds_next(x) % 1500));
	else if (seeds_next(x) % 2) /* activations of a few hundred rows */
		i->reserve_bytes = 12e6 + (double)(seeds_next(x) % 20) * 1e6;
}

/* An eager policy, so that the instance alone decides who waits */
static void random_system(struct fixture *f, uint64_t seed)
{
	static const char *const gpus[] = {"rtx-4090", "titan-x", "a100", "h200"};
	uint64_t x = seed;
	struct instance_spec *i;
	struct group_spec *g;

	fixture_init(f);
	fixture_site(f, "cloud", TIER_CLOUD, gpus[seeds_next(&x) % 4]);
	fixture_model(f, "llama2-7b", PRECISION_INT8);
	i = fixture_llm(f, "gpu", 0, 0);
	random_instance(f, i, &x);
	g = fixture_group(f, "users", 1.0 + (double)(seeds_next(&x) % 6));
	g->workload.prompt_tok = dist_uniform(5.0, 400.0);
	g->workload.output_tok = dist_uniform(1.0, 250.0);
	fixture_policy(f, "random");
	f->spec.run.seed = seed;
	f->spec.run.horizon_s = 30.0;
}

/* The naive engine: a turn of its loop is a step, and every request is looked at in each */

struct naive_request {
	uint64_t id;
	double ready_s;
	uint32_t prompt, output, emitted, computed, chunk, round, preemptions;
	uint64_t holds_tok; /* what its blocks were last asked to hold */
	bool reserved;      /* its first blocks are set aside */
	enum { COMING, LINE, PROMPT, RUNNING, DONE } stage;
	double order;           /* of waiting: preempted ones first, last preempted foremost */
	unsigned long admitted; /* of the last admission: larger is younger */
	double won, tried;
	double first_s, finished_s;
};

/** A question to the planner, its figures rounded. */
struct asked {
	unsigned n, tok, want, k;
};

struct naive {
	struct cost *cost, *draft;
	struct rng_table coins;
	const struct instance_spec *spec;
	uint64_t total; /* blocks */
	uint32_t cap_tok;
	struct naive_request *r;
	size_t n;
	double now_s;
	unsigned long admissions;
	double front;
	uint64_t rounds, drafted, accepted;
	struct asked *asked; /* what was planned */
	size_t n_asked, cap_asked;
};

static size_t count(const struct naive *v, int stage)
{
	size_t n = 0;

	for (size_t i = 0; i < v->n; i++)
		n += (int)v->r[i].stage == stage;
	return n;
}

static uint64_t blocks_of(const struct naive *v, uint64_t tok)
{
	return (tok + v->spec->block_tok - 1) / v->spec->block_tok;
}

/** Held by those in the batch, and set aside for those in line. */
static uint64_t blocks_gone(const struct naive *v)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < v->n; i++) {
		const struct naive_request *r = &v->r[i];

		if (r->stage == PROMPT || r->stage == RUNNING)
			sum += blocks_of(v, r->holds_tok);
		else if (r->reserved)
			sum += blocks_of(v, r->prompt + 1);
	}
	return sum;
}

/** Blocks that a round of @k asks for beyond those held. */
static uint64_t blocks_more(const struct naive *v, uint32_t k)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < v->n; i++)
		if (v->r[i].stage == RUNNING)
			sum += blocks_of(v, v->r[i].prompt + v->r[i].emitted + k) -
			       blocks_of(v, v->r[i].holds_tok);
	return sum;
}

static uint64_t blocks_least(const struct naive *v)
{
	return blocks_more(
		v, v->spec->draft.adaptive || v->spec->draft.planned ? 0 : v->spec->draft.k);
}

static void naive_arrivals(struct naive *v, double until_s)
{
	for (size_t i = 0; i < v->n; i++) {
		struct naive_request *r = &v->r[i];
		bool others_first = false;
		size_t here = 0;

		if (r->stage != COMING || r->ready_s > until_s)
			continue;
		for (size_t k = 0; k < v->n; k++) {
			const struct naive_request *o = &v->r[k];

			here += o->stage != COMING && o->stage != DONE;
			others_first = others_first ||
				       (o->stage == LINE && (!o->reserved || o->preemptions > 0));
		}
		r->reserved = here < v->spec->max_batch && !others_first &&
			      blocks_gone(v) + blocks_of(v, r->prompt + 1) <= v->total;
		r->stage = LINE;
	}
}

static bool naive_fits(const struct naive *v, const struct naive_request *r)
{
	uint64_t beside = v->spec->batching == BATCHING_CHUNKED ? blocks_least(v) : 0;

	return r->reserved ||
	       blocks_gone(v) + beside + blocks_of(v, r->prompt + r->emitted + 1) <= v->total;
}

/** The first in line, if it fits; when nobody is in the batch, the first that fits. */
static struct naive_request *next_in_line(struct naive *v)
{
	size_t in = count(v, PROMPT) + count(v, RUNNING);
	struct naive_request *best = NULL;

	for (size_t i = 0; i < v->n; i++) {
		struct naive_request *r = &v->r[i];

		if (r->stage == LINE && (in > 0 || naive_fits(v, r)) &&
			(!best || r->order < best->order))
			best = r;
	}
	return best && in < v->spec->max_batch && naive_fits(v, best) ? best : NULL;
}

static void naive_admit(struct naive *v, struct naive_request *r)
{
	r->stage = PROMPT;
	r->reserved = false;
	r->holds_tok = r->prompt + r->emitted + 1;
	r->computed = 0;
	r->chunk = r->prompt + r->emitted;
	r->admitted = ++v->admissions;
}

/** The last whose prompt is being computed gives up, else the youngest. */
static void naive_preempt(struct naive *v)
{
	int stage = count(v, PROMPT) > 0 ? PROMPT : RUNNING;
	struct naive_request *young = NULL;

	for (size_t i = 0; i < v->n; i++)
		if ((int)v->r[i].stage == stage && (!young || v->r[i].admitted > young->admitted))
			young = &v->r[i];
	young->stage = LINE;
	young->preemptions++;
	young->order = --v->front;
}

static void make_room(struct naive *v)
{
	while (count(v, RUNNING) > 0 && blocks_gone(v) + blocks_least(v) > v->total)
		naive_preempt(v);
}

/** By order of admission. */
static struct naive_request *nth_prompt(struct naive *v, size_t n)
{
	for (unsigned long k = 1; k <= v->admissions; k++)
		for (size_t i = 0; i < v->n; i++)
			if (v->r[i].stage == PROMPT && v->r[i].admitted == k && n-- == 0)
				return &v->r[i];
	return NULL;
}

/** At the end of a step those who were put back take what room there is, before others come. */
static void admit_again(struct naive *v)
{
	struct naive_request *r;

	while ((r = next_in_line(v)) && r->preemptions > 0)
		naive_admit(v, r);
}

static void form_chunked(struct naive *v)
{
	uint64_t left = v->spec->chunk_tok;
	struct naive_request *r;

	make_room(v);
	left -= count(v, RUNNING) * (v->spec->draft.k + 1);
	for (size_t n = 0;; n++) {
		r = nth_prompt(v, n);
		if (!r && left > 0 && (r = next_in_line(v)))
			naive_admit(v, r);
		if (!r)
			break;
		r->chunk = r->prompt + r->emitted - r->computed;
		r->chunk = r->chunk < left ? r->chunk : (uint32_t)left;
		left -= r->chunk;
	}
}

static void form_continuous(struct naive *v)
{
	struct naive_request *r;
	uint64_t tok = 0;

	for (size_t i = 0; i < v->n; i++)
		tok += v->r[i].stage == PROMPT ? v->r[i].chunk : 0;
	while ((r = next_in_line(v)) && (tok == 0 || tok + r->prompt + r->emitted <= v->cap_tok)) {
		naive_admit(v, r);
		tok += r->chunk;
	}
}

/** Once the step is formed, those in line have their first blocks set aside, in order, as long as
 * there are places and blocks, and nobody who was put back waits. */
static void set_aside(struct naive *v, bool mixed)
{
	bool chunked = v->spec->batching == BATCHING_CHUNKED;
	uint64_t beside = chunked && !mixed ? blocks_least(v) : 0;
	size_t in = count(v, PROMPT) + count(v, RUNNING);

	for (size_t i = 0; i < v->n && in < v->spec->max_batch;
		i++) { /* none was put back: by number */
		struct naive_request *r = &v->r[i];

		if (r->stage == LINE && r->preemptions > 0)
			return;
	}
	for (size_t i = 0; i < v->n && in < v->spec->max_batch; i++) {
		struct naive_request *r = &v->r[i];

		if (r->stage != LINE)
			continue;
		in++;
		if (!r->reserved &&
			blocks_gone(v) + beside + blocks_of(v, r->prompt + 1) > v->total)
			return;
		r->reserved = true;
	}
}

/* What a step takes */

static double draft_step_s(const struct naive *v, size_t n, double tok)
{
	struct cost_work w = {.n_decode = n, .decode_context_tok = tok};

	return cost_step_s(v->draft, &w);
}

static double naive_round_s(const struct naive *v, uint32_t k)
{
	struct cost_work w = {0};
	double s = 0.0, tok = 0.0;
	size_t n = 0;

	for (size_t i = 0; i < v->n; i++) {
		const struct naive_request *r = &v->r[i];

		if (r->stage != RUNNING)
			continue;
		if (k > 0)
			cost_work_verify(&w, k, r->prompt + r->emitted);
		tok += r->prompt + r->emitted;
		n++;
	}
	if (k == 0)
		w = (struct cost_work){.n_decode = n, .decode_context_tok = tok};
	for (uint32_t j = 0; j < k; j++)
		s += draft_step_s(v, n, tok + (double)(n * j));
	return s + cost_step_s(v->cost, &w);
}

/** Of all whose prompts are computed, and where they take part of those who run. */
static double with_prompts_s(const struct naive *v, bool mixed, uint32_t k)
{
	struct cost_work w = {0}, d;
	double s = 0.0, tok = 0.0;
	size_t n = 0;

	for (size_t i = 0; i < v->n; i++) {
		const struct naive_request *r = &v->r[i];

		if (mixed && r->stage == RUNNING) {
			n++;
			tok += r->prompt + r->emitted;
			if (k > 0)
				cost_work_verify(&w, k, r->prompt + r->emitted);
		}
		if (r->stage != PROMPT)
			continue;
		w.prompt_tok += r->chunk;
		w.n_ended += r->computed + r->chunk == r->prompt + r->emitted;
		if (r->chunk > 0)
			s += cost_prefill_attention_s(v->cost, r->chunk, r->computed);
		if (r->chunk > 0 && v->spec->draft.k > 0)
			s += cost_prefill_attention_s(v->draft, r->chunk, r->computed);
	}
	d = (struct cost_work){.prompt_tok = w.prompt_tok, .n_ended = w.n_ended};
	if (k == 0)
		w.n_decode = n, w.decode_context_tok = tok;
	else
		d.n_decode = n, d.decode_context_tok = tok;
	if (v->spec->draft.k > 0 && d.prompt_tok + d.n_decode > 0)
		s += cost_step_s(v->draft, &d);
	for (uint32_t j = 1; n > 0 && j < k; j++)
		s += draft_step_s(v, n, tok + (double)(n * j));
	return s + cost_step_s(v->cost, &w);
}

/* What it gives */

static uint32_t accepted(const struct naive *v, const struct naive_request *r, uint32_t k)
{
	uint64_t word[RNG_TABLE_WORDS];
	double u;

	rng_table_look(&v->coins, r->id, r->round / 4, word);
	u = (double)(word[r->round % 4] >> 11) * 0x1p-53;
	for (uint32_t n = 0; n < k; n++)
		if (!(u < pow(v->spec->draft.acceptance, n + 1.0)))
			return n;
	return k;
}

static void naive_emit(struct naive *v, struct naive_request *r, uint32_t k)
{
	uint32_t n = accepted(v, r, k);

	if (k > 0) {
		r->round++;
		v->rounds++;
		v->drafted += k;
		v->accepted += n;
		r->won = 0.9 * r->won + n;
		r->tried = 0.9 * r->tried + (n < k ? n + 1 : k);
	}
	r->emitted += n + 1;
	if (r->emitted >= r->output) {
		r->emitted = r->output;
		r->stage = DONE;
		r->finished_s = v->now_s;
	}
	r->holds_tok = r->prompt + r->emitted - 1;
}

/** Asked once for figures that round alike. */
static uint32_t ask(struct naive *v, struct asked a)
{
	for (size_t i = 0; i < v->n_asked; i++)
		if (v->asked[i].n == a.n && v->asked[i].tok == a.tok && v->asked[i].want == a.want)
			return v->asked[i].k;
	a.k = twin_planned_k(v->cost, v->draft, a.n, a.tok, a.want,
		(unsigned)round(100.0 * v->spec->draft.acceptance), false);
	v->asked = mem_grow(v->asked, v->n_asked, &v->cap_asked, sizeof *v->asked);
	v->asked[v->n_asked++] = a;
	return a.k;
}

/** The k of the plan for those that run, as if all wanted as much; less, where blocks are short. */
static uint32_t naive_planned_k(struct naive *v)
{
	double n = (double)count(v, RUNNING), tok = 0.0, want = 0.0;
	unsigned about = twin_rounded(n, 8.0, 4096.0);
	uint32_t k;

	for (size_t i = 0; i < v->n; i++)
		if (v->r[i].stage == RUNNING) {
			tok += v->r[i].prompt + v->r[i].emitted;
			want += v->r[i].output - v->r[i].emitted;
		}
	k = ask(v, (struct asked){.n = about < v->spec->max_batch ? about : v->spec->max_batch,
			   .tok = twin_rounded(tok / n, 2.0, 0x1p21),
			   .want = twin_rounded(want / n, 4.0, 512.0)});
	while (k > 0 && blocks_gone(v) + blocks_more(v, k) > v->total)
		k--;
	return k;
}

/** The k that wins most tokens a second, as it seems from the last rounds. */
static uint32_t naive_k(struct naive *v)
{
	const struct draft_spec *d = &v->spec->draft;
	double best = -1.0;
	uint32_t best_k = 0;

	if (d->planned)
		return naive_planned_k(v);
	if (!d->adaptive)
		return d->k;
	for (uint32_t k = 0; k <= d->k; k++) {
		double rate = 0.0;

		if (k > 0 && blocks_gone(v) + blocks_more(v, k) > v->total)
			break;
		for (size_t i = 0; i < v->n; i++) {
			const struct naive_request *r = &v->r[i];
			double a = (r->won + d->acceptance) / (r->tried + 1.0);

			for (uint32_t j = 0; r->stage == RUNNING && j <= k; j++)
				rate += pow(a, j);
		}
		rate /= naive_round_s(v, k);
		if (rate > best * (1.0 + 1e-12)) {
			best = rate;
			best_k = k;
		}
	}
	return best_k;
}

/** Take the blocks of a round; returns its k. */
static uint32_t naive_take(struct naive *v)
{
	uint32_t k = naive_k(v);

	for (size_t i = 0; i < v->n; i++)
		if (v->r[i].stage == RUNNING)
			v->r[i].holds_tok = v->r[i].prompt + v->r[i].emitted + k;
	return k;
}

static void naive_prompts(struct naive *v, bool mixed, uint32_t k)
{
	double end_s = v->now_s + with_prompts_s(v, mixed, k);

	naive_arrivals(v, end_s);
	v->now_s = end_s;
	for (size_t i = 0; i < v->n; i++) {
		struct naive_request *r = &v->r[i];

		if (mixed && r->stage == RUNNING)
			naive_emit(v, r, k);
	}
	for (size_t i = 0; i < v->n; i++) {
		struct naive_request *r = &v->r[i];

		if (r->stage != PROMPT)
			continue;
		r->computed += r->chunk;
		if (r->computed < r->prompt + r->emitted)
			continue;
		r->stage = RUNNING;
		if (r->emitted++ == 0)
			r->first_s = v->now_s;
		if (r->emitted < r->output)
			continue;
		r->stage = DONE;
		r->finished_s = v->now_s;
	}
}

static void naive_round(struct naive *v)
{
	uint32_t k = naive_take(v);
	double end_s = v->now_s + naive_round_s(v, k);

	naive_arrivals(v, end_s);
	v->now_s = end_s;
	for (size_t i = 0; i < v->n; i++)
		if (v->r[i].stage == RUNNING)
			naive_emit(v, &v->r[i], k);
}

static double next_arrival_s(const struct naive *v)
{
	double next_s = HUGE_VAL;

	for (size_t i = 0; i < v->n; i++)
		if (v->r[i].stage == COMING && v->r[i].ready_s < next_s)
			next_s = v->r[i].ready_s;
	return next_s;
}

static void naive_run(struct naive *v)
{
	bool chunked = v->spec->batching == BATCHING_CHUNKED;

	while (count(v, DONE) < v->n) {
		bool mixed;
		uint32_t k = 0;

		if (chunked)
			form_chunked(v);
		else
			form_continuous(v);
		mixed = chunked && count(v, PROMPT) > 0 && count(v, RUNNING) > 0;
		if (mixed)
			k = naive_take(v);
		set_aside(v, mixed);
		if (count(v, PROMPT) == 0)
			make_room(v);
		if (count(v, PROMPT) > 0) {
			naive_prompts(v, mixed, k);
			admit_again(v);
		} else if (count(v, RUNNING) > 0) {
			naive_round(v);
			admit_again(v);
		} else if (count(v, LINE) == 0) {
			v->now_s = next_arrival_s(v);
			naive_arrivals(v, v->now_s);
		}
	}
}

static struct cost *cost_of(struct fixture *f, const struct model_spec *m, const struct profile *p)
{
	const struct instance_spec *s = &f->instances[0];
	struct cost_spec spec = {.profile = p,
		.gpu = &f->sites[0].gpu,
		.shape = &m->shape,
		.precision = m->precision,
		.max_batch = s->max_batch,
		.reserve_bytes = s->reserve_bytes,
		.quantile = PROFILE_MEDIAN};
	struct err err = {0};
	struct cost *c;

	if (!cost_create(&c, &spec, &err))
		fail_msg("%s", err.msg);
	return c;
}

static void naive_of(struct naive *v, struct fixture *f)
{
	const struct instance_spec *s = &f->instances[0];
	const struct model_spec *m = &f->models[0];
	double per_tok = llm_kv_bytes_per_tok(&m->shape) + llm_kv_bytes_per_tok(&m->draft->shape);
	double room = f->sites[0].gpu.mem_bytes - s->reserve_bytes -
		      llm_weight_bytes(&m->shape, m->precision) -
		      llm_weight_bytes(&m->draft->shape, m->draft->precision);

	*v = (struct naive){
		.cost = cost_of(f, m, s->profile),
		.draft = cost_of(f, m->draft, s->draft.profile),
		.spec = s,
		.total = (uint64_t)(room / (per_tok * s->block_tok)),
		.cap_tok = m->shape.context,
		.n = f->n_rows,
		.r = mem_zalloc(f->n_rows, sizeof *v->r),
	};
	if (s->draft.planned) { /* (3b): activations have what weights and blocks leave */
		double left =
			room + s->reserve_bytes - (double)v->total * per_tok * (double)s->block_tok;
		double rows = floor(left / (4.0 * (m->shape.hidden + m->shape.ffn)));

		v->cap_tok = rows < v->cap_tok ? (uint32_t)rows : v->cap_tok;
	}
	rng_table_init(&v->coins, f->spec.run.seed, f->replication, "acceptance", "");
	for (size_t i = 0; i < v->n; i++)
		v->r[i] = (struct naive_request){
			.id = f->rows[i].id,
			.ready_s = (double)f->rows[i].created_ns * 1e-9,
			.prompt = f->rows[i].prompt_tok,
			.output = f->rows[i].output_tok,
			.order = (double)(i + 1),
			.stage = f->rows[i].fate == FATE_REJECTED ? DONE : COMING,
		};
}

static size_t preempted;

static void compare(struct fixture *f, uint64_t seed)
{
	struct naive v;

	naive_of(&v, f);
	naive_run(&v);
	for (size_t i = 0; i < v.n; i++) {
		const struct request_row *r = &f->rows[i];

		if (r->fate != FATE_DONE) /* the horizon came first */
			continue;
		/* the engine rounds to ns once a run of rounds: 1e4 of them at most */
		if (fabs((double)r->finished_ns * 1e-9 - v.r[i].finished_s) > 1e-5 ||
			fabs((double)r->first_token_ns * 1e-9 - v.r[i].first_s) > 1e-5 ||
			r->preemptions != v.r[i].preemptions)
			fail_msg("system %llu, request %zu: %.9f %.9f %u, naive %.9f %.9f %u",
				(unsigned long long)seed, i, (double)r->first_token_ns * 1e-9,
				(double)r->finished_ns * 1e-9, r->preemptions, v.r[i].first_s,
				v.r[i].finished_s, v.r[i].preemptions);
		preempted += r->preemptions;
	}
	cost_destroy(v.cost);
	cost_destroy(v.draft);
	free(v.asked);
	free(v.r);
}

static void every_token_time_is_that_of_a_naive_engine(void **state)
{
	(void)state;
	preempted = 0;
	for (uint64_t seed = seeds.first; seed <= seeds.last; seed++) {
		struct fixture f;

		random_system(&f, seed);
		fixture_run(&f);
		assert_true(f.n_rows > 10);
		compare(&f, seed);
		fixture_finish(&f);
	}
	assert_true(preempted > 0);
}

/* Rounds are summed alike, so they end at the very same nanosecond. */
static void a_jump_ends_where_its_rounds_end(void **state)
{
	static const char *const policies[] = {"random", "fcfs", "k-p-fcfs"};

	(void)state;
	for (uint64_t seed = seeds.first; seed <= seeds.last; seed++) {
		struct fixture f[2];

		for (int steps = 0; steps < 2; steps++) {
			random_system(&f[steps], seed);
			fixture_policy(&f[steps], policies[seed % 3]);
			if (seed % 4 == 0) {
				f[steps].instances[0].kv.preemption = PREEMPTION_SWAP;
				f[steps].instances[0].kv.swap_bytes = 1e9;
			}
			if (seed % 5 == 0) {
				fixture_link(&f[steps], "net", "users", "cloud", 6.25e6, 5e-3);
				f[steps].groups[0].stream = seed % 2;
			}
			f[steps].step_by_step = steps;
			fixture_run(&f[steps]);
		}
		assert_int_equal(f[0].n_rows, f[1].n_rows);
		for (size_t i = 0; i < f[0].n_rows; i++) {
			const struct request_row *a = &f[0].rows[i], *b = &f[1].rows[i];

			if (a->finished_ns != b->finished_ns ||
				a->first_token_ns != b->first_token_ns ||
				a->delivered_ns != b->delivered_ns ||
				a->preemptions != b->preemptions)
				fail_msg("system %llu, request %zu: %lld, step by step %lld",
					(unsigned long long)seed, i, (long long)a->finished_ns,
					(long long)b->finished_ns);
		}
		fixture_finish(&f[0]);
		fixture_finish(&f[1]);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_token_time_is_that_of_a_naive_engine),
		cmocka_unit_test(a_jump_ends_where_its_rounds_end),
	};

	seeds = seeds_of(argc, argv, 50);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
