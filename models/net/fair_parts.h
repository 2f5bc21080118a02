#ifndef OFFING_MODELS_FAIR_PARTS_H
#define OFFING_MODELS_FAIR_PARTS_H

#include "models/net/fair.h"

/** Between fair*.c: what a set of shared links is made of. */

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
	bool htb, classes;
	/* htb: the parent class, rate = ceil */
	double bytes_per_s, burst_bytes, tokens_bytes, at_s, used_bytes_per_s;
	/* busy until since_s, and then until until_s if nothing changes */
	size_t n_flows;
	double busy_s, since_s, until_s;
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

static inline double lesser(double a, double b)
{
	return a < b ? a : b;
}

static inline double greater(double a, double b)
{
	return a > b ? a : b;
}

/* fair_rates.c */

/** Up to @now_s it was used as it was: fill its buckets. */
void fair_settle_pipe(struct pipe *p, double now_s);
void fair_settle_link(struct fair_link *l, double now_s);

/** Forget who used what up to at_s: every pipe in use is settled and its use is 0. */
void fair_use_end(struct fair *f);

/** After fair_use_end(): new rates for those who are there now (some path is in use), and
 *  what happens next. */
void fair_use_begin(struct fair *f);

/** What the caller's clock, or a double, cannot tell from now. */
static inline double slack_s(const struct fair *f)
{
	return 1e-9 + 4e-16 * f->at_s;
}

#endif
