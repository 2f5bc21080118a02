#include "models/measure/little.h"

/* 64 bits are not enough: a run of 1e5 s with 1e5 requests in system overflows them. */
struct probe_state {
	int64_t at_ns;
	uint64_t n;     /* in the system */
	uint64_t found; /* there at the end */
	unsigned __int128 area, sojourn;
};

static void advance(struct probe_state *l, int64_t now_ns)
{
	l->area += (unsigned __int128)l->n * (uint64_t)(now_ns - l->at_ns);
	l->at_ns = now_ns;
}

static void in_system(struct probe_state *l, int64_t at_ns, uint64_t n)
{
	advance(l, at_ns);
	l->n = n;
}

static void request(
	struct probe_state *l, enum moment m, int64_t at_ns, const struct request_row *r)
{
	(void)m;
	l->sojourn += (uint64_t)(at_ns - r->created_ns);
	l->found += r->fate == FATE_IN_SYSTEM;
}

bool little_check(const struct probe *p, int64_t now_ns, struct err *err)
{
	struct probe_state *l = p->state;

	advance(l, now_ns);
	if (l->found != l->n)
		return err_run(err, "requests were lost: %llu counted in the system, %llu found",
			(unsigned long long)l->n, (unsigned long long)l->found);
	if (l->sojourn != l->area)
		return err_run(err,
			"Little's law does not hold: the integral of the number in system "
			"differs from the sum of the sojourn times");
	return true;
}

static const struct probe_ops ops = {
	.name = "little",
	.moments = 1u << MOMENT_ENDED,
	.request = request,
	.in_system = in_system,
};

struct probe little_create(struct arena *a)
{
	return (struct probe){&ops, arena_alloc(a, 1, sizeof(struct probe_state))};
}
