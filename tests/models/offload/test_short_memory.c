/* best() where KV memory is short: beside looking at every member, in whole runs of whatever frees
 * and takes memory. */
#include "tests/support/check.h"

#include "models/cost/llm.h"
#include "tests/support/world_fixture.h"

enum { INSTANCES = 9, SYSTEMS = 8, LOOKS = 4 };

static struct {
	size_t asked, short_of_it; /* times that the best by rank had no memory */
} seen;

static bool before(const struct instance_view *a, const struct instance_view *b)
{
	return a->assigned < b->assigned ||
	       (a->assigned == b->assigned && a->idle_since_s < b->idle_since_s);
}

/** The fewest assigned, then longest idle, then first in the file; the one where its KV lies first
 * of all. */
static bool plain_best(const struct view *v, const struct waiting *w, const struct class_view *c,
	struct instance_id *out)
{
	bool any = false;

	for (size_t k = 0; k < c->n_members; k++) {
		struct instance_id i = c->members[k];

		if (!v->fits(v, w, i))
			continue;
		if (w->phase == PHASE_DECODE && w->from.i == i.i) {
			*out = i;
			return true;
		}
		if (!any || before(&v->instances[i.i], &v->instances[out->i]))
			*out = i;
		any = true;
	}
	return any;
}

static bool next(struct policy_state *st, const struct view *v, struct assignment *out)
{
	struct instance_id best, plain;
	bool gives = false;

	(void)st;
	for (size_t k = v->n_waiting < LOOKS ? v->n_waiting : LOOKS; k-- > 0;)
		for (uint32_t c = 0; c < v->n_classes; c++) {
			const struct waiting *w = &v->waiting[k];
			bool any = v->best(v, w, (struct class_id){c}, RANK_LOAD, &best);

			seen.asked++;
			seen.short_of_it += !any && v->classes[c].n_free > 0 &&
					    v->can_serve(v, w, v->classes[c].members[0]);
			assert_int_equal(any, plain_best(v, w, &v->classes[c], &plain));
			if (!any)
				continue;
			assert_int_equal(best.i, plain.i);
			*out = (struct assignment){.request = w->id, .instance = best};
			gives = true;
		}
	return gives;
}

static const struct policy_ops beside = {.name = "beside", .summary = "looks twice", .next = next};

static void set(struct fixture *f, struct instance_spec *i, unsigned k)
{
	i->batching = k == 1 ? BATCHING_CHUNKED : k == 2 ? BATCHING_STATIC : BATCHING_CONTINUOUS;
	i->kv.preemption = k == 3 ? PREEMPTION_SWAP : PREEMPTION_RECOMPUTE;
	i->kv.swap_bytes = 4e9;
	i->prefix_cache = k == 4;
	if (k == 5)
		i->role = i->site.i % 3 == 0   ? ROLE_PREFILL
			  : i->site.i % 3 == 1 ? ROLE_DECODE
					       : ROLE_BOTH;
	if (k == 6)
		i->draft = (struct draft_spec){
			.on = true, .k = 4, .acceptance = 0.6, .profile = i->profile};
	f->spec.run.state_delay_s = k == 7 ? 0.2 : 0.0;
}

static void build(struct fixture *f, unsigned k)
{
	static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i"};
	static struct model_spec draft;
	const struct llm_shape *shape;

	fixture_init(f);
	f->spec.run.horizon_s = 60.0;
	f->spec.run.seed = 3 + k;
	f->policy = (struct policy_spec){.label = "beside", .ops = &beside};
	shape = &fixture_model(f, "llama2-7b", PRECISION_INT8)->shape;
	draft = f->models[0];
	f->models[0].draft = &draft;
	for (uint32_t i = 0; i < INSTANCES; i++) {
		struct instance_spec *at;

		fixture_site(f, names[i], TIER_CLOUD, i % 4 == 3 ? "a100" : "rtx-4090");
		at = fixture_llm(f, names[i], i, 0);
		at->max_batch = 12;
		set(f, at, k);
		at->reserve_bytes = f->sites[i].gpu.mem_bytes -
				    (k == 6 ? 2.0 : 1.0) * llm_weight_bytes(shape, PRECISION_INT8) -
				    (k == 6 ? 2.0 : 1.0) * llm_kv_bytes_per_tok(shape) * 2500.0;
	}
	if (k == 5) {
		fixture_link(f, "net", "?", "?", 1e9, 1e-3);
		fixture_link(f, "access", "users", "?", 1e9, 1e-3);
	}
	fixture_group(f, "u", 14.0)->workload.output_tok = dist_uniform(1.0, 400.0);
	f->groups[0].workload.prompt_tok = dist_uniform(5.0, 900.0);
	if (k == 4)
		f->groups[0].prefixes = (struct prefixes_spec){.count = 5,
			.tok = dist_constant(200.0),
			.pick = PICK_ZIPF,
			.zipf = 1.1,
			.set = "users"};
}

static void the_best_that_fits_is_found_though_memory_is_short(void **state)
{
	(void)state;
	for (unsigned k = 0; k < SYSTEMS; k++) {
		struct fixture f;

		seen.asked = seen.short_of_it = 0;
		build(&f, k);
		fixture_run(&f);
		if (f.result.status != RUN_COMPLETE)
			fail_msg("%u: %s", k, f.result.failure);
		assert_true(seen.asked > 1000);
		assert_true(k == 2 || seen.short_of_it > 100); /* static batches set none aside */
		fixture_finish(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_best_that_fits_is_found_though_memory_is_short),
	};

	return cmocka_run_group_tests_name("short_memory", tests, NULL, NULL);
}
