/* What is compared: the scenario and the logs that it can be fitted to, and their observations. */
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "study/fit_parts.h"

enum {
	PARTS = 20, /* of a log, in time; two of them, */
	HELD_1 = 6, /* these, are held back */
	HELD_2 = 13,
	BLOCKS = 40, /* of a log, in which errors may go together */
	FEW_REQUESTS = 2000,
	MOST_PHASES = 32,
	LEAST_PHASES = 8,
	MOST_PAIRS = 64,
	LEAST_PAIRS = 16, /* a column for every constant */
	SEQUENCES = 8,    /* in a usual step */
};

/* The scenario */

static bool one_of_each(const struct scenario_spec *s, struct err *err)
{
	if (s->n_instances != 1)
		return err_at(err, s->n_instances ? s->instances[1].at : s->run.at,
			"a log is fitted to one instance, not to %zu: keep the one that was logged",
			s->n_instances);
	if (s->n_groups != 1)
		return err_at(err, s->n_groups ? s->groups[1].at : s->run.at,
			"the requests of a log are those of one group of users, not of %zu",
			s->n_groups);
	if (s->n_policies != 1)
		return err_at(err, s->run.at, "a log is fitted under one policy, not under %zu",
			s->n_policies);
	return true;
}

bool fit_check(const struct scenario_spec *s, struct err *err)
{
	const struct instance_spec *i = s->instances;
	const char *why = NULL;

	if (!one_of_each(s, err))
		return false;
	if (i->synthetic)
		why = "is synthetic";
	else if (i->n_stages > 0)
		why = "is a pipeline";
	else if (i->draft.on)
		why = "decodes with drafts";
	else if (i->offload.cpu_layers > 0 || i->offload.streamed_layers > 0)
		why = "has layers on its host";
	else if (i->role != ROLE_BOTH)
		why = "has one phase only";
	if (why)
		return err_at(err, i->at,
			"instance '%s' %s: a profile is fitted to a model on its device", i->name,
			why);
	if (s->groups[0].sessions.on)
		return err_at(err, s->groups[0].at,
			"users '%s' have sessions: the requests of a log are each for themselves",
			s->groups[0].name);
	return true;
}

/* The logs */

static bool enough(const struct fit_setting *s, struct err *err)
{
	size_t n = 0;

	for (size_t l = 0; l < s->n_logs; l++) {
		if (s->logs[l].n < PARTS)
			return err_at(err, (struct src_pos){s->logs[l].file, 1, 1},
				"a log needs %d answered requests or more, not %zu", (int)PARTS,
				s->logs[l].n);
		n += s->logs[l].n;
	}
	return n >= FIT_LEAST_REQUESTS ||
	       err_at(err, (struct src_pos){s->logs[0].file, 1, 1},
		       "a fit needs %d answered requests or more, not %zu", (int)FIT_LEAST_REQUESTS,
		       n);
}

/* How many wait for their first token when request @i comes, itself among them. */
static size_t waiting_at(const struct served_log *g, size_t i)
{
	size_t n = 0;

	for (size_t k = 0; k < g->n && g->at[k].arrival_ns <= g->at[i].arrival_ns; k++)
		n += g->at[k].first_ns > g->at[i].arrival_ns;
	return n;
}

/* A line that is never short again: times tell of its length, not of the steps. */
static bool below_capacity(const struct served_log *g, struct err *err)
{
	size_t from = g->n - g->n / 4, least = SIZE_MAX, most = g->n / 20 > 8 ? g->n / 20 : 8;

	for (size_t i = from; i < g->n && least > most; i++) {
		size_t n = waiting_at(g, i);

		least = n < least ? n : least;
	}
	return least <= most ||
	       err_at(err, (struct src_pos){g->file, g->at[from].line, 1},
		       "the log is saturated: from here on never fewer than %zu requests wait for "
		       "their first token; log a load that the server keeps up with",
		       least);
}

bool fit_check_logs(const struct fit_setting *s, struct err *err)
{
	if (!enough(s, err))
		return false;
	for (size_t l = 0; l < s->n_logs; l++)
		if (!below_capacity(&s->logs[l], err))
			return false;
	return true;
}

static void observe(struct fit *f, const struct served_log *g, size_t i, size_t log, size_t first)
{
	const struct served_request *q = &g->at[i];
	size_t part = i * PARTS / g->n;
	struct observation o = {.request = first + i,
		.block = log * BLOCKS + i * BLOCKS / g->n,
		.what = FIT_FIRST,
		.held = part == HELD_1 || part == HELD_2,
		.seen_s = 1e-9 * (double)(q->first_ns - q->arrival_ns)};

	f->obs[f->n_obs++] = o;
	o.what = FIT_DECODE;
	o.seen_s = 1e-9 * (double)(q->end_ns - q->first_ns);
	if (q->output_tok > 1 && o.seen_s > 0.0)
		f->obs[f->n_obs++] = o;
}

/* The median of what a token takes, or where answers have but one, of what is first. */
static double token_s(const struct fit *f)
{
	double *each = mem_zalloc(f->n_requests + 1, sizeof *each), median;
	size_t n = 0, at = 0;

	for (size_t l = 0; l < f->s->n_logs; l++)
		for (size_t i = 0; i < f->s->logs[l].n; i++, at++) {
			const struct served_request *q = &f->s->logs[l].at[i];

			if (q->output_tok > 1)
				each[n++] = 1e-9 * (double)(q->end_ns - q->first_ns) /
					    (q->output_tok - 1);
		}
	for (size_t i = 0; n == 0 && i < f->n_obs; i++)
		each[i] = f->obs[i].seen_s;
	median = gsl_stats_median(each, 1, n > 0 ? n : f->n_obs);
	free(each);
	return median;
}

static unsigned power_of_two(double most)
{
	unsigned n = 1;

	while (2.0 * n <= most)
		n *= 2;
	return n;
}

static unsigned replays(const struct fit *f, unsigned least, unsigned most)
{
	double n = (double)most * FEW_REQUESTS / (double)f->n_requests;

	return power_of_two(fmax(fmin(n, most), least));
}

static double *doubles(const struct fit *f, size_t each)
{
	return mem_zalloc(f->n_obs * each, sizeof(double));
}

static void observe_all(struct fit *f)
{
	size_t first = 0;

	for (size_t l = 0; l < f->s->n_logs; l++)
		f->n_requests += f->s->logs[l].n;
	f->obs = mem_zalloc(FIT_SEEN * f->n_requests, sizeof *f->obs);
	f->replays = mem_zalloc(f->s->n_logs, sizeof *f->replays);
	for (size_t l = 0; l < f->s->n_logs; l++) {
		const struct served_log *g = &f->s->logs[l];

		replay_create(&f->replays[l], f->s->spec, g);
		for (size_t i = 0; i < g->n; i++)
			observe(f, g, i, l, first);
		first += g->n;
	}
	for (size_t i = 0; i < f->n_obs; i++)
		f->n_fitted += !f->obs[i].held;
	f->n_blocks = BLOCKS * f->s->n_logs;
}

void fit_begin(struct fit *f, const struct fit_setting *s)
{
	const struct instance_spec *i = s->spec->instances;
	const struct model_spec *m = &s->spec->models[i->model.i];

	*f = (struct fit){.s = s,
		.base = {i->profile, &m->shape, m->precision, i->host_time, i->at},
		.logarithms = true};
	observe_all(f);
	f->made = mem_zalloc(f->n_requests, sizeof *f->made);
	f->foretold_s = doubles(f, 1);
	f->weight = doubles(f, 1);
	f->still = doubles(f, FIT_CONSTANTS);
	f->moved = doubles(f, FIT_CONSTANTS);
	f->slope = doubles(f, FIT_CONSTANTS);
	f->step_s = token_s(f);
	f->n_phases = replays(f, LEAST_PHASES, MOST_PHASES);
	f->n_pairs = replays(f, LEAST_PAIRS, MOST_PAIRS);
	for (size_t k = 0; k < FIT_CONSTANTS; k++) {
		f->unit_s[k] = f->step_s / (k == FIT_SEQUENCE ? SEQUENCES : 1);
		f->fate[k] = s->held >> k & 1u ? FIT_HELD : FIT_FITTED;
	}
}

void fit_end(struct fit *f)
{
	for (size_t l = 0; l < f->s->n_logs; l++)
		replay_destroy(f->replays[l]);
	free(f->replays);
	free(f->obs);
	free(f->made);
	free(f->foretold_s);
	free(f->weight);
	free(f->still);
	free(f->moved);
	free(f->slope);
}
