/*
 * A step of t seconds has at most n(t) sequences in it, so each of them can be charged t / n(t),
 * and still more so the convex line g below that. A request with r rows left to decode and a time
 * of s for them is charged r g(s / r) at least, however the steps share that time (Jensen).
 */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "plan/least_parts.h"

/** Is the corner at @x, @y on or above the line from the last one but one to the last? Then the
 * last is below what follows and stays; else it goes. */
static bool bends(const struct pace *p, double x, double y)
{
	const double *t = &p->step_s[p->n - 2], *g = &p->charge_s[p->n - 2];

	return (g[1] - g[0]) * (x - t[1]) < (y - g[1]) * (t[1] - t[0]);
}

static void add(struct pace *p, double step_s, double charge_s)
{
	if (p->n > 0 && charge_s >= p->charge_s[p->n - 1])
		return; /* it only falls */
	while (p->n > 0 && step_s <= p->step_s[p->n - 1])
		p->n--; /* as short, and cheaper */
	while (p->n > 1 && !bends(p, step_s, charge_s))
		p->n--;
	p->step_s[p->n] = step_s;
	p->charge_s[p->n++] = charge_s;
}

void pace_make(struct pace *p, const double *least_s, size_t n)
{
	double *from = mem_zalloc(n + 1, sizeof *from);

	for (size_t k = n; k > 0; k--) /* as many or more */
		from[k] = k < n ? fmin(least_s[k], from[k + 1]) : least_s[k];
	*p = (struct pace){.step_s = mem_zalloc(n + 1, sizeof *p->step_s),
		.charge_s = mem_zalloc(n + 1, sizeof *p->charge_s)};
	for (size_t k = 1; k <= n; k++)
		add(p, from[k], from[k] / (double)k);
	free(from);
}

void pace_finish(struct pace *p)
{
	free(p->step_s);
	free(p->charge_s);
}

double pace_charge_s(const struct pace *p, double step_s)
{
	size_t k = 0;
	double part;

	if (p->n == 0)
		return 0.0;
	while (k + 1 < p->n && p->step_s[k + 1] <= step_s)
		k++;
	if (k + 1 == p->n || step_s <= p->step_s[k])
		return p->charge_s[k];
	part = (step_s - p->step_s[k]) / (p->step_s[k + 1] - p->step_s[k]);
	return p->charge_s[k] + part * (p->charge_s[k + 1] - p->charge_s[k]);
}
