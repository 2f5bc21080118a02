#include "models/fair.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* A flow of a path: ends when the path has attained @finish_bytes a flow. */
struct flow {
	double finish_bytes;
	double after_bytes; /* htb: charged once it has left */
	uint64_t seq;       /* equal finishes leave in order of entry */
	uint32_t id;
};

struct path {
	uint32_t pipe[FAIR_MAX_PIPES];
	size_t n_pipes;
	struct flow *heap;
	size_t n, cap;
	double attained_bytes;
	double gift_s, gift_bytes; /* what buckets gave to those who came at that instant */
	double flow_bytes_per_s;   /* of each flow */
	bool fixed;                /* by the filling under way */
	size_t place;              /* among the paths in use */
};

struct pipe {
	uint32_t link;
	double bytes_per_s, ceil_bytes_per_s; /* equal but for classes */
	double quantum_bytes;
	unsigned prio;
	double burst_bytes, cburst_bytes;
	double tokens_bytes, ctokens_bytes; /* as of at_s */
	double at_s;
	double used_bytes_per_s; /* by all flows, since at_s */
	size_t n_flows;
	/* scratch of the filling */
	double capacity_bytes_per_s, left_bytes_per_s;
	size_t n_open; /* flows not fixed yet */
	bool met;
};

struct fair_link {
	uint32_t first, n;
	bool htb;
	/* htb: the parent class, rate = ceil */
	double bytes_per_s, burst_bytes, tokens_bytes, at_s, used_bytes_per_s;
};

struct fair {
	struct fair_link *links;
	size_t n_links, links_cap;
	struct pipe *pipes;
	size_t n_pipes, pipes_cap;
	struct path *paths;
	size_t n_paths, paths_cap;
	uint32_t *in_use; /* paths with flows */
	size_t n_in_use, in_use_cap;
	uint32_t *met; /* pipes of paths in use, scratch */
	size_t met_cap;
	size_t n_flows;
	uint64_t seq;
	double at_s, next_s;
	bool next_ends; /* next_s is the end of flow next_id */
	uint32_t next_id;
};

static const double DEBT_BYTES = 1e-6; /* less is rounding */
static const double NS = 1e-9;         /* the caller's clock ticks so: less than that is now */

struct fair *fair_create(void)
{
	struct fair *f = mem_zalloc(1, sizeof *f);

	f->next_s = HUGE_VAL;
	return f;
}

void fair_destroy(struct fair *f)
{
	if (!f)
		return;
	for (size_t p = 0; p < f->n_paths; p++)
		free(f->paths[p].heap);
	free(f->links);
	free(f->pipes);
	free(f->paths);
	free(f->in_use);
	free(f->met);
	free(f);
}

/* Building */

static void pipe_add(struct fair *f, const struct pipe *p)
{
	f->pipes = mem_grow(f->pipes, f->n_pipes, &f->pipes_cap, sizeof *f->pipes);
	f->pipes[f->n_pipes++] = *p;
	f->met = mem_grow(f->met, f->n_pipes, &f->met_cap, sizeof *f->met);
}

static void class_add(struct fair *f, uint32_t link, const struct htb_class *c)
{
	double quantum = c->quantum_bytes;

	if (!(quantum > 0.0)) /* r2q = 10 */
		quantum = fmin(fmax(c->bytes_per_s / 10.0, 1000.0), 200000.0);
	pipe_add(f, &(struct pipe){
			    .link = link,
			    .bytes_per_s = c->bytes_per_s,
			    .ceil_bytes_per_s = c->ceil_bytes_per_s,
			    .quantum_bytes = quantum,
			    .prio = c->prio,
			    .burst_bytes = c->burst_bytes,
			    .cburst_bytes = c->cburst_bytes,
			    .tokens_bytes = c->burst_bytes,
			    .ctokens_bytes = c->cburst_bytes,
		    });
}

uint32_t fair_add_link(
	struct fair *f, const struct qdisc *q, const struct htb_class *classes, size_t n_classes)
{
	double rate = qdisc_rate_bytes_per_s(q), burst = qdisc_burst_bytes(q);
	uint32_t link = (uint32_t)f->n_links;

	f->links = mem_grow(f->links, f->n_links, &f->links_cap, sizeof *f->links);
	f->links[f->n_links++] = (struct fair_link){
		.first = (uint32_t)f->n_pipes,
		.n = n_classes > 0 ? (uint32_t)n_classes : 1,
		.htb = q->kind == QDISC_HTB,
		.bytes_per_s = rate,
		.burst_bytes = burst,
		.tokens_bytes = burst,
	};
	for (size_t c = 0; c < n_classes; c++)
		class_add(f, link, &classes[c]);
	if (n_classes == 0)
		class_add(f, link,
			&(struct htb_class){.bytes_per_s = rate,
				.ceil_bytes_per_s = rate,
				.burst_bytes = burst,
				.cburst_bytes = burst,
				.quantum_bytes = 1.0});
	return link;
}

uint32_t fair_n_pipes(const struct fair *f)
{
	return (uint32_t)f->n_pipes;
}

uint32_t fair_add_path(struct fair *f, const uint32_t *pipes, size_t n)
{
	struct path p = {.n_pipes = n};

	assert(n > 0 && n <= FAIR_MAX_PIPES);
	memcpy(p.pipe, pipes, n * sizeof *pipes);
	for (size_t i = 0; i < f->n_paths; i++)
		if (f->paths[i].n_pipes == n &&
			memcmp(f->paths[i].pipe, pipes, n * sizeof *pipes) == 0)
			return (uint32_t)i;
	f->paths = mem_grow(f->paths, f->n_paths, &f->paths_cap, sizeof *f->paths);
	f->paths[f->n_paths++] = p;
	f->in_use = mem_grow(f->in_use, f->n_paths, &f->in_use_cap, sizeof *f->in_use);
	return (uint32_t)f->n_paths - 1;
}

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

static struct flow heap_pop(struct path *p)
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

static double lesser(double a, double b)
{
	return a < b ? a : b;
}

static double greater(double a, double b)
{
	return a > b ? a : b;
}

static double filled(double tokens, double burst, double gain_bytes)
{
	return lesser(burst, tokens + greater(0.0, gain_bytes));
}

/** Up to now the pipe was used as it was. */
static void pipe_settle(struct pipe *p, double now_s)
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

static void link_settle(struct fair_link *l, double now_s)
{
	double dt_s = now_s - l->at_s;

	if (l->htb && dt_s > 0.0 && l->bytes_per_s < HUGE_VAL)
		l->tokens_bytes = lesser(l->burst_bytes,
			l->tokens_bytes + (l->bytes_per_s - l->used_bytes_per_s) * dt_s);
	l->at_s = now_s;
}

static double pipe_tokens(const struct pipe *p)
{
	return lesser(p->tokens_bytes, p->ctokens_bytes);
}

static void pipe_charge(struct fair *f, struct pipe *p, double bytes)
{
	struct fair_link *l = &f->links[p->link];

	p->tokens_bytes -= bytes;
	p->ctokens_bytes -= bytes;
	if (l->htb)
		l->tokens_bytes -= bytes;
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
				next_is(f, f->at_s - l->tokens_bytes / gain, NULL);
		}
	}
}

/** One path over one pipe without classes: its flows share all of it. */
static bool is_simple(const struct fair *f)
{
	const struct path *p = &f->paths[f->in_use[0]];

	return f->n_in_use == 1 && p->n_pipes == 1 && !f->links[f->pipes[p->pipe[0]].link].htb;
}

static void share_equally(struct fair *f)
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

/** Forget who used what up to now: every pipe in use is settled and its use is 0. */
static void use_end(struct fair *f)
{
	if (f->n_in_use == 0)
		return;
	if (is_simple(f)) {
		struct pipe *p = &f->pipes[f->paths[f->in_use[0]].pipe[0]];

		pipe_settle(p, f->at_s);
		p->used_bytes_per_s = 0.0;
		return;
	}
	for (size_t k = 0; k < f->n_in_use; k++) {
		const struct path *path = &f->paths[f->in_use[k]];

		for (size_t h = 0; h < path->n_pipes; h++) {
			struct pipe *p = &f->pipes[path->pipe[h]];

			pipe_settle(p, f->at_s);
			link_settle(&f->links[p->link], f->at_s);
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

/** After use_end(): new rates for those who are there now. */
static void use_begin(struct fair *f)
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

static void advance(struct fair *f, double now_s)
{
	double dt_s = now_s - f->at_s;

	for (size_t k = 0; k < f->n_in_use && dt_s > 0.0; k++) {
		struct path *p = &f->paths[f->in_use[k]];

		p->attained_bytes += p->flow_bytes_per_s * dt_s;
	}
	if (dt_s > 0.0)
		f->at_s = now_s;
}

/* Flows */

static void path_use(struct fair *f, uint32_t path, int by)
{
	struct path *p = &f->paths[path];

	for (size_t h = 0; h < p->n_pipes; h++)
		f->pipes[p->pipe[h]].n_flows += (size_t)(ptrdiff_t)by;
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
	use_end(f);
	for (size_t h = 0; h < p->n_pipes; h++) {
		pipe_settle(&f->pipes[p->pipe[h]], f->at_s);
		link_settle(&f->links[f->pipes[p->pipe[h]].link], f->at_s);
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
	if (f->n_in_use > 0)
		use_begin(f);
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

static struct path *path_ended(struct fair *f)
{
	double slack_s = NS + 4e-16 * f->at_s; /* what the clock cannot tell apart */

	for (size_t k = 0; k < f->n_in_use; k++) {
		struct path *p = &f->paths[f->in_use[k]];

		if (p->heap[0].finish_bytes - p->attained_bytes <=
			p->flow_bytes_per_s * slack_s + 1e-9 + 1e-15 * p->attained_bytes)
			return p;
	}
	return NULL;
}

bool fair_leave(struct fair *f, double now_s, uint32_t *id)
{
	struct path *p;
	struct flow flow;

	advance(f, now_s);
	p = path_ended(f);
	if (!p) {
		if (f->next_s <= f->at_s) { /* a debt is paid */
			use_end(f);
			if (f->n_in_use > 0)
				use_begin(f);
		}
		return false;
	}
	use_end(f);
	flow = heap_pop(p);
	*id = flow.id;
	if (p->n > 0)
		p->attained_bytes -= flow.after_bytes / (double)p->n;
	else
		for (size_t h = 0; h < p->n_pipes; h++)
			f->pipes[p->pipe[h]].tokens_bytes -= flow.after_bytes;
	path_use(f, (uint32_t)(p - f->paths), -1);
	f->next_s = HUGE_VAL;
	if (f->n_in_use > 0)
		use_begin(f);
	return true;
}

void fair_set_rate(struct fair *f, double now_s, uint32_t link, double bytes_per_s)
{
	struct fair_link *l = &f->links[link];

	advance(f, now_s);
	use_end(f);
	link_settle(l, f->at_s);
	for (uint32_t i = l->first; i < l->first + l->n; i++) {
		struct pipe *p = &f->pipes[i];

		pipe_settle(p, f->at_s);
		if (l->n == 1)
			p->bytes_per_s = p->ceil_bytes_per_s = bytes_per_s;
	}
	l->bytes_per_s = bytes_per_s;
	f->next_s = HUGE_VAL;
	if (f->n_in_use > 0)
		use_begin(f);
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

double fair_tokens_bytes(const struct fair *f, uint32_t path, double now_s)
{
	const struct path *p = &f->paths[path];
	double least = HUGE_VAL;

	for (size_t h = 0; h < p->n_pipes; h++) {
		struct pipe pipe = f->pipes[p->pipe[h]];

		pipe_settle(&pipe, greater(now_s, pipe.at_s));
		least = lesser(least, pipe_tokens(&pipe));
	}
	return least;
}
