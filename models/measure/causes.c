#include "models/measure/causes.h"

/* Sums of 64 bits are quick, and emptied into larger ones before they could overflow. */
struct sums {
	int64_t ns[CAUSES];
	int64_t total_ns;
	struct cause_sums all;
};
static const int64_t MOST_TOTAL_NS = INT64_MAX / 2;

struct probe_state {
	struct sums *groups, *instances;
	bool broken;
	uint64_t id; /* of the first of which they did not add up */
	int64_t sum_ns, took_ns;
};

/** Of the first that is wrong. */
static void note(struct probe_state *c, uint64_t id, int64_t sum_ns, int64_t took_ns)
{
	if (c->broken)
		return;
	c->broken = true;
	c->id = id;
	c->sum_ns = sum_ns;
	c->took_ns = took_ns;
}

static void empty(struct sums *s)
{
	for (enum cause k = 0; k < CAUSES; k++) {
		s->all.ns[k] += (uint64_t)s->ns[k];
		s->ns[k] = 0;
	}
	s->total_ns = 0;
}

/** None of @ns is below 0, and @took_ns is their sum. */
static void add(struct sums *restrict to, const int64_t *restrict ns, int64_t took_ns)
{
	if (took_ns > MOST_TOTAL_NS - to->total_ns)
		empty(to);
	for (int k = 0; k < CAUSES; k++)
		to->ns[k] += ns[k];
	to->total_ns += took_ns;
	to->all.n++;
}

static void request(
	struct probe_state *c, enum moment m, int64_t at_ns, const struct request_row *r)
{
	int64_t took_ns = at_ns - r->created_ns, sum_ns = 0, signs = 0;

	(void)m;
	for (int k = 0; k < CAUSES; k++) {
		sum_ns += r->cause_ns[k];
		signs |= r->cause_ns[k];
	}
	if (sum_ns != took_ns || signs < 0) {
		note(c, r->id, sum_ns, took_ns);
		return;
	}
	if (!r->measured || r->fate != FATE_DONE)
		return;
	add(&c->groups[r->group], r->cause_ns, took_ns);
	add(&c->instances[r->instance], r->cause_ns, took_ns);
}

bool causes_check(const struct probe *p, struct err *err)
{
	const struct probe_state *c = p->state;

	return !c->broken ||
	       err_run(err,
		       "the time of request %llu does not add up: %lld ns by causes, %lld ns in "
		       "the system: a fault of offing",
		       (unsigned long long)c->id, (long long)c->sum_ns, (long long)c->took_ns);
}

void causes_merge(struct cause_sums *to, const struct cause_sums *from)
{
	to->n += from->n;
	for (enum cause k = 0; k < CAUSES; k++)
		to->ns[k] += from->ns[k];
}

static struct cause_sums all_of(const struct sums *s)
{
	struct sums copy = *s;

	empty(&copy);
	return copy.all;
}

struct cause_sums causes_of_group(const struct probe *p, size_t group)
{
	return all_of(&p->state->groups[group]);
}

struct cause_sums causes_of_instance(const struct probe *p, size_t instance)
{
	return all_of(&p->state->instances[instance]);
}

static bool may(enum cause c, const struct instance_spec *i)
{
	switch (c) {
	case CAUSE_SERVICE:
		return i->synthetic;
	case CAUSE_SPECULATION:
		return i->draft.on;
	case CAUSE_KV:
		return i->role != ROLE_BOTH;
	default:
		return !i->synthetic;
	}
}

bool cause_possible(enum cause c, const struct scenario_spec *spec)
{
	if (c == CAUSE_SCHEDULER || c == CAUSE_INSTANCE_WAIT)
		return true;
	if (c == CAUSE_UPLOAD_WAIT || c == CAUSE_UPLOAD_SEND || c == CAUSE_DOWNLOAD)
		return spec->n_links > 0;
	for (size_t i = 0; i < spec->n_instances; i++)
		if (may(c, &spec->instances[i]))
			return true;
	return false;
}

static const struct probe_ops ops = {
	.name = "causes",
	.moments = 1u << MOMENT_ENDED,
	.request = request,
};

struct probe causes_create(struct arena *a, size_t n_groups, size_t n_instances)
{
	struct probe_state *c = arena_alloc(a, 1, sizeof *c);

	c->groups = arena_alloc(a, n_groups, sizeof *c->groups);
	c->instances = arena_alloc(a, n_instances, sizeof *c->instances);
	return (struct probe){&ops, c};
}
