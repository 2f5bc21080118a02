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
	if (s->f.spec.n_links > 1) {
		v->bytes_per_s = s->f.links[1].up.bytes_per_s;
		v->delay_s = s->f.links[1].up.delay_s;
	}
	for (size_t k = 0; k < v->n_stages; k++) {
		struct cost_spec spec = {
			.profile = s->stages[k].profile,
			.gpu = &s->f.sites[k].gpu,
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
	if (seeds_next(&x) % 2)
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

int main(int argc, char **argv)
{
	struct seeds seeds = seeds_of(argc, argv, 50);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(every_time_is_that_of_a_naive_twin, &seeds),
	};

	return cmocka_run_group_tests_name("pipeline", tests, NULL, NULL);
}
