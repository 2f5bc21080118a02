/* Where the time went: by hand, one case a cause, and over random systems against what instances
 * tell of their steps. With two numbers: the random systems from the one to the other. */
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

#include "io/profile/file.h"
#include "models/cost/catalog.h"
#include "models/cost/cost.h"
#include "models/measure/causes.h"
#include "sim/event.h"
#include "tests/support/world_fixture.h"

static int64_t ns_of(const struct fixture *f, size_t request, enum cause c)
{
	assert_true(request < f->n_rows);
	return f->rows[request].cause_ns[c];
}

/* Everything but @a, @b, @c and @d is 0. */
static void only(const struct fixture *f, size_t request, enum cause a, enum cause b, enum cause c,
	enum cause d)
{
	for (enum cause k = 0; k < CAUSES; k++)
		if (k != a && k != b && k != c && k != d)
			assert_int_equal(ns_of(f, request, k), 0);
}

static void station(struct fixture *f, double service_s, unsigned ahead)
{
	fixture_init(f);
	fixture_site(f, "edge", TIER_EDGE, NULL);
	fixture_station(f, "q", 0, 0.0)->service = dist_constant(service_s);
	f->instances[0].ahead = ahead;
	fixture_group(f, "u", 1.0);
	f->groups[0].bytes_per_tok = 4.0;
}

/* Service 2 s, a quarter of a second each way to the scheduler. The first is sent off at 0.5 s and
 * served from then to 2.5 s. The second, of 0.5 s, finds no room until then: it hears of that at
 * 2.75 s. With a place ahead it is sent off at 1 s and waits there for 1.5 s. */
static void waiting_is_at_the_scheduler_or_at_the_instance(void **state)
{
	struct fixture f;

	(void)state;
	for (unsigned ahead = 0; ahead < 2; ahead++) {
		station(&f, 2.0, ahead);
		f.spec.run.scheduler_delay_s = 0.25;
		fixture_run_trace(&f, "0,1,1\n0.5,1,1\n");
		assert_int_equal(ns_of(&f, 0, CAUSE_SCHEDULER), 500000000);
		assert_int_equal(ns_of(&f, 0, CAUSE_SERVICE), 2000000000);
		only(&f, 0, CAUSE_SCHEDULER, CAUSE_SERVICE, CAUSES, CAUSES);
		assert_int_equal(ns_of(&f, 1, CAUSE_SCHEDULER), ahead ? 500000000 : 2250000000);
		assert_int_equal(ns_of(&f, 1, CAUSE_INSTANCE_WAIT), ahead ? 1500000000 : 0);
		assert_int_equal(ns_of(&f, 1, CAUSE_SERVICE), 2000000000);
		fixture_finish(&f);
	}
}

/* 400 B and 66 of headers at 1000 B/s, and 0.1 s: 0.566 s alone. The second of two that are sent
 * together waits until the first has left the machine, 0.466 s; where they share the link, each
 * byte of both takes twice as long. Answers of 200 B: 0.366 s. */
static void an_upload_is_what_it_takes_alone_and_the_rest_is_waiting(void **state)
{
	struct fixture f;

	(void)state;
	for (int fair = 0; fair < 2; fair++) {
		station(&f, 10.0, 1);
		fixture_link(&f, "l", "u", "edge", 1000.0, 0.1);
		f.links[0].up.sharing = fair ? SHARING_FAIR : SHARING_FIFO;
		f.instances[0].slots = 2;
		fixture_run_trace(&f, "1,100,50\n1,100,50\n");
		for (size_t r = 0; r < 2; r++) {
			assert_in_range(ns_of(&f, r, CAUSE_UPLOAD_SEND), 565999999, 566000001);
			assert_int_equal(ns_of(&f, r, CAUSE_SERVICE), 10000000000);
			only(&f, r, CAUSE_UPLOAD_SEND, CAUSE_UPLOAD_WAIT, CAUSE_SERVICE,
				CAUSE_DOWNLOAD);
		}
		assert_in_range(ns_of(&f, 1, CAUSE_UPLOAD_WAIT), 465999999, 466000001);
		assert_in_range(ns_of(&f, 0, CAUSE_UPLOAD_WAIT) + 1, 1, fair ? 466000002 : 1);
		assert_int_equal(ns_of(&f, 0, CAUSE_DOWNLOAD), 366000000);
		fixture_finish(&f);
	}
}

static void llm(struct fixture *f, enum batching batching, unsigned max_batch)
{
	struct instance_spec *i;

	fixture_init(f);
	fixture_site(f, "cloud", TIER_CLOUD, "rtx-4090");
	fixture_model(f, "llama2-7b", PRECISION_INT8);
	i = fixture_llm(f, "gpu", 0, 0);
	i->batching = batching;
	i->max_batch = max_batch;
	fixture_group(f, "users", 1.0);
	fixture_policy(f, "random"); /* eager: the instance alone decides who waits */
	f->keeps_spans = true;
}

static struct cost *cost_of(const struct fixture *f)
{
	const struct instance_spec *s = &f->instances[0];
	struct cost_spec spec = {
		.profile = s->profile,
		.gpu = &f->sites[0].gpu,
		.shape = &f->models[0].shape,
		.precision = f->models[0].precision,
		.max_batch = s->max_batch,
		.quantile = PROFILE_MEDIAN,
	};
	struct err err = {0};
	struct cost *c;

	assert_true(cost_create(&c, &spec, &err));
	return c;
}

/* One of 100 and 200 tokens decodes when another, of 300 and 10, comes at 1 s: it is held up by
 * that one's prefill, and by nothing else. */
static void a_prefill_of_another_stalls_those_who_decode(void **state)
{
	struct fixture f;
	struct cost *c;
	int64_t first_ns, second_ns;

	(void)state;
	llm(&f, BATCHING_CONTINUOUS, 8);
	fixture_run_trace(&f, "0,100,200\n1,300,10\n");
	c = cost_of(&f);
	first_ns = ns_of_s(cost_prefill_s(c, 100, 1) + cost_prefill_attention_s(c, 100, 0));
	second_ns = ns_of_s(cost_prefill_s(c, 300, 1) + cost_prefill_attention_s(c, 300, 0));
	assert_int_equal(ns_of(&f, 0, CAUSE_PREFILL), first_ns);
	assert_int_equal(ns_of(&f, 0, CAUSE_STALLED), second_ns);
	only(&f, 0, CAUSE_PREFILL, CAUSE_STALLED, CAUSE_DECODE, CAUSES);
	assert_int_equal(ns_of(&f, 1, CAUSE_PREFILL), second_ns);
	assert_int_equal(ns_of(&f, 1, CAUSE_INSTANCE_WAIT), f.rows[1].started_ns - 1000000000);
	assert_true(ns_of(&f, 1, CAUSE_INSTANCE_WAIT) > 0); /* for the step in flight */
	only(&f, 1, CAUSE_INSTANCE_WAIT, CAUSE_PREFILL, CAUSE_DECODE, CAUSES);
	cost_destroy(c);
	fixture_finish(&f);
}

/* The same in chunks of 128 rows: 127, 127 and 46 tokens of the second, each in a step in which the
 * first has a row. What such a step takes longer than a step of the first alone is stall. */
static void a_chunk_of_another_stalls_by_what_it_adds(void **state)
{
	struct fixture f;
	struct cost *c;
	int64_t stalled_ns = 0;
	size_t chunks = 0;
	uint64_t context = 101; /* with its first token */

	(void)state;
	llm(&f, BATCHING_CHUNKED, 8);
	f.instances[0].chunk_tok = 128;
	fixture_run_trace(&f, "0,100,200\n1,300,10\n");
	c = cost_of(&f);
	for (size_t k = 0; k < f.n_spans; k++) {
		const struct step_span *s = &f.spans[k];
		struct cost_affine a = cost_decode(c, 1, context);

		if (s->kind == STEP_CHUNK && s->batch == 2) {
			chunks++;
			stalled_ns += s->to_ns - s->from_ns -
				      ns_of_s(a.base_s + a.per_tok_s * (double)context);
		}
		if (k > 0)
			context += s->steps;
	}
	assert_int_equal(chunks, 3);
	assert_true(stalled_ns > 0);
	assert_int_equal(ns_of(&f, 0, CAUSE_STALLED), stalled_ns);
	only(&f, 0, CAUSE_PREFILL, CAUSE_STALLED, CAUSE_DECODE, CAUSES);
	assert_int_equal(
		ns_of(&f, 1, CAUSE_PREFILL), f.rows[1].first_token_ns - f.rows[1].started_ns);
	only(&f, 1, CAUSE_INSTANCE_WAIT, CAUSE_PREFILL, CAUSE_DECODE, CAUSES);
	cost_destroy(c);
	fixture_finish(&f);
}

static void room_for_tok(struct fixture *f, double tok)
{
	const struct llm_shape *shape = &f->models[0].shape;

	f->instances[0].reserve_bytes = f->sites[0].gpu.mem_bytes -
					llm_weight_bytes(shape, f->models[0].precision) -
					llm_kv_bytes_per_tok(shape) * tok - 1.0;
}

/* Room for 41 blocks of 16. Two of 256 tokens hold 17 each from their prefill on and 20 after 64
 * steps; for the next one both need another, and 42 are too many: the younger gives up its own. It
 * waits until the older is done and is computed again. All that is preemption; what holds the older
 * up is the prefill of the younger. */
static void what_is_preempted_waits_and_is_computed_again(void **state)
{
	struct fixture f;
	const struct step_span *s;

	(void)state;
	llm(&f, BATCHING_CONTINUOUS, 2);
	room_for_tok(&f, 41.0 * 16.0);
	fixture_run_trace(&f, "0,256,100\n0,256,100\n");
	assert_int_equal(f.rows[0].preemptions, 0);
	assert_int_equal(f.rows[1].preemptions, 1);
	/* both prefills, decoding of both, of the older alone; again, decoding of the younger */
	assert_int_equal(f.n_spans, 6);
	s = f.spans;
	assert_int_equal(s[2].steps, 64);
	assert_int_equal(s[4].kind, STEP_PREFILL);
	assert_int_equal(s[3].to_ns, f.rows[0].finished_ns);
	assert_int_equal(ns_of(&f, 1, CAUSE_INSTANCE_WAIT), s[0].to_ns);
	assert_int_equal(ns_of(&f, 1, CAUSE_PREFILL), s[1].to_ns - s[1].from_ns);
	assert_int_equal(ns_of(&f, 1, CAUSE_PREEMPTED), s[4].to_ns - s[2].to_ns);
	assert_int_equal(
		ns_of(&f, 1, CAUSE_DECODE), s[2].to_ns - s[2].from_ns + s[5].to_ns - s[5].from_ns);
	only(&f, 1, CAUSE_INSTANCE_WAIT, CAUSE_PREFILL, CAUSE_PREEMPTED, CAUSE_DECODE);
	assert_int_equal(ns_of(&f, 0, CAUSE_STALLED), s[1].to_ns - s[1].from_ns);
	only(&f, 0, CAUSE_PREFILL, CAUSE_DECODE, CAUSE_STALLED, CAUSES);
	fixture_finish(&f);
}

/* Chunks of 8 rows: the second, of 160 tokens, needs many steps for its prompt and loses it when
 * the first grows. What was computed in vain counts as preemption: its prefill is the one that came
 * to an end. */
static void chunks_computed_in_vain_are_preemption(void **state)
{
	struct fixture f;
	const struct request_row *r;
	int64_t again_ns = 0;

	(void)state;
	llm(&f, BATCHING_CHUNKED, 2);
	f.instances[0].chunk_tok = 8;
	room_for_tok(&f, 20.0 * 16.0);
	fixture_run_trace(&f, "0,128,40\n0.05,160,5\n");
	r = &f.rows[1];
	assert_int_equal(r->preemptions, 1);
	for (size_t k = 0; k < f.n_spans && again_ns == 0; k++)
		if (f.spans[k].from_ns >= f.rows[0].finished_ns)
			again_ns = f.spans[k].from_ns;
	assert_true(again_ns > 0 && r->started_ns < f.rows[0].finished_ns);
	assert_int_equal(ns_of(&f, 1, CAUSE_PREEMPTED), again_ns - r->started_ns);
	assert_int_equal(ns_of(&f, 1, CAUSE_PREFILL), r->first_token_ns - again_ns);
	only(&f, 1, CAUSE_INSTANCE_WAIT, CAUSE_PREEMPTED, CAUSE_PREFILL, CAUSE_DECODE);
	fixture_finish(&f);
}

/* At the end of the run one waits at the scheduler, one at the instance, one is served. */
static void one_without_an_answer_ends_in_what_it_was_doing(void **state)
{
	struct fixture f;

	(void)state;
	station(&f, 70.0, 1);
	fixture_run_trace(&f, "10,1,1\n20,1,1\n30,1,1\n");
	assert_int_equal(ns_of(&f, 0, CAUSE_SERVICE), 70000000000);
	assert_int_equal(ns_of(&f, 1, CAUSE_INSTANCE_WAIT), 60000000000);
	assert_int_equal(ns_of(&f, 1, CAUSE_SERVICE), 20000000000);
	assert_int_equal(ns_of(&f, 2, CAUSE_SCHEDULER), 50000000000);
	assert_int_equal(ns_of(&f, 2, CAUSE_INSTANCE_WAIT), 20000000000);
	fixture_finish(&f);
}

/* Half-way through an upload of 0.5 s the run is over. */
static void an_upload_under_way_at_the_end_is_told_so_far(void **state)
{
	struct fixture f;

	(void)state;
	station(&f, 10.0, 1);
	fixture_link(&f, "l", "u", "edge", 1000.0, 0.1);
	fixture_run_trace(&f, "99.75,100,50\n");
	assert_int_equal(ns_of(&f, 0, CAUSE_UPLOAD_SEND), 250000000);
	only(&f, 0, CAUSE_UPLOAD_SEND, CAUSES, CAUSES, CAUSES);
	fixture_finish(&f);
}

/* The check is one that fails. */
static void times_that_do_not_add_up_are_noticed(void **state)
{
	static const struct {
		int64_t decode_ns, prefill_ns;
		bool ok;
	} cases[] = {{700, 300, true}, {700, 299, false}, {701, 300, false}, {1300, -300, false}};

	(void)state;
	for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
		int64_t ns[CAUSES] = {
			[CAUSE_DECODE] = cases[k].decode_ns, [CAUSE_PREFILL] = cases[k].prefill_ns};
		struct request_row r = {
			.id = 7, .created_ns = 5000, .fate = FATE_IN_SYSTEM, .cause_ns = ns};
		struct arena a;
		struct probe p;
		struct err err = {0};

		arena_init(&a);
		p = causes_create(&a, 1, 1);
		p.ops->request(p.state, MOMENT_ENDED, 6000, &r);
		assert_int_equal(causes_check(&p, &err), cases[k].ok);
		if (!cases[k].ok)
			assert_non_null(strstr(err.msg, "the time of request 7 does not add up"));
		arena_finish(&a);
	}
}

/* Three times 2^62 ns are more than 64 bits hold. */
static void sums_do_not_overflow(void **state)
{
	const int64_t long_ns = INT64_C(1) << 62;
	int64_t ns[CAUSES] = {[CAUSE_SCHEDULER] = long_ns - 5, [CAUSE_DOWNLOAD] = 5};
	struct request_row r = {.fate = FATE_DONE, .measured = true, .cause_ns = ns};
	struct cause_sums s;
	struct arena a;
	struct probe p;

	(void)state;
	arena_init(&a);
	p = causes_create(&a, 1, 1);
	for (int k = 0; k < 3; k++)
		p.ops->request(p.state, MOMENT_ENDED, long_ns, &r);
	s = causes_of_instance(&p, 0);
	assert_int_equal(s.n, 3);
	assert_true(s.ns[CAUSE_SCHEDULER] == 3 * ((unsigned __int128)long_ns - 5));
	assert_true(s.ns[CAUSE_DOWNLOAD] == 15);
	arena_finish(&a);
}

/* Random systems */

static uint64_t next_random(uint64_t *x)
{
	*x += 0x9e3779b97f4a7c15u;
	uint64_t z = (*x ^ (*x >> 30)) * 0xbf58476d1ce4e5b9u;

	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

enum { MOST = 3, STAGES = 3 };

/** What an instance is, beside what all of them may be. */
enum engine { CONTINUOUS, CHUNKED, STATIC, PIPELINE, SPECULATIVE, SWAPPING, ENGINES };

static void random_pipeline(struct fixture *f, struct instance_spec *s, uint64_t *x)
{
	unsigned n = 2 + (unsigned)(next_random(x) % (STAGES - 1));
	struct stage_spec *stages = arena_alloc(&f->arena, n, sizeof *stages);
	unsigned left = f->models[0].shape.layers;

	for (unsigned k = 0; k < n; k++) {
		stages[k] = (struct stage_spec){.site = s->site,
			.layers = k + 1 < n ? 4 + (unsigned)(next_random(x) % 6) : left,
			.profile = s->profile,
			.gpu = &f->sites[s->site.i].gpu};
		left -= stages[k].layers;
	}
	s->stages = stages;
	s->n_stages = n;
	s->micro_batches = 1 + (unsigned)(next_random(x) % 4);
	s->batching = next_random(x) % 2 ? BATCHING_CHUNKED : BATCHING_CONTINUOUS;
}

static void random_draft(struct fixture *f, struct instance_spec *s, uint64_t *x)
{
	struct model_spec *m = &f->models[0], *draft = arena_alloc(&f->arena, 1, sizeof *draft);
	struct err err = {0};

	*draft = (struct model_spec){.name = "draft",
		.shape = catalog_find_model("llama-68m")->shape,
		.precision = PRECISION_FP16};
	m->draft = m->draft ? m->draft : draft;
	s->draft = (struct draft_spec){.on = true,
		.k = 1 + (unsigned)(next_random(x) % 5),
		.acceptance = 0.1 * (double)(next_random(x) % 11)};
	s->chunk_tok += s->max_batch * s->draft.k;
	assert_true(profile_find(&s->draft.profile, profile_builtin(&f->arena),
		&f->sites[s->site.i].gpu, s->runtime, m->draft->shape.name, m->draft->precision,
		s->at, &err));
}

/** Room for 800 to 2 300 tokens. */
static void random_memory(struct fixture *f, struct instance_spec *s, uint64_t *x)
{
	s->kv.blocks = (unsigned)((800 + next_random(x) % 1500) / s->block_tok + 1);
	s->limits.max_len_tok = 780;
	(void)f;
}

static void random_llm(struct fixture *f, uint32_t i, bool apart, uint64_t *x)
{
	static const char *const gpus[] = {"rtx-4090", "titan-x", "a100", "l40s"};
	static const char *const names[MOST] = {"i0", "i1", "i2"};
	static const char *const sites[MOST] = {"s0", "s1", "s2"};
	enum engine engine = next_random(x) % (apart ? STATIC : ENGINES);
	struct instance_spec *s;

	fixture_site(f, sites[i], i == 0 ? TIER_CLOUD : TIER_EDGE, gpus[next_random(x) % 4]);
	s = fixture_llm(f, names[i], i, 0);
	s->block_tok = 1 + (unsigned)(next_random(x) % 20);
	s->max_batch = 1 + (unsigned)(next_random(x) % 24);
	s->chunk_tok = s->max_batch + (unsigned)(next_random(x) % 300);
	s->ahead = (unsigned)(next_random(x) % 3);
	s->batching = engine == CHUNKED || (engine > STATIC && next_random(x) % 2)
			      ? BATCHING_CHUNKED
			      : BATCHING_CONTINUOUS;
	if (next_random(x) % 2)
		random_memory(f, s, x);
	if (engine == STATIC) {
		s->batching = BATCHING_STATIC;
		s->limits.batch_wait_s = 0.2 * (double)(next_random(x) % 3);
		s->limits.returns = next_random(x) % 2 ? STATIC_RETURN_EACH : STATIC_RETURN_BATCH;
	}
	if (engine == PIPELINE)
		random_pipeline(f, s, x);
	if (engine == SPECULATIVE)
		random_draft(f, s, x);
	if (engine == SWAPPING) {
		s->kv.preemption = PREEMPTION_SWAP;
		s->kv.swap_bytes = 2e9;
	}
}

/** The first computes prompts, the others go on. */
static void random_roles(struct fixture *f, size_t n, uint64_t *x)
{
	for (size_t i = 0; i < n; i++)
		f->instances[i].role = i == 0 ? ROLE_PREFILL : ROLE_DECODE;
	f->instances[0].kv_overlap =
		f->instances[0].batching == BATCHING_CONTINUOUS && next_random(x) % 2;
}

static void random_system(struct fixture *f, uint64_t seed)
{
	static const char *const policies[] = {"random", "fcfs", "k-p-fcfs", "jsq"};
	static const char *const groups[] = {"g0", "g1"};
	uint64_t x = seed;
	bool apart = next_random(&x) % 6 == 0;
	size_t n = apart ? 2 + next_random(&x) % 2 : 1 + next_random(&x) % MOST;
	unsigned net = apart ? 0 : (unsigned)(next_random(&x) % 3);

	fixture_init(f);
	f->keeps_spans = true;
	f->spec.run.seed = seed;
	f->spec.run.horizon_s = 40.0;
	f->warmup_s = (double)(next_random(&x) % 20);
	if (next_random(&x) % 3 == 0)
		f->spec.run.scheduler_delay_s = 0.01 * (double)(next_random(&x) % 50);
	fixture_model(f, "llama2-7b", PRECISION_INT8);
	for (uint32_t i = 0; i < n; i++)
		random_llm(f, i, apart, &x);
	if (apart)
		random_roles(f, n, &x);
	else if (next_random(&x) % 4 == 0)
		fixture_station(f, "t", 0, 1.0 + (double)(next_random(&x) % 4));
	if (net > 0)
		fixture_link(f, "net", "users", "s*", net == 1 ? 6.25e6 : 900.0, 5e-3);
	if (net == 2 && next_random(&x) % 2)
		f->links[0].up.sharing = f->links[0].down.sharing = SHARING_FAIR;
	for (size_t g = 0; g < 1 + next_random(&x) % 2; g++) {
		struct group_spec *s = fixture_group(f, groups[g], 0.7 * (double)n);

		s->workload.prompt_tok = dist_uniform(5.0, 500.0);
		s->workload.output_tok = dist_uniform(1.0, 250.0);
		s->stream = next_random(&x) % 4 == 0;
		if (next_random(&x) % 3 == 0)
			s->deadline_s = 10.0;
	}
	fixture_policy(f, policies[next_random(&x) % 4]);
}

/** How long the steps of @instance with prompts in them overlap [from, to]. */
static int64_t held_up_ns(const struct fixture *f, uint32_t instance, int64_t from, int64_t to)
{
	int64_t sum = 0;

	for (size_t k = 0; k < f->n_spans; k++) {
		const struct step_span *s = &f->spans[k];

		if (s->instance.i == instance && s->kind != STEP_DECODE && s->kind != STEP_VERIFY &&
			s->from_ns >= from && s->to_ns <= to)
			sum += s->to_ns - s->from_ns;
	}
	return sum;
}

/** While it decoded: all of a step of prompts where those who decode pause, a part where not. */
static void stall_is_that_of_the_steps(const struct fixture *f, const struct request_row *r)
{
	const struct instance_spec *at = &f->instances[r->instance];
	int64_t from_ns = r->joined_ns == TIME_NONE ? r->first_token_ns : r->joined_ns;
	int64_t held_ns = held_up_ns(f, r->instance, from_ns, r->finished_ns);
	int64_t stalled_ns = r->cause_ns[CAUSE_STALLED];

	if (at->n_stages > 0) /* its steps are many at a time */
		assert_true(stalled_ns <= r->finished_ns - from_ns);
	else if (at->batching == BATCHING_STATIC)
		assert_int_equal(stalled_ns, 0);
	else if (at->batching == BATCHING_CONTINUOUS)
		assert_int_equal(stalled_ns, held_ns);
	else
		assert_true(stalled_ns <= held_ns && (stalled_ns > 0) == (held_ns > 0));
}

/* Of one that was answered and never preempted, from its moments and the steps. */
static void causes_are_those_of_its_moments(const struct fixture *f, const struct request_row *r)
{
	const struct instance_spec *at = &f->instances[r->instance];
	int64_t delay_ns = ns_of_s(f->spec.run.scheduler_delay_s);
	int64_t joined_ns = r->joined_ns == TIME_NONE ? r->first_token_ns : r->joined_ns;
	const int64_t *ns = r->cause_ns;

	assert_int_equal(ns[CAUSE_SCHEDULER], r->assigned_ns + delay_ns - r->created_ns);
	assert_int_equal(ns[CAUSE_UPLOAD_WAIT] + ns[CAUSE_UPLOAD_SEND],
		r->uploaded_ns - r->assigned_ns - delay_ns);
	assert_int_equal(ns[CAUSE_INSTANCE_WAIT], r->started_ns - r->uploaded_ns);
	assert_int_equal(ns[CAUSE_DOWNLOAD], r->delivered_ns - r->finished_ns);
	if (at->synthetic) {
		assert_int_equal(ns[CAUSE_SERVICE], r->finished_ns - r->started_ns);
		return;
	}
	assert_int_equal(ns[CAUSE_PREFILL], r->first_token_ns - r->started_ns);
	assert_int_equal(ns[CAUSE_KV], joined_ns - r->first_token_ns);
	assert_int_equal(ns[at->draft.on ? CAUSE_SPECULATION : CAUSE_DECODE] + ns[CAUSE_STALLED],
		r->finished_ns - joined_ns);
	stall_is_that_of_the_steps(f, r);
}

/* The rows of one scope: shares of 1, and times of the mean. */
static void rows_add_up(const struct fixture *f, const char *scope, double e2e_s)
{
	double share = 0.0, s = 0.0;
	bool any = false;

	for (size_t k = 0; k < f->result.n_metrics; k++) {
		const struct metric_row *row = &f->result.metrics[k];

		if (strcmp(row->scope, scope) != 0 || isnan(row->value))
			continue;
		if (row->id >= METRIC_TIME && row->id < METRIC_TIME + CAUSES)
			s += row->value;
		if (row->id >= METRIC_TIME_SHARE && row->id < METRIC_TIME_SHARE + CAUSES) {
			share += row->value;
			any = true;
		}
	}
	if (!any)
		return;
	assert_near(share, 1.0, 1e-9);
	if (e2e_s > 0.0)
		assert_near(s, e2e_s, 1e-9 * e2e_s);
}

struct looked {
	size_t plain, preempted, in_pipelines;
	int64_t ns[CAUSES];
};

static void look_at(const struct fixture *f, struct looked *all)
{
	for (size_t k = 0; k < f->n_rows; k++) {
		const struct request_row *r = &f->rows[k];

		if (r->fate != FATE_DONE)
			continue;
		all->preempted += r->preemptions > 0;
		all->in_pipelines += f->instances[r->instance].n_stages > 0;
		for (enum cause c = 0; c < CAUSES; c++)
			all->ns[c] += r->cause_ns[c];
		assert_int_equal(r->preemptions > 0, r->cause_ns[CAUSE_PREEMPTED] > 0);
		if (r->preemptions > 0)
			continue;
		causes_are_those_of_its_moments(f, r);
		all->plain++;
	}
	rows_add_up(f, "", fixture_metric(f, "", "e2e.mean_s"));
	rows_add_up(f, "group:g0", fixture_metric(f, "group:g0", "e2e.mean_s"));
	rows_add_up(f, "instance:i0", 0.0);
}

/* That the sum is all, each run checks by itself: see the status. */
static void every_nanosecond_is_where_the_steps_say(void **state)
{
	const uint64_t *range = *state, systems = range[1] - range[0] + 1;
	struct looked all = {0};

	for (uint64_t seed = range[0]; seed <= range[1]; seed++) {
		struct fixture f;

		random_system(&f, seed);
		fixture_run(&f);
		if (f.result.status != RUN_COMPLETE)
			fail_msg("system %llu: %s", (unsigned long long)seed, f.result.failure);
		look_at(&f, &all);
		fixture_finish(&f);
	}
	assert_true(
		all.plain > 20 * systems && all.preempted > systems && all.in_pipelines > systems);
	for (enum cause c = 0; c < CAUSES; c++)
		assert_true(all.ns[c] > 0); /* each of them was met */
}

int main(int argc, char **argv)
{
	uint64_t range[2] = {1, 50};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waiting_is_at_the_scheduler_or_at_the_instance),
		cmocka_unit_test(an_upload_is_what_it_takes_alone_and_the_rest_is_waiting),
		cmocka_unit_test(a_prefill_of_another_stalls_those_who_decode),
		cmocka_unit_test(a_chunk_of_another_stalls_by_what_it_adds),
		cmocka_unit_test(what_is_preempted_waits_and_is_computed_again),
		cmocka_unit_test(chunks_computed_in_vain_are_preemption),
		cmocka_unit_test(one_without_an_answer_ends_in_what_it_was_doing),
		cmocka_unit_test(an_upload_under_way_at_the_end_is_told_so_far),
		cmocka_unit_test(times_that_do_not_add_up_are_noticed),
		cmocka_unit_test(sums_do_not_overflow),
		cmocka_unit_test_prestate(every_nanosecond_is_where_the_steps_say, range),
	};

	for (int k = 1; k < argc && k < 3; k++)
		range[k - 1] = strtoull(argv[k], NULL, 10);
	return cmocka_run_group_tests_name("causes", tests, NULL, NULL);
}
