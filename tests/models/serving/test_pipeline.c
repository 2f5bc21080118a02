/* Pipelines against a twin that makes every round of every micro-batch by itself, in whole
 * nanoseconds, and against closed forms. */
#include "tests/support/check.h"

#include <stdlib.h>

#include "models/cost/cost.h"
#include "tests/support/seeds.h"
#include "tests/support/world_fixture.h"

enum { MOST_STAGES = 6, MOST_LANES = 8, NEVER_S = 1000000 };

static const char *const sites[] = {"s0", "s1", "s2", "s3", "s4", "s5"};

/* A system of one pipeline */

struct system {
	struct fixture f;
	struct stage_spec stages[MOST_STAGES];
	struct instance_spec *i;
};

/** @layers: of each of @n stages on sites of their own, with these GPUs. */
static void build(
	struct system *s, size_t n, const unsigned *layers, const char *const *gpus, unsigned lanes)
{
	struct fixture *f = &s->f;

	fixture_init(f);
	fixture_model(f, "llama2-7b", PRECISION_INT8);
	for (size_t k = 0; k < n; k++)
		fixture_site(f, sites[k], TIER_EDGE, gpus[k]);
	for (size_t k = 0; k < n; k++) {
		s->i = fixture_llm(f, "pipe", (uint32_t)k, 0); /* for its profile */
		s->stages[k] = (struct stage_spec){.site = {(uint32_t)k},
			.layers = layers[k],
			.profile = s->i->profile,
			.gpu = &f->sites[k].gpu};
	}
	f->spec.n_instances = 1;
	f->instances[0] = *s->i;
	s->i = &f->instances[0];
	s->i->site.i = 0;
	s->i->n_stages = n;
	s->i->stages = s->stages;
	s->i->micro_batches = lanes;
	fixture_policy(f, "random"); /* an eager one: the instance alone decides who waits */
}

/** All on one site, as its first is, with a bus between each two. */
static void bring_together(struct system *s, struct bus bus)
{
	for (size_t k = 0; k < s->i->n_stages; k++) {
		s->stages[k].site.i = 0;
		s->stages[k].bus = bus;
	}
}

/** A link of its own between each two stages that follow each other, and to the users. */
static void join(struct system *s, double bytes_per_s, double delay_s)
{
	static const char *const names[] = {"l0", "l1", "l2", "l3", "l4", "l5"};
	size_t n = s->i->n_stages;

	fixture_link(&s->f, "access", "users", sites[0], 1.25e7, 1e-3);
	for (size_t k = 0; k + 1 < n; k++)
		fixture_link(&s->f, names[k], sites[k], sites[k + 1], bytes_per_s, delay_s);
	if (n > 2)
		fixture_link(&s->f, names[n - 1], sites[n - 1], sites[0], bytes_per_s, delay_s);
}

/* The twin: everything is looked for anew at every round. */

enum where { AWAY, COMING, WAITING, PROMPT, RUNNING, DONE };

struct twin_request {
	int64_t assigned_ns, here_ns, started_ns, first_ns, finished_ns;
	uint32_t prompt, output, emitted, preemptions, lane;
	uint64_t held_tok; /* that its blocks hold */
	enum where where;
	bool reserved;
	double order;      /* in line: preempted ones first, the last of them foremost */
	unsigned long age; /* of joining those who run: larger is younger */
};

struct twin_lane {
	int64_t ready_ns;
	bool active, flying;
	uint64_t blocks;
};

struct twin {
	size_t n_stages, n_lanes, n;
	uint32_t max_batch, block_tok, cap_tok, places;
	double row_bytes, bytes_per_s, delay_s; /* of links; 0: there are none */
	struct bus bus;                         /* in place of them */
	struct cost *cost[MOST_STAGES];
	struct twin_lane lane[MOST_LANES];
	int64_t free_ns[MOST_STAGES], link_ns[MOST_STAGES];
	int64_t now_ns;
	struct twin_request *r;
	unsigned long joined;
	double front;
	/* sums over all rounds */
	double busy_s[MOST_STAGES], hop_s, tokens;
};

static uint64_t blocks_of(const struct twin *v, uint64_t tok)
{
	return (tok + v->block_tok - 1) / v->block_tok;
}

static size_t in_lane(const struct twin *v, uint32_t lane, enum where from, enum where to)
{
	size_t n = 0;

	for (size_t i = 0; i < v->n; i++)
		n += v->r[i].lane == lane && v->r[i].where >= from && v->r[i].where <= to;
	return n;
}

static uint64_t blocks_free(const struct twin *v, uint32_t lane)
{
	uint64_t used = 0;

	for (size_t i = 0; i < v->n; i++) {
		const struct twin_request *r = &v->r[i];

		if (r->lane != lane)
			continue;
		if (r->where == PROMPT || r->where == RUNNING)
			used += blocks_of(v, r->held_tok);
		else if (r->reserved)
			used += blocks_of(v, r->prompt + 1);
	}
	return v->lane[lane].blocks - used;
}

static bool waits_again(const struct twin_request *r)
{
	return r->where == WAITING && r->preemptions > 0;
}

static size_t preempted(const struct twin *v, uint32_t lane)
{
	size_t n = 0;

	for (size_t i = 0; i < v->n; i++)
		n += v->r[i].lane == lane && waits_again(&v->r[i]);
	return n;
}

static bool is_bare(const struct twin_request *r)
{
	return (r->where == COMING || r->where == WAITING) && !r->reserved && r->preemptions == 0;
}

static size_t bare(const struct twin *v, uint32_t lane)
{
	size_t n = 0;

	for (size_t i = 0; i < v->n; i++)
		n += v->r[i].lane == lane && is_bare(&v->r[i]);
	return n;
}

static uint64_t stored(const struct twin_request *r)
{
	return (uint64_t)r->prompt + r->emitted;
}

static bool fits(const struct twin *v, const struct twin_request *r)
{
	return r->reserved || blocks_of(v, stored(r) + 1) <= blocks_free(v, r->lane);
}

/** The one that is in line behind @after, or the first. */
static struct twin_request *in_line(
	const struct twin *v, uint32_t lane, const struct twin_request *after)
{
	struct twin_request *best = NULL;

	for (size_t i = 0; i < v->n; i++) {
		struct twin_request *r = &v->r[i];

		if (r->lane == lane && r->where == WAITING && (!after || r->order > after->order) &&
			(!best || r->order < best->order))
			best = r;
	}
	return best;
}

static bool admissible(const struct twin *v, const struct twin_request *r)
{
	uint64_t tok = 0;

	for (size_t i = 0; i < v->n; i++)
		if (v->r[i].lane == r->lane && v->r[i].where == PROMPT)
			tok += stored(&v->r[i]);
	if (in_lane(v, r->lane, PROMPT, RUNNING) >= v->max_batch)
		return false;
	return (tok == 0 || tok + stored(r) <= v->cap_tok) && fits(v, r);
}

static void admit(struct twin *v, struct twin_request *r)
{
	r->where = PROMPT;
	r->reserved = false;
	r->held_tok = stored(r) + 1;
	r->age = ++v->joined;
	if (r->started_ns < 0)
		r->started_ns = v->now_ns;
}

static void admit_first(struct twin *v, uint32_t lane)
{
	struct twin_request *r;

	while ((r = in_line(v, lane, NULL)) && admissible(v, r))
		admit(v, r);
	if (in_lane(v, lane, PROMPT, RUNNING) > 0)
		return;
	for (r = in_line(v, lane, NULL); r; r = in_line(v, lane, r))
		if (admissible(v, r))
			admit(v, r);
}

static void set_aside(struct twin *v, uint32_t lane)
{
	size_t k = in_lane(v, lane, PROMPT, RUNNING);

	if (preempted(v, lane) > 0 || bare(v, lane) == 0)
		return;
	for (struct twin_request *r = in_line(v, lane, NULL); r && k < v->places;
		r = in_line(v, lane, r), k++) {
		if (r->reserved)
			continue;
		if (!fits(v, r))
			break;
		r->reserved = true;
	}
}

static uint64_t wanted(const struct twin *v, uint32_t lane)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < v->n; i++)
		if (v->r[i].lane == lane && v->r[i].where == RUNNING)
			sum += blocks_of(v, stored(&v->r[i])) - blocks_of(v, v->r[i].held_tok);
	return sum;
}

static void preempt(struct twin *v, uint32_t lane)
{
	struct twin_request *young = NULL;

	for (size_t i = 0; i < v->n; i++)
		if (v->r[i].lane == lane && v->r[i].where == RUNNING &&
			(!young || v->r[i].age > young->age))
			young = &v->r[i];
	young->where = WAITING;
	young->preemptions++;
	young->order = --v->front;
}

/** Who is in the next round of @lane? False: nobody. */
static bool form(struct twin *v, uint32_t lane)
{
	for (;;) {
		admit_first(v, lane);
		set_aside(v, lane);
		if (in_lane(v, lane, PROMPT, PROMPT) > 0)
			return true;
		if (in_lane(v, lane, RUNNING, RUNNING) == 0)
			return false;
		while (in_lane(v, lane, RUNNING, RUNNING) > 0 &&
			wanted(v, lane) > blocks_free(v, lane))
			preempt(v, lane);
		if (in_lane(v, lane, RUNNING, RUNNING) > 0)
			return true;
	}
}

static int64_t step_ns(const struct twin *v, uint32_t lane, size_t k, double *rows, double *tokens)
{
	size_t prompts = in_lane(v, lane, PROMPT, PROMPT);
	double tok = 0.0, attention_s = 0.0;
	struct cost_affine a;

	for (size_t i = 0; i < v->n; i++) {
		const struct twin_request *r = &v->r[i];

		if (r->lane != lane || r->where != (prompts > 0 ? PROMPT : RUNNING))
			continue;
		tok += (double)stored(r);
	}
	if (prompts == 0) {
		*rows = *tokens = (double)in_lane(v, lane, RUNNING, RUNNING);
		a = cost_decode(v->cost[k], (size_t)*rows, (uint64_t)tok);
		return ns_of_s(a.base_s + a.per_tok_s * tok);
	}
	*rows = tok;
	*tokens = (double)prompts;
	attention_s = cost_prefill_s(v->cost[k], (uint64_t)tok, prompts);
	for (unsigned long age = 0; age <= v->joined; age++) /* in the order of admission */
		for (size_t i = 0; i < v->n; i++)
			if (v->r[i].lane == lane && v->r[i].where == PROMPT && v->r[i].age == age)
				attention_s += cost_prefill_attention_s(
					v->cost[k], (uint32_t)stored(&v->r[i]), 0);
	return ns_of_s(attention_s);
}

static int64_t hop_ns(struct twin *v, size_t k, int64_t at_ns, double bytes)
{
	double wire = bytes + 66.0 * ceil(bytes / 1448.0), free_s;

	if (v->bus.bytes_per_s > 0.0) {
		v->link_ns[k] = (v->link_ns[k] > at_ns ? v->link_ns[k] : at_ns) +
				ns_of_s(bytes / v->bus.bytes_per_s);
		return v->link_ns[k] + ns_of_s(v->bus.latency_s);
	}
	if (!(v->bytes_per_s > 0.0))
		return at_ns;
	free_s = fmax(0.0, s_of_ns(v->link_ns[k] - at_ns)) + wire / v->bytes_per_s;
	v->link_ns[k] = at_ns + ns_of_s(free_s);
	return at_ns + ns_of_s(free_s + v->delay_s);
}

static void round_begin(struct twin *v, uint32_t lane)
{
	int64_t at_ns = v->now_ns, end_ns;
	double rows = 0.0, tokens = 0.0, hops_s = 0.0;

	for (size_t k = 0; k < v->n_stages; k++) {
		int64_t took_ns = step_ns(v, lane, k, &rows, &tokens);

		end_ns = (at_ns > v->free_ns[k] ? at_ns : v->free_ns[k]) + took_ns;
		v->busy_s[k] += s_of_ns(took_ns);
		v->free_ns[k] = end_ns;
		at_ns = hop_ns(
			v, k, end_ns, k + 1 < v->n_stages ? rows * v->row_bytes : 4.0 * tokens);
		hops_s += s_of_ns(at_ns - end_ns);
	}
	v->hop_s += tokens * hops_s;
	v->tokens += tokens;
	for (size_t i = 0; i < v->n; i++)
		if (v->r[i].lane == lane && v->r[i].where == RUNNING &&
			in_lane(v, lane, PROMPT, PROMPT) == 0)
			v->r[i].held_tok = stored(&v->r[i]);
	v->lane[lane].ready_ns = at_ns;
	v->lane[lane].flying = true;
}

static void round_end(struct twin *v, uint32_t lane)
{
	bool prompts = in_lane(v, lane, PROMPT, PROMPT) > 0;
	struct twin_request *first;

	v->lane[lane].flying = false;
	for (size_t i = 0; i < v->n; i++) {
		struct twin_request *r = &v->r[i];

		if (r->lane != lane || r->where != (prompts ? PROMPT : RUNNING))
			continue;
		if (r->emitted++ == 0)
			r->first_ns = v->now_ns;
		r->where = r->emitted == r->output ? DONE : RUNNING;
		r->finished_ns = v->now_ns;
	}
	while (preempted(v, lane) > 0 && (first = in_line(v, lane, NULL)) && admissible(v, first))
		admit(v, first);
	if (in_lane(v, lane, WAITING, RUNNING) == 0)
		v->lane[lane].active = false;
}

static void assign(struct twin *v, struct twin_request *r)
{
	uint32_t best = 0;
	bool best_can = false, held = false;
	size_t all = 0;

	for (uint32_t l = 0; l < v->n_lanes; l++) {
		bool can = in_lane(v, l, COMING, RUNNING) < v->max_batch &&
			   blocks_of(v, r->prompt + 1) <= blocks_free(v, l);
		size_t n = in_lane(v, l, COMING, RUNNING),
		       least = in_lane(v, best, COMING, RUNNING);

		held = held || preempted(v, l) > 0;
		all += n;
		if (l == 0 || (can && !best_can) || (can == best_can && n < least)) {
			best = l;
			best_can = can;
		}
	}
	r->lane = best;
	r->reserved = !held && all < v->n_lanes * v->max_batch && bare(v, best) == 0 &&
		      in_lane(v, best, COMING, RUNNING) < v->places &&
		      blocks_of(v, r->prompt + 1) <= blocks_free(v, best);
	r->where = COMING;
}

static void arrive(struct twin *v, struct twin_request *r)
{
	struct twin_lane *l = &v->lane[r->lane];

	r->where = WAITING;
	if (l->active)
		return;
	l->active = true;
	l->ready_ns = v->now_ns;
}

/** The lane that takes the first stage next: of those that wait, the one that is back first. */
static int64_t next_begin(const struct twin *v, uint32_t *lane)
{
	int64_t least_ns = INT64_MAX;

	for (uint32_t l = 0; l < v->n_lanes; l++) {
		if (!v->lane[l].active || v->lane[l].flying || v->lane[l].ready_ns >= least_ns)
			continue;
		least_ns = v->lane[l].ready_ns;
		*lane = l;
	}
	if (least_ns == INT64_MAX)
		return INT64_MAX;
	return least_ns > v->free_ns[0] ? least_ns : v->free_ns[0];
}

/** What happens next, one thing a turn; ends before arrivals before beginnings. */
static bool twin_turn(struct twin *v)
{
	struct twin_request *comes = NULL;
	int64_t end_ns = INT64_MAX, come_ns = INT64_MAX, begin_ns;
	uint32_t ends = 0, begins = 0;

	for (uint32_t l = 0; l < v->n_lanes; l++)
		if (v->lane[l].flying && v->lane[l].ready_ns < end_ns)
			end_ns = v->lane[ends = l].ready_ns;
	for (size_t i = 0; i < v->n; i++) {
		struct twin_request *r = &v->r[i];
		int64_t at_ns = r->where == AWAY ? r->assigned_ns : r->here_ns;

		if (r->where > COMING || at_ns >= come_ns)
			continue;
		come_ns = at_ns;
		comes = r;
	}
	begin_ns = next_begin(v, &begins);
	if (end_ns <= come_ns && end_ns <= begin_ns && end_ns < INT64_MAX) {
		v->now_ns = end_ns;
		round_end(v, ends);
	} else if (comes && come_ns <= begin_ns) {
		v->now_ns = come_ns;
		if (comes->where == AWAY)
			assign(v, comes);
		else
			arrive(v, comes);
	} else if (begin_ns < INT64_MAX) {
		v->now_ns = begin_ns;
		if (form(v, begins))
			round_begin(v, begins);
		else
			v->lane[begins].active = false;
	} else {
		return false;
	}
	return v->now_ns < (int64_t)NEVER_S * 1000000000;
}

static void twin_of(struct twin *v, struct system *s)
{
	const struct instance_spec *i = s->i;
	struct err err = {0};
	uint64_t blocks = UINT64_MAX;
	unsigned first = 0;

	*v = (struct twin){
		.n_stages = i->n_stages,
		.n_lanes = i->micro_batches,
		.n = s->f.n_rows,
		.max_batch = i->max_batch,
		.places = i->max_batch,
		.block_tok = i->block_tok,
		.cap_tok = s->f.models[0].shape.context,
		.row_bytes = 2.0 * s->f.models[0].shape.hidden,
		.r = mem_zalloc(s->f.n_rows, sizeof *v->r),
	};
	if (v->n_stages > 1)
		v->bus = s->stages[0].bus;
	if (s->f.spec.n_links > 1) {
		v->bytes_per_s = s->f.links[1].up.bytes_per_s;
		v->delay_s = s->f.links[1].up.delay_s;
	}
	for (size_t k = 0; k < v->n_stages; k++) {
		struct cost_spec spec = {
			.profile = s->stages[k].profile,
			.gpu = s->stages[k].gpu,
			.shape = &s->f.models[0].shape,
			.precision = PRECISION_INT8,
			.max_batch = i->max_batch,
			.reserve_bytes = i->reserve_bytes,
			.quantile = PROFILE_MEDIAN,
			.stage = {first, s->stages[k].layers, k == 0, k + 1 == v->n_stages},
		};
		double room = spec.gpu->mem_bytes - i->reserve_bytes - cost_weight_bytes(&spec);
		uint64_t mine = (uint64_t)(room / (cost_kv_bytes_per_tok(&spec) * i->block_tok));

		if (i->kv.blocks > 0)
			mine = i->kv.blocks;
		blocks = mine < blocks ? mine : blocks;
		first += s->stages[k].layers;
		assert_true(cost_create(&v->cost[k], &spec, &err));
	}
	for (uint32_t l = 0; l < v->n_lanes; l++)
		v->lane[l].blocks = blocks / v->n_lanes + (l < blocks % v->n_lanes);
	for (size_t n = 0; n < v->n; n++)
		v->r[n] = (struct twin_request){
			.assigned_ns = s->f.rows[n].assigned_ns,
			.here_ns = s->f.rows[n].uploaded_ns,
			.started_ns = -1,
			.prompt = s->f.rows[n].prompt_tok,
			.output = s->f.rows[n].output_tok,
			.order = (double)(n + 1),
			.where = s->f.rows[n].uploaded_ns < 0 ? DONE : AWAY,
		};
}

static void twin_finish(struct twin *v)
{
	for (size_t k = 0; k < v->n_stages; k++)
		cost_destroy(v->cost[k]);
	free(v->r);
}

static void random_system(struct system *s, uint64_t seed)
{
	static const char *const gpus[] = {"rtx-4090", "titan-x", "a100", "l40s"};
	uint64_t x = seed;
	size_t n = 1 + seeds_next(&x) % MOST_STAGES;
	unsigned layers[MOST_STAGES], left = 32;
	const char *gpu[MOST_STAGES];
	struct group_spec *g;

	for (size_t k = 0; k < n; k++) {
		gpu[k] = gpus[seeds_next(&x) % 4];
		layers[k] = 1 + (unsigned)(seeds_next(&x) % (left - (n - 1 - k)));
		layers[k] = k + 1 == n ? left : layers[k];
		left -= layers[k];
	}
	build(s, n, layers, gpu, 1 + (unsigned)(seeds_next(&x) % MOST_LANES));
	if (n == 1 && s->i->micro_batches == 1)
		s->i->micro_batches = 2;
	s->f.spec.run.seed = seed;
	s->f.spec.run.horizon_s = 30.0;
	s->i->block_tok = 1 + (unsigned)(seeds_next(&x) % 20);
	s->i->max_batch = 1 + (unsigned)(seeds_next(&x) % 12);
	if (seeds_next(&x) % 2) /* room for little more than the longest, in each lane */
		s->i->kv.blocks = s->i->micro_batches *
				  (unsigned)((750 + seeds_next(&x) % 300) / s->i->block_tok + 1);
	if (seeds_next(&x) % 3 == 0)
		bring_together(s, (struct bus){1e-6 * (double)(seeds_next(&x) % 90),
					  1e8 * (double)(1 + seeds_next(&x) % 60)});
	else if (seeds_next(&x) % 2)
		join(s, 1e6 * (double)(3 + seeds_next(&x) % 60),
			1e-4 * (double)(seeds_next(&x) % 90));
	g = fixture_group(&s->f, "users", 1.0 + (double)(seeds_next(&x) % 4));
	g->workload.prompt_tok = dist_uniform(5.0, 500.0);
	g->workload.output_tok = dist_uniform(1.0, 250.0);
}

/** As far as the run went. Returns how many were done by then. */
static size_t assert_times(const struct system *s, const struct twin *v)
{
	size_t done = 0;

	for (size_t i = 0; i < v->n; i++) {
		const struct request_row *r = &s->f.rows[i];

		if (r->started_ns != TIME_NONE)
			assert_int_equal(r->started_ns, v->r[i].started_ns);
		if (r->first_token_ns != TIME_NONE)
			assert_int_equal(r->first_token_ns, v->r[i].first_ns);
		if (r->fate != FATE_DONE)
			continue;
		assert_int_equal(r->finished_ns, v->r[i].finished_ns);
		assert_int_equal(r->preemptions, v->r[i].preemptions);
		done++;
	}
	return done;
}

static void compare(uint64_t seed, bool by_events, size_t *done, size_t *preempted)
{
	struct system s;
	struct twin v;

	random_system(&s, seed);
	s.f.step_by_step = by_events;
	fixture_run(&s.f);
	twin_of(&v, &s);
	while (twin_turn(&v))
		continue;
	*done += assert_times(&s, &v);
	for (size_t i = 0; i < v.n; i++)
		*preempted += s.f.rows[i].preemptions;
	twin_finish(&v);
	fixture_finish(&s.f);
}

/* Worked out ahead, and by events: to the nanosecond. */
static void every_time_is_that_of_a_naive_twin(void **state)
{
	const struct seeds *seeds = *state;
	size_t n = (size_t)(seeds->last - seeds->first) + 1, done = 0, preempted = 0;

	for (uint64_t seed = seeds->first; seed <= seeds->last; seed++) {
		compare(seed, false, &done, &preempted);
		compare(seed, true, &done, &preempted);
	}
	assert_true(done > 40 * n);
	assert_true(preempted > n);
}

/* Links that others may use, but do not: events in place of what is worked out ahead. */
static void a_link_that_others_may_use_gives_the_same_times_while_they_do_not(void **state)
{
	static const unsigned layers[] = {11, 12, 9};
	static const char *const gpus[] = {"titan-x", "rtx-4090", "titan-x"};
	size_t events[2];

	(void)state;
	for (int others = 0; others < 2; others++) {
		struct system s;
		struct twin v;
		struct group_spec *g;

		build(&s, 3, layers, gpus, 2);
		join(&s, 6.25e6, 1e-3);
		g = fixture_group(&s.f, "users", 1.0);
		g->workload.prompt_tok = dist_uniform(5.0, 500.0);
		g->workload.output_tok = dist_uniform(1.0, 100.0);
		s.f.spec.run.horizon_s = 60.0;
		if (others) { /* a station at the second site, whose users come over the first */
			fixture_station(&s.f, "other", 1, 1.0)->model.i = 1;
			fixture_model(&s.f, "tinyllama-1.1b", PRECISION_INT8);
			fixture_group(&s.f, "rare", 1e-6)->model.i = 1;
			s.f.groups[1].arrivals.process = ARRIVAL_DETERMINISTIC;
		}
		fixture_run(&s.f);
		twin_of(&v, &s);
		while (twin_turn(&v))
			continue;
		assert_true(assert_times(&s, &v) > 20);
		events[others] = s.f.result.events;
		twin_finish(&v);
		fixture_finish(&s.f);
	}
	assert_true(events[1] > 4 * events[0]);
}

/* Who else is on a link makes it later. Two stages; what goes from the first to the second meets
 * 20 prompts of 8 MB a second in all, which fill three quarters of the link. */
static void hidden_states_wait_for_others_on_their_link(void **state)
{
	static const unsigned layers[] = {16, 16};
	static const char *const gpus[] = {"rtx-4090", "rtx-4090"};
	double alone_s = 0.0;

	(void)state;
	for (int others = 0; others < 2; others++) {
		struct system s;
		struct group_spec *g;
		double hops_s;

		build(&s, 2, layers, gpus, 2);
		join(&s, 1.25e7, 1e-3);
		g = fixture_group(&s.f, "users", 0.5);
		g->workload.prompt_tok = dist_uniform(5.0, 500.0);
		g->workload.output_tok = dist_uniform(50.0, 100.0);
		s.f.spec.run.horizon_s = 60.0;
		if (others) {
			fixture_station(&s.f, "other", 1, 1e-3)->model.i = 1;
			fixture_model(&s.f, "tinyllama-1.1b", PRECISION_INT8);
			g = fixture_group(&s.f, "many", 20.0);
			g->model.i = 1;
			g->workload.prompt_tok = dist_constant(1000.0);
			g->workload.output_tok = dist_constant(1.0);
			g->bytes_per_tok = 400.0;
		}
		fixture_run(&s.f);
		hops_s = fixture_metric(&s.f, "instance:pipe", "hops.mean_s");
		if (!others)
			alone_s = hops_s;
		else
			assert_true(hops_s > 1.5 * alone_s);
		fixture_finish(&s.f);
	}
}

/** What stage @k of @s takes for a step of one sequence. */
static double stage_s(const struct twin *v, size_t k, double context_tok)
{
	struct cost_affine a = cost_decode(v->cost[k], 1, (uint64_t)context_tok);

	return a.base_s + a.per_tok_s * context_tok;
}

/* As many sequences as micro-batches, one in each, all of 8 and 401 tokens: from one token to
 * the next each takes max(m max t, sum of t + h), t at the context in the middle, 209 tokens (it
 * is a line in the context). A hop is 8 192 bytes and six headers, a way back 4 and one; a stage
 * is idle for what is left of the cycle. */
static void steady_state_is_the_closed_form(void **state)
{
	static const unsigned layers[] = {10, 14, 8};
	static const char *const gpus[] = {"titan-x", "rtx-4090", "titan-x"};
	static const double rates[] = {1e6, 1.25e9};

	(void)state;
	for (unsigned lanes = 1; lanes <= 8; lanes++)
		for (size_t r = 0; r < 2; r++) {
			double hops_s = 2.0 * ((8192.0 + 6.0 * 66.0) / rates[r] + 1e-3) +
					(4.0 + 66.0) / rates[r] + 1e-3;
			double sum_s = hops_s, most_s = 0.0, cycle_s, busy;
			struct system s;
			struct twin v;
			struct group_spec *g;

			build(&s, 3, layers, gpus, lanes);
			join(&s, rates[r], 1e-3);
			s.i->max_batch = 1;
			g = fixture_group(&s.f, "users", 1.0);
			g->arrivals = (struct arrival_spec){
				.process = ARRIVAL_SATURATED, .outstanding = lanes};
			g->workload.prompt_tok = dist_constant(8.0);
			g->workload.output_tok = dist_constant(401.0);
			s.f.spec.run.horizon_s = 400.0;
			fixture_run(&s.f);
			twin_of(&v, &s);
			for (size_t k = 0; k < 3; k++) {
				sum_s += stage_s(&v, k, 209.0);
				most_s = fmax(most_s, stage_s(&v, k, 209.0));
			}
			cycle_s = fmax(lanes * most_s, sum_s);
			assert_ratio(fixture_metric(&s.f, "", "tpot.mean_s"), cycle_s, 0.02);
			for (size_t k = 0; k < 3; k++) {
				const char *const scopes[] = {
					"stage:pipe/1", "stage:pipe/2", "stage:pipe/3"};

				busy = fixture_metric(&s.f, scopes[k], "busy.share");
				if (r == 1) /* prompts take little */
					assert_near(busy, lanes * stage_s(&v, k, 209.0) / cycle_s,
						0.04);
				assert_near(fixture_metric(&s.f, scopes[k], "bubble.share"),
					1.0 - busy / fixture_metric(
							     &s.f, "instance:pipe", "busy.share"),
					1e-9);
				assert_near(
					fixture_metric(&s.f, scopes[k], "layers"), layers[k], 1e-9);
			}
			twin_finish(&v);
			fixture_finish(&s.f);
		}
}

/* One request alone: a prompt of 200 tokens and 9 more rounds. The hops of the first token carry
 * the prompt, 1 638 400 bytes in 1 132 packets, those of the others a row, 8 192 in six. */
static void a_token_takes_its_hops(void **state)
{
	static const unsigned layers[] = {16, 16};
	static const char *const gpus[] = {"rtx-4090", "rtx-4090"};
	const double rate = 1e7, back_s = 70.0 / rate + 2e-3;
	const double prompt_s = (1638400.0 + 1132.0 * 66.0) / rate + 2e-3 + back_s;
	const double row_s = (8192.0 + 6.0 * 66.0) / rate + 2e-3 + back_s;

	(void)state;
	for (int by_events = 0; by_events < 2; by_events++) {
		struct system s;
		struct group_spec *g;

		build(&s, 2, layers, gpus, 2);
		join(&s, rate, 2e-3);
		s.f.step_by_step = by_events;
		g = fixture_group(&s.f, "users", 0.1);
		g->arrivals.process = ARRIVAL_DETERMINISTIC;
		g->workload.prompt_tok = dist_constant(200.0);
		g->workload.output_tok = dist_constant(10.0);
		s.f.spec.run.horizon_s = 19.0;
		fixture_run(&s.f);
		assert_int_equal(s.f.n_rows, 1);
		assert_near(fixture_metric(&s.f, "instance:pipe", "hops.mean_s"),
			(prompt_s + 9.0 * row_s) / 10.0, 1e-9);
		assert_near(fixture_metric(&s.f, "link:l0/s0-s1/up", "bytes.hidden"),
			1638400.0 + 1132.0 * 66.0 + 9.0 * (8192.0 + 6.0 * 66.0), 1e-6);
		assert_near(
			fixture_metric(&s.f, "link:l0/s0-s1/down", "bytes.hidden"), 700.0, 1e-6);
		fixture_finish(&s.f);
	}
}

/* Rounds are whole nanoseconds, runs of steps are rounded once: half a nanosecond a round. */
static void one_stage_is_an_instance_that_has_it_whole(void **state)
{
	static const unsigned all[] = {32};
	static const char *const gpus[] = {"rtx-4090"};

	(void)state;
	for (int batching = BATCHING_CONTINUOUS; batching <= BATCHING_STATIC; batching++)
		for (int kv = 0; kv < 2; kv++) {
			struct system s[2];
			size_t done = 0, preempted = 0;

			for (int whole = 0; whole < 2; whole++) {
				struct group_spec *g;

				build(&s[whole], 1, all, gpus, 1);
				s[whole].i->n_stages = whole ? 0 : 1;
				s[whole].i->batching = batching;
				s[whole].i->kv.blocks = kv ? 90 : 0;
				g = fixture_group(&s[whole].f, "users", 3.0);
				g->workload.prompt_tok = dist_uniform(20.0, 400.0);
				g->workload.output_tok = dist_uniform(1.0, 200.0);
				s[whole].f.spec.run.horizon_s = 60.0;
				fixture_run(&s[whole].f);
			}
			assert_int_equal(s[0].f.n_rows, s[1].f.n_rows);
			for (size_t n = 0; n < s[0].f.n_rows; n++) {
				const struct request_row *a = &s[0].f.rows[n], *b = &s[1].f.rows[n];

				if (a->fate != FATE_DONE || b->fate != FATE_DONE)
					continue;
				assert_near(a->first_token_ns, b->first_token_ns, 1e4);
				assert_near(a->finished_ns, b->finished_ns, 1e4);
				assert_int_equal(a->preemptions, b->preemptions);
				preempted += a->preemptions;
				done++;
			}
			assert_true(done > 50);
			assert_int_equal(preempted > 0, kv && batching != BATCHING_STATIC);
			for (int whole = 0; whole < 2; whole++)
				fixture_finish(&s[whole].f);
		}
}

/* Chunks and static batches, which the twin does not know: ahead and by events, the same rows. */
static void ahead_and_by_events_are_the_same_whatever_the_batching(void **state)
{
	const struct seeds *seeds = *state;

	for (uint64_t seed = seeds->first; seed <= seeds->last; seed++) {
		struct system s[2];

		for (int by_events = 0; by_events < 2; by_events++) {
			random_system(&s[by_events], seed);
			s[by_events].i->batching = seed % 2 ? BATCHING_CHUNKED : BATCHING_STATIC;
			s[by_events].i->chunk_tok = 64;
			s[by_events].f.warmup_s = 7.3; /* in the middle of steps */
			s[by_events].f.step_by_step = by_events;
			fixture_run(&s[by_events].f);
		}
		assert_int_equal(s[0].f.n_rows, s[1].f.n_rows);
		for (size_t n = 0; n < s[0].f.n_rows; n++) {
			const struct request_row *a = &s[0].f.rows[n], *b = &s[1].f.rows[n];

			assert_int_equal(a->fate, b->fate);
			assert_int_equal(a->started_ns, b->started_ns);
			assert_int_equal(a->first_token_ns, b->first_token_ns);
			assert_int_equal(a->finished_ns, b->finished_ns);
			assert_int_equal(a->preemptions, b->preemptions);
		}
		for (size_t m = 0; m < s[0].f.result.n_metrics; m++) {
			double a = s[0].f.result.metrics[m].value;

			assert_true(isnan(a) ||
				    fabs(a - s[1].f.result.metrics[m].value) <= 1e-9 * fabs(a));
		}
		for (int by_events = 0; by_events < 2; by_events++)
			fixture_finish(&s[by_events].f);
	}
}

int main(int argc, char **argv)
{
	struct seeds seeds = seeds_of(argc, argv, 50);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(every_time_is_that_of_a_naive_twin, &seeds),
		cmocka_unit_test(a_link_that_others_may_use_gives_the_same_times_while_they_do_not),
		cmocka_unit_test(hidden_states_wait_for_others_on_their_link),
		cmocka_unit_test(steady_state_is_the_closed_form),
		cmocka_unit_test(a_token_takes_its_hops),
		cmocka_unit_test(one_stage_is_an_instance_that_has_it_whole),
		cmocka_unit_test_prestate(
			ahead_and_by_events_are_the_same_whatever_the_batching, &seeds),
	};

	return cmocka_run_group_tests_name("pipeline", tests, NULL, NULL);
}
