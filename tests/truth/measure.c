#include "tests/truth/measure.h"

#include <assert.h>
#include <stdlib.h>

#include "tests/truth/flow.h"

/* Open windows: what the cell sends, unshaped and twice. */
static bool warm(const struct flows *f, struct rig *r, const struct cell *c, struct err *err)
{
	struct sample ignored;

	return rig_unshape(r, err) && flows_run(f, c, 20.0, &ignored, err) &&
	       flows_run(f, c, 20.0, &ignored, err);
}

bool measure(struct measured *m, struct rig *r, const struct cell *c, size_t reps, double about_s,
	struct err *err)
{
	const bool stays = c->connection == CONNECTION_WARM;
	struct flows f;
	bool open = false, ok = rig_segment(r, c->gso, err);

	assert(m->n + reps <= MEASURE_REPS_MAX);
	while (ok && reps-- > 0) {
		if (!open)
			ok = open = flows_open(&f, r, c, err) && (!stays || warm(&f, r, c, err));
		ok = ok && rig_shape(r, c, err) &&
		     flows_run(&f, c, 4.0 * about_s + 2.0, &m->rep[m->n], err);
		m->n += ok;
		if (open && (!stays || reps == 0 || !ok)) {
			flows_close(&f);
			open = false;
		}
	}
	return ok;
}

static int by_size(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double measured_quantile_s(const struct measured *m, size_t n_flows, size_t i, double q)
{
	double v[MEASURE_REPS_MAX], at = q * (double)(m->n - 1);
	size_t k = (size_t)at;

	for (size_t n = 0; n < m->n; n++)
		v[n] = i < n_flows ? m->rep[n].end_s[i] : m->rep[n].makespan_s;
	qsort(v, m->n, sizeof(v[0]), by_size);
	return k + 1 < m->n ? v[k] + (at - (double)k) * (v[k + 1] - v[k]) : v[k];
}
