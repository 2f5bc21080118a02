/* power-of-d: on arrival, the one with the fewest unfinished requests among d instances drawn at
 * random (Mitzenmacher, "The power of two choices in randomized load balancing", 2001). */
#include "policies/able.h"
#include "policies/all.h"

enum { CHOICES_MAX = 64 };

struct policy_state {
	size_t choices;
};

/** One more of 0 .. @n - 1, uniform over those not among the @k in @drawn, which is ascending and
 *  gets it too. */
static size_t draw_another(const struct view *v, size_t n, size_t *drawn, size_t k)
{
	size_t x = v->draw(v, n - k), i, j;

	for (i = 0; i < k && drawn[i] <= x; i++)
		x++;
	for (j = k; j > i; j--)
		drawn[j] = drawn[j - 1];
	drawn[i] = x;
	return x;
}

static bool power_of_d_next(struct policy_state *st, const struct view *v, struct assignment *out)
{
	size_t drawn[CHOICES_MAX], n, k;
	struct instance_id i, best = {NO_ID};

	if (v->n_waiting == 0)
		return false;
	n = able_count(v, v->waiting);
	for (k = 0; k < st->choices && k < n; k++) {
		i = able_nth(v, v->waiting, draw_another(v, n, drawn, k));
		if (k == 0 || v->instances[i.i].assigned < v->instances[best.i].assigned)
			best = i;
	}
	*out = (struct assignment){.request = v->waiting->id, .instance = best};
	return true;
}

static const struct param_spec params[] = {
	PARAM_COUNT(struct policy_state, choices, "choices", 2, 1, CHOICES_MAX,
		"d: how many instances are drawn, each at most once"),
	{0},
};

const struct policy_ops policy_power_of_d = {
	.name = "power-of-d",
	.summary = "on arrival, the least loaded of d instances drawn at random",
	.state_size = sizeof(struct policy_state),
	.params = params,
	.eager = true,
	.next = power_of_d_next,
};
