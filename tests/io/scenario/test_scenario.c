#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/trace/arrival_trace.h"
#include "io/scenario/scenario.h"
#include "policies/all.h"

/* Scenarios come from temporary files: the reader reads files. */

struct fixture {
	char dir[32], file[64];
};

static int make_dir(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	strcpy(f->dir, "/tmp/offing-test-XXXXXX");
	if (!mkdtemp(f->dir))
		return -1;
	snprintf(f->file, sizeof f->file, "%s/s.yaml", f->dir);
	*state = f;
	return 0;
}

static void write_file(const char *name, const char *text)
{
	FILE *to = fopen(name, "w");

	assert_non_null(to);
	fputs(text, to);
	assert_int_equal(fclose(to), 0);
}

static int drop_dir(void **state)
{
	struct fixture *f = *state;
	char base[64];

	snprintf(base, sizeof base, "%s/base.yaml", f->dir);
	unlink(base);
	unlink(f->file);
	rmdir(f->dir);
	free(f);
	return 0;
}

static bool read_sets(struct fixture *f, struct scenario **s, struct err_list *errs,
	const char *const *sets, size_t n)
{
	struct scenario_request req = {
		.file = f->file,
		.sets = sets,
		.n_sets = n,
		.policies = policies_all(),
		.traces = &arrival_trace_opener,
	};

	err_list_init(errs);
	return scenario_read(s, &req, errs);
}

/** Must succeed. Free with scenario_destroy(). */
static struct scenario *read_text(
	struct fixture *f, const char *text, const char *const *sets, size_t n)
{
	struct scenario *s;
	struct err_list errs;

	write_file(f->file, text);
	if (!read_sets(f, &s, &errs, sets, n)) {
		err_list_print(&errs, stderr);
		fail_msg("refused");
	}
	err_list_finish(&errs);
	return s;
}

static const char edge_cloud[] =
	"name: t\n"
	"run: {horizon: 60 s}\n"
	"sites:\n"
	"  cloud: {tier: cloud, gpu: rtx-4090}\n"
	"  edge: {tier: edge, gpu: titan-x, count: 3}\n"
	"links:\n"
	"  access: {between: [users, edge*], rate: 50 Mbps, delay: 2 ms}\n"
	"  wan: {between: [users, cloud], rate: 10 Mbps, up: {rate: 4 Mbps}, down: {delay: 7 ms}}\n"
	"models: {chat: {model: llama2-7b, precision: int8}}\n"
	"instances:\n"
	"  edge: {site: edge, model: chat, max_batch: 6}\n"
	"  cloud: {site: cloud, model: chat, attention: das-optimistic}\n"
	"users:\n"
	"  a: {home: edge2, model: chat, arrivals: {process: poisson, rate: 30 /min},\n"
	"      workload: humaneval, deadline: 1 min}\n"
	"policy: {name: k-p-fcfs, window: 5}\n";

static void a_scenario_becomes_a_spec_in_si_units(void **state)
{
	struct scenario *s = read_text(*state, edge_cloud, NULL, 0);
	const struct scenario_spec *spec = &s->spec;

	assert_string_equal(spec->name, "t");
	assert_near(spec->run.horizon_s, 60, 0);
	assert_true(spec->run.warmup_auto);
	assert_int_equal(spec->run.replications, 10);
	assert_int_equal(spec->n_sites, 4);
	assert_string_equal(spec->sites[3].name, "edge3");
	assert_int_equal(spec->sites[3].tier, TIER_EDGE);
	assert_int_equal(spec->n_links, 2);
	assert_near(spec->links[0].up.bytes_per_s, 6.25e6, 0); /* 50e6 / 8 */
	assert_near(spec->links[0].down.delay_s, 0.002, 0);
	assert_int_equal(spec->n_instances, 4);
	assert_string_equal(spec->instances[1].name, "edge2");
	assert_int_equal(spec->instances[1].site.i, 2);
	assert_int_equal(spec->instances[1].max_batch, 6);
	assert_near(spec->instances[1].reserve_bytes, 0.4e9, 0);
	assert_int_equal(spec->instances[3].site.i, 0);
	assert_int_equal(spec->instances[3].max_batch, 16);
	assert_int_equal(spec->instances[1].attention, ATTENTION_FULL);
	assert_int_equal(spec->instances[3].attention, ATTENTION_DAS_OPTIMISTIC);
	assert_non_null(spec->instances[3].profile);
	assert_int_equal(spec->groups[0].home.i, 2);
	assert_int_equal(spec->groups[0].model.i, 0);
	assert_near(spec->groups[0].arrivals.rate_per_s, 0.5, 0);
	assert_near(spec->groups[0].deadline_s, 60, 0);
	assert_string_equal(spec->policies[0].label, "k-p-fcfs");
	assert_int_equal(spec->policies[0].n_params, 1);
	scenario_destroy(s);
}

static void directions_of_a_link_may_differ(void **state)
{
	struct scenario *s = read_text(*state, edge_cloud, NULL, 0);
	const struct link_spec *wan = &s->spec.links[1];

	assert_near(wan->up.bytes_per_s, 0.5e6, 0);    /* its own: 4e6 / 8 */
	assert_near(wan->up.delay_s, 0, 0);            /* of both: the default */
	assert_near(wan->down.bytes_per_s, 1.25e6, 0); /* of both: 10e6 / 8 */
	assert_near(wan->down.delay_s, 0.007, 0);
	scenario_destroy(s);
}

static void sets_change_remove_and_replace(void **state)
{
	const char *sets[] = {"sites.edge.count=2", "links.access.rate=8 Mbps",
		"policy={name: random}",
		("users.b={home: edge1, model: chat, workload: summeval, "
		 "arrivals: {process: closed, think: 3 s}}"),
		"users.a=null", "run.seed=7"};
	struct scenario *s = read_text(*state, edge_cloud, sets, 6);

	assert_int_equal(s->spec.n_sites, 3);
	assert_int_equal(s->spec.n_instances, 3);
	assert_near(s->spec.links[0].down.bytes_per_s, 1e6, 0);
	assert_string_equal(s->spec.policies[0].ops->name, "random");
	assert_int_equal(s->spec.policies[0].n_params, 0);
	assert_int_equal(s->spec.n_groups, 1);
	assert_string_equal(s->spec.groups[0].name, "b");
	assert_near(s->spec.groups[0].arrivals.think.mean, 3, 0);
	assert_int_equal(s->spec.run.seed, 7);
	scenario_destroy(s);
}

static void members_of_counted_things_can_be_changed_and_removed(void **state)
{
	const char *sets[] = {
		"sites.edge2.gpu=h200", "instances.edge3.max_batch=2", "sites.edge1=null"};
	struct scenario *s = read_text(*state, edge_cloud, sets, 3);
	const struct scenario_spec *spec = &s->spec;

	assert_int_equal(spec->n_sites, 3);
	assert_string_equal(spec->sites[1].name, "edge2");
	assert_string_equal(spec->sites[1].gpu.name, "h200");
	assert_string_equal(spec->sites[2].gpu.name, "titan-x");
	assert_int_equal(spec->n_instances, 3);
	assert_string_equal(spec->instances[0].name, "edge2");
	assert_int_equal(spec->instances[0].max_batch, 6);
	assert_string_equal(spec->instances[1].name, "edge3");
	assert_int_equal(spec->instances[1].max_batch, 2);
	assert_int_equal(spec->instances[1].site.i, 2);
	scenario_destroy(s);
}

static void a_scenario_extends_another(void **state)
{
	struct fixture *f = *state;
	struct scenario *s;
	char base[64];

	snprintf(base, sizeof base, "%s/base.yaml", f->dir);
	write_file(base, edge_cloud);
	s = read_text(f,
		"extends: base.yaml\nname: u\nlinks: {access: {delay: 9 ms}}\n"
		"policy: {window: 4}\nusers: {a: {deadline: null}}\n",
		NULL, 0);
	assert_string_equal(s->spec.name, "u");
	assert_near(s->spec.links[0].up.delay_s, 0.009, 0);
	assert_near(s->spec.links[0].up.bytes_per_s, 6.25e6, 0);
	assert_string_equal(s->spec.policies[0].params[0].value, "4");
	assert_true(s->spec.groups[0].deadline_s == HUGE_VAL);
	scenario_destroy(s);
}

static const char synthetic[] =
	"name: q\n"
	"run: {requests: 1e6, warmup: 30 s}\n"
	"sites: {box: {tier: edge}}\n"
	"instances:\n"
	"  s: {site: box, count: 5, slots: 2, capacity: 10, discipline: ps,\n"
	"      service: {distribution: hyperexponential, mean: 20 ms, cv: 2}}\n"
	"users: {u: {arrivals: {process: mmpp, rates: [1 /s, 9 /s], sojourns: [2 s, 1 min]}}}\n"
	"policies: {one: {name: fcfs}, two: {name: random}}\n"
	"record: {queues: off}\n";

static void synthetic_instances_need_no_model(void **state)
{
	struct scenario *s = read_text(*state, synthetic, NULL, 0);
	const struct instance_spec *i = &s->spec.instances[4];

	assert_int_equal(s->spec.n_instances, 5);
	assert_string_equal(i->name, "s5");
	assert_true(i->synthetic);
	assert_int_equal(i->slots, 2);
	assert_int_equal(i->capacity, 10);
	assert_int_equal(i->discipline, DISCIPLINE_PS);
	assert_int_equal(i->service.kind, DIST_HYPEREXPONENTIAL);
	assert_near(i->service.mean, 0.02, 0);
	assert_int_equal(i->model.i, NO_ID);
	assert_int_equal(s->spec.run.requests, 1000000);
	assert_near(s->spec.run.warmup_s, 30, 0);
	assert_int_equal(s->spec.groups[0].arrivals.n_states, 2);
	assert_near(s->spec.groups[0].arrivals.sojourns_s[1], 60, 0);
	assert_int_equal(s->spec.groups[0].workload.kind, WORKLOAD_NONE);
	assert_int_equal(s->spec.n_policies, 2);
	assert_string_equal(s->spec.policies[1].label, "two");
	assert_near(s->spec.record.queues_s, 0, 0);
	scenario_destroy(s);
}

/* All that has a default, or several forms, in one file. */
static const char various[] =
	"name: v\n"
	"run: {horizon: 1 h, precision: 1 %, limit: 2 d}\n"
	"sites:\n"
	"  s: {tier: edge, gpu: {memory: 24 GiB, bandwidth: 1 TB/s, fp32: 80 TFLOP/s}, count: 2}\n"
	"  s2: {gpus: 2}\n"
	"models:\n"
	"  m: {model: {h: 512, ffn: 2048, L: 4, heads: 8, vocab: 1000, context: 2048}}\n"
	"instances: {i: {site: s*, model: m}, i1: {max_batch: 3}}\n"
	"users:\n"
	"  a: {model: m, arrivals: {process: schedule, schedule: {0 s: 1 /s, 60 s: 2 /s}},\n"
	"      workload: {prompt_tokens: {distribution: uniform, min: 10, max: 20},\n"
	"                 output_tokens: {distribution: empirical, quantiles: [1, 2, 9]}}}\n"
	"  b: {model: m, arrivals: {process: saturated, outstanding: 3},\n"
	"      workload: {dataset: ceval, truncate: true}, delivery: stream}\n"
	"policy: {name: k-p-fcfs}\n";

static void resolved_text_reads_back_to_itself(void **state)
{
	const char *const texts[] = {edge_cloud, synthetic, various};
	const char *const sets[] = {"sites.edge2.gpu=h200", "instances.edge3=null"};
	struct scenario *once, *twice;
	char *text;
	size_t i, j;

	for (i = 0; i < 3; i++) {
		once = read_text(*state, texts[i], sets, i == 0 ? 2 : 0);
		text = strdup(once->text);
		twice = read_text(*state, text, NULL, 0);
		assert_string_equal(twice->text, once->text);
		assert_string_equal(twice->sha256, once->sha256);
		assert_int_equal(twice->spec.n_instances, once->spec.n_instances);
		assert_int_equal(twice->n_settings, once->n_settings);
		for (j = 0; j < once->n_settings; j++)
			assert_string_equal(twice->settings[j].key, once->settings[j].key);
		free(text);
		scenario_destroy(once);
		scenario_destroy(twice);
	}
}

static const char *setting(const struct scenario *s, const char *key)
{
	size_t i;

	for (i = 0; i < s->n_settings; i++)
		if (!strcmp(s->settings[i].key, key))
			return s->settings[i].value;
	return NULL;
}

static void every_leaf_is_a_setting(void **state)
{
	struct scenario *s = read_text(*state, various, NULL, 0);

	assert_string_equal(setting(s, "run.limit"), "2 d");
	assert_string_equal(setting(s, "run.seed"), "1");
	assert_string_equal(setting(s, "models.m.model.kv_heads"), "8");
	assert_string_equal(setting(s, "models.m.model.head_dim"), "64"); /* 512 / 8 */
	assert_string_equal(setting(s, "instances.i1.max_batch"), "3");
	assert_string_equal(setting(s, "instances.i1.site"), "s1");
	assert_string_equal(setting(s, "users.a.workload.output_tokens.quantiles.2"), "9");
	assert_string_equal(setting(s, "links"), "{}");
	scenario_destroy(s);
}

static void a_shape_may_tie_its_embeddings_and_have_biases(void **state)
{
	static const char *const sets[] = {
		"models.m.model={h: 64, ffn: 96, L: 3, heads: 2, vocab: 70, context: 50, "
		"head_dim: 24, tied_embeddings: true, qkv_bias: true}"};
	struct scenario *s = read_text(*state, various, sets, 1);
	const struct llm_shape *shape = &s->spec.models[0].shape;

	assert_true(shape->tied_embeddings && shape->qkv_bias);
	assert_int_equal(shape->head_dim, 24); /* not 64 / 2 */
	assert_string_equal(setting(s, "models.m.model.tied_embeddings"), "true");
	scenario_destroy(s);
	s = read_text(*state, various, NULL, 0);
	assert_false(s->spec.models[0].shape.tied_embeddings || s->spec.models[0].shape.qkv_bias);
	assert_string_equal(setting(s, "models.m.model.qkv_bias"), "false");
	scenario_destroy(s);
}

/** The order of keys in a file says nothing: the resolved text is the same. */
static void the_order_of_keys_does_not_matter(void **state)
{
	struct scenario *a = read_text(*state, synthetic, NULL, 0), *b;

	b = read_text(*state,
		"record: {queues: off}\n"
		"policies: {one: {name: fcfs}, two: {name: random}}\n"
		"users: {u: {arrivals: {sojourns: [2 s, 1 min], rates: [1 /s, 9 /s], process: "
		"mmpp}}}\n"
		"instances:\n"
		"  s: {slots: 2, service: {cv: 2, distribution: hyperexponential, mean: 20 ms},\n"
		"      site: box, discipline: ps, capacity: 10, count: 5}\n"
		"sites: {box: {tier: edge}}\n"
		"run: {warmup: 30 s, requests: 1e6}\n"
		"name: q\n",
		NULL, 0);
	assert_string_equal(a->text, b->text);
	scenario_destroy(a);
	scenario_destroy(b);
}

static void all_errors_are_reported_in_the_order_of_the_file(void **state)
{
	static const char *const expected[] = {
		("1:7: name should be 1 to 64 letters, digits, '_', '-' and '.', starting with a "
		 "letter or a digit, not 'a b'"),
		"2:16: horizon needs a unit, as in '20 ms' (or 'trace')",
		"2:19: unknown key 'sede' in run; did you mean 'seed'?",
		"3:19: tier cannot be 'egde'; did you mean 'edge'?",
		"4:35: service must be above 0 s, not 0 s",
		"4:47: slots must be from 1 to 1000000, not 0",
		"5:48: rate must be above 0 /s, not -1 /s",
		"6:16: unknown policy 'fcsf'; did you mean 'fcfs'?",
	};
	struct fixture *f = *state;
	struct err_list errs;
	struct scenario *s;
	char got[400];
	size_t i;

	write_file(f->file, "name: a b\n"
			    "run: {horizon: 5, sede: 3}\n"
			    "sites: {s: {tier: egde}}\n"
			    "instances: {i: {site: s, service: 0 s, slots: 0}}\n"
			    "users: {u: {arrivals: {process: poisson, rate: -1 /s}}}\n"
			    "policy: {name: fcsf}\n");
	assert_false(read_sets(f, &s, &errs, NULL, 0));
	assert_null(s);
	for (i = 0; i < errs.n && i < sizeof expected / sizeof expected[0]; i++) {
		snprintf(got, sizeof got, "%u:%u: %s", errs.items[i].at.line, errs.items[i].at.col,
			errs.items[i].msg);
		assert_string_equal(got, expected[i]);
	}
	assert_int_equal(errs.n, sizeof expected / sizeof expected[0]);
	err_list_finish(&errs);
}

/** Errors of the file and of -s come in turn while the scenario is read. */
static void errors_of_one_file_stand_together(void **state)
{
	static const char *const sets[] = {"sites.edge.tier=x", "users.a.count=0"};
	static const char *const starts[] = {"-s sites.edge.tier=x", "-s users.a.count=0"};
	struct fixture *f = *state;
	struct err_list errs;
	struct scenario *s;

	write_file(f->file, "name: t\nrun: {horizon: 1}\nsites: {edge: {tier: edge, x: 1}}\n"
			    "instances: {i: {site: edge, service: 1 s}}\n"
			    "users: {a: {arrivals: {process: poisson, rate: 1}}}\n"
			    "policy: {name: fcfs}\n");
	assert_false(read_sets(f, &s, &errs, sets, 2));
	assert_int_equal(errs.n, 5);
	assert_int_equal(errs.items[0].at.line, 2);
	assert_int_equal(errs.items[1].at.line, 3);
	assert_int_equal(errs.items[2].at.line, 5);
	assert_string_equal(errs.items[3].at.file, starts[0]);
	assert_string_equal(errs.items[4].at.file, starts[1]);
	err_list_finish(&errs);
}

/** From the folder of the scenario, and by its full name in the resolved text. */
static void files_are_found_beside_the_scenario(void **state)
{
	struct fixture *f = *state;
	struct scenario *s;
	char trace[64];

	snprintf(trace, sizeof trace, "%s/base.yaml", f->dir);
	write_file(trace, "arrival_s,prompt_tokens,output_tokens\n0,10,5\n");
	s = read_text(f,
		"name: t\nrun: {horizon: 1 s}\nsites: {edge: {tier: edge}}\n"
		"instances: {i: {site: edge, service: 1 s}}\n"
		"users: {a: {arrivals: {process: trace, file: base.yaml, format: csv}}}\n"
		"policy: {name: fcfs}\n",
		NULL, 0);
	assert_string_equal(s->spec.groups[0].arrivals.trace.file, trace);
	assert_string_equal(setting(s, "users.a.arrivals.trace.file"), trace);
	assert_string_equal(setting(s, "users.a.workload"), "trace");
	assert_int_equal(s->spec.groups[0].workload.kind, WORKLOAD_TRACE);
	scenario_destroy(s);
}

#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, drop_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DIR(a_scenario_becomes_a_spec_in_si_units),
		WITH_DIR(directions_of_a_link_may_differ),
		WITH_DIR(sets_change_remove_and_replace),
		WITH_DIR(members_of_counted_things_can_be_changed_and_removed),
		WITH_DIR(a_scenario_extends_another),
		WITH_DIR(synthetic_instances_need_no_model),
		WITH_DIR(resolved_text_reads_back_to_itself),
		WITH_DIR(every_leaf_is_a_setting),
		WITH_DIR(a_shape_may_tie_its_embeddings_and_have_biases),
		WITH_DIR(the_order_of_keys_does_not_matter),
		WITH_DIR(errors_of_one_file_stand_together),
		WITH_DIR(files_are_found_beside_the_scenario),
		WITH_DIR(all_errors_are_reported_in_the_order_of_the_file),
	};
	return cmocka_run_group_tests_name("scenario", tests, NULL, NULL);
}
