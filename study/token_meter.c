#include "study/token_meter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sim/stat.h"

struct probe_state {
	size_t n;
	struct stat_mean *at; /* by instance */
};

struct token_meter {
	struct probe probe;
	struct probe_state state;
};

static void ended(struct probe_state *p, enum moment m, int64_t at_ns, const struct request_row *r)
{
	(void)m;
	(void)at_ns;
	if (r->fate != FATE_DONE || !r->measured || r->output_tok < 2 || r->instance >= p->n)
		return;
	stat_mean_add(&p->at[r->instance],
		(double)(r->finished_ns - r->first_token_ns) * 1e-9 / (r->output_tok - 1));
}

static const struct probe_ops ops = {
	.name = "token meter", .moments = 1u << MOMENT_ENDED, .request = ended};

struct token_meter *token_meter_create(size_t n_instances)
{
	struct token_meter *m = mem_zalloc(1, sizeof *m);

	m->state.n = n_instances;
	m->state.at = mem_zalloc(n_instances, sizeof *m->state.at);
	m->probe = (struct probe){&ops, &m->state};
	return m;
}

void token_meter_destroy(struct token_meter *m)
{
	if (!m)
		return;
	free(m->state.at);
	free(m);
}

const struct probe *token_meter_begin(struct token_meter *m)
{
	for (size_t i = 0; i < m->state.n; i++)
		m->state.at[i] = (struct stat_mean){0};
	return &m->probe;
}

struct token_reading token_meter_read(const struct token_meter *m, uint32_t instance)
{
	const struct stat_mean *s = &m->state.at[instance];

	return (struct token_reading){s->n, s->n > 0 ? s->mean : (double)NAN};
}
