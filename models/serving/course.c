#include "models/serving/course.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "models/serving/acceptance.h"

void course_init(struct course *c, double acceptance, unsigned k, size_t tok)
{
	c->log_done = mem_zalloc(tok + 1, sizeof *c->log_done);
	c->won = mem_zalloc(tok + 1, sizeof *c->won);
	c->n = acceptance_course(c->log_done, c->won, acceptance, k, tok);
	for (size_t r = 0; r < c->n; r++)
		c->log_done[r] = log1p(-c->log_done[r]);
}

void course_finish(struct course *c)
{
	free(c->log_done);
	free(c->won);
}

struct moment course_moment(const struct course *c, size_t r, uint32_t n)
{
	double any = -expm1(n * c->log_done[r]);

	return (struct moment){any, n * -expm1(c->log_done[r]) / any, c->won[r]};
}

struct moment course_static_moment(const struct course *c, size_t r, uint32_t n, double want_tok)
{
	double any = -expm1(n * c->log_done[r]), wants = -expm1(c->log_done[r]);

	return (struct moment){any, n, wants * c->won[r] + (1.0 - wants) * want_tok};
}

/* Passes */

static struct offload_step pass(const struct pass_model *m, uint32_t n, uint32_t k, double tok)
{
	struct offload_step s = {.gpu_s = cost_verify_s(m->cost, n, k, n * tok)};
	const struct offload *o = m->offload;

	if (o && o->cpu)
		s.before_s =
			cost_verify_s(o->cpu, n, k, n * tok) + n * (k + 1.0) * o->handover_s_row;
	if (o && o->layer)
		s.layer_s = cost_verify_s(o->layer, n, k, n * tok);
	return s;
}

void passes_init(struct passes *p, const struct pass_model *m, uint32_t n, uint32_t k,
	double from_tok, double to_tok)
{
	p->n_sizes = 0;
	p->from_tok = from_tok;
	p->to_tok = to_tok;
	for (uint64_t s = 1; s < n; s *= 2)
		p->size[p->n_sizes++] = (uint32_t)s;
	p->size[p->n_sizes++] = n;
	for (size_t i = 0; i < p->n_sizes; i++) {
		p->from[i] = pass(m, p->size[i], k, from_tok);
		p->to[i] = pass(m, p->size[i], k, to_tok);
	}
}

static void add(struct offload_step *to, double factor, const struct offload_step *s)
{
	to->before_s += factor * s->before_s;
	to->layer_s += factor * s->layer_s;
	to->gpu_s += factor * s->gpu_s;
}

/** Add @times one pass of @n. */
static void add_pass(
	struct offload_step *to, const struct passes *p, double times, double n, double tok)
{
	size_t i = n >= 2.0 ? (size_t)ilogb(n) : 0;
	double up, later = (tok - p->from_tok) / (p->to_tok - p->from_tok);

	if (p->n_sizes == 1) {
		add(to, times * (1.0 - later), &p->from[0]);
		add(to, times * later, &p->to[0]);
		return;
	}
	i = i < p->n_sizes - 2 ? i : p->n_sizes - 2;
	up = (n - p->size[i]) / (double)(p->size[i + 1] - p->size[i]);
	add(to, times * (1.0 - up) * (1.0 - later), &p->from[i]);
	add(to, times * (1.0 - up) * later, &p->to[i]);
	add(to, times * up * (1.0 - later), &p->from[i + 1]);
	add(to, times * up * later, &p->to[i + 1]);
}

struct offload_step passes_of(const struct passes *p, double n, uint32_t size, double tok)
{
	struct offload_step s = {0};
	double full = floor(n / size), left = n - full * size;

	if (full > 0.0)
		add_pass(&s, p, full, size, tok);
	if (left > 0.0) /* less than one: that often there is one */
		add_pass(&s, p, fmin(left, 1.0), fmax(left, 1.0), tok);
	return s;
}

static double prompts_s(const struct cost *c, uint32_t n, uint32_t tok)
{
	return cost_prefill_s(c, (uint64_t)n * tok, n) + n * cost_prefill_attention_s(c, tok, 0);
}

static double prefill_s(const struct pass_model *m, uint32_t n, uint32_t tok)
{
	struct offload_step s = {.gpu_s = prompts_s(m->cost, n, tok)};
	const struct offload *o = m->offload;

	if (!o)
		return s.gpu_s;
	if (o->cpu)
		s.before_s = prompts_s(o->cpu, n, tok) + (double)n * tok * o->handover_s_row;
	if (o->layer)
		s.layer_s = prompts_s(o->layer, n, tok);
	return s.before_s + s.gpu_s + offload_wait_s(o, &s, offload_tail_s(o, &s));
}

double passes_prefill_s(const struct pass_model *m, uint32_t n, uint32_t size, uint32_t tok)
{
	double s = n / size * prefill_s(m, size, tok);

	if (n % size > 0)
		s += prefill_s(m, n % size, tok);
	return s;
}
