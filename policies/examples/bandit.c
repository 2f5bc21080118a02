/* bandit: learns which instance answers soonest. The oldest request goes to the instance whose
 * answers took least so far, or, with probability `explore`, to any that fits. What it believes
 * at first can be read from a file of lines "INSTANCE SECONDS". Where one instance computes prompts
 * and another goes on, each is believed to be as fast as the two together. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <offing/policy.h>

struct policy_state {
	double explore, most_kv;
	const char *start;
	/* one an instance; made by init() */
	double *mean_s;
	size_t *n;
};

static const struct param_spec params[] = {
	PARAM_QUANTITY(struct policy_state, explore, "explore", QUANTITY_FRACTION, 0.1, 0.0, 1.0,
		"share of requests that go to a random instance"),
	PARAM_QUANTITY(struct policy_state, most_kv, "most_kv", QUANTITY_FRACTION, 0.9, 0.0, 1.0,
		"fill of the KV cache above which an instance is left alone"),
	PARAM_STRING(struct policy_state, start, "start", "",
		"file of lines INSTANCE SECONDS to begin with"),
	{0},
};

static void believe(struct policy_state *st, const struct view *v, const char *name, double s)
{
	for (size_t i = 0; i < v->n_instances; i++)
		if (strcmp(v->instances[i].name, name) == 0) {
			st->mean_s[i] = s;
			st->n[i] = 1;
		}
}

static bool bandit_init(struct policy_state *st, const struct view *v, char *why, size_t size)
{
	FILE *f = NULL;
	char name[80];
	double s;

	st->mean_s = calloc(v->n_instances, sizeof *st->mean_s);
	st->n = calloc(v->n_instances, sizeof *st->n);
	if (st->start[0] != '\0' && !(f = fopen(st->start, "r"))) {
		snprintf(why, size, "cannot open %s", st->start);
		return false;
	}
	while (f && fscanf(f, "%79s %lf", name, &s) == 2)
		believe(st, v, name, s);
	if (f)
		fclose(f);
	return true;
}

static void bandit_finish(struct policy_state *st)
{
	free(st->mean_s);
	free(st->n);
}

static bool may_take(const struct policy_state *st, const struct view *v, const struct waiting *w,
	struct instance_id i)
{
	return v->fits(v, w, i) && v->kv_fill(v, i) <= st->most_kv;
}

/** The best of those that may take @w, an instance never tried before all others; file order
 *  decides between equals. */
static bool best(const struct policy_state *st, const struct view *v, const struct waiting *w,
	struct instance_id *out)
{
	bool any = false;

	for (uint32_t i = 0; i < v->n_instances; i++) {
		if (!may_take(st, v, w, (struct instance_id){i}))
			continue;
		if (!any || st->mean_s[i] < st->mean_s[out->i])
			out->i = i;
		any = true;
	}
	return any;
}

/** Any of those that may take @w. */
static void explore(const struct policy_state *st, const struct view *v, const struct waiting *w,
	struct instance_id *out)
{
	size_t n = 0;

	for (uint32_t i = 0; i < v->n_instances; i++)
		if (may_take(st, v, w, (struct instance_id){i}) && v->draw(v, ++n) == 0)
			out->i = i;
}

static bool bandit_next(struct policy_state *st, const struct view *v, struct assignment *out)
{
	const struct waiting *w = v->waiting; /* the oldest */

	if (v->n_waiting == 0 || v->n_free == 0)
		return false;
	*out = (struct assignment){.request = w->id};
	if (!best(st, v, w, &out->instance))
		return false;
	if (v->uniform(v) < st->explore)
		explore(st, v, w, &out->instance);
	return true;
}

static void learn(struct policy_state *st, size_t i, double s)
{
	st->n[i]++;
	st->mean_s[i] += (s - st->mean_s[i]) / (double)st->n[i];
}

static void bandit_finished(struct policy_state *st, const struct outcome *o)
{
	learn(st, o->instance.i, o->delivered_s - o->created_s);
	if (o->prefilled_at.i != o->instance.i)
		learn(st, o->prefilled_at.i, o->delivered_s - o->created_s);
}

const struct policy_plugin offing_policy_v2 = {
	.abi = POLICY_ABI,
	.size = sizeof(struct policy_plugin),
	.ops =
		{
			.name = "bandit",
			.summary = "to whoever has answered soonest, sometimes to anybody",
			.state_size = sizeof(struct policy_state),
			.params = params,
			.next = bandit_next,
			.finished = bandit_finished,
			.init = bandit_init,
			.finish = bandit_finish,
		},
};
