#include "tests/study/naive_server.h"

#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>

struct naive {
	const struct naive_server *s;
	struct served_request *q;
	size_t n, next; /* the first that was not admitted */
	double now_s;
	gsl_rng *r;
	struct sequence {
		size_t i;
		uint32_t has;
	} * running;
	size_t n_running;
};

static double arrival_s(const struct naive *v, size_t i)
{
	return 1e-9 * (double)v->q[i].arrival_ns;
}

static double in_line_s(const struct naive *v, size_t i)
{
	return arrival_s(v, i) + v->s->request_s;
}

static void pass(struct naive *v, double price_s)
{
	double sigma = v->s->step_sigma;

	v->now_s += price_s * exp(gsl_ran_gaussian(v->r, sigma) - 0.5 * sigma * sigma);
}

static int64_t read_clock(const struct naive *v)
{
	return llround(1e9 * (v->now_s + v->s->clock_s * (2.0 * gsl_rng_uniform(v->r) - 1.0)));
}

static void token(struct naive *v, struct sequence *k)
{
	struct served_request *q = &v->q[k->i];
	int64_t at_ns = read_clock(v);

	if (++k->has == 1)
		q->first_ns = at_ns > q->arrival_ns ? at_ns : q->arrival_ns + 1;
	if (k->has == q->output_tok)
		q->end_ns = at_ns > q->first_ns ? at_ns : q->first_ns;
}

static void leave(struct naive *v)
{
	size_t kept = 0;

	for (size_t k = 0; k < v->n_running; k++)
		if (v->running[k].has < v->q[v->running[k].i].output_tok)
			v->running[kept++] = v->running[k];
	v->n_running = kept;
}

/* False: nobody waits who could be admitted. */
static bool prompts(struct naive *v)
{
	size_t first = v->n_running;
	uint64_t tok = 0;
	double s = 0.0;

	while (v->next < v->n && in_line_s(v, v->next) <= v->now_s &&
		v->n_running < v->s->max_batch) {
		uint32_t new_tok = v->q[v->next].prompt_tok;

		if (tok > 0 && tok + new_tok > v->s->cap_tok)
			break;
		tok += new_tok;
		s += cost_prefill_attention_s(v->s->cost, new_tok, 0);
		v->running[v->n_running++] = (struct sequence){v->next++, 0};
	}
	if (tok == 0)
		return false;
	pass(v, s + cost_prefill_s(v->s->cost, tok, v->n_running - first));
	for (size_t k = first; k < v->n_running; k++)
		token(v, &v->running[k]);
	return true;
}

static void decode(struct naive *v)
{
	struct cost_work w = {.n_decode = v->n_running};

	for (size_t k = 0; k < v->n_running; k++)
		w.decode_context_tok += v->q[v->running[k].i].prompt_tok + v->running[k].has;
	pass(v, cost_step_s(v->s->cost, &w));
	for (size_t k = 0; k < v->n_running; k++)
		token(v, &v->running[k]);
}

static void serve(struct naive *v)
{
	while (v->next < v->n || v->n_running > 0) {
		if (v->n_running == 0 && in_line_s(v, v->next) > v->now_s)
			v->now_s = in_line_s(v, v->next);
		if (!prompts(v))
			decode(v);
		leave(v);
	}
}

static uint32_t length(gsl_rng *r, double mean, double spread, uint32_t most)
{
	double x = mean * exp(gsl_ran_gaussian(r, spread) - 0.5 * spread * spread);

	return x < 4.0 ? 4 : x > most ? most : (uint32_t)x;
}

struct served_log naive_log(const struct naive_server *s, struct arena *a, gsl_rng *r, size_t n,
	double rate_per_s, double prompt_tok, double output_tok)
{
	struct naive v = {.s = s, .n = n, .r = r, .q = arena_alloc(a, n, sizeof *v.q)};
	double at_s = 0.0;

	v.running = arena_alloc(a, s->max_batch, sizeof *v.running);
	for (size_t i = 0; i < n; i++) {
		v.q[i] = (struct served_request){.arrival_ns = llround(1e9 * at_s),
			.prompt_tok = length(r, prompt_tok, s->spread, 3000),
			.output_tok = length(r, output_tok, s->spread, 1000),
			.line = (unsigned)i + 2,
			.col = 1};
		at_s += gsl_ran_exponential(r, 1.0 / rate_per_s);
	}
	serve(&v);
	return (struct served_log){"naive.csv", n, v.q, 0};
}
