/* Where auto puts models: by hand on devices of round numbers, and against all ways there are. */
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

#include "io/profile/file.h"
#include "plan/copies.h"
#include "plan/deployed.h"
#include "plan/token_time.h"
#include "policies/all.h"
#include "sim/rng.h"
#include "tests/support/world_fixture.h"
#include "tests/support/tiny_model.h"

/* Whatever moves or computes takes no time: a step is its constants. Of a layer 19 us: four linear
 * classes, attention 3, small 5, launch 7; of the head 2. The CPU takes three times as long. */
static const char flat[] = "offing-profile: 1\ndevice: *\nruntime: fused\nmodel: *\n"
			   "precision: fp16\nprovenance: transferred\nsigma.step: 0.1\n"
			   "launch: added\n[constants]\n* * peak fp32 assumed\n"
			   "* * ec 1 assumed\n* * eb 1 assumed\n"
			   "linear * t0 1e-6 assumed\nhead * t0 2e-6 assumed\n"
			   "decode-attention * t0 3e-6 assumed\n"
			   "prefill-attention * t0 4e-6 assumed\n"
			   "prefill-attention * cycles_per_key 1 assumed\n"
			   "small * t0 5e-6 assumed\nlayer * launch 7e-6 assumed\n";
static const char flat_cpu[] = "offing-profile: 1\ndevice: cpu\nruntime: fused\nmodel: *\n"
			       "precision: fp16\nprovenance: transferred\nsigma.step: 0.1\n"
			       "launch: added\n[constants]\n* * peak fp32 assumed\n"
			       "* * ec 1 assumed\n* * eb 1 assumed\n"
			       "linear * t0 3e-6 assumed\nhead * t0 6e-6 assumed\n"
			       "decode-attention * t0 9e-6 assumed\n"
			       "prefill-attention * t0 12e-6 assumed\n"
			       "prefill-attention * cycles_per_key 3 assumed\n"
			       "small * t0 15e-6 assumed\nlayer * launch 21e-6 assumed\n";

/* Weights of `tiny` in fp16: a layer 48 + 16 + 64 + 32 and two norms of 4, 336 bytes; embedding 80,
 * head 80 and its norm 8; keys and values of a token 16 bytes a layer. */

struct bed {
	struct fixture f;
	struct instance_spec like;
	const struct profile *profiles[2];
	struct placing_like placing;
	struct subject subject;
	struct devices devices;
	struct units units;
};

static void begin(struct bed *b)
{
	struct err err = {0};
	struct model_spec *m;

	*b = (struct bed){0};
	fixture_init(&b->f);
	if (!profile_parse(&b->profiles[0], &b->f.arena, "flat", flat, sizeof flat - 1, &err) ||
		!profile_parse(
			&b->profiles[1], &b->f.arena, "cpu", flat_cpu, sizeof flat_cpu - 1, &err))
		fail_msg("%s", err.msg);
	m = fixture_model(&b->f, "llama2-7b", PRECISION_FP16);
	m->shape = tiny;
	m->name = "chat";
	b->like = (struct instance_spec){.name = "like",
		.runtime = "fused",
		.max_batch = 1,
		.chunk_tok = 512,
		.block_tok = 1,
		.kv = {.blocks = 10}, /* 160 bytes a layer */
		.at = {"chat.yaml", 5, 3}};
	b->placing = (struct placing_like){&b->like, b->profiles, 2, DRAFTING_NEVER};
}

/** A gpu of @bytes, with a host of @host_bytes. */
static struct site_spec *site(struct bed *b, const char *name, double bytes, double host_bytes)
{
	struct site_spec *s = fixture_site(&b->f, name, TIER_EDGE, "t4");

	s->gpu = (struct gpu_spec){.name = "flat",
		.fp32_flop_per_s = 1e24,
		.bytes_per_s = 1e24,
		.mem_bytes = bytes,
		.pcie_bytes_per_s = 1e6,
		.clock_hz = 1e18,
		.cc = 9.0};
	s->host = (struct gpu_spec){.name = "cpu",
		.mem_bytes = host_bytes,
		.bytes_per_s = 1e24,
		.fp32_flop_per_s = 1e24,
		.clock_hz = 1e18};
	return s;
}

static void ready(struct bed *b)
{
	struct err err = {0};

	fixture_group(&b->f, "users1", 1.0)->workload =
		(struct workload_spec){.kind = WORKLOAD_DISTS,
			.prompt_tok = dist_constant(6.0),
			.output_tok = dist_constant(4.0)};
	if (!subject_init(&b->subject, &b->f.spec, &b->placing, &err) ||
		!devices_init(&b->devices, &b->f.spec, &err) ||
		!units_init(&b->units, &b->subject, &b->devices, &err))
		fail_msg("%s", err.msg);
}

static void drop(struct bed *b)
{
	units_finish(&b->units);
	devices_finish(&b->devices);
	fixture_finish(&b->f);
}

static bool best(struct deployment *out, struct bed *b, struct err *err)
{
	bool free_device[FIXTURE_MOST * 2];

	memset(free_device, true, sizeof free_device);
	return copies_best(out, &b->f.arena, &b->units, &b->devices, free_device,
		(struct src_pos){"chat.yaml", 5, 3}, err);
}

static struct deployment sure_best(struct bed *b)
{
	struct deployment dep;
	struct err err = {0};

	if (!best(&dep, b, &err))
		fail_msg("%s", err.msg);
	return dep;
}

/* docs/placement.md, "By hand". A layer with its keys and values takes 496 bytes, so a gpu of
 * 1200 holds two, with either end, and not three.
 *
 * Over two gpus joined by 1 MB/s and 5 us: 3 x 19 + 2, 8 bytes there, 13 us, 4 back, 9: 81 us. With
 * a layer on the CPU: 57 + 8 bytes over PCIe, 8, + 2 x 19 + 2: 105 us. Three streamed: a fetch is
 * 336 us, 3 x 336 = 1008. */
static void by_hand_a_pipeline_beats_the_cpu_and_the_cpu_beats_streaming(void **state)
{
	struct deployment dep;
	struct bed b;

	(void)state;
	begin(&b);
	site(&b, "box", 1200.0, 1e6);
	b.f.sites[0].n_gpus = 2;
	b.f.sites[0].interconnect =
		(struct interconnect_spec){.bytes_per_s = 1e6, .latency_s = 5e-6};
	ready(&b);
	dep = sure_best(&b);
	assert_int_equal(dep.n_stages, 2);
	assert_near(dep.token_s, 81e-6, 1e-12);
	drop(&b);

	begin(&b);
	site(&b, "box", 1200.0, 1e6);
	ready(&b);
	dep = sure_best(&b);
	assert_int_equal(dep.n_stages, 1);
	assert_int_equal(dep.cpu_layers, 1);
	assert_int_equal(dep.streamed_layers, 0);
	assert_near(dep.token_s, 105e-6, 1e-12);
	drop(&b);

	begin(&b);
	site(&b, "box", 1760.0, 1e6); /* three layers' keys and values, two of weights, both ends */
	b.placing.n_profiles = 1;     /* nobody knows the CPU */
	b.f.sites[0].gpu.mem_bytes = 2 * 336 + 3 * 160 + 168 + 80;
	ready(&b);
	dep = sure_best(&b);
	assert_int_equal(dep.streamed_layers, 3);
	assert_near(dep.token_s, 1008e-6, 1e-12);
	drop(&b);
}

static void what_fits_nowhere_is_told_with_the_place(void **state)
{
	struct deployment dep;
	struct err err = {0};
	struct bed b;

	(void)state;
	begin(&b);
	site(&b, "box", 600.0, 0.0);
	site(&b, "bag", 600.0, 0.0);
	ready(&b);
	assert_false(best(&dep, &b, &err));
	assert_int_equal(err.kind, ERR_INPUT);
	assert_int_equal(err.at.line, 5);
	assert_non_null(strstr(err.msg, "chat"));
	assert_non_null(strstr(err.msg, "box"));
	assert_non_null(strstr(err.msg, "bag"));
	drop(&b);
}

/* All ways, as runs judge them */

static bool runs(const struct bed *b, const struct instance_spec *i)
{
	struct scenario_spec s = b->f.spec;
	struct err none = {0};

	s.n_instances = 1;
	s.instances = i;
	return world_check(&s, &none);
}

/** The least expected time of @dep and of those looked at before. */
static void look(double *least, struct bed *b, const struct deployment *dep)
{
	struct instance_spec i = deployed_instance(&b->f.arena, &b->units, &b->devices, dep, "way");
	const struct token_request r = {b->subject.prompt_tok, b->subject.output_tok, 0.0};
	struct err none = {0};
	double s;

	if (runs(b, &i) && token_time(&s, &b->devices, &i, &r, &none) && s < *least)
		*least = s;
}

static void look_at_one(double *least, struct bed *b, size_t device)
{
	struct deployed_stage stage = {b->devices.at[device].site, 3};
	struct deployment dep = {.n_stages = 1, .stages = &stage, .micro_batches = 1};

	for (dep.cpu_layers = 0; dep.cpu_layers < 3; dep.cpu_layers++)
		for (dep.streamed_layers = 0; dep.cpu_layers + dep.streamed_layers <= 3;
			dep.streamed_layers++)
			if (dep.cpu_layers == 0 || b->units.kinds[b->devices.at[device].kind].cpu)
				look(least, b, &dep);
}

static void look_at_two(double *least, struct bed *b, size_t one, size_t other)
{
	struct deployed_stage stages[] = {
		{b->devices.at[one].site, 1}, {b->devices.at[other].site, 2}};
	struct deployment dep = {.n_stages = 2, .stages = stages, .micro_batches = 1};

	look(least, b, &dep);
	stages[0].layers = 2;
	stages[1].layers = 1;
	look(least, b, &dep);
}

static void look_at_three(double *least, struct bed *b, size_t i, size_t j, size_t k)
{
	struct deployed_stage stages[] = {
		{b->devices.at[i].site, 1}, {b->devices.at[j].site, 1}, {b->devices.at[k].site, 1}};
	struct deployment dep = {.n_stages = 3, .stages = stages, .micro_batches = 1};

	look(least, b, &dep);
}

static double least_of_all(struct bed *b)
{
	double least = HUGE_VAL;
	size_t n = b->devices.n;

	for (size_t i = 0; i < n; i++) {
		look_at_one(&least, b, i);
		for (size_t j = 0; j < n; j++) {
			if (j == i)
				continue;
			look_at_two(&least, b, i, j);
			for (size_t k = 0; k < n; k++)
				if (k != i && k != j)
					look_at_three(&least, b, i, j, k);
		}
	}
	return least;
}

/** Gpus of one to three layers, some slower by an interconnect, some with a host. */
static void make_random(struct bed *b, struct rng *r)
{
	static const char *const names[] = {"a1", "b1", "c1"};
	size_t n = 1 + (size_t)(rng_uniform(r) * 3.0);

	begin(b);
	for (size_t k = 0; k < n; k++) {
		struct site_spec *s = site(b, names[k], 300.0 + 1700.0 * rng_uniform(r),
			rng_uniform(r) < 0.5 ? 2000.0 * rng_uniform(r) : 0.0);

		s->gpu.pcie_bytes_per_s = rng_uniform(r) < 0.5 ? 1e6 : 20e6;
		s->gpu.bytes_per_s = rng_uniform(r) < 0.5 ? 1e24 : 5e7; /* slow */
		if (rng_uniform(r) < 0.3) {
			s->n_gpus = 2;
			s->interconnect = (struct interconnect_spec){
				.bytes_per_s = 1e6, .latency_s = 4e-5 * rng_uniform(r)};
		}
	}
	fixture_link(&b->f, "access", "users", "*", 1e7, 0.0);
	if (n > 1 && rng_uniform(r) < 0.8)
		fixture_link(&b->f, "metro", "*", "*", 1e7, 4e-5 * rng_uniform(r));
	ready(b);
}

/* 400 systems of up to six gpus: every number of layers off one gpu, every order of up to three
 * gpus with every split; what runs refuse does not count. */
static void no_way_that_runs_is_faster_than_the_one_chosen(void **state)
{
	size_t found = 0, none = 0;
	struct rng r;

	(void)state;
	for (uint32_t round = 0; round < 400; round++) {
		struct deployment dep;
		struct err err = {0};
		struct bed b;
		double least;

		rng_init(&r, 21, round, "systems", "");
		make_random(&b, &r);
		least = least_of_all(&b);
		if (best(&dep, &b, &err) != (least < HUGE_VAL))
			fail_msg("round %u: least %g, %s", round, least, err.msg);
		if (least < HUGE_VAL) {
			struct instance_spec i =
				deployed_instance(&b.f.arena, &b.units, &b.devices, &dep, "chosen");

			assert_near(dep.token_s, least, 1e-9 * least);
			assert_true(runs(&b, &i));
		}
		found += least < HUGE_VAL;
		none += !(least < HUGE_VAL);
		drop(&b);
	}
	assert_true(found > 50 && none > 50);
}

/* Copies: each is as the best on what is left, and nothing more fits. */
static void auto_goes_on_until_nothing_fits(void **state)
{
	struct rng r;

	(void)state;
	for (uint32_t round = 0; round < 100; round++) {
		bool free_device[FIXTURE_MOST * 2];
		struct deployment *all, next;
		struct err err = {0};
		struct bed b;
		size_t n;

		rng_init(&r, 22, round, "systems", "");
		make_random(&b, &r);
		memset(free_device, true, sizeof free_device);
		if (!copies_placer.deploy(&all, &n, &b.f.arena, &b.f.spec, &b.placing, 1,
			    (struct src_pos){"chat.yaml", 5, 3}, &err)) {
			assert_false(best(&next, &b, &err));
			drop(&b);
			continue;
		}
		for (size_t k = 0; k < n; k++) {
			if (!copies_best(&next, &b.f.arena, &b.units, &b.devices, free_device,
				    (struct src_pos){0}, &err))
				fail_msg("copy %zu of %zu: %s", k + 1, n, err.msg);
			assert_near(all[k].token_s, next.token_s, 1e-9 * next.token_s);
		}
		assert_false(copies_best(&next, &b.f.arena, &b.units, &b.devices, free_device,
			(struct src_pos){0}, &err));
		drop(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_hand_a_pipeline_beats_the_cpu_and_the_cpu_beats_streaming),
		cmocka_unit_test(what_fits_nowhere_is_told_with_the_place),
		cmocka_unit_test(no_way_that_runs_is_faster_than_the_one_chosen),
		cmocka_unit_test(auto_goes_on_until_nothing_fits),
	};
	return cmocka_run_group_tests_name("copies", tests, NULL, NULL);
}
