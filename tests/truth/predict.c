#include "tests/truth/predict.h"

#include <math.h>

#include "tests/support/path.h"

static struct path path_of(const struct cell *c, const struct rig_figures *f)
{
	return (struct path){
		.qdisc =
			{
				.kind = c->qdisc,
				.bytes_per_s = c->qdisc == QDISC_NONE ? HUGE_VAL : c->bytes_per_s,
				.burst_bytes = c->burst_bytes,
				.limit_bytes = c->limit_bytes,
				.peak_bytes_per_s = c->peak_bytes_per_s,
				.minburst_bytes = c->minburst_bytes,
				.mtu_bytes = MTU_BYTES,
				.timer_late_s = f->timer_late_s,
				.gso = c->gso,
			},
		.transport = c->transport,
		.connection = c->connection,
		.delay_s = c->delay_s,
		.return_s = c->delay_s,
		.host_s = f->host_s,
	};
}

void predict(struct sample *out, const struct cell *c, const struct rig_figures *f)
{
	const struct path p = path_of(c, f);
	struct path_flow flows[CELL_FLOWS_MAX];

	*out = (struct sample){0};
	for (size_t i = 0; i < c->n_flows; i++)
		flows[i] = (struct path_flow){c->flow[i].start_s, (double)c->flow[i].bytes, 0.0};
	path_share(&p, flows, c->n_flows);
	for (size_t i = 0; i < c->n_flows; i++) {
		out->start_s[i] = flows[i].start_s;
		out->end_s[i] = flows[i].end_s;
		out->makespan_s = fmax(out->makespan_s, flows[i].end_s);
	}
}

bool predict_bounds(
	double *least_s, double *most_s, const struct cell *c, const struct rig_figures *f)
{
	static const double SUPER_BYTES = 65536.0;
	struct cell each = *c;
	struct sample s;

	if (c->qdisc != QDISC_HTB || !c->gso)
		return false;
	each.gso = false;
	predict(&s, &each, f);
	*most_s = s.makespan_s;
	*least_s = fmax(f->host_s, s.makespan_s - SUPER_BYTES / c->bytes_per_s);
	return true;
}
