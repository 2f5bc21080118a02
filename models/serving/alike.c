#include "models/serving/alike.h"

#include <string.h>

static bool same_dist(const struct dist_spec *a, const struct dist_spec *b)
{
	return a->kind == b->kind && a->mean == b->mean && a->cv == b->cv && a->shape == b->shape &&
	       a->k == b->k && a->min == b->min && a->max == b->max &&
	       a->n_quantiles == b->n_quantiles &&
	       (a->n_quantiles == 0 || memcmp(a->quantiles, b->quantiles,
					       a->n_quantiles * sizeof *a->quantiles) == 0);
}

/** Do both serve the same groups, each alike? They may be named in any order. */
static bool same_services(const struct instance_spec *a, const struct instance_spec *b)
{
	if (a->n_service_of != b->n_service_of || a->named_only != b->named_only)
		return false;
	for (size_t k = 0; k < a->n_service_of; k++) {
		const struct dist_spec *law = instance_own_service(b, a->service_of[k].group);

		if (!law || !same_dist(&a->service_of[k].law, law))
			return false;
	}
	return a->named_only || same_dist(&a->service, &b->service);
}

bool gpus_alike(const struct gpu_spec *a, const struct gpu_spec *b)
{
	return strcmp(a->name, b->name) == 0 && a->bytes_per_s == b->bytes_per_s &&
	       a->mem_bytes == b->mem_bytes && a->fp16_flop_per_s == b->fp16_flop_per_s &&
	       a->fp32_flop_per_s == b->fp32_flop_per_s && a->int8_op_per_s == b->int8_op_per_s &&
	       a->pcie_bytes_per_s == b->pcie_bytes_per_s;
}

static bool same_limits(const struct batch_limits *a, const struct batch_limits *b)
{
	return a->max_len_tok == b->max_len_tok && a->max_batched_tok == b->max_batched_tok &&
	       a->least_batched_tok == b->least_batched_tok &&
	       a->prefill_limit == b->prefill_limit && a->batch_wait_s == b->batch_wait_s &&
	       a->returns == b->returns;
}

static bool same_kv(const struct kv_spec *a, const struct kv_spec *b)
{
	return a->blocks == b->blocks && a->share == b->share && a->watermark == b->watermark &&
	       a->preemption == b->preemption && a->swap_bytes == b->swap_bytes &&
	       a->pcie_bytes_per_s == b->pcie_bytes_per_s;
}

static unsigned ranks(const struct parallel_spec *p)
{
	return p->ranks > 1 ? p->ranks : 1;
}

static bool same_parallel(const struct parallel_spec *a, const struct parallel_spec *b)
{
	const struct interconnect_spec *x = &a->interconnect, *y = &b->interconnect;

	if (ranks(a) != ranks(b))
		return false;
	return ranks(a) == 1 || (x->bytes_per_s == y->bytes_per_s && x->latency_s == y->latency_s &&
					x->algorithm == y->algorithm);
}

static bool same_host_time(const struct host_time *a, const struct host_time *b)
{
	return a->step_s == b->step_s && a->sequence_s == b->sequence_s &&
	       a->prefill_s == b->prefill_s && a->prompt_s == b->prompt_s &&
	       a->request_s == b->request_s && a->ahead == b->ahead && a->late == b->late &&
	       a->sigma == b->sigma;
}

static bool same_offload(const struct offload_spec *a, const struct offload_spec *b)
{
	if (a->cpu_layers != b->cpu_layers || a->streamed_layers != b->streamed_layers ||
		a->cpu != b->cpu)
		return false;
	return a->cpu_layers + a->streamed_layers == 0 ||
	       (a->host.mem_bytes == b->host.mem_bytes &&
		       a->host.bytes_per_s == b->host.bytes_per_s &&
		       a->host.fp32_flop_per_s == b->host.fp32_flop_per_s &&
		       a->host.pcie_bytes_per_s == b->host.pcie_bytes_per_s);
}

static bool same_sites(const struct draft_spec *a, const struct draft_spec *b)
{
	if (a->n_sites != b->n_sites)
		return false;
	for (size_t i = 0; i < a->n_sites; i++)
		if (a->sites[i].site.i != b->sites[i].site.i ||
			a->sites[i].profile != b->sites[i].profile)
			return false;
	return true;
}

static bool same_draft(const struct draft_spec *a, const struct draft_spec *b)
{
	return a->on == b->on && a->adaptive == b->adaptive && a->planned == b->planned &&
	       a->k == b->k && a->acceptance == b->acceptance && a->profile == b->profile &&
	       a->by_home == b->by_home && a->drafts_ahead == b->drafts_ahead &&
	       a->max_batch == b->max_batch && a->tok_bytes == b->tok_bytes &&
	       a->verdict_bytes == b->verdict_bytes && same_sites(a, b);
}

/** How they are joined is for who knows the routes; within a site it is the bus. */
static bool same_stages(const struct instance_spec *a, const struct instance_spec *b)
{
	if (a->n_stages != b->n_stages || a->micro_batches != b->micro_batches)
		return false;
	for (size_t k = 0; k < a->n_stages; k++) {
		const struct stage_spec *x = &a->stages[k], *y = &b->stages[k];

		if (x->layers != y->layers || x->profile != y->profile ||
			!gpus_alike(x->gpu, y->gpu) || x->bus.latency_s != y->bus.latency_s ||
			x->bus.bytes_per_s != y->bus.bytes_per_s)
			return false;
	}
	return true;
}

bool instances_alike(const struct instance_spec *a, const struct gpu_spec *gpu_a,
	const struct instance_spec *b, const struct gpu_spec *gpu_b)
{
	if (a->synthetic != b->synthetic || a->model.i != b->model.i || a->ahead != b->ahead)
		return false;
	if (a->synthetic)
		return a->slots == b->slots && a->capacity == b->capacity &&
		       a->discipline == b->discipline && same_services(a, b);
	if (a->decode_keep != b->decode_keep)
		return false;
	return a->profile == b->profile && a->attention == b->attention &&
	       a->max_batch == b->max_batch && a->block_tok == b->block_tok &&
	       a->batching == b->batching && a->chunk_tok == b->chunk_tok && a->role == b->role &&
	       a->prefix_cache == b->prefix_cache && a->kv_overlap == b->kv_overlap &&
	       a->reserve_bytes == b->reserve_bytes && same_limits(&a->limits, &b->limits) &&
	       same_kv(&a->kv, &b->kv) && same_draft(&a->draft, &b->draft) && same_stages(a, b) &&
	       same_parallel(&a->parallel, &b->parallel) &&
	       same_host_time(&a->host_time, &b->host_time) &&
	       same_offload(&a->offload, &b->offload) && gpus_alike(gpu_a, gpu_b);
}
