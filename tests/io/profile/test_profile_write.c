/* What is written reads back to the same profile: every one that is part of the program. */
#include "tests/support/check.h"

#include <string.h>

#include "base/str.h"
#include "io/profile/file.h"
#include "io/profile/write.h"
#include "tests/support/arena_bed.h"

static const struct profile *parsed(const struct buf *text, const char *name)
{
	const struct profile *p;
	struct err err = {0};

	if (!profile_parse(
		    &p, &arena, arena_printf(&arena, "%s.profile", name), text->s, text->n, &err))
		fail_msg("%s:%u:%u: %s", err.at.file, err.at.line, err.at.col, err.msg);
	return p;
}

static void same_rows(const void *a, size_t n_a, const void *b, size_t n_b, size_t size)
{
	assert_int_equal(n_a, n_b);
	if (n_a > 0)
		assert_memory_equal(a, b, n_a * size);
}

#define SAME_ROWS(a, b, member) \
	same_rows((a)->member, (a)->n_##member, (b)->member, (b)->n_##member, sizeof *(a)->member)

static void same_grid(const struct profile_grid *a, const struct profile_grid *b)
{
	SAME_ROWS(a, b, decode);
	SAME_ROWS(a, b, prefill);
	SAME_ROWS(a, b, verify);
	SAME_ROWS(a, b, mixed);
	SAME_ROWS(a, b, attention);
	SAME_ROWS(a, b, prediction);
	assert_int_equal(a->n_host, b->n_host);
	for (size_t i = 0; i < a->n_host; i++)
		assert_true(a->host[i].step == b->host[i].step &&
			    a->host[i].host_s == b->host[i].host_s &&
			    a->host[i].sd_s == b->host[i].sd_s);
	assert_int_equal(a->n_launch, b->n_launch);
	for (size_t i = 0; i < a->n_launch; i++) {
		assert_string_equal(a->launch[i].name, b->launch[i].name);
		assert_true(a->launch[i].launch_s == b->launch[i].launch_s);
	}
	assert_int_equal(a->n_t0, b->n_t0);
}

static void same_form(const struct profile *a, const struct profile *b)
{
	assert_int_equal(a->form->launch_overlaps, b->form->launch_overlaps);
	for (size_t i = 0; i < LLM_PRECISIONS; i++) {
		if (!(a->precisions >> i & 1u))
			continue;
		assert_true(a->form->launch_s[i] == b->form->launch_s[i]);
		for (size_t k = 0; k < LLM_OPS; k++) {
			const struct profile_op *x = &a->form->op[i][k], *y = &b->form->op[i][k];

			assert_true(x->t0_s == y->t0_s && x->ec == y->ec && x->eb == y->eb);
			assert_true(x->weight_bytes == y->weight_bytes &&
				    x->cycles_per_key == y->cycles_per_key && x->peak == y->peak);
			assert_true(x->mixed == y->mixed && x->widen_rows == y->widen_rows &&
				    x->widen_bytes == y->widen_bytes);
		}
	}
}

static void same(const struct profile *a, const struct profile *b)
{
	assert_string_equal(a->name, b->name);
	assert_string_equal(a->device, b->device);
	assert_string_equal(a->runtime, b->runtime);
	assert_string_equal(a->model, b->model);
	assert_string_equal(a->date, b->date);
	assert_string_equal(a->driver, b->driver);
	assert_string_equal(a->kernels, b->kernels);
	assert_string_equal(a->method, b->method);
	assert_true(a->precisions == b->precisions && a->cc_from == b->cc_from &&
		    a->cc_below == b->cc_below && a->kind == b->kind &&
		    a->provenance == b->provenance);
	assert_true(a->sigma.decode == b->sigma.decode && a->sigma.prefill == b->sigma.prefill &&
		    a->sigma.attention == b->sigma.attention &&
		    a->sigma.latency == b->sigma.latency);
	assert_true(a->has_host == b->has_host && a->host.step_s == b->host.step_s &&
		    a->host.sequence_s == b->host.sequence_s &&
		    a->host.request_s == b->host.request_s);
	if (a->kind == PROFILE_GRID)
		same_grid(a->grid, b->grid);
	else
		same_form(a, b);
}

static void every_profile_of_the_program_reads_back(void **state)
{
	const struct profile_set *set = profile_builtin(&arena);
	struct buf text;

	(void)state;
	assert_true(set->n > 10);
	for (size_t i = 0; i < set->n; i++) {
		buf_init(&text);
		profile_write(&text, set->all[i], MARK_FITTED);
		same(set->all[i], parsed(&text, set->all[i]->name));
		buf_finish(&text);
	}
}

/* 1.4 ms a step, 0.15 ms a sequence, 5 ms a request. */
static void the_times_of_a_host_read_back(void **state)
{
	const struct profile_set *set = profile_builtin(&arena);
	const struct profile *back;
	struct profile p = *set->all[0];
	struct buf text;

	(void)state;
	p.has_host = true;
	p.host.step_s = 1.4e-3;
	p.host.sequence_s = 0.15e-3;
	p.host.request_s = 5e-3;
	buf_init(&text);
	profile_write(&text, &p, MARK_FITTED);
	back = parsed(&text, p.name);
	same(&p, back);
	buf_finish(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			every_profile_of_the_program_reads_back, arena_begin, arena_end),
		cmocka_unit_test_setup_teardown(
			the_times_of_a_host_read_back, arena_begin, arena_end),
	};

	return cmocka_run_group_tests_name("profile_write", tests, NULL, NULL);
}
