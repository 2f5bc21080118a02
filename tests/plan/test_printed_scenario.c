/* The tensors of Eq. 2 as printed: of every model, in every precision, they are all of its weights.
 */
#include "tests/support/check.h"

#include "io/profile/file.h"
#include "models/cost/catalog.h"
#include "models/cost/llm.h"
#include "plan/printed_scenario.h"
#include "tests/support/world_fixture.h"

struct bed {
	struct fixture f;
	struct instance_spec like;
	struct subject subject;
	struct devices devices;
	struct units units;
	struct printed_scene scene;
};

static void make(struct bed *b, const char *model, enum precision p, const char *draft)
{
	static const size_t both[] = {0, 1};
	const struct profile_set *set;
	struct placing_like like;
	struct err err = {0};

	*b = (struct bed){0};
	fixture_init(&b->f);
	fixture_site(&b->f, "cloud", TIER_CLOUD, "h200");
	fixture_site(&b->f, "edge", TIER_EDGE, "titan-x")->host = (struct gpu_spec){
		.name = "cpu", .mem_bytes = 64e9, .bytes_per_s = 4e10, .fp32_flop_per_s = 1e12};
	fixture_link(&b->f, "wan", "*", "*", 6.25e6, 0.01);
	fixture_model(&b->f, model, p);
	if (draft)
		b->f.models[0].draft = fixture_model(&b->f, draft, p);
	b->like = (struct instance_spec){.runtime = "fused",
		.max_batch = 1,
		.block_tok = 16,
		.draft = {.k = 4, .acceptance = 0.6, .at = {"t", 1, 1}}};
	set = profile_builtin(&b->f.arena);
	like = (struct placing_like){&b->like, set->all, set->n, DRAFTING_MAY};
	if (!subject_init(&b->subject, &b->f.spec, &like, &err) ||
		!devices_init(&b->devices, &b->f.spec, &err) ||
		!units_init(&b->units, &b->subject, &b->devices, &err))
		fail_msg("%s", err.msg);
	printed_scene_init(&b->scene, &b->units, &b->devices, both, 2, draft != NULL);
}

static void drop(struct bed *b)
{
	printed_scene_finish(&b->scene);
	units_finish(&b->units);
	devices_finish(&b->devices);
	fixture_finish(&b->f);
}

/* Nine of a layer, norms apart; embedding, last norm, and a head where it is not the embedding.
 * Each tensor is rounded up to whole bytes. */
static void they_add_up_to_the_model(void **state)
{
	static const enum precision ps[] = {
		PRECISION_FP16, PRECISION_INT8, PRECISION_Q8_0, PRECISION_Q4_0};

	(void)state;
	for (size_t m = 0; m < catalog_n_models; m++)
		for (size_t p = 0; p < sizeof ps / sizeof ps[0]; p++) {
			const struct llm_shape *s = &catalog_models[m].shape;
			double sum = 0.0;
			struct bed b;
			size_t n;

			make(&b, s->name, ps[p], NULL);
			n = b.scene.problem.n_tensors;
			assert_int_equal(n, 9 * s->layers + (s->tied_embeddings ? 2 : 3));
			for (size_t t = 0; t < n; t++) {
				assert_true(b.scene.problem.tensors[t].bytes > 0.0);
				sum += b.scene.problem.tensors[t].bytes;
			}
			assert_true(sum >= llm_weight_bytes(s, ps[p]) - 1.0);
			assert_true(sum <= llm_weight_bytes(s, ps[p]) + (double)n);
			drop(&b);
		}
}

/* 32 layers of the 7B and 22 of the draft: 9 x 54 + 6; acceptance 0.6 at four drafted tokens. Two
 * gpus and a host, between which B is the link's rate and PCIe's. */
static void a_draft_and_the_devices_stand_behind_the_model(void **state)
{
	struct bed b;

	(void)state;
	make(&b, "llama2-7b", PRECISION_INT8, "tinyllama-1.1b");
	assert_int_equal(b.scene.problem.n_tensors, 492);
	assert_near(b.scene.problem.accesses[0], 1.0 / b.units.round_tok, 1e-15);
	assert_near(b.scene.problem.accesses[491], 4.0 / b.units.round_tok, 1e-15);
	assert_int_equal(b.scene.problem.n_devices, 3);
	assert_string_equal(b.scene.problem.devices[2].name, "host of edge");
	assert_near(b.scene.problem.bytes_per_s[0 * 3 + 1], 6.25e6, 1e-6);
	assert_near(b.scene.problem.bytes_per_s[0 * 3 + 2], 6.25e6, 1e-6);
	assert_near(b.scene.problem.bytes_per_s[1 * 3 + 2], 12e9, 1e-3);
	drop(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_add_up_to_the_model),
		cmocka_unit_test(a_draft_and_the_devices_stand_behind_the_model),
	};
	return cmocka_run_group_tests_name("printed_scenario", tests, NULL, NULL);
}
