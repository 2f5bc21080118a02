#include "plan/offloads.h"

#include <math.h>

#include "models/cost/holding.h"

double offloads_token_s(
	const struct units *t, const struct kind_price *p, unsigned cpu, unsigned streamed)
{
	double gpu_s = (t->layers - cpu) * p->gpu.layer_s + p->gpu.head_s;
	double cpu_s = 0.0, wait_s;

	if (cpu > 0)
		cpu_s = cpu * p->host.layer_s + t->hidden_bytes / p->pcie_bytes_per_s;
	wait_s = streamed > 0 ? fmax((streamed - 1.0) * (p->fetch_s - p->gpu.layer_s), 0.0) : 0.0;
	return fmax(cpu_s + gpu_s + wait_s, streamed * p->fetch_s);
}

bool offloads_fit(
	const struct units *t, const struct kind_price *p, unsigned cpu, unsigned streamed)
{
	unsigned absent = streamed > OFFLOAD_BUFFERS ? streamed - OFFLOAD_BUFFERS : 0;
	double gpu = (t->layers - cpu - absent) * t->layer_bytes + t->head_bytes +
		     (t->layers - cpu) * t->kv_bytes;
	double host = (cpu + streamed) * t->layer_bytes + cpu * t->kv_bytes;

	if (cpu > 0)
		host += t->embedding_bytes;
	else
		gpu += t->embedding_bytes;
	return gpu <= p->mem_bytes && (cpu + streamed == 0 || host <= p->host_bytes);
}

static bool wanted(unsigned cpu, unsigned streamed, unsigned allowed, bool mixed)
{
	if ((cpu > 0 && !(allowed & OFFLOAD_CPU)) ||
		(streamed > 0 && !(allowed & OFFLOAD_STREAMED)))
		return false;
	return !mixed || (((allowed & OFFLOAD_CPU) == 0 || cpu > 0) &&
				 ((allowed & OFFLOAD_STREAMED) == 0 || streamed > OFFLOAD_BUFFERS));
}

struct offload_choice offloads_best(
	const struct units *t, const struct kind_price *p, unsigned allowed, bool mixed)
{
	struct offload_choice best = {.token_s = HUGE_VAL};

	if (!p->profile)
		return best;
	for (unsigned off = 0; off <= t->layers; off++)
		for (unsigned cpu = 0; cpu <= off && cpu < t->layers; cpu++) {
			unsigned streamed = off - cpu;
			double s;

			if ((cpu > 0 && !p->cpu) || !wanted(cpu, streamed, allowed, mixed) ||
				!offloads_fit(t, p, cpu, streamed))
				continue;
			s = offloads_token_s(t, p, cpu, streamed);
			if (s < best.token_s)
				best = (struct offload_choice){cpu, streamed, s};
		}
	return best;
}
