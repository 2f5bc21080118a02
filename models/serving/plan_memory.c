/* (3b): what a plan takes of memory; of which memory no plan fits, and how many requests would. */
#include <math.h>
#include <stdio.h>

#include "models/cost/holding.h"
#include "models/serving/plan_parts.h"

double plan_activation_bytes(const struct llm_shape *s, const struct plan *c, uint32_t prompt_tok)
{
	double rows =
		fmax((double)c->prefill_batch * prompt_tok, (double)c->decode_batch * (c->k + 1.0));

	return rows * 2.0 * (2.0 * s->hidden + 2.0 * s->ffn);
}

double plan_memory_bytes(const struct planner *p, const struct plan_answer *a, const struct plan *c)
{
	double tok = (double)a->prompt_tok + a->output_tok;
	double sum = p->weight_bytes + a->n * tok * p->kv_bytes_tok +
		     fmax(plan_activation_bytes(p->spec.what.shape, c, a->prompt_tok),
			     p->spec.reserve_bytes);

	if (c->k > 0 && !p->spec.apart)
		sum += p->draft_weight_bytes + c->draft_batch * tok * p->draft_kv_bytes_tok;
	return sum;
}

/** One prompt a pass, one sequence a pass, no draft. */
static const struct plan least = {.prefill_batch = 1, .decode_batch = 1};

/** Requests of @a's lengths for which there is room on the device, and in the host's memory. */
static double fit_device(const struct planner *p, const struct plan_answer *a)
{
	struct plan_answer none = {.prompt_tok = a->prompt_tok, .output_tok = a->output_tok};
	double tok = (double)a->prompt_tok + a->output_tok;

	return floor((p->spec.room_bytes - plan_memory_bytes(p, &none, &least)) /
		     (tok * p->kv_bytes_tok));
}

static double host_kv_bytes(const struct planner *p, const struct plan_answer *a)
{
	return ((double)a->prompt_tok + a->output_tok) *
	       offload_host_kv_bytes_per_tok(&p->spec.what);
}

static double fit_host(const struct planner *p, const struct plan_answer *a)
{
	double kv = host_kv_bytes(p, a);

	if (!p->spec.offload || !(kv > 0.0)) /* that weights fit is checked with the scenario */
		return HUGE_VAL;
	return floor((p->spec.host_bytes - offload_host_weight_bytes(&p->spec.what)) / kv);
}

/** What would fit, behind a refusal. */
enum { FIT_SIZE = 60 };

static const char *fitting(char to[FIT_SIZE], double n)
{
	if (n >= 1.0)
		snprintf(to, FIT_SIZE, "a batch of %.0f would fit", n);
	else
		snprintf(to, FIT_SIZE, "not even one would fit");
	return to;
}

static bool refuse_device(const struct planner *p, const struct plan_answer *a, struct err *err)
{
	double tok = (double)a->prompt_tok + a->output_tok, kv = a->n * tok * p->kv_bytes_tok;
	char fit[FIT_SIZE];

	return err_at(err, p->spec.at,
		"instance '%s': no plan fits the memory (3b): weights take %.2f GB, keys and "
		"values "
		"of %u x %.0f tokens %.2f GB, reserve and activations %.2f GB or more; there are "
		"%.2f GB of '%s': %s",
		p->spec.name, p->weight_bytes / 1e9, a->n, tok, kv / 1e9,
		(plan_memory_bytes(p, a, &least) - p->weight_bytes - kv) / 1e9,
		p->spec.room_bytes / 1e9, p->spec.what.gpu->name, fitting(fit, fit_device(p, a)));
}

static bool refuse_host(const struct planner *p, const struct plan_answer *a, struct err *err)
{
	double tok = (double)a->prompt_tok + a->output_tok;
	char fit[FIT_SIZE];

	return err_at(err, p->spec.at,
		"instance '%s': no plan fits the host's memory (3b): layers take %.2f GB, keys and "
		"values of %u x %.0f tokens %.2f GB; there are %.2f GB: %s",
		p->spec.name, offload_host_weight_bytes(&p->spec.what) / 1e9, a->n, tok,
		a->n * host_kv_bytes(p, a) / 1e9, p->spec.host_bytes / 1e9,
		fitting(fit, fit_host(p, a)));
}

/* Pipelines */

static double fit_stage(
	const struct planner *p, const struct plan_answer *a, const struct plan_stage *s)
{
	double tok = (double)a->prompt_tok + a->output_tok;
	double kept = fmax(
		p->spec.reserve_bytes, plan_activation_bytes(s->what.shape, &least, a->prompt_tok));

	return floor((s->room_bytes - cost_weight_bytes(&s->what) - kept) /
		     (tok * cost_kv_bytes_per_tok(&s->what)));
}

/** The stage that holds fewest is named. */
static bool refuse_stage(const struct planner *p, const struct plan_answer *a, struct err *err)
{
	const struct plan_stage *all = p->spec.stages, *s = all;
	double tok = (double)a->prompt_tok + a->output_tok;
	char fit[FIT_SIZE];

	for (size_t k = 1; k < p->spec.n_stages; k++)
		if (fit_stage(p, a, &all[k]) < fit_stage(p, a, s))
			s = &all[k];
	return err_at(err, s->what.at,
		"instance '%s': no plan fits the memory (3b) of stage %zu: weights take %.2f GB, "
		"keys and values of %u x %.0f tokens %.2f GB, reserve and activations %.2f GB or "
		"more; there are %.2f GB of '%s': %s",
		p->spec.name, (size_t)(s - all) + 1, cost_weight_bytes(&s->what) / 1e9, a->n, tok,
		a->n * tok * cost_kv_bytes_per_tok(&s->what) / 1e9,
		fmax(p->spec.reserve_bytes,
			plan_activation_bytes(s->what.shape, &least, a->prompt_tok)) /
			1e9,
		s->room_bytes / 1e9, s->what.gpu->name, fitting(fit, fit_stage(p, a, s)));
}

/** Of two memories that are both short the one that holds fewer is named. */
bool plan_memory_check(const struct planner *p, const struct plan_answer *a, struct err *err)
{
	double host = fit_host(p, a);

	if (a->n_best > 0 && a->n <= host)
		return true;
	if (p->spec.n_stages > 0)
		return refuse_stage(p, a, err);
	return host < fit_device(p, a) ? refuse_host(p, a, err) : refuse_device(p, a, err);
}
