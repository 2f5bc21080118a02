#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

#include "io/record/placement.h"

static const struct site_spec sites[] = {
	{.name = "a", .gpu = {.name = "titan-x"}}, {.name = "b", .gpu = {.name = "rtx-4090"}}};
static const struct model_spec small = {.name = "small"};
static const struct model_spec models[] = {
	{.name = "chat", .shape = {.layers = 40}, .draft = &small}};
static const struct scenario_spec spec = {
	.sites = sites, .n_sites = 2, .models = models, .n_models = 1};

/** "model tensor site device resident stage; ..." */
static void expect(const struct instance_spec *i, const char *rows)
{
	struct placements p = {0};
	char text[600] = "";
	size_t n = 0;

	placements_add(&p, &spec, i);
	for (size_t k = 0; k < p.n; k++)
		n += (size_t)snprintf(text + n, sizeof text - n, "%s%s|%s|%s|%s|%d|%zu",
			k ? "; " : "", p.at[k].model, p.at[k].tensor, p.at[k].site, p.at[k].device,
			p.at[k].resident, p.at[k].stage);
	free(p.at);
	assert_string_equal(text, rows);
}

static void what_one_device_holds_is_all(void **state)
{
	(void)state;
	expect(&(struct instance_spec){0}, "chat|all|a|titan-x|1|0");
	expect(&(struct instance_spec){.synthetic = true}, "");
	expect(&(struct instance_spec){.draft = {.on = true}},
		"chat|all|a|titan-x|1|0; small|draft|a|titan-x|1|0");
}

static void drafts_may_be_made_elsewhere(void **state)
{
	const struct draft_site at[] = {{.site = {1}}, {.site = {0}}};

	(void)state;
	expect(&(struct instance_spec){.draft = {.on = true, .n_sites = 2, .sites = at}},
		"chat|all|a|titan-x|1|0; small|draft at b|b|rtx-4090|1|0; "
		"small|draft at a|a|titan-x|1|0");
}

static void gpus_that_share_a_model_have_a_part_each(void **state)
{
	(void)state;
	expect(&(struct instance_spec){.parallel = {.ranks = 2}},
		"chat|part 1 of 2|a|titan-x|1|0; chat|part 2 of 2|a|titan-x|1|0");
}

static void layers_are_where_they_are_computed(void **state)
{
	struct instance_spec i = {.offload = {.host = {.name = "cpu"}}};

	(void)state;
	i.offload.cpu_layers = 10;
	expect(&i, "chat|embedding, layers 1-10|a|cpu|1|0; chat|layers 11-40, head|a|titan-x|1|0");
	i.offload.streamed_layers = 1;
	expect(&i, "chat|embedding, layers 1-10|a|cpu|1|0; chat|layer 11|a|titan-x|0|0; "
		   "chat|layers 12-40, head|a|titan-x|1|0");
	i.offload.cpu_layers = 0;
	i.offload.streamed_layers = 40;
	expect(&i, "chat|layers 1-40|a|titan-x|0|0; chat|embedding, head|a|titan-x|1|0");
	i.offload.cpu_layers = 1;
	i.offload.streamed_layers = 39;
	expect(&i, "chat|embedding, layer 1|a|cpu|1|0; chat|layers 2-40|a|titan-x|0|0; "
		   "chat|head|a|titan-x|1|0");
}

static void stages_follow_each_other(void **state)
{
	const struct stage_spec stages[] = {
		{.site = {1}, .layers = 1}, {.site = {0}, .layers = 39}};

	(void)state;
	expect(&(struct instance_spec){.n_stages = 2, .stages = stages},
		"chat|embedding, layer 1|b|rtx-4090|1|0; chat|layers 2-40, head|a|titan-x|1|1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_one_device_holds_is_all),
		cmocka_unit_test(drafts_may_be_made_elsewhere),
		cmocka_unit_test(gpus_that_share_a_model_have_a_part_each),
		cmocka_unit_test(layers_are_where_they_are_computed),
		cmocka_unit_test(stages_follow_each_other),
	};
	return cmocka_run_group_tests_name("placement", tests, NULL, NULL);
}
