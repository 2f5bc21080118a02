#include "plan/place_scenario.h"

#include <math.h>
#include <stdlib.h>

#include "models/cost/holding.h"
#include "plan/deployed.h"

static const double VERDICT_BYTES = 8.0, DRAFT_TOK_BYTES = 6.0;

/* Units: the ends by themselves, or with the layer beside them. */

static size_t n_units(const struct scene *s)
{
	return s->units->layers + (s->options.as_runs ? 0 : 2);
}

/** What unit @u has of the model. */
struct part {
	bool embedding, head;
	unsigned layer; /* from 1; 0: none */
};

static struct part part_of(const struct scene *s, size_t u)
{
	unsigned n = s->units->layers;

	if (s->options.as_runs)
		return (struct part){u == 0, u + 1 == n, (unsigned)u + 1};
	return (struct part){u == 0, u == (size_t)n + 1, u > n ? 0 : (unsigned)u};
}

static const char *unit_name(struct arena *a, struct part p)
{
	const char *before = p.embedding && p.layer ? ", " : "",
		   *behind = p.head && p.layer ? ", " : "";

	if (!p.layer)
		return p.embedding ? "embedding" : "head";
	return arena_printf(a, "%s%slayer %u%s%s", p.embedding ? "embedding" : "", before, p.layer,
		behind, p.head ? "head" : "");
}

static void put_units(struct scene *s)
{
	struct placement_unit *units = arena_alloc(&s->arena, n_units(s), sizeof *units);
	const struct units *t = s->units;

	for (size_t u = 0; u < n_units(s); u++) {
		struct part p = part_of(s, u);

		units[u] = (struct placement_unit){.name = unit_name(&s->arena, p),
			.bytes = (p.layer ? t->layer_bytes : 0.0) +
				 (p.embedding ? t->embedding_bytes : 0.0) +
				 (p.head ? t->head_bytes : 0.0),
			.kv_bytes = p.layer ? t->kv_bytes : 0.0};
	}
	s->problem.units = units;
	s->problem.n_units = n_units(s);
}

static void put_draft(struct scene *s)
{
	struct placement_unit *draft = arena_alloc(&s->arena, 1, sizeof *draft);

	*draft = (struct placement_unit){.name = "draft",
		.bytes = s->units->draft_bytes,
		.kv_bytes = s->units->draft_kv_bytes};
	s->problem.draft = draft;
}

/* Executors and memories: gpus first, each with a memory, then hosts, each with a CPU where a
 * profile has its times. */

static const struct kind_price *price_of_device(
	const struct scene *s, const struct devices *d, size_t device)
{
	return &s->units->kinds[d->at[device].kind];
}

static bool uses_host(const struct scene *s, const struct devices *d, size_t device)
{
	return !s->options.as_runs && d->at[device].host && price_of_device(s, d, device)->profile;
}

static bool uses_cpu(const struct scene *s, const struct devices *d, size_t device)
{
	return !s->no_cpus && uses_host(s, d, device) && price_of_device(s, d, device)->cpu;
}

static void count(struct scene *s, const struct devices *d)
{
	const struct scene_options *o = &s->options;
	size_t cpus = 0;

	for (size_t i = 0; i < o->n_devices; i++)
		cpus += uses_cpu(s, d, o->devices[i]);
	s->no_cpus = o->n_devices + cpus > PLACEMENT_EXECUTORS_MOST;
	s->problem.n_executors = o->n_devices + (s->no_cpus ? 0 : cpus);
	s->problem.n_memories = o->n_devices;
	for (size_t i = 0; i < o->n_devices; i++)
		s->problem.n_memories += uses_host(s, d, o->devices[i]);
}

static void put_executors(struct scene *s, const struct devices *d)
{
	struct placement_problem *p = &s->problem;
	size_t n = s->options.n_devices, next_memory = n, next = n;
	struct placement_memory *m = arena_alloc(&s->arena, p->n_memories, sizeof *m);
	struct placement_executor *x = arena_alloc(&s->arena, p->n_executors, sizeof *x);
	struct scene_executor *of = arena_alloc(&s->arena, p->n_executors, sizeof *of);

	for (size_t i = 0; i < n; i++) {
		size_t device = s->options.devices[i];
		const struct kind_price *price = price_of_device(s, d, device);
		const char *name = d->at[device].name;

		m[i] = (struct placement_memory){name, price->mem_bytes};
		x[i] = (struct placement_executor){
			.name = name, .memory = (int)i, .host = PLACEMENT_NONE};
		of[i].device = device;
		if (!uses_host(s, d, device))
			continue;
		m[next_memory] = (struct placement_memory){d->at[device].host, price->host_bytes};
		x[i].host = (int)next_memory;
		x[i].buffer_bytes = OFFLOAD_BUFFERS * s->units->layer_bytes;
		if (uses_cpu(s, d, device)) {
			x[next] = (struct placement_executor){
				.name = arena_printf(&s->arena, "cpu of %s", name),
				.memory = (int)next_memory,
				.host = PLACEMENT_NONE};
			of[next++] = (struct scene_executor){device, true};
		}
		next_memory++;
	}
	p->memories = m;
	p->executors = x;
	s->executors = of;
}

/* Times */

/** Of a token, where a pass is shared by those of a round. */
static double exec_s(const struct scene *s, const struct devices *d, size_t u, size_t e)
{
	const struct scene_executor *x = &s->executors[e];
	const struct kind_price *price = price_of_device(s, d, x->device);
	bool drafted = s->options.drafted;
	const struct pass *pass = x->is_cpu ? drafted ? &price->host_verify : &price->host
				  : drafted ? &price->verify
					    : &price->gpu;
	struct part p = part_of(s, u);

	if (!price->profile || (p.embedding && !d->at[x->device].reachable))
		return HUGE_VAL;
	return ((p.layer ? pass->layer_s : 0.0) + (p.head ? pass->head_s : 0.0)) /
	       (drafted ? s->units->round_tok : 1.0);
}

/** Layers alone are fetched: of the embedding a row is read, the head stays where it is used. */
static double fetch_s(const struct scene *s, const struct devices *d, size_t u, size_t e)
{
	const struct scene_executor *x = &s->executors[e];
	struct part p = part_of(s, u);

	if (x->is_cpu || s->problem.executors[e].host == PLACEMENT_NONE || !p.layer)
		return HUGE_VAL;
	return price_of_device(s, d, x->device)->fetch_s /
	       (s->options.drafted ? s->units->round_tok : 1.0);
}

/** From executor @a to @b: within a machine over PCIe. */
static double way_s(const struct scene *s, const struct devices *d, size_t a, size_t b,
	double bytes, enum transfer_kind kind)
{
	const struct scene_executor *x = &s->executors[a], *y = &s->executors[b];

	if (x->device == y->device)
		return bytes / price_of_device(s, d, x->device)->pcie_bytes_per_s;
	return devices_hop_s(d, x->device, y->device, bytes, kind);
}

static void put_unit_times(struct scene *s, const struct devices *d)
{
	struct placement_problem *p = &s->problem;
	size_t n = p->n_units * p->n_executors;
	double *exec = arena_alloc(&s->arena, n, sizeof *exec);
	double *fetch = arena_alloc(&s->arena, n, sizeof *fetch);

	for (size_t u = 0; u < p->n_units; u++)
		for (size_t e = 0; e < p->n_executors; e++) {
			exec[u * p->n_executors + e] = exec_s(s, d, u, e);
			fetch[u * p->n_executors + e] = fetch_s(s, d, u, e);
		}
	p->exec_s = exec;
	p->fetch_s = s->options.as_runs ? NULL : fetch;
}

static void put_ways(struct scene *s, const struct devices *d)
{
	struct placement_problem *p = &s->problem;
	size_t n = p->n_executors;
	double *hop = arena_alloc(&s->arena, n * n, sizeof *hop);
	double *back = arena_alloc(&s->arena, n * n, sizeof *back);
	double rows = s->options.drafted ? s->units->u->k + 1.0 : 1.0;
	double of = s->options.drafted ? s->units->round_tok : 1.0;

	for (size_t a = 0; a < n; a++)
		for (size_t b = 0; b < n; b++) {
			if (a == b)
				continue;
			hop[a * n + b] =
				way_s(s, d, a, b, rows * s->units->hidden_bytes, TRANSFER_HIDDEN) /
				of;
			if (s->executors[a].device != s->executors[b].device)
				back[a * n + b] =
					way_s(s, d, a, b, LLM_TOKEN_ID_BYTES, TRANSFER_HIDDEN) / of;
		}
	p->hop_s = hop;
	p->back_s = back;
}

/** Drafts are made on gpus; what they say to the model elsewhere are messages, as in runs. */
static void put_draft_times(struct scene *s, const struct devices *d)
{
	struct placement_problem *p = &s->problem;
	size_t n = p->n_executors;
	double *draft = arena_alloc(&s->arena, n, sizeof *draft);
	double *talk = arena_alloc(&s->arena, n * n, sizeof *talk);
	double bytes = s->units->u->k * DRAFT_TOK_BYTES;

	for (size_t a = 0; a < n; a++) {
		draft[a] = s->executors[a].is_cpu
				   ? HUGE_VAL
				   : price_of_device(s, d, s->executors[a].device)->draft_s /
					     s->units->round_tok;
		for (size_t b = 0; b < n; b++)
			if (s->executors[a].device != s->executors[b].device)
				talk[a * n + b] =
					(way_s(s, d, a, b, bytes, TRANSFER_DRAFT) +
						way_s(s, d, b, a, VERDICT_BYTES, TRANSFER_DRAFT)) /
					s->units->round_tok;
	}
	p->draft_s = draft;
	p->talk_s = talk;
}

void scene_init(struct scene *to, const struct units *t, const struct devices *d,
	const struct scene_options *o)
{
	size_t *mine;

	*to = (struct scene){.units = t, .options = *o};
	arena_init(&to->arena);
	mine = arena_alloc(&to->arena, o->n_devices, sizeof *mine);
	for (size_t i = 0; i < o->n_devices; i++)
		mine[i] = o->devices[i];
	to->options.devices = mine;
	to->problem.name = subject_model(t->u)->name;
	put_units(to);
	count(to, d);
	put_executors(to, d);
	put_unit_times(to, d);
	put_ways(to, d);
	if (!o->drafted)
		return;
	put_draft(to);
	put_draft_times(to, d);
}

void scene_finish(struct scene *s)
{
	arena_finish(&s->arena);
}

/* What came out */

/** Units that follow each other on one executor. */
struct run {
	size_t executor;
	unsigned layers, streamed;
	bool head;
};

static size_t runs_of(struct run *runs, const struct scene *s, const struct placement_home *homes)
{
	size_t n = 0;

	for (size_t u = 0; u < s->problem.n_units; u++) {
		struct part p = part_of(s, u);

		if (n == 0 || runs[n - 1].executor != (size_t)homes[u].executor)
			runs[n++] = (struct run){.executor = (size_t)homes[u].executor};
		runs[n - 1].layers += p.layer > 0;
		runs[n - 1].streamed += homes[u].streamed;
		runs[n - 1].head |= p.head;
	}
	return n;
}

static bool on_one_machine(const struct scene *s, const struct run *r, size_t n)
{
	return n == 1 ||
	       (n == 2 && s->executors[r[0].executor].is_cpu &&
		       s->executors[r[0].executor].device == s->executors[r[1].executor].device);
}

/** What of it runs cannot do; NULL: they can. */
static const char *refused(const struct scene *s, const struct run *r, size_t n)
{
	const struct run *last = &r[n - 1];

	if (s->executors[last->executor].is_cpu)
		return "have the head on a CPU";
	for (size_t k = 0; k < n; k++) {
		if (r[k].layers == 0)
			return "have the embedding or the head alone on a device";
		if (on_one_machine(s, r, n))
			continue;
		if (s->executors[r[k].executor].is_cpu)
			return "have layers on a CPU in a pipeline";
		if (r[k].streamed > 0)
			return "stream layers in a pipeline";
	}
	if (!s->options.drafted)
		return NULL;
	return n > 1 ? "draft for a pipeline or beside a CPU" : NULL;
}

bool scene_deployment(struct deployment *out, struct arena *a, const struct scene *s,
	const struct devices *d, const struct placement_home *homes, const char **why)
{
	struct run *r = mem_zalloc(s->problem.n_units, sizeof *r);
	size_t n = runs_of(r, s, homes);

	*why = refused(s, r, n);
	if (!*why && s->options.drafted && homes[s->problem.n_units].executor != homes[0].executor)
		*why = "draft on another device, but for drafters that the scenario gives sites";
	if (!*why && s->options.drafted && r[0].streamed > 0)
		*why = "draft beside streamed layers";
	if (!*why) {
		bool one = on_one_machine(s, r, n);

		*out = (struct deployment){.model = s->units->u->like->model,
			.n_stages = one ? 1 : n,
			.drafted = s->options.drafted,
			.streamed_layers = one ? r[n - 1].streamed : 0,
			.cpu_layers = one && n == 2 ? r[0].layers : 0};
		out->stages = arena_alloc(a, out->n_stages, sizeof *out->stages);
		for (size_t k = 0; k < out->n_stages; k++) {
			out->stages[k].site = d->at[s->executors[r[k].executor].device].site;
			out->stages[k].layers = one ? s->units->layers : r[k].layers;
		}
		out->micro_batches = 1;
	}
	free(r);
	if (!*why && out->n_stages > 1 && !deployed_split(out, s->units, d))
		*why = "split it so, whole layers on each device"; /* the solver has: not met */
	return !*why;
}
