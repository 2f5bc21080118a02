/* The transferred form: data sheet and constants to seconds. */
#include "models/cost/form.h"

#include <math.h>

double form_peak_flop_per_s(const struct gpu_spec *g, enum profile_peak peak)
{
	if (peak == PEAK_INT8 && g->int8_op_per_s > 0.0)
		return g->int8_op_per_s;
	if (peak != PEAK_FP32 && g->fp16_flop_per_s > 0.0)
		return g->fp16_flop_per_s;
	return g->fp32_flop_per_s;
}

double form_work_s(const struct profile_op *o, const struct gpu_spec *g, struct llm_work w)
{
	double arithmetic = w.flop / (o->ec * form_peak_flop_per_s(g, o->peak));
	double traffic = w.bytes / (o->eb * g->bytes_per_s);

	return cbrt(arithmetic * arithmetic * arithmetic + traffic * traffic * traffic);
}

double form_linear_op_s(const struct profile_form *f, const struct gpu_spec *g,
	const struct llm_shape *s, enum precision p, enum llm_op op, double rows)
{
	const struct profile_op *o = &f->op[p][op];
	double per = o->weight_bytes > 0.0 ? o->weight_bytes : llm_bytes_per_weight(p, op);

	if (o->widen_bytes > 0.0 && rows > o->widen_rows)
		per = o->widen_bytes;
	return o->t0_s + form_work_s(o, g, llm_linear_work(s, op, per, rows));
}

double form_layer_work_s(const struct profile_form *f, const struct gpu_spec *g,
	const struct llm_shape *s, enum precision p, enum llm_op attention, double rows)
{
	const struct profile_op *small = &f->op[p][LLM_SMALL];
	double sum = f->op[p][attention].t0_s + small->t0_s;

	sum += form_work_s(small, g, llm_small_work(s, rows));
	for (int op = 0; op < LLM_LINEAR_OPS; op++)
		sum += form_linear_op_s(f, g, s, p, (enum llm_op)op, rows);
	return sum;
}

double form_launched_s(
	const struct profile_form *f, const struct llm_shape *s, enum precision p, double work_s)
{
	double launch = f->launch_s[p];

	if (f->launch_overlaps)
		return s->layers * (work_s > launch ? work_s : launch);
	return s->layers * (work_s + launch);
}

double form_layers_s(const struct profile_form *f, const struct gpu_spec *g,
	const struct llm_shape *s, enum precision p, enum llm_op attention, double rows,
	double more_s)
{
	return form_launched_s(f, s, p, form_layer_work_s(f, g, s, p, attention, rows) + more_s);
}

void form_attention(
	double *per_key_s, double *per_flop_s, const struct profile_op *o, const struct gpu_spec *g)
{
	*per_key_s = g->clock_hz > 0.0 ? o->cycles_per_key / g->clock_hz : 0.0;
	*per_flop_s = 1.0 / (o->ec * form_peak_flop_per_s(g, o->peak));
}
