#include "models/workload/prefixes.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

struct prefixes {
	struct rng rng;
	uint64_t scope;
	size_t n;
	uint32_t *tok;
	double *upto; /* zipf: probability of the first k + 1; NULL: all alike */
	bool in_turn;
	size_t next; /* then */
};

static bool check(const struct prefixes_spec *s, struct err *err)
{
	if (s->count > PREFIXES_MOST)
		return err_at(err, s->at, "count of prefixes must be at most %u, not %u",
			PREFIXES_MOST, s->count);
	if (s->pick == PICK_ZIPF && !(s->zipf >= 0.0 && s->zipf <= PREFIX_ZIPF_MAX))
		return err_at(err, s->at, "the exponent of zipf must be from 0 to %g, not %g",
			PREFIX_ZIPF_MAX, s->zipf);
	return true;
}

static bool draw_lengths(
	struct prefixes *p, const struct prefixes_spec *s, struct rng *r, struct err *err)
{
	struct dist *d;

	if (!dist_create(&d, &s->tok, err))
		return false;
	p->tok = mem_zalloc(p->n, sizeof *p->tok);
	for (size_t k = 0; k < p->n; k++)
		p->tok[k] = dist_draw_count(d, r);
	dist_destroy(d);
	return true;
}

static void weigh(struct prefixes *p, double zipf)
{
	double sum = 0.0;

	p->upto = mem_zalloc(p->n, sizeof *p->upto);
	for (size_t k = 0; k < p->n; k++)
		p->upto[k] = sum += pow((double)(k + 1), -zipf);
	for (size_t k = 0; k < p->n; k++)
		p->upto[k] /= sum;
}

bool prefixes_create(struct prefixes **out, const struct group_spec *group, uint64_t seed,
	uint32_t replication, struct err *err)
{
	const struct prefixes_spec *s = &group->prefixes;
	struct prefixes *p;
	struct rng lengths;

	*out = NULL;
	if (s->count == 0)
		return true;
	if (group->workload.kind == WORKLOAD_NONE)
		return err_at(err, s->at,
			"prefixes of '%s' need a workload whose prompts they begin", group->name);
	if (!check(s, err))
		return false;
	p = mem_zalloc(1, sizeof *p);
	p->scope = content_scope(CONTENT_PREFIX, s->set);
	p->n = s->count;
	rng_init(&p->rng, seed, replication, "prefixes", group->name);
	rng_init(&lengths, seed, replication, "prefix tokens", s->set);
	if (!draw_lengths(p, s, &lengths, err)) {
		prefixes_destroy(p);
		return false;
	}
	p->in_turn = s->pick == PICK_CYCLE;
	if (s->pick == PICK_ZIPF)
		weigh(p, s->zipf);
	*out = p;
	return true;
}

void prefixes_destroy(struct prefixes *p)
{
	if (!p)
		return;
	free(p->tok);
	free(p->upto);
	free(p);
}

/** The first whose sum of probabilities is above a uniform draw. */
static size_t draw_zipf(struct prefixes *p)
{
	double u = rng_uniform(&p->rng);
	size_t lo = 0, hi = p->n - 1;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (p->upto[mid] > u)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

static size_t pick(struct prefixes *p)
{
	size_t k = p->next;

	if (p->upto)
		return draw_zipf(p);
	if (!p->in_turn)
		return rng_below(&p->rng, p->n);
	p->next = k + 1 < p->n ? k + 1 : 0;
	return k;
}

void prefixes_draw(struct prefixes *p, struct content *c)
{
	size_t k = pick(p);

	c->prefix = content_key(p->scope, k);
	c->prefix_tok = p->tok[k];
}

bool prefixes_drew(const struct prefixes *p)
{
	return p && rng_drawn(&p->rng);
}
