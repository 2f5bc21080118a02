/* What is said of devices to no effect is told, what has an effect is not. */
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/scenario/scenario.h"
#include "tests/support/scenario_text.h"

#define REST \
	"name: t\n" \
	"run: {horizon: 60 s}\n" \
	"links: {}\n" \
	"users: {u: {model: m, arrivals: {process: poisson, rate: 1 /s}, workload: humaneval}}\n" \
	"policy: {name: fcfs}\n"

static const char named[] =
	"sites: {a: {tier: edge, gpu: rtx-4090, gpus: 2}, b: {tier: edge, gpu: t4, count: 3}}\n"
	"models: {m: {model: llama2-7b, precision: int8}}\n"
	"instances: {one: {site: a, model: m}, two: {site: a, model: m}, b: {site: b, model: "
	"m}}\n" REST;

static void a_gpu_too_many_is_told(void **state)
{
	(void)state;
	expect_warnings(named, NULL, NULL);
	expect_warnings(named, "instances.two=null",
		"site 'a' has 2 gpus, but its instances with a model use 1: the rest does nothing",
		NULL);
	expect_warnings(named, "sites.a.gpus=5",
		"site 'a' has 5 gpus, but its instances with a model use 2: the rest does nothing",
		NULL);
}

/* An instance on four gpus uses four. */
static void gpus_that_share_a_model_are_in_use(void **state)
{
	static const char shared[] =
		"sites: {a: {tier: edge, gpu: rtx-4090, gpus: 5, interconnect: pcie4}}\n"
		"models: {m: {model: llama2-7b, precision: int8}}\n"
		"instances: {four: {site: a, model: m, tensor_parallel: 4}, one: {site: a, model: "
		"m}}\n" REST;

	(void)state;
	expect_warnings(shared, NULL, NULL);
	expect_warnings(shared, "instances.one=null",
		"site 'a' has 5 gpus, but its instances with a model use 4: the rest does nothing",
		NULL);
	expect_warnings(shared, "instances.four.tensor_parallel=1",
		"site 'a' has 5 gpus, but its instances with a model use 2: the rest does nothing",
		"interconnect has no effect: no instance has several gpus of site 'a'", NULL);
	expect_warnings(shared, "instances.one.all_reduce=ring",
		"all_reduce has no effect: one gpu has nothing to add up", NULL);
	expect_warnings(shared, "instances.four.all_reduce=ring", NULL);
}

/* Keys and values of a prompt go over it, and so do drafts. */
static void an_interconnect_between_two_instances_is_in_use(void **state)
{
	static const char apart[] =
		"sites: {a: {tier: edge, gpu: rtx-4090, gpus: 2, interconnect: pcie4}}\n"
		"models: {m: {model: llama2-7b, precision: int8}}\n"
		"instances: {one: {site: a, model: m, role: prefill}, two: {site: a, model: m, "
		"role: decode}}\n" REST;
	static const char drafted[] =
		"sites: {a: {tier: edge, gpu: rtx-4090, gpus: 2, interconnect: pcie4}}\n"
		"models: {m: {model: llama2-7b, precision: int8, draft: llama-68m}}\n"
		"instances: {one: {site: a, model: m, decoding: speculative, draft: {site: "
		"a}}}\n" REST;

	(void)state;
	expect_warnings(apart, NULL, NULL);
	expect_warnings(apart, "instances.one.role=both", NULL);
	expect_warnings(drafted, NULL, NULL);
	expect_warnings(apart, "instances={one: {site: a, model: m}, two: {site: a, model: m}}",
		"interconnect has no effect: no instance has several gpus of site 'a'", NULL);
}

/* What lies with the host crosses PCIe, at the slower of two rates. */
static void a_host_that_holds_nothing_is_told(void **state)
{
	static const char hosted[] =
		"sites: {a: {tier: edge, gpu: {memory: 12 GiB, bandwidth: 300 GB/s, fp32: 6 "
		"TFLOP/s, "
		"pcie: 8 GB/s}, host: {memory: 32 GiB, bandwidth: 40 GB/s, fp32: 1 TFLOP/s}}}\n"
		"models: {m: {model: llama2-13b, precision: int8}}\n"
		"instances: {i: {site: a, model: m, offload: {streamed_layers: 12}}}\n" REST;

	(void)state;
	expect_warnings(hosted, NULL, NULL);
	expect_warnings(hosted, "sites.a.host.pcie=6 GB/s", NULL);
	expect_warnings(hosted, "sites.a.host.pcie=9 GB/s",
		"pcie of the host has no effect: that of the gpu is no faster", NULL);
	expect_warnings(hosted, "models.m.model=llama2-7b", NULL);
	expect_warnings(
		"sites: {a: {tier: edge, gpu: t4, host: {memory: 32 GiB, bandwidth: 40 GB/s, fp32: "
		"1 "
		"TFLOP/s}}}\n"
		"models: {m: {model: llama2-7b, precision: int8}}\n"
		"instances: {i: {site: a, model: m, offload: {streamed_layers: 0}}}\n" REST,
		NULL, "host has no effect: no instance at site 'a' keeps layers there",
		"offload has no effect: all layers are on the gpu", NULL);
}

/* Three sites of one entry are told once. */
static void a_gpu_without_an_instance_is_told(void **state)
{
	(void)state;
	expect_warnings(
		named, "instances.b=null", "no instance runs a model on the gpu of site 'b'", NULL);
	expect_warnings("sites: {a: {tier: edge, gpu: t4}, b: {tier: edge, gpu: t4}}\n"
			"models: {m: {model: llama2-7b, precision: int8}}\n"
			"instances: {q: {site: a, service: 1 s}, r: {site: b, model: m}}\n" REST,
		NULL, "no instance runs a model on the gpu of site 'a'", NULL);
}

/* int8 is what LLM.int8 multiplies in; fused kernels widen their weights to fp16, if there is such
 * a rate, else to fp32. The runtime LLM.int8 has a path of its own below 7.5, fused has not. */
static const char sheet[] =
	"sites: {a: {tier: edge, gpu: {memory: 30 GiB, bandwidth: 1 TB/s, fp32: 20 TFLOP/s}}}\n"
	"models: {m: {model: llama2-7b, precision: int8}}\n"
	"instances: {i: {site: a, model: m}}\n" REST;

static void a_figure_that_no_profile_uses_is_told(void **state)
{
	(void)state;
	expect_warnings(sheet, NULL, NULL);
	expect_warnings(sheet, "sites.a.gpu.fp16=40 TFLOP/s", NULL);
	expect_warnings(sheet, "sites.a.gpu.power=99 W", NULL);
	expect_warnings(sheet, "sites.a.gpu.price=2 USD/h", NULL);
	expect_warnings(sheet, "sites.a.gpu.clock=2 GHz", NULL);
	expect_warnings(sheet, "sites.a.gpu.int8=80 TOP/s",
		"int8 has no effect: profile 'generic-fused-int8' of instance 'i' does not use it",
		NULL);
	expect_warnings(sheet, "sites.a.gpu.compute_capability=8.6",
		"compute_capability has no effect: profile 'generic-fused-int8' of instance 'i' "
		"does not use it",
		NULL);
	expect_warnings(sheet, "sites.a.gpu.pcie=50 GB/s",
		"pcie has no effect: nothing is copied between host and gpu", NULL);
	/* the default, as a resolved scenario spells it */
	expect_warnings(sheet, "sites.a.gpu.pcie=12 GB/s", NULL);
}

static void the_same_figure_may_matter_to_another_runtime(void **state)
{
	static const char *const sets[] = {"instances.i.runtime=llmint8",
		"sites.a.gpu.int8=80 TOP/s", "sites.a.gpu.compute_capability=8.6"};
	struct scenario *s = scenario_of_text(sheet, sets, 3);

	(void)state;
	assert_int_equal(s->n_warnings, 0);
	scenario_destroy(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_gpu_too_many_is_told),
		cmocka_unit_test(gpus_that_share_a_model_are_in_use),
		cmocka_unit_test(an_interconnect_between_two_instances_is_in_use),
		cmocka_unit_test(a_host_that_holds_nothing_is_told),
		cmocka_unit_test(a_gpu_without_an_instance_is_told),
		cmocka_unit_test(a_figure_that_no_profile_uses_is_told),
		cmocka_unit_test(the_same_figure_may_matter_to_another_runtime),
	};
	return cmocka_run_group_tests_name("devices", tests, NULL, NULL);
}
