#include "tests/support/check.h"

#include <string.h>

#include "models/serving/alike.h"

static const double quantiles[] = {1.0, 2.0}, others[] = {1.0, 3.0};

static const struct gpu_spec gpu = {.name = "a",
	.fp32_flop_per_s = 2e13,
	.fp16_flop_per_s = 3e14,
	.int8_op_per_s = 6e14,
	.bytes_per_s = 2e12,
	.mem_bytes = 4e10,
	.pcie_bytes_per_s = 2e10,
	.tdp_w = 300.0};

static const struct instance_spec llm = {.name = "i",
	.site = {1},
	.model = {2},
	.attention = ATTENTION_FULL,
	.max_batch = 16,
	.block_tok = 16,
	.reserve_bytes = 4e8,
	.ahead = 1};

static const struct instance_spec station = {.name = "s",
	.synthetic = true,
	.model = {NO_ID},
	.slots = 2,
	.capacity = 5,
	.discipline = DISCIPLINE_FIFO,
	.service = {.kind = DIST_EMPIRICAL, .mean = 1.5, .quantiles = quantiles, .n_quantiles = 2}};

static bool like(const struct instance_spec *a, const struct instance_spec *b)
{
	return instances_alike(a, &gpu, b, &gpu) && instances_alike(b, &gpu, a, &gpu);
}

static void a_name_a_place_and_a_price_make_no_difference(void **state)
{
	struct instance_spec other = llm;
	struct gpu_spec dear = gpu;

	(void)state;
	other.name = "j";
	other.site.i = 3;
	other.at.line = 7;
	dear.usd_per_h = 2.0;
	assert_true(like(&llm, &other));
	assert_true(instances_alike(&llm, &gpu, &llm, &dear));
}

/* Whatever a step's time, the memory, or the room depends on. */
static void whatever_a_model_is_served_by_does(void **state)
{
	struct instance_spec x[19];

	(void)state;
	for (size_t i = 0; i < 19; i++)
		x[i] = llm;
	x[0].model.i = 3;
	x[1].attention = ATTENTION_DAS;
	x[2].max_batch = 17;
	x[3].block_tok = 8;
	x[4].reserve_bytes = 5e8;
	x[5].ahead = 2;
	x[6].profile = (const struct profile *)&gpu; /* some other */
	x[7].synthetic = true;
	x[8].role = ROLE_PREFILL;
	x[9].kv_overlap = true;
	x[10].prefix_cache = true;
	x[11].host_time.step_s = 1e-3;
	x[12].host_time.sequence_s = 1e-3;
	x[13].host_time.request_s = 1e-3;
	x[14].host_time.ahead = true;
	x[15].host_time.late = true;
	x[16].host_time.sigma = 0.1;
	x[17].host_time.prefill_s = 1e-3;
	x[18].host_time.prompt_s = 1e-3;
	for (size_t i = 0; i < 19; i++)
		assert_false(like(&llm, &x[i]));
}

/* Several gpus by what is between them; one has nothing between it and others. */
static void whatever_gpus_share_a_model_by_does(void **state)
{
	struct instance_spec x[4], two = llm, one = llm;

	(void)state;
	two.parallel = (struct parallel_spec){
		.ranks = 2, .interconnect = {.bytes_per_s = 1e10, .latency_s = 5e-6}};
	for (size_t i = 0; i < 4; i++)
		x[i] = two;
	x[0].parallel.ranks = 4;
	x[1].parallel.interconnect.bytes_per_s = 2e10;
	x[2].parallel.interconnect.latency_s = 6e-6;
	x[3].parallel.interconnect.algorithm = ALL_REDUCE_RING;
	assert_false(like(&llm, &two));
	for (size_t i = 0; i < 4; i++)
		assert_false(like(&two, &x[i]));
	two.at.line = two.parallel.at.line = two.parallel.interconnect.at.line = 9;
	assert_true(like(&two, &two));
	one.parallel = two.parallel;
	one.parallel.ranks = 1;
	assert_true(like(&llm, &one));
}

/* Where layers are, and what has them; a host that has none makes no difference. */
static void whatever_layers_are_held_by_does(void **state)
{
	struct instance_spec x[7], part = llm, idle = llm;

	(void)state;
	part.offload = (struct offload_spec){.cpu_layers = 3,
		.streamed_layers = 5,
		.host = {.mem_bytes = 64e9, .bytes_per_s = 5e10, .fp32_flop_per_s = 1e12}};
	for (size_t i = 0; i < 7; i++)
		x[i] = part;
	x[0].offload.cpu_layers = 4;
	x[1].offload.streamed_layers = 4;
	x[2].offload.host.mem_bytes = 32e9;
	x[3].offload.host.bytes_per_s = 4e10;
	x[4].offload.host.fp32_flop_per_s = 2e12;
	x[5].offload.host.pcie_bytes_per_s = 6e9;
	x[6].offload.cpu = (const struct profile *)&gpu;
	assert_false(like(&llm, &part));
	for (size_t i = 0; i < 7; i++)
		assert_false(like(&part, &x[i]));
	idle.offload.host = part.offload.host;
	assert_true(like(&llm, &idle));
}

static void whatever_its_steps_and_its_memory_may_hold_does(void **state)
{
	struct instance_spec x[12];

	(void)state;
	for (size_t i = 0; i < 12; i++)
		x[i] = llm;
	x[0].batching = BATCHING_STATIC;
	x[1].limits.max_len_tok = 900;
	x[2].limits.max_batched_tok = 900;
	x[3].limits.prefill_limit = 2;
	x[4].limits.batch_wait_s = 0.1;
	x[5].limits.returns = STATIC_RETURN_EACH;
	x[6].kv.blocks = 99;
	x[7].kv.share = 0.9;
	x[8].kv.watermark = 0.01;
	x[9].kv.preemption = PREEMPTION_SWAP;
	x[10].decode_keep = 0.3;
	x[11].kv.pcie_bytes_per_s = 1e9;
	for (size_t i = 0; i < 12; i++)
		assert_false(like(&llm, &x[i]));
}

static void whatever_a_device_computes_by_does(void **state)
{
	struct gpu_spec x[7];

	(void)state;
	for (size_t i = 0; i < 7; i++)
		x[i] = gpu;
	x[0].name = "b";
	x[1].fp32_flop_per_s *= 2.0;
	x[2].fp16_flop_per_s *= 2.0;
	x[3].int8_op_per_s *= 2.0;
	x[4].bytes_per_s *= 2.0;
	x[5].mem_bytes *= 2.0;
	x[6].pcie_bytes_per_s *= 2.0;
	for (size_t i = 0; i < 7; i++)
		assert_false(instances_alike(&llm, &gpu, &llm, &x[i]));
}

static void whatever_a_station_serves_by_does(void **state)
{
	struct instance_spec x[6], same = station;
	double copy[2];

	(void)state;
	for (size_t i = 0; i < 6; i++)
		x[i] = station;
	x[0].slots = 3;
	x[1].capacity = 0;
	x[2].discipline = DISCIPLINE_PS;
	x[3].service.mean = 2.0;
	x[4].service.quantiles = others;
	x[5].ahead = 1;
	for (size_t i = 0; i < 6; i++)
		assert_false(like(&station, &x[i]));
	memcpy(copy, quantiles, sizeof copy);
	same.service.quantiles = copy; /* the same numbers elsewhere */
	assert_true(like(&station, &same));
}

/* Whom it serves, and how long each of them, in whatever order they are named. */
static void so_do_its_laws_by_group(void **state)
{
	struct group_service ab[] = {{.group = {1}, .law = station.service},
		{.group = {2}, .law = {.kind = DIST_CONSTANT, .mean = 4.0}}};
	struct group_service ba[] = {ab[1], ab[0]}, ac[] = {ab[0], ab[1]}, slow[] = {ab[0], ab[1]};
	struct instance_spec own = station, x[4], same;

	(void)state;
	own.service_of = ab;
	own.n_service_of = 2;
	assert_false(like(&station, &own));
	for (size_t i = 0; i < 4; i++)
		x[i] = own;
	x[0].n_service_of = 1;
	x[1].named_only = true;
	ac[1].group.i = 3;
	x[2].service_of = ac;
	slow[1].law.mean = 5.0;
	x[3].service_of = slow;
	for (size_t i = 0; i < 4; i++)
		assert_false(like(&own, &x[i]));
	same = own;
	same.service_of = ba;
	assert_true(like(&own, &same));
}

/* One of two stages, and of its micro-batches; where the stages stand makes no difference. */
static void so_do_its_stages(void **state)
{
	static const struct stage_spec own[] = {
		{.site = {1}, .layers = 10, .gpu = &gpu, .bus = {1e-6, 1e10}},
		{.site = {2}, .layers = 22, .gpu = &gpu}};
	struct gpu_spec faster = gpu;
	struct stage_spec other[2] = {own[0], own[1]};
	struct instance_spec a = llm, b;

	(void)state;
	a.n_stages = 2;
	a.stages = own;
	a.micro_batches = 3;
	assert_false(like(&a, &llm));
	b = a;
	b.stages = other;
	other[1].site.i = 7;
	assert_true(like(&a, &b));
	b.micro_batches = 2;
	assert_false(like(&a, &b));
	b.micro_batches = 3;
	other[0].layers = 11;
	other[1].layers = 21;
	assert_false(like(&a, &b));
	other[0] = own[0];
	other[1] = own[1];
	faster.bytes_per_s *= 2.0;
	other[1].gpu = &faster;
	assert_false(like(&a, &b));
	other[1].gpu = &gpu;
	other[0].bus.latency_s = 2e-6;
	assert_false(like(&a, &b));
	other[0].bus = (struct bus){1e-6, 2e10};
	assert_false(like(&a, &b));
}

static void who_drafts_and_how_does(void **state)
{
	static const struct draft_site here = {.site = {4}}, there = {.site = {5}};
	struct instance_spec base = llm, x[11];

	(void)state;
	base.draft = (struct draft_spec){.on = true,
		.k = 4,
		.acceptance = 0.5,
		.n_sites = 1,
		.sites = &here,
		.max_batch = 16,
		.tok_bytes = 6.0,
		.verdict_bytes = 8.0};
	for (size_t i = 0; i < 11; i++)
		x[i] = base;
	x[0].draft.on = false;
	x[1].draft.k = 5;
	x[2].draft.acceptance = 0.6;
	x[3].draft.n_sites = 0;
	x[4].draft.sites = &there;
	x[5].draft.max_batch = 8;
	x[6].draft.tok_bytes = 4.0;
	x[7].draft.verdict_bytes = 4.0;
	x[8].draft.drafts_ahead = true;
	x[9].draft.adaptive = true;
	x[10].draft.planned = true;
	assert_true(like(&base, &base));
	for (size_t i = 0; i < 11; i++)
		assert_false(like(&base, &x[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_drafts_and_how_does),
		cmocka_unit_test(a_name_a_place_and_a_price_make_no_difference),
		cmocka_unit_test(whatever_a_model_is_served_by_does),
		cmocka_unit_test(whatever_gpus_share_a_model_by_does),
		cmocka_unit_test(whatever_its_steps_and_its_memory_may_hold_does),
		cmocka_unit_test(whatever_layers_are_held_by_does),
		cmocka_unit_test(whatever_a_device_computes_by_does),
		cmocka_unit_test(whatever_a_station_serves_by_does),
		cmocka_unit_test(so_do_its_laws_by_group),
		cmocka_unit_test(so_do_its_stages),
	};

	return cmocka_run_group_tests_name("alike", tests, NULL, NULL);
}
