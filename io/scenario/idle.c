/* Keys that have no effect where they stand: each is warned of, with the reason. A value that
 * is the default says nothing, so that a resolved scenario reads back without a word. (What is
 * said of devices is in devices.c.) */
#include <math.h>
#include <string.h>

#include "io/scenario/parts.h"
#include "io/scenario/service_of.h"
#include "io/scenario/shaping.h"
#include "models/measure/stability.h"

static const struct yaml_node *value_of(const struct yaml_node *map, const char *key)
{
	const struct yaml_item *item = map->kind == YAML_MAP ? yaml_find(map, key) : NULL;

	return item && !item->value->is_null ? item->value : NULL;
}

static bool says(const struct yaml_node *map, const char *key, const char *word)
{
	const struct yaml_node *n = value_of(map, key);

	return n && n->kind == YAML_TEXT && !strcmp(n->text, word);
}

static void warn(struct schema_reader *r, const struct yaml_node *map, const char *key,
	const char *dflt, const char *why)
{
	const struct yaml_node *n = value_of(map, key);

	if (n && !(dflt && (says(map, key, dflt) || (!strcmp(dflt, "0 s") && says(map, key, "0")))))
		scenario_warn(r, n->at, "%s has no effect: %s", key, why);
}

/* Links */

static bool resends(const struct link_dir_spec *d)
{
	bool overflows = d->transport == TRANSPORT_DATAGRAM && d->qdisc.kind == QDISC_TBF &&
			 d->qdisc.limit_bytes < HUGE_VAL;

	return d->netem.loss != NETEM_LOSS_NONE || overflows;
}

void shaping_warn_idle(
	struct schema_reader *r, const struct yaml_node *map, const struct link_dir_spec *d)
{
	if (!(d->netem.jitter_s > 0.0)) {
		warn(r, map, "jitter_correlation", "0", "it is of the jitter, and there is none");
		warn(r, map, "distribution", NULL, "it is of the jitter, and there is none");
	}
	if (d->netem.loss != NETEM_LOSS_RANDOM)
		warn(r, map, "loss_correlation", "0",
			"it is of the loss of each packet, and there is none");
	if (d->qdisc.kind != QDISC_HTB)
		warn(r, map, "gso", "false", "super-packets matter to htb only");
	if (d->qdisc.kind != QDISC_TBF)
		warn(r, map, "timer_late", "15 us", "only a tbf waits for the timer");
	if (d->transport != TRANSPORT_TCP)
		warn(r, map, "connection", "cold", "the transport is not tcp");
	if (!resends(d))
		warn(r, map, "rto", "200 ms", "nothing is lost");
	if (!(d->delay_s > 0.0))
		warn(r, map, "netem_limit", NULL, "without a delay no packet is under way");
}

static void warn_rate(struct schema_reader *r, const struct yaml_node *link)
{
	static const char why[] = "the trace gives the rate";
	const struct yaml_node *up = value_of(link, "up"), *down = value_of(link, "down");
	bool both = value_of(link, "trace") != NULL;
	bool up_traced = both || (up && value_of(up, "trace"));
	bool down_traced = both || (down && value_of(down, "trace"));

	if (up_traced && down_traced)
		warn(r, link, "rate", NULL, why);
	if (up && up_traced)
		warn(r, up, "rate", NULL, why);
	if (down && down_traced)
		warn(r, down, "rate", NULL, why);
}

/* Users, instances, run */

static void warn_user(struct schema_reader *r, const struct yaml_node *group)
{
	const struct yaml_node *arrivals = value_of(group, "arrivals");
	const struct yaml_node *workload = value_of(group, "workload");
	const struct yaml_node *trace = workload ? value_of(workload, "trace") : NULL;

	if (arrivals && !says(arrivals, "process", "closed"))
		warn(r, group, "count", "1",
			"the rate is that of the whole group; only closed arrivals come from "
			"each user");
	if (trace) {
		warn(r, trace, "rate_scale", "1.0", "only the lengths of the trace are taken");
		warn(r, trace, "clock", "auto", "only the lengths of the trace are taken");
	}
}

static void warn_batching(struct schema_reader *r, const struct yaml_node *instance)
{
	if (!says(instance, "batching", "chunked"))
		warn(r, instance, "chunk_tokens", "512", "batching is not chunked");
	if (!says(instance, "batching", "continuous"))
		warn(r, instance, "prefill_limit", NULL, "batching is not continuous");
	if (says(instance, "batching", "static"))
		return;
	warn(r, instance, "batch_wait", "0 s", "batching is not static");
	warn(r, instance, "static_return", "batch", "batching is not static");
}

static void warn_attention(struct schema_reader *r, const struct yaml_node *instance)
{
	if (!says(instance, "decode_attention", "das-decode"))
		warn(r, instance, "decode_keep", "27 %", "decoding reads all there is");
}

static void warn_kv(struct schema_reader *r, const struct yaml_node *instance)
{
	static const char whole[] = "a static batch is as large as its memory allows to the end";

	if (value_of(instance, "kv_blocks"))
		warn(r, instance, "reserve", "0.4 GB", "kv_blocks says how much memory there is");
	if (says(instance, "batching", "static")) {
		warn(r, instance, "watermark", "0", whole);
		warn(r, instance, "preemption", "recompute", whole);
	}
	if (!says(instance, "preemption", "swap"))
		warn(r, instance, "swap_space", "4 GiB", "preemption is not swap");
}

static void warn_offload(struct schema_reader *r, const struct yaml_node *instance)
{
	const struct yaml_node *offload = value_of(instance, "offload");

	if (offload && says(offload, "cpu_layers", "0") && says(offload, "streamed_layers", "0"))
		scenario_warn(r, offload->at, "offload has no effect: all layers are on the gpu");
}

static void warn_pipeline(struct schema_reader *r, const struct yaml_node *instance)
{
	bool sites = value_of(instance, "sites"), stages = value_of(instance, "stages");

	if (stages)
		warn(r, instance, "split", "even", "the stages have their layers");
	else if (!sites)
		warn(r, instance, "split", "even", "the model is on one device");
	if (!sites && !stages)
		warn(r, instance, "micro_batches", "1", "the model is on one device");
}

static void warn_draft(struct schema_reader *r, const struct yaml_node *instance)
{
	static const char here[] = "drafts are made on the same device";
	const struct yaml_node *draft = value_of(instance, "draft");

	if (!says(instance, "decoding", "speculative") && !says(instance, "decoding", "planned")) {
		warn(r, instance, "draft", NULL, "decoding is not speculative");
		return;
	}
	if (!draft || value_of(draft, "site"))
		return;
	warn(r, draft, "ahead", "false", here);
	warn(r, draft, "max_batch", "16", here);
	warn(r, draft, "draft_bytes", "6 B", here);
	warn(r, draft, "verdict_bytes", "8 B", here);
}

/** Does it come with offing? A plug-in may look at anything. */
static bool is_known(const struct policy_spec *p)
{
	static const char *const names[] = {"k-p-fcfs", "fcfs", "random", "cloud-only", "edge-only",
		"jsq", "power-of-d", "least-work", "round-robin", "max-weight", "locality",
		"separated", "perllm"};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (!strcmp(p->ops->name, names[i]))
			return true;
	return false;
}

/** KV leaves where only prompts are computed: by its role, or because the policy asks for that. */
static void warn_overlap(struct schema_reader *r, const struct yaml_node *instance)
{
	const struct scenario_spec *s = &parts_of(r)->s->spec;
	bool asks = false;

	if (says(instance, "role", "decode"))
		warn(r, instance, "kv_overlap", "false", "it computes no prompts for others");
	for (size_t i = 0; i < s->n_policies; i++)
		asks = asks || !is_known(&s->policies[i]) ||
		       !strcmp(s->policies[i].ops->name, "separated");
	if (!asks && (!value_of(instance, "role") || says(instance, "role", "both")))
		warn(r, instance, "kv_overlap", "false",
			"its role is both, and no policy here asks it for prompts alone");
}

static void warn_instance(struct schema_reader *r, const struct yaml_node *instance)
{
	if (value_of(instance, "capacity") && !says(instance, "capacity", "unlimited"))
		warn(r, instance, "ahead", "0", "it is called free until its capacity is full");
	if (!value_of(instance, "tensor_parallel") || says(instance, "tensor_parallel", "1"))
		warn(r, instance, "all_reduce", "auto", "one gpu has nothing to add up");
	warn_offload(r, instance);
	warn_overlap(r, instance);
	warn_pipeline(r, instance);
	warn_draft(r, instance);
	warn_batching(r, instance);
	warn_kv(r, instance);
	warn_attention(r, instance);
}

static bool ignores_home(const struct policy_spec *p)
{
	for (size_t i = 0; i < p->n_params; i++)
		if (!strcmp(p->params[i].key, "at") && !strcmp(p->params[i].value, "home"))
			return false;
	return is_known(p) && strcmp(p->ops->name, "locality");
}

/** Routes of several hops, of which some could be equal: only these look at the home. */
static bool has_links_of_sites(const struct scenario_parts *p)
{
	const struct scenario_spec *s = &p->s->spec;

	for (size_t i = 0; i < s->n_links; i++)
		if (!parts_end_is_groups(p, s->links[i].between[0]) &&
			!parts_end_is_groups(p, s->links[i].between[1]))
			return true;
	return false;
}

/** Where drafts are made at the homes of users. */
static bool drafts_at_homes(const struct scenario_spec *s)
{
	for (size_t i = 0; i < s->n_instances; i++)
		if (s->instances[i].draft.by_home)
			return true;
	return false;
}

static bool gives(const struct policy_spec *p, const char *key)
{
	for (size_t i = 0; i < p->n_params; i++)
		if (!strcmp(p->params[i].key, key))
			return true;
	return false;
}

static void warn_policies(struct scenario_parts *p)
{
	for (size_t i = 0; i < p->s->spec.n_policies; i++) {
		const struct policy_spec *policy = &p->s->spec.policies[i];

		if (!strcmp(policy->ops->name, "max-weight") && gives(policy, "penalty") &&
			!gives(policy, "V"))
			scenario_warn(&p->r, policy->at,
				"penalty has no effect: max-weight does not look at it without V");
	}
}

static void warn_homes(struct scenario_parts *p, const struct yaml_node *root)
{
	const struct yaml_node *users = value_of(root, "users");

	for (size_t i = 0; i < p->s->spec.n_policies; i++)
		if (!ignores_home(&p->s->spec.policies[i]))
			return;
	if (has_links_of_sites(p) || drafts_at_homes(&p->s->spec))
		return;
	for (size_t i = 0; users && users->kind == YAML_MAP && i < users->n; i++)
		if (users->items[i].value->kind == YAML_MAP)
			warn(&p->r, users->items[i].value, "home", NULL,
				"no policy here goes by it, and no two routes are equal");
}

static void each(struct schema_reader *r, const struct yaml_node *root, const char *section,
	void (*look)(struct schema_reader *r, const struct yaml_node *entry))
{
	const struct yaml_node *map = value_of(root, section);

	for (size_t i = 0; map && map->kind == YAML_MAP && i < map->n; i++)
		if (map->items[i].value->kind == YAML_MAP)
			look(r, map->items[i].value);
}

/** Users whom nobody drafts for, though others are drafted for. */
static void warn_homeless(struct scenario_parts *p, const struct group_spec *g)
{
	const struct scenario_spec *s = &p->s->spec;

	for (size_t i = 0; i < s->n_instances; i++) {
		const struct draft_spec *d = &s->instances[i].draft;
		bool any = !d->by_home || s->instances[i].model.i != g->model.i;

		for (size_t k = 0; k < d->n_sites && !any; k++)
			any = d->sites[k].site.i == g->home.i;
		if (any)
			continue;
		scenario_warn(&p->r, g->at,
			"nobody drafts for users '%s': their home is none of the sites '%s' where "
			"the "
			"drafts of '%s' are made",
			g->name, d->site, s->instances[i].name);
		return;
	}
}

static void warn_drafts(struct scenario_parts *p)
{
	const struct scenario_spec *s = &p->s->spec;

	for (size_t m = 0; m < s->n_models; m++) {
		bool used = !s->models[m].draft;

		for (size_t i = 0; i < s->n_instances && !used; i++)
			used = s->instances[i].draft.on && s->instances[i].model.i == m;
		if (!used)
			scenario_warn(&p->r, s->models[m].draft->at,
				"draft has no effect: no instance of '%s' decodes speculatively",
				s->models[m].name);
	}
}

static void warn_verdict(struct scenario_parts *p, const struct yaml_node *run)
{
	const struct run_spec *spec = &p->s->spec.run;
	const char *why;

	for (size_t i = 0; i < spec->n_goals; i++)
		if (spec->goals[i].id == METRIC_LYAPUNOV_VERDICT &&
			!stability_applies(&p->s->spec, &why))
			scenario_warn(&p->r, value_of(run, "precision")->at,
				"precision of lyapunov.verdict has no effect: %s", why);
}

void parts_warn_idle(struct scenario_parts *p, const struct yaml_node *root)
{
	const struct yaml_node *run = value_of(root, "run");

	if (run && value_of(run, "horizon") && !says(run, "horizon", "trace"))
		warn(&p->r, run, "limit", "auto",
			"it ends a run of 'requests'; this one ends with its horizon");
	if (run)
		warn_verdict(p, run);
	each(&p->r, root, "links", warn_rate);
	each(&p->r, root, "users", warn_user);
	warn_homes(p, root);
	warn_policies(p);
	each(&p->r, root, "instances", warn_instance);
	service_of_warn_idle(p);
	warn_drafts(p);
	for (size_t g = 0; g < p->s->spec.n_groups; g++)
		warn_homeless(p, &p->s->spec.groups[g]);
}
