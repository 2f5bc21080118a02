#include "models/measure/causes.h"

struct probe_state {
	bool broken;
	uint64_t id; /* of the first of which they did not add up */
	int64_t sum_ns, took_ns;
};

static void request(
	struct probe_state *c, enum moment m, int64_t at_ns, const struct request_row *r)
{
	int64_t sum_ns = 0, least_ns = 0;

	(void)m;
	for (enum cause k = 0; k < CAUSES; k++) {
		sum_ns += r->cause_ns[k];
		least_ns = r->cause_ns[k] < least_ns ? r->cause_ns[k] : least_ns;
	}
	if ((sum_ns == at_ns - r->created_ns && least_ns == 0) || c->broken)
		return;
	c->broken = true;
	c->id = r->id;
	c->sum_ns = sum_ns;
	c->took_ns = at_ns - r->created_ns;
}

bool causes_check(const struct probe *p, struct err *err)
{
	const struct probe_state *c = p->state;

	return !c->broken ||
	       err_run(err,
		       "the time of request %llu does not add up: %lld ns by causes, %lld ns in "
		       "the system",
		       (unsigned long long)c->id, (long long)c->sum_ns, (long long)c->took_ns);
}

static const struct probe_ops ops = {
	.name = "causes",
	.moments = 1u << MOMENT_ENDED,
	.request = request,
};

struct probe causes_create(struct arena *a)
{
	return (struct probe){&ops, arena_alloc(a, 1, sizeof(struct probe_state))};
}
