/* Who gets what of shared links: equal shares, max-min over several, classes of htb. */

#include <math.h>

#include "models/net/fair_parts.h"

static const double DEBT_BYTES = 1e-6; /* less is rounding */

/* Buckets */

static double filled(double tokens, double burst, double gain_bytes)
{
	return lesser(burst, tokens + greater(0.0, gain_bytes));
}

void fair_settle_pipe(struct pipe *p, double now_s)
{
	double dt_s = now_s - p->at_s;
	double green = lesser(p->used_bytes_per_s, p->bytes_per_s);

	if (dt_s > 0.0 && p->bytes_per_s < HUGE_VAL) {
		p->tokens_bytes =
			filled(p->tokens_bytes, p->burst_bytes, (p->bytes_per_s - green) * dt_s);
		p->ctokens_bytes = filled(p->ctokens_bytes, p->cburst_bytes,
			(p->ceil_bytes_per_s - p->used_bytes_per_s) * dt_s);
	}
	p->at_s = now_s;
}

void fair_settle_link(struct fair_link *l, double now_s)
{
	double dt_s = now_s - l->at_s;

	if (l->htb && dt_s > 0.0 && l->bytes_per_s < HUGE_VAL)
		l->tokens_bytes = lesser(l->burst_bytes,
			l->tokens_bytes + (l->bytes_per_s - l->used_bytes_per_s) * dt_s);
	l->at_s = now_s;
}

/* Rates */

static bool borrows(const struct pipe *p, unsigned prio)
{
	return p->n_flows > 0 && p->prio == prio && p->capacity_bytes_per_s < p->ceil_bytes_per_s;
}

/** Hand @spare out among the classes of one priority, by quantum, none above its ceil;
 *  returns what nobody takes. */
static double lend(struct fair *f, const struct fair_link *l, unsigned prio, double spare)
{
	for (;;) {
		double quanta = 0.0, taken = 0.0;

		for (uint32_t i = l->first; i < l->first + l->n; i++)
			if (borrows(&f->pipes[i], prio))
				quanta += f->pipes[i].quantum_bytes;
		if (!(quanta > 0.0) || !(spare > 0.0))
			return spare;
		for (uint32_t i = l->first; i < l->first + l->n; i++) {
			struct pipe *p = &f->pipes[i];
			double room = p->ceil_bytes_per_s - p->capacity_bytes_per_s;

			if (!borrows(p, prio) || room > spare * p->quantum_bytes / quanta)
				continue;
			p->capacity_bytes_per_s = p->ceil_bytes_per_s;
			taken += room;
		}
		if (taken > 0.0) { /* some are full: the others share what these leave */
			spare -= taken;
			continue;
		}
		for (uint32_t i = l->first; i < l->first + l->n; i++)
			if (borrows(&f->pipes[i], prio))
				f->pipes[i].capacity_bytes_per_s +=
					spare * f->pipes[i].quantum_bytes / quanta;
		return 0.0;
	}
}

/** What each class may use: its rate, and while the parent is not in debt what is left. */
static void classes_fill(struct fair *f, const struct fair_link *l)
{
	double spare = l->bytes_per_s;
	unsigned prio = 0, next;

	for (uint32_t i = l->first; i < l->first + l->n; i++) {
		struct pipe *p = &f->pipes[i];

		p->capacity_bytes_per_s = lesser(p->bytes_per_s, l->bytes_per_s);
		if (p->n_flows > 0)
			spare -= p->capacity_bytes_per_s;
	}
	if (l->tokens_bytes < -DEBT_BYTES)
		return;
	for (; spare > 0.0 && prio != UINT32_MAX; prio = next) {
		spare = lend(f, l, prio, spare);
		next = UINT32_MAX;
		for (uint32_t i = l->first; i < l->first + l->n; i++)
			if (f->pipes[i].prio > prio && f->pipes[i].prio < next)
				next = f->pipes[i].prio;
	}
}

static size_t pipes_meet(struct fair *f)
{
	size_t n = 0;

	for (size_t k = 0; k < f->n_in_use; k++) {
		struct path *path = &f->paths[f->in_use[k]];

		path->fixed = false;
		for (size_t h = 0; h < path->n_pipes; h++) {
			struct pipe *p = &f->pipes[path->pipe[h]];

			if (!p->met)
				f->met[n++] = path->pipe[h];
			p->met = true;
		}
	}
	return n;
}

static void pipes_open(struct fair *f, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		struct pipe *p = &f->pipes[f->met[k]];
		const struct fair_link *l = &f->links[p->link];

		if (l->htb)
			classes_fill(f, l);
		else
			p->capacity_bytes_per_s = l->bytes_per_s;
	}
	for (size_t k = 0; k < n; k++) {
		struct pipe *p = &f->pipes[f->met[k]];

		p->left_bytes_per_s = p->capacity_bytes_per_s;
		p->n_open = p->n_flows;
		p->met = false;
	}
}

static double pipe_level(const struct pipe *p)
{
	return greater(0.0, p->left_bytes_per_s) / (double)p->n_open;
}

/** Fix the flows of every path through the pipe that leaves them least. */
static void fill(struct fair *f, size_t n_met)
{
	for (size_t left = f->n_in_use; left > 0;) {
		uint32_t narrow = f->met[0];
		double level;

		for (size_t k = 0; k < n_met; k++) {
			const struct pipe *p = &f->pipes[f->met[k]];

			if (p->n_open > 0 && (f->pipes[narrow].n_open == 0 ||
						     pipe_level(p) < pipe_level(&f->pipes[narrow])))
				narrow = f->met[k];
		}
		level = pipe_level(&f->pipes[narrow]);
		for (size_t k = 0; k < f->n_in_use; k++) {
			struct path *path = &f->paths[f->in_use[k]];
			bool through = false;

			for (size_t h = 0; h < path->n_pipes; h++)
				through = through || path->pipe[h] == narrow;
			if (path->fixed || !through)
				continue;
			path->fixed = true;
			path->flow_bytes_per_s = level;
			left--;
			for (size_t h = 0; h < path->n_pipes; h++) {
				struct pipe *p = &f->pipes[path->pipe[h]];

				p->n_open -= path->n;
				p->left_bytes_per_s -= level * (double)path->n;
			}
		}
	}
}

static void used_add(struct fair *f, const struct path *path, double sign)
{
	double bytes_per_s = sign * path->flow_bytes_per_s * (double)path->n;

	for (size_t h = 0; h < path->n_pipes; h++) {
		struct pipe *p = &f->pipes[path->pipe[h]];

		p->used_bytes_per_s += bytes_per_s;
		f->links[p->link].used_bytes_per_s += bytes_per_s;
	}
}

static void next_is(struct fair *f, double at_s, const struct flow *ends)
{
	if (!(at_s < f->next_s))
		return;
	f->next_s = at_s;
	f->next_ends = ends != NULL;
	f->next_id = ends ? ends->id : 0;
}

static void next_find(struct fair *f)
{
	f->next_s = HUGE_VAL;
	for (size_t k = 0; k < f->n_in_use; k++) {
		const struct path *p = &f->paths[f->in_use[k]];
		double bytes = p->heap[0].finish_bytes - p->attained_bytes;

		if (bytes <= 0.0)
			next_is(f, f->at_s, &p->heap[0]);
		else if (p->flow_bytes_per_s > 0.0)
			next_is(f, f->at_s + bytes / p->flow_bytes_per_s, &p->heap[0]);
		for (size_t h = 0; h < p->n_pipes; h++) {
			const struct fair_link *l = &f->links[f->pipes[p->pipe[h]].link];
			double gain = l->bytes_per_s - l->used_bytes_per_s;

			if (l->htb && l->tokens_bytes < -DEBT_BYTES && gain > 0.0)
				next_is(f, f->at_s + greater(-l->tokens_bytes / gain, slack_s(f)),
					NULL);
		}
	}
}

/** One path over one pipe without classes: its flows share all of it. */
static inline bool is_simple(const struct fair *f)
{
	const struct path *p = &f->paths[f->in_use[0]];

	return f->n_in_use == 1 && p->n_pipes == 1 && !f->links[f->pipes[p->pipe[0]].link].htb;
}

static inline void share_equally(struct fair *f)
{
	struct path *p = &f->paths[f->in_use[0]];
	struct pipe *pipe = &f->pipes[p->pipe[0]];
	double bytes = p->heap[0].finish_bytes - p->attained_bytes;

	pipe->used_bytes_per_s = pipe->bytes_per_s;
	p->flow_bytes_per_s = pipe->bytes_per_s / (double)p->n;
	f->next_s = HUGE_VAL;
	if (bytes <= 0.0)
		next_is(f, f->at_s, &p->heap[0]);
	else if (p->flow_bytes_per_s > 0.0)
		next_is(f, f->at_s + bytes / p->flow_bytes_per_s, &p->heap[0]);
}

void fair_use_end(struct fair *f)
{
	if (f->n_in_use == 0)
		return;
	if (is_simple(f)) {
		struct pipe *p = &f->pipes[f->paths[f->in_use[0]].pipe[0]];

		fair_settle_pipe(p, f->at_s);
		p->used_bytes_per_s = 0.0;
		return;
	}
	for (size_t k = 0; k < f->n_in_use; k++) {
		const struct path *path = &f->paths[f->in_use[k]];

		for (size_t h = 0; h < path->n_pipes; h++) {
			struct pipe *p = &f->pipes[path->pipe[h]];

			fair_settle_pipe(p, f->at_s);
			fair_settle_link(&f->links[p->link], f->at_s);
		}
	}
	for (size_t k = 0; k < f->n_in_use; k++) {
		const struct path *path = &f->paths[f->in_use[k]];

		for (size_t h = 0; h < path->n_pipes; h++) {
			struct pipe *p = &f->pipes[path->pipe[h]];

			p->used_bytes_per_s = f->links[p->link].used_bytes_per_s = 0.0;
		}
	}
}

void fair_use_begin(struct fair *f)
{
	size_t n_met;

	if (is_simple(f)) {
		share_equally(f);
		return;
	}
	n_met = pipes_meet(f);
	pipes_open(f, n_met);
	fill(f, n_met);
	for (size_t k = 0; k < f->n_in_use; k++)
		used_add(f, &f->paths[f->in_use[k]], 1.0);
	next_find(f);
}
