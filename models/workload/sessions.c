#include "models/workload/sessions.h"

#include <stdlib.h>

#include "base/mem.h"

struct sessions {
	struct rng turns_rng; /* its numbered streams are drawn from */
	struct dist *turns, *think;
	bool drew;
};

/** Turn 0 is what is said of the session as a whole. */
static struct rng stream(const struct sessions *s, uint64_t n, uint32_t turn)
{
	return rng_numbered(&s->turns_rng, n << 32 | turn);
}

bool sessions_create(struct sessions **out, const struct group_spec *group, uint64_t seed,
	uint32_t replication, struct err *err)
{
	const struct sessions_spec *spec = &group->sessions;
	struct sessions *s;

	*out = NULL;
	if (!spec->on)
		return true;
	if (group->workload.kind == WORKLOAD_TRACE || group->workload.kind == WORKLOAD_NONE)
		return err_at(err, spec->at,
			"sessions of '%s' need a workload to draw the tokens of each turn from",
			group->name);
	s = mem_zalloc(1, sizeof *s);
	rng_init(&s->turns_rng, seed, replication, "turns", group->name);
	if (!dist_create(&s->turns, &spec->turns, err) ||
		!dist_create(&s->think, &spec->think, err)) {
		sessions_destroy(s);
		return false;
	}
	*out = s;
	return true;
}

void sessions_destroy(struct sessions *s)
{
	if (!s)
		return;
	dist_destroy(s->turns);
	dist_destroy(s->think);
	free(s);
}

uint32_t sessions_turns(struct sessions *s, uint64_t n)
{
	struct rng r = stream(s, n, 0);
	uint32_t turns = dist_draw_count(s->turns, &r);

	s->drew = s->drew || rng_drawn(&r);
	return turns;
}

struct rng sessions_turn(struct sessions *s, uint64_t n, uint32_t k, double *think_s)
{
	struct rng r = stream(s, n, k);

	*think_s = dist_draw(s->think, &r);
	s->drew = s->drew || rng_drawn(&r);
	return r;
}

bool sessions_drew(const struct sessions *s)
{
	return s && s->drew;
}
