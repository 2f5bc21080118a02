/* Pipelines as a scenario says them: sites, splits, and keys that change nothing. */
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/scenario/scenario.h"
#include "tests/support/scenario_text.h"

static const char bed[] =
	"name: t\n"
	"run: {horizon: 60 s}\n"
	"links: {}\n"
	"sites:\n"
	"  old: {tier: edge, gpu: titan-x, count: 3}\n"
	"  new: {tier: cloud, gpu: rtx-4090, gpus: 3, interconnect: {rate: 80 Gbps, latency: 5 "
	"us}}\n"
	"models: {chat: {model: llama2-13b, precision: int8}}\n"
	"instances: {pipe: {sites: [old1, old2, old3], model: chat}}\n"
	"users: {a: {model: chat, arrivals: {process: poisson, rate: 1 /s}, workload: humaneval}}\n"
	"policy: {name: fcfs}\n";

/** The layers of the one instance, and the numbers of its sites, and what it reads back as. */
static void expect_stages(
	const char *set, size_t n, const unsigned *layers, const uint32_t *sites, unsigned lanes)
{
	struct scenario *s = scenario_of_text(bed, &set, set ? 1 : 0), *again;
	const struct instance_spec *i = &s->spec.instances[0];

	again = scenario_of_text(s->text, NULL, 0);
	assert_string_equal(again->text, s->text);
	for (size_t turn = 0; turn < 2; turn++, i = &again->spec.instances[0]) {
		assert_int_equal(i->n_stages, n);
		assert_int_equal(i->site.i, sites[0]);
		assert_int_equal(i->micro_batches, lanes);
		for (size_t k = 0; k < n; k++) {
			assert_int_equal(i->stages[k].layers, layers[k]);
			assert_int_equal(i->stages[k].site.i, sites[k]);
			assert_ptr_equal(
				i->stages[k].gpu, &(turn ? again : s)->spec.sites[sites[k]].gpu);
		}
	}
	scenario_destroy(again);
	scenario_destroy(s);
}

static void layers_are_split_evenly_or_as_given(void **state)
{
	(void)state;
	expect_stages(NULL, 3, (unsigned[]){14, 13, 13}, (uint32_t[]){0, 1, 2}, 3);
	expect_stages("instances.pipe.micro_batches=5", 3, (unsigned[]){14, 13, 13},
		(uint32_t[]){0, 1, 2}, 5);
	expect_stages("instances.pipe={model: chat, stages: [{site: new, layers: 25}, {site: old2, "
		      "layers: 15}]}",
		2, (unsigned[]){25, 15}, (uint32_t[]){3, 1}, 2);
	expect_stages("instances.pipe.sites=[new, new, new]", 3, (unsigned[]){14, 13, 13},
		(uint32_t[]){3, 3, 3}, 3);
}

/* One stage and one micro-batch are no pipeline. */
static void one_device_has_it_whole(void **state)
{
	const char *set = "instances.pipe={model: chat, sites: [new], micro_batches: 1}";
	struct scenario *s = scenario_of_text(bed, &set, 1);

	(void)state;
	assert_int_equal(s->spec.instances[0].n_stages, 0);
	assert_int_equal(s->spec.instances[0].site.i, 3);
	scenario_destroy(s);
}

/* A step of the 4090 takes less than a third of one of the TITAN X, layer by layer; the split gives
 * it the more layers, and no stage could give one to another and make the slowest faster. */
static void the_faster_device_has_more_layers(void **state)
{
	const char *set = "instances.pipe={model: chat, sites: [old1, new], split: balanced}";
	struct scenario *s = scenario_of_text(bed, &set, 1);
	const struct stage_spec *stages = s->spec.instances[0].stages;

	(void)state;
	assert_int_equal(stages[0].layers + stages[1].layers, 40);
	assert_true(stages[1].layers >= 2 * stages[0].layers);
	scenario_destroy(s);
}

/* The old card is as fast as the new ones, but 4 GB hold 11 of the layers, of 0.32 GB each, at
 * most. */
static void memory_is_respected(void **state)
{
	const char *set[] = {"instances.pipe={model: chat, sites: [old1, new], split: balanced}",
		"sites.old.gpu={memory: 4 GB, bandwidth: 4000 GB/s, fp32: 90 TFLOP/s, int8: 900 "
		"TFLOP/s}"};
	struct scenario *s = scenario_of_text(bed, set, 2);
	const struct stage_spec *stages = s->spec.instances[0].stages;

	(void)state;
	assert_in_range(stages[0].layers, 1, 11);
	assert_int_equal(stages[0].layers + stages[1].layers, 40);
	scenario_destroy(s);
}

static void keys_of_a_pipeline_without_one_are_told(void **state)
{
	(void)state;
	expect_warnings(bed, NULL, "no instance runs a model on the gpu of site 'new'",
		"interconnect has no effect: no instance has several gpus of site 'new'", NULL);
	expect_warnings(bed, "instances.pipe={model: chat, sites: [new, new, new]}",
		"no instance runs a model on the gpu of site 'old'", NULL);
	expect_warnings(bed,
		"instances.pipe={model: chat, stages: [{site: new, layers: 20}, {site: new, "
		"layers: 10}, {site: new, layers: 10}], split: balanced}",
		"no instance runs a model on the gpu of site 'old'",
		"split has no effect: the stages have their layers", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layers_are_split_evenly_or_as_given),
		cmocka_unit_test(one_device_has_it_whole),
		cmocka_unit_test(the_faster_device_has_more_layers),
		cmocka_unit_test(memory_is_respected),
		cmocka_unit_test(keys_of_a_pipeline_without_one_are_told),
	};

	return cmocka_run_group_tests_name("pipelining", tests, NULL, NULL);
}
