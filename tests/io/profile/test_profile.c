#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/profile/file.h"
#include "models/cost/catalog.h"

static struct arena arena;

static const char *found(const char *gpu, const char *runtime, const char *model, enum precision p)
{
	static const struct profile_set *set;
	static struct arena kept; /* beyond a test: to parse them takes long */
	const struct profile *out;
	struct err err = {0};
	const struct catalog_gpu *g = catalog_find_gpu(gpu);

	if (!set)
		set = profile_builtin(&kept);
	assert_non_null(g);
	if (!profile_find(&out, set, &g->spec, runtime, model, p, (struct src_pos){0}, &err))
		return "none";
	return out->name;
}

static void every_gpu_model_and_runtime_has_a_profile(void **state)
{
	static const char *const servers[] = {"vllm-0.7", "vllm-v1"};

	(void)state;
	for (size_t g = 0; g < catalog_n_gpus; g++)
		for (size_t m = 0; m < catalog_n_models; m++) {
			const char *gpu = catalog_gpus[g].spec.name;
			const char *model = catalog_models[m].shape.name;

			for (int p = 0; p <= PRECISION_Q4_0; p++)
				assert_string_not_equal(
					found(gpu, "fused", model, (enum precision)p), "none");
			for (int p = 0; p < LLM_PRECISIONS; p++)
				for (size_t r = 0; r < 2; r++)
					assert_true(p == PRECISION_Q8_0 || p == PRECISION_Q4_0 ||
						    strcmp(found(gpu, servers[r], model,
								   (enum precision)p),
							    "none"));
			assert_string_not_equal(
				found(gpu, "llmint8", model, PRECISION_INT8), "none");
			assert_string_not_equal(
				found(gpu, "llmint8", model, PRECISION_FP16), "none");
		}
}

static void the_device_itself_goes_before_the_generic(void **state)
{
	(void)state;
	assert_string_equal(
		found("rtx-4090", "fused", "llama2-7b", PRECISION_INT8), "rtx-4090-fused");
	assert_string_equal(
		found("l40s", "fused", "llama2-7b", PRECISION_INT8), "generic-fused-int8");
	assert_string_equal(
		found("titan-x", "llmint8", "llama2-7b", PRECISION_INT8), "titan-x-llmint8");
	assert_string_equal(found("h200", "fused", "llama2-13b", PRECISION_INT8),
		"h200-llama2-13b-int8-fused"); /* measured, for this model and precision only */
	assert_string_equal(
		found("h200", "fused", "llama2-13b", PRECISION_FP16), "generic-fused-fp16");
	assert_string_equal(
		found("h200", "fused", "llama-3.1-8b", PRECISION_INT8), "generic-fused-int8");
	assert_string_equal(
		found("h100", "vllm-v1", "llama2-7b", PRECISION_FP16), "generic-hopper-vllm-fp16");
	assert_string_equal(
		found("a100", "vllm-v1", "llama2-7b", PRECISION_FP16), "generic-ampere-vllm-fp16");
	assert_string_equal(
		found("l40s", "vllm-v1", "llama2-7b", PRECISION_FP16), "generic-vllm-fp16");
	assert_string_equal(found("rtx-4090-d", "vllm-0.7", "llama-3.1-8b", PRECISION_FP16),
		"rtx-4090-vllm-fp16");
	assert_string_equal(found("rtx-4090", "vllm-0.7", "llama-3.1-8b", PRECISION_FP16),
		"rtx-4090-llama3-8b-vllm");
	assert_string_equal(
		found("a100", "trt-llm", "llama2-7b", PRECISION_FP16), "generic-fused-fp16");
	assert_string_equal(
		found("a100", "vllm-0.7", "llama-3.1-8b", PRECISION_FP8), "generic-vllm-quantised");
	assert_string_equal(found("l40s", "vllm-0.7", "llama-3.1-8b", PRECISION_FP8),
		"generic-ada-vllm-quantised");
	assert_string_equal(found("l40s", "llmint8", "llama2-7b", PRECISION_Q4_0), "none");
	assert_string_equal(found("l40s", "paper", "llama2-7b", PRECISION_INT8), "none");
}

static const char *for_cc(double cc)
{
	struct gpu_spec g = {.name = "mine", .cc = cc};
	const struct profile_set *set = profile_builtin(&arena);
	const struct profile *out;
	struct err err = {0};

	assert_true(profile_find(
		&out, set, &g, "llmint8", "llama2-7b", PRECISION_INT8, (struct src_pos){0}, &err));
	return out->name;
}

static void llmint8_casts_below_capability_7_5(void **state)
{
	(void)state;
	assert_string_equal(for_cc(7.0), "generic-llmint8-cast");
	assert_string_equal(for_cc(7.5), "generic-llmint8");
	assert_string_equal(for_cc(0.0), "generic-llmint8"); /* not known: taken for a new one */
}

static void nothing_covering_is_said_at_the_place(void **state)
{
	const struct profile_set *set = profile_builtin(&arena);
	const struct gpu_spec g = {.name = "mine", .cc = 8.0};
	const struct profile *out;
	struct err err = {0};

	(void)state;
	assert_false(profile_find(&out, set, &g, "llmint8", "llama2-7b", PRECISION_Q4_0,
		(struct src_pos){"a.yaml", 9, 5}, &err));
	assert_string_equal(err.msg, "no profile of runtime 'llmint8' in q4_0 covers GPU 'mine'");
	assert_int_equal(err.at.line, 9);
}

/* What stands in every wrong file before its fault, in 7 lines. */
#define HEAD \
	"offing-profile: 1\ndevice: d\nruntime: fused\nmodel: m\nprecision: fp16 int8\n" \
	"provenance: measured\nsigma.step: 0.1\n"

static const struct {
	const char *text;
	unsigned line, col;
	const char *msg;
} wrong[] = {
	{"device: d\n", 1, 1, "a profile starts with 'offing-profile: 1'"},
	{"offing-profile: 2\n", 1, 17, "must be version 1, not '2'"},
	{HEAD "devise: d\n", 8, 1, "unknown key 'devise'; did you mean 'device'?"},
	{HEAD "device: e\n", 8, 1, "a key may stand only once, not 'device'"},
	{HEAD "date:\n", 8, 6, "the key has no value"},
	{HEAD "hello\n", 8, 1, "expected 'key: value' or '[section]', not 'hello'"},
	{"offing-profile: 1\nprecision: fp16 int4\n", 2, 17,
		"unknown precision 'int4'; did you mean 'int8'?"},
	{"offing-profile: 1\nprovenance: guessed\n", 2, 13, "unknown provenance 'guessed'"},
	{"offing-profile: 1\nsigma.step: 0x1\n", 2, 13, "must be a number from 0 to 3, not '0x1'"},
	{"offing-profile: 1\nsigma.step: nan\n", 2, 13, "must be a number from 0 to 3, not 'nan'"},
	{"offing-profile: 1\nsigma.step: -1\n", 2, 13, "must be a number from 0 to 3, not '-1'"},
	{HEAD "launch: parallel\n", 8, 9, "unknown launch 'parallel'"},
	{HEAD "[decod]\n", 8, 2, "unknown section 'decod'; did you mean 'decode'?"},
	{HEAD "[decode\n", 8, 1, "expected '[section]', not '[decode'"},
	{HEAD "[t0]\n[decode]\n[t0]\n", 10, 2, "a section may stand only once, not 't0'"},
	{HEAD "[decode]\n1 2\n", 9, 3, "the row has too few columns"},
	{HEAD "[decode]\n1 2 3e-3 4\n", 9, 10, "the row has too many columns"},
	{HEAD "[decode]\n1.5 2 3e-3\n", 9, 1, "must be a whole number, not '1.5'"},
	{HEAD "[decode]\n1 2 0\n", 9, 5, "must be a number from 1e-09 to 100000, not '0'"},
	{HEAD "[decode]\n1 2 3e-3\n1 2 4e-3\n", 10, 1, "rows must ascend and none may repeat"},
	{HEAD "[attention]\n8 0.5 3e-3\n8 0.2 4e-3\n", 10, 1,
		"rows must ascend and none may repeat"},
	{HEAD "[attention]\n8 1.5 3e-3\n", 9, 3, "must be a number from 0 to 1, not '1.5'"},
	{HEAD "[prediction]\n8 3e-3\n4 3e-3\n", 10, 1, "rows must ascend and none may repeat"},
	{HEAD "[mixed]\n4 90 60 0\n", 9, 9, "the row has too few columns"},
	{HEAD "[mixed]\n4 90 60 0 3e-3 1\n", 9, 16, "the row has too many columns"},
	{HEAD "[mixed]\n0 90 60 0 3e-3\n", 9, 1, "must be a number from 1 to 1e+09, not '0'"},
	{HEAD "[mixed]\n4 90 0 0 3e-3\n", 9, 6, "must be a number from 1 to 1e+09, not '0'"},
	{HEAD "[mixed]\n4 90 60 .5 3e-3\n", 9, 9, "must be a whole number, not '.5'"},
	{HEAD "[mixed]\n4 90 60 0 0\n", 9, 11, "must be a number from 1e-09 to 100000, not '0'"},
	{HEAD "[mixed]\n4 90 60 5 3e-3\n4 90 60 5 3e-3\n", 10, 1,
		"rows must ascend and none may repeat"},
	{HEAD "[mixed]\n4 90 60 5 3e-3\n4 80 70 5 3e-3\n", 10, 1,
		"rows must ascend and none may repeat"},
	{HEAD "[constants]\nqvk * t0 0 assumed\n", 9, 1,
		"unknown class of operations 'qvk'; did you mean 'qkv'?"},
	{HEAD "[constants]\nqkv * to 0 assumed\n", 9, 7,
		"unknown constant 'to'; did you mean 't0'?"},
	{HEAD "[constants]\nqkv q4_0 t0 0 assumed\n", 9, 5,
		"the header's precisions lack this one"},
	{HEAD "[constants]\nqkv * t0 0 guessed\n", 9, 12, "unknown mark 'guessed'"},
	{HEAD "[constants]\nqkv * peak fp8 assumed\n", 9, 12, "unknown peak 'fp8'"},
	{HEAD "[constants]\nqkv * ec 0 assumed\n", 9, 10,
		"must be a number from 0.0001 to 4, not '0'"},
	{HEAD "[constants]\n* * t0 0 assumed\n* * peak fp16 assumed\n* * ec 1 assumed\n"
	      "layer * launch 0 assumed\nlinear fp16 eb 1 assumed\n",
		0, 0, "the profile has no t0, ec, eb or peak for head in fp16"},
	{HEAD "[constants]\n* * t0 0 assumed\n", 0, 0, "the profile has no launch of a layer"},
	{HEAD, 0, 0, "the profile has no [constants] and no rows in [decode]"},
	{HEAD "[decode]\n1 2 3e-3\n[prefill]\n1 0 3e-3\n[attention]\n1 0 1e-3\n", 0, 0,
		"the profile has no single precision, which a measured grid needs"},
	{"offing-profile: 1\ndevice: d\n", 0, 0,
		"the profile has no runtime, model, precision, provenance"},
	{"", 0, 0,
		"the profile has no offing-profile, device, runtime, model, precision, provenance"},
};

static void faults_are_named_with_their_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		const struct profile *p;
		struct err err = {0};

		assert_false(profile_parse(
			&p, &arena, "x.profile", wrong[i].text, strlen(wrong[i].text), &err));
		assert_null(p);
		assert_string_equal(err.msg, wrong[i].msg);
		assert_string_equal(err.at.file, "x.profile");
		assert_int_equal(err.at.line, wrong[i].line);
		assert_int_equal(err.at.col, wrong[i].col);
	}
}

static void zero_bytes_and_endless_lines_are_refused(void **state)
{
	const struct profile *p;
	struct err err = {0};
	char long_line[600];

	(void)state;
	assert_false(profile_parse(&p, &arena, "x", "offing-profile: 1\n\0\n", 20, &err));
	assert_string_equal(err.msg, "the line holds a zero byte");
	memset(long_line, 'a', sizeof long_line);
	err = (struct err){0};
	assert_false(profile_parse(&p, &arena, "x", long_line, sizeof long_line, &err));
	assert_string_equal(err.msg, "the line is too long");
}

static void later_constants_override_and_marks_are_counted(void **state)
{
	static const char text[] =
		"offing-profile: 1\r\ndevice: *   # any\r\nruntime: fused\r\nmodel: *\r\n"
		"precision: fp16 int8\r\nprovenance: fitted\r\nsigma.step: 0.1\r\n"
		"sigma.attention: 0.2\r\n\r\n"
		"[constants]\r\n* * t0 1e-6 assumed\r\n* * ec 0.5 assumed\r\n"
		"* * eb 0.6 assumed # where from\r\n* * peak int8 assumed\r\n"
		"down int8 t0 2e-6 measured\r\nlinear fp16 peak fp16 published\r\n"
		"layer int8 launch 3e-6 assumed\r\nlayer fp16 launch 4e-6 assumed";
	const struct profile *p;
	struct err err = {0};

	(void)state;
	assert_true(profile_parse(&p, &arena, "dir/own.profile", text, sizeof text - 1, &err));
	assert_string_equal(p->name, "own");
	assert_string_equal(p->device, "*");
	assert_int_equal(p->provenance, PROVENANCE_FITTED);
	assert_int_equal(p->kind, PROFILE_FORM);
	assert_near(p->sigma.decode, 0.1, 0.0);
	assert_near(p->sigma.latency, 0.2, 0.0);
	assert_near(p->form->op[PRECISION_INT8][LLM_DOWN].t0_s, 2e-6, 0.0);
	assert_near(p->form->op[PRECISION_FP16][LLM_DOWN].t0_s, 1e-6, 0.0);
	assert_int_equal(p->form->op[PRECISION_FP16][LLM_DOWN].peak, PEAK_FP16);
	assert_int_equal(p->form->op[PRECISION_FP16][LLM_HEAD].peak, PEAK_INT8);
	assert_near(p->form->launch_s[PRECISION_FP16], 4e-6, 0.0);
	assert_int_equal(p->form->n_marks[MARK_MEASURED], 1);
	assert_int_equal(p->form->n_marks[MARK_PUBLISHED], 1);
	assert_int_equal(p->form->n_marks[MARK_ASSUMED], 6);
}

static void rows_of_mixed_steps_ascend_by_column(void **state)
{
	static const char text[] =
		"offing-profile: 1\ndevice: d\nruntime: fused\nmodel: m\nprecision: int8\n"
		"provenance: measured\nsigma.step: 0.1\n"
		"[decode]\n1 2 3e-3\n[prefill]\n1 0 3e-3\n[attention]\n1 0 1e-3\n"
		"[mixed]\n2 90 60 5 3e-3\n2 90 60 6 4e-3\n2 90 61 0 5e-3\n2 91 8 0 6e-3\n3 7 9 0 "
		"7e-3\n";
	const struct profile *p;
	struct err err = {0};

	(void)state;
	assert_true(profile_parse(&p, &arena, "x.profile", text, sizeof text - 1, &err));
	assert_int_equal(p->grid->n_mixed, 5);
	assert_int_equal(p->grid->mixed[1].count, 2);
	assert_int_equal(p->grid->mixed[1].context_tok, 90);
	assert_int_equal(p->grid->mixed[1].chunk_tok, 60);
	assert_int_equal(p->grid->mixed[1].chunk_context_tok, 6);
	assert_near(p->grid->mixed[4].step_s, 7e-3, 0.0);
}

static void a_file_of_the_users_is_read(void **state)
{
	char path[] = "/tmp/offing-profile-XXXXXX";
	const struct profile *p;
	struct err err = {0};
	int fd = mkstemp(path);
	FILE *f = fdopen(fd, "w");

	(void)state;
	assert_non_null(f);
	for (size_t i = 0; i < profile_n_texts; i++)
		if (strcmp(profile_texts[i].name, "rtx-4090-fused") == 0)
			fputs(profile_texts[i].text, f);
	fclose(f);
	assert_true(profile_read(&p, &arena, path, (struct src_pos){0}, &err));
	assert_string_equal(p->device, "rtx-4090");
	unlink(path);
	assert_false(profile_read(&p, &arena, path, (struct src_pos){"x.yaml", 7, 9}, &err));
	assert_non_null(strstr(err.msg, "cannot open '/tmp/offing-profile-"));
	assert_string_equal(err.at.file, "x.yaml"); /* where it was asked for */
}

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_finish(&arena);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_gpu_model_and_runtime_has_a_profile),
		TEST(the_device_itself_goes_before_the_generic),
		TEST(llmint8_casts_below_capability_7_5),
		TEST(nothing_covering_is_said_at_the_place),
		TEST(faults_are_named_with_their_place),
		TEST(zero_bytes_and_endless_lines_are_refused),
		TEST(later_constants_override_and_marks_are_counted),
		TEST(rows_of_mixed_steps_ascend_by_column),
		TEST(a_file_of_the_users_is_read),
	};
	return cmocka_run_group_tests_name("profile", tests, NULL, NULL);
}
