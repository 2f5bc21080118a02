/* Flows that enter and leave a set of shared links. */

#include <assert.h>
#include <math.h>

#include "base/mem.h"
#include "models/net/fair_parts.h"

/* The heap of a path */

static bool flow_before(const struct flow *a, const struct flow *b)
{
	return a->finish_bytes < b->finish_bytes ||
	       (!(a->finish_bytes > b->finish_bytes) && a->seq < b->seq);
}

static void heap_push(struct path *p, const struct flow *flow)
{
	size_t at = p->n;

	p->heap = mem_grow(p->heap, p->n, &p->cap, sizeof *p->heap);
	p->n++;
	for (; at > 0 && flow_before(flow, &p->heap[(at - 1) / 2]); at = (at - 1) / 2)
		p->heap[at] = p->heap[(at - 1) / 2];
	p->heap[at] = *flow;
}

static inline struct flow heap_pop(struct path *p)
{
	struct flow top = p->heap[0], last = p->heap[--p->n];
	size_t at = 0;

	for (size_t c; (c = 2 * at + 1) < p->n; at = c) {
		if (c + 1 < p->n && flow_before(&p->heap[c + 1], &p->heap[c]))
			c++;
		if (!flow_before(&p->heap[c], &last))
			break;
		p->heap[at] = p->heap[c];
	}
	p->heap[at] = last;
	return top;
}

/* Buckets */

static double pipe_tokens(const struct pipe *p)
{
	return lesser(p->tokens_bytes, p->ctokens_bytes);
}

static inline void pipe_charge(struct fair *f, struct pipe *p, double bytes)
{
	struct fair_link *l = &f->links[p->link];

	p->tokens_bytes -= bytes;
	p->ctokens_bytes -= bytes;
	if (l->htb)
		l->tokens_bytes -= bytes;
}

static inline void advance(struct fair *f, double now_s)
{
	double dt_s = now_s - f->at_s;

	for (size_t k = 0; k < f->n_in_use && dt_s > 0.0; k++) {
		struct path *p = &f->paths[f->in_use[k]];

		p->attained_bytes += p->flow_bytes_per_s * dt_s;
	}
	if (dt_s > 0.0)
		f->at_s = now_s;
}

/* Busy: while flows are there, and then until the bucket is full again. */

/** Something changed at @l, whose buckets are settled: count up to now and look ahead. */
static inline void link_busy(struct fair *f, struct fair_link *l)
{
	const struct pipe *p = &f->pipes[l->first];
	double until_s = lesser(l->until_s, f->at_s);
	double owed = l->htb ? l->burst_bytes - l->tokens_bytes : p->burst_bytes - p->tokens_bytes;

	if (until_s > l->since_s)
		l->busy_s += until_s - l->since_s;
	l->since_s = l->until_s = f->at_s;
	if (!(l->bytes_per_s > 0.0))
		return;
	if (l->n_flows > 0)
		l->until_s = HUGE_VAL;
	else if (owed > 0.0)
		l->until_s = f->at_s + owed / l->bytes_per_s;
}

static inline void path_busy(struct fair *f, const struct path *p)
{
	for (size_t h = 0; h < p->n_pipes; h++)
		link_busy(f, &f->links[f->pipes[p->pipe[h]].link]);
}

double fair_busy_s(const struct fair *f, uint32_t link, double now_s)
{
	const struct fair_link *l = &f->links[link];
	double until_s = lesser(l->until_s, now_s);

	return l->busy_s + greater(0.0, until_s - l->since_s);
}

/* Flows */

static inline void path_use(struct fair *f, uint32_t path, int by)
{
	struct path *p = &f->paths[path];

	for (size_t h = 0; h < p->n_pipes; h++) {
		struct pipe *pipe = &f->pipes[p->pipe[h]];

		pipe->n_flows += (size_t)(ptrdiff_t)by;
		f->links[pipe->link].n_flows += (size_t)(ptrdiff_t)by;
	}
	f->n_flows += (size_t)(ptrdiff_t)by;
	if (by > 0 && p->n == 1) {
		p->place = f->n_in_use;
		f->in_use[f->n_in_use++] = path;
	} else if (by < 0 && p->n == 0) {
		uint32_t last = f->in_use[--f->n_in_use];

		f->in_use[p->place] = last;
		f->paths[last].place = p->place;
		p->attained_bytes = 0.0;
		p->flow_bytes_per_s = 0.0;
	}
}

static double path_tokens(const struct fair *f, const struct path *p)
{
	double least = HUGE_VAL;

	for (size_t h = 0; h < p->n_pipes; h++)
		least = lesser(least, pipe_tokens(&f->pipes[p->pipe[h]]));
	return least;
}

static bool path_charges_after(const struct fair *f, const struct path *p)
{
	return f->links[f->pipes[p->pipe[0]].link].htb;
}

/** The buckets give what they can, or take what they are owed. */
static void path_spend(struct fair *f, struct path *p, double bytes)
{
	for (size_t h = 0; h < p->n_pipes; h++) {
		struct pipe *pipe = &f->pipes[p->pipe[h]];

		if (bytes >= 0.0)
			pipe_charge(f, pipe, bytes);
		else
			pipe->tokens_bytes = greater(0.0, pipe->tokens_bytes);
	}
}

/** Flows that come at one instant share what the buckets let pass: those who came
 *  before hand back so much that all have the same. Returns what the next one gets, at most
 *  @most_bytes. */
static double gift_split(struct path *p, double now_s, double most_bytes)
{
	double take;

	if (p->n == 0 || p->gift_s < now_s || !(most_bytes > 0.0))
		return 0.0;
	take = lesser(p->gift_bytes / (double)(p->n + 1), most_bytes);
	p->attained_bytes -= take / (double)p->n;
	if (take >= most_bytes)
		p->gift_bytes -= take; /* it leaves with it */
	return take;
}

bool fair_enter(struct fair *f, double now_s, uint32_t path, uint32_t id, const struct train *t)
{
	struct path *p = &f->paths[path];
	double after = path_charges_after(f, p) ? t->last_bytes : 0.0;
	double tokens, volume;

	advance(f, now_s);
	fair_use_end(f);
	for (size_t h = 0; h < p->n_pipes; h++) {
		fair_settle_pipe(&f->pipes[p->pipe[h]], f->at_s);
		fair_settle_link(&f->links[f->pipes[p->pipe[h]].link], f->at_s);
	}
	tokens = path_tokens(f, p);
	volume = t->wire_bytes - after - tokens;
	path_spend(f, p, volume > 0.0 ? tokens : t->wire_bytes);
	volume -= gift_split(p, f->at_s, volume);
	if (volume > 0.0) {
		if (p->n == 0) {
			p->gift_s = f->at_s;
			p->gift_bytes = greater(0.0, tokens);
		}
		heap_push(p, &(struct flow){.finish_bytes = p->attained_bytes + volume,
				     .after_bytes = after,
				     .seq = f->seq++,
				     .id = id});
		path_use(f, path, 1);
	}
	path_busy(f, p);
	if (f->n_in_use > 0)
		fair_use_begin(f);
	return !(volume > 0.0);
}

double fair_next_s(const struct fair *f)
{
	return f->next_s;
}

bool fair_first(const struct fair *f, uint32_t *id)
{
	*id = f->next_id;
	return f->next_s < HUGE_VAL && f->next_ends;
}

bool fair_only(const struct fair *f, uint32_t *id)
{
	if (f->n_flows != 1)
		return false;
	*id = f->paths[f->in_use[0]].heap[0].id;
	return true;
}

static inline struct path *path_ended(struct fair *f)
{
	for (size_t k = 0; k < f->n_in_use; k++) {
		struct path *p = &f->paths[f->in_use[k]];

		if (p->heap[0].finish_bytes - p->attained_bytes <=
			p->flow_bytes_per_s * slack_s(f) + 1e-9 + 1e-15 * p->attained_bytes)
			return p;
	}
	return NULL;
}

/** The last flow of @p has left with more than its buckets held: the next ones wait for that. */
static void path_owe(struct fair *f, const struct path *p, double bytes)
{
	for (size_t h = 0; h < p->n_pipes && bytes > 0.0; h++)
		f->pipes[p->pipe[h]].tokens_bytes -= bytes;
}

static inline void flow_gone(struct fair *f, struct path *p)
{
	path_use(f, (uint32_t)(p - f->paths), -1);
	path_busy(f, p);
	f->next_s = HUGE_VAL;
	if (f->n_in_use > 0)
		fair_use_begin(f);
}

bool fair_leave(struct fair *f, double now_s, uint32_t *id)
{
	struct path *p;
	struct flow flow;

	advance(f, now_s);
	p = path_ended(f);
	if (!p) {
		if (f->next_s <= f->at_s) { /* a debt is paid */
			fair_use_end(f);
			if (f->n_in_use > 0)
				fair_use_begin(f);
		}
		return false;
	}
	fair_use_end(f);
	flow = heap_pop(p);
	*id = flow.id;
	if (p->n > 0)
		p->attained_bytes -= flow.after_bytes / (double)p->n;
	else
		path_owe(f, p, flow.after_bytes);
	flow_gone(f, p);
	return true;
}

void fair_drop(struct fair *f, double now_s)
{
	struct path *p = &f->paths[f->in_use[0]];
	struct flow flow;

	assert(f->n_flows == 1);
	advance(f, now_s);
	fair_use_end(f);
	flow = heap_pop(p);
	path_owe(f, p, flow.finish_bytes - p->attained_bytes + flow.after_bytes);
	flow_gone(f, p);
}

void fair_set_rate(struct fair *f, double now_s, uint32_t link, double bytes_per_s)
{
	struct fair_link *l = &f->links[link];

	advance(f, now_s);
	fair_use_end(f);
	fair_settle_link(l, f->at_s);
	for (uint32_t i = l->first; i < l->first + l->n; i++) {
		struct pipe *p = &f->pipes[i];

		fair_settle_pipe(p, f->at_s);
		if (!l->classes)
			p->bytes_per_s = p->ceil_bytes_per_s = bytes_per_s;
	}
	l->bytes_per_s = bytes_per_s;
	link_busy(f, l);
	f->next_s = HUGE_VAL;
	if (f->n_in_use > 0)
		fair_use_begin(f);
}

size_t fair_n_flows(const struct fair *f)
{
	return f->n_flows;
}

size_t fair_n_path_flows(const struct fair *f, uint32_t path)
{
	return f->paths[path].n;
}

double fair_share_bytes_per_s(const struct fair *f, uint32_t path)
{
	const struct path *p = &f->paths[path];
	double least = HUGE_VAL;

	for (size_t h = 0; h < p->n_pipes; h++) {
		const struct pipe *pipe = &f->pipes[p->pipe[h]];

		least = lesser(least, pipe->ceil_bytes_per_s / (double)(pipe->n_flows + 1));
	}
	return least;
}

double fair_tokens_bytes(struct fair *f, uint32_t path, double now_s)
{
	const struct path *p = &f->paths[path];

	for (size_t h = 0; h < p->n_pipes; h++)
		if (f->pipes[p->pipe[h]].at_s < now_s)
			fair_settle_pipe(&f->pipes[p->pipe[h]], now_s);
	return path_tokens(f, p);
}

struct fair_lone fair_lone(struct fair *f, uint32_t pipe, double now_s)
{
	struct pipe *p = &f->pipes[pipe];

	if (p->at_s < now_s)
		fair_settle_pipe(p, now_s);
	return (struct fair_lone){
		.bytes_per_s = lesser(p->ceil_bytes_per_s, f->links[p->link].bytes_per_s),
		.burst_bytes = lesser(p->burst_bytes, p->cburst_bytes),
		.tokens_bytes = pipe_tokens(p),
	};
}

double fair_lone_s(struct fair *f, uint32_t path, double now_s, const struct train *t)
{
	const struct path *p = &f->paths[path];
	double owed = t->wire_bytes - (path_charges_after(f, p) ? t->last_bytes : 0.0);
	double rate = HUGE_VAL, tokens = HUGE_VAL;

	for (size_t h = 0; h < p->n_pipes; h++) {
		struct fair_lone x = fair_lone(f, p->pipe[h], now_s);

		rate = lesser(rate, x.bytes_per_s);
		tokens = lesser(tokens, x.tokens_bytes);
	}
	return owed > tokens && rate > 0.0 ? (owed - tokens) / rate : 0.0;
}

bool fair_under_way(
	const struct fair *f, uint32_t path, size_t k, double now_s, struct fair_progress *out)
{
	const struct path *p = &f->paths[path];

	if (k >= p->n)
		return false;
	out->id = p->heap[k].id;
	out->left_bytes = p->heap[k].finish_bytes + p->heap[k].after_bytes - p->attained_bytes -
			  p->flow_bytes_per_s * greater(0.0, now_s - f->at_s);
	return true;
}

size_t fair_n_paths(const struct fair *f)
{
	return f->n_paths;
}
