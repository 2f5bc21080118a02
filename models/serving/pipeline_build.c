/* A pipeline from a scenario, and its end. */

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "models/net/ahead.h"
#include "models/serving/memory.h"
#include "models/serving/pipeline_parts.h"

/* A message that any link of a scenario in its senses carries within the clock. */
static const double LARGE_BYTES = 1e12;

static void hop_init(
	struct instance_state *p, const struct pipeline_build *from, size_t k, size_t *n_links)
{
	const struct bus *bus = &p->i->spec->stages[k].bus;
	struct hop *h = &p->stages[k].hop;

	*h = (struct hop){
		.route = from->routes[k],
		.latency_ns = ns_of_s(bus->latency_s),
		.bytes_per_s = bus->bytes_per_s,
		.first_link = *n_links,
	};
	if (!h->route && p->n_stages > 1 && h->bytes_per_s > 0.0)
		h->kind = HOP_BUS;
	else if (h->route && h->route->n > 0)
		h->kind = HOP_ROUTE;
	*n_links += h->kind == HOP_BUS ? 1 : h->kind == HOP_ROUTE ? h->route->n : 0;
}

/** Can all its hops be worked out ahead? */
static bool foreseen(const struct instance_state *p)
{
	for (size_t k = 0; k < p->n_stages; k++) {
		const struct hop *h = &p->stages[k].hop;

		if (h->kind == HOP_ROUTE &&
			(!net_alone(p->net, h->route) ||
				pipeline_hop_s(p, h, LARGE_BYTES) >= LINK_NEVER_S))
			return false;
	}
	return true;
}

static void flow_init(struct flow *f, const struct instance_state *p, size_t n_links)
{
	size_t pulses = p->n_lanes * sizeof *f->pulse;
	size_t times = (p->n_stages + n_links) * sizeof *f->free_ns;

	f->bytes = pulses + times + p->n_lanes * sizeof *f->ring;
	f->pulse = mem_zalloc(1, f->bytes);
	f->free_ns = (int64_t *)(f->pulse + p->n_lanes);
	f->link_ns = f->free_ns + p->n_stages;
	f->ring = (uint32_t *)(f->link_ns + n_links);
}

/** Blocks that stage @k has room for; it is told of as an instance of its own. */
static bool stage_blocks(uint64_t *out, const struct instance_state *p,
	const struct pipeline_build *from, size_t k, struct err *err)
{
	struct instance_spec mine = *p->i->spec;
	char name[80];

	snprintf(name, sizeof name, "%s/%zu", mine.name, k + 1);
	mine.name = name;
	mine.at = mine.stages[k].at;
	return memory_blocks(out, &mine, &from->specs[k], NULL, p->stages[k].block_bytes, err);
}

/** @blocks: that the least roomy of them holds. */
static bool stages_init(struct instance_state *p, const struct pipeline_build *from,
	uint64_t *blocks, struct err *err)
{
	size_t n_links = 0;

	*blocks = UINT64_MAX;
	for (size_t k = 0; k < p->n_stages; k++) {
		struct stage *s = &p->stages[k];
		uint64_t mine;

		s->block_bytes = cost_kv_bytes_per_tok(&from->specs[k]) * p->i->spec->block_tok;
		if (!stage_blocks(&mine, p, from, k, err))
			return false;
		*blocks = mine < *blocks ? mine : *blocks;
		s->cost = from->costs[k];
		s->order = mem_zalloc(p->n_lanes, sizeof *s->order);
		p->block_bytes += s->block_bytes;
		hop_init(p, from, k, &n_links);
	}
	flow_init(&p->at, p, n_links);
	flow_init(&p->ahead, p, n_links);
	return true;
}

/** The blocks are dealt to the lanes, as evenly as they go. */
static void lane_init(
	struct instance_state *p, const struct instance_build *build, uint32_t at, uint64_t blocks)
{
	struct lane *l = &p->lanes[at];
	uint32_t n = p->n_lanes;

	l->batch.block_bytes = p->block_bytes;
	batch_prepare(&l->batch, p->i, build, blocks / n + (at < blocks % n));
	l->batch.executor = &executor_pipeline;
	l->batch.places = l->batch.max_batch + (build->spec->ahead + n - 1) / n;
	l->decode = mem_zalloc(p->n_stages, sizeof *l->decode);
	l->send_ns = mem_zalloc(p->n_stages, sizeof *l->send_ns);
	l->prompt_ns = mem_zalloc(p->n_stages, sizeof *l->prompt_ns);
	l->end_ns = mem_zalloc(p->n_stages, sizeof *l->end_ns);
	l->took_ns = mem_zalloc(p->n_stages, sizeof *l->took_ns);
	l->counted = true;
	p->most_tok = l->batch.most_tok; /* the last has the fewest blocks */
}

bool pipeline_init(struct instance *i, const struct instance_build *b, struct err *err)
{
	const struct instance_spec *spec = b->spec;
	struct instance_state *p = i->state;
	uint64_t blocks;

	p->i = i;
	p->net = b->pipeline->net;
	p->n_stages = (uint32_t)spec->n_stages;
	p->n_lanes = spec->micro_batches;
	p->hidden_bytes = llm_hidden_bytes(b->pipeline->specs[0].shape);
	p->next_ns = NS_NEVER;
	i->places = p->n_lanes * spec->max_batch + spec->ahead;
	p->stages = mem_zalloc(p->n_stages, sizeof *p->stages);
	p->lanes = mem_zalloc(p->n_lanes, sizeof *p->lanes);
	if (spec->prefix_cache)
		return err_at(err, spec->prefix_at,
			"prefix_cache is not built for pipelines: instance '%s' is one",
			spec->name);
	if (!stages_init(p, b->pipeline, &blocks, err))
		return false;
	if (blocks < p->n_lanes)
		return err_at(err, spec->at,
			"instance '%s' has room for %ju KV blocks, and %u micro-batches",
			spec->name, (uintmax_t)blocks, p->n_lanes);
	for (uint32_t l = 0; l < p->n_lanes; l++)
		lane_init(p, b, l, blocks);
	p->pace = b->step_by_step || b->tells || !foreseen(p) ? &pace_events : &pace_ahead;
	return true;
}

void pipeline_finish(struct instance *i)
{
	struct instance_state *p = i->state;

	for (uint32_t l = 0; p->lanes && l < p->n_lanes; l++) {
		if (p->lanes[l].batch.i)
			batch_drop(&p->lanes[l].batch);
		free(p->lanes[l].decode);
		free(p->lanes[l].send_ns);
		free(p->lanes[l].prompt_ns);
		free(p->lanes[l].end_ns);
		free(p->lanes[l].took_ns);
	}
	for (size_t k = 0; p->stages && k < p->n_stages; k++)
		free(p->stages[k].order);
	free(p->lanes);
	free(p->stages);
	free(p->at.pulse);
	free(p->ahead.pulse);
}
