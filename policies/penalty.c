#include "policies/penalty.h"

#include <math.h>
#include <stdio.h>

const char *const penalty_words[] = {
	[PENALTY_NETWORK_TIME] = "network-time",
	[PENALTY_MONEY] = "money",
	[PENALTY_ENERGY] = "energy",
	NULL,
};

/** A prompt that is still computed has not begun to leave. */
static double network_s(const struct view *v, const struct waiting *w, struct instance_id i)
{
	struct waiting ready = *w;
	struct prediction p;

	ready.ready_s = fmin(w->ready_s, v->now_s);
	p = v->predict_idle(v, &ready, i, w->output_tok);
	return p.upload_s + p.download_s;
}

double penalty_of(enum penalty p, const struct view *v, const struct waiting *w,
	struct instance_id i, double service_s)
{
	switch (p) {
	case PENALTY_MONEY:
		return v->upkeep(v, i).usd_per_s * service_s;
	case PENALTY_ENERGY:
		return v->upkeep(v, i).power_w * service_s;
	case PENALTY_NETWORK_TIME:
		break;
	}
	return network_s(v, w, i);
}

bool penalty_known(enum penalty p, const struct view *v, char *why, size_t size)
{
	static const char *const what[] = {[PENALTY_MONEY] = "price", [PENALTY_ENERGY] = "power"};

	for (uint32_t c = 0; c < v->n_classes && p != PENALTY_NETWORK_TIME; c++) {
		struct instance_id i = v->classes[c].members[0];
		struct upkeep u = v->upkeep(v, i);

		if (isnan(p == PENALTY_MONEY ? u.usd_per_s : u.power_w)) {
			snprintf(why, size, "needs the %s of the gpu of '%.60s'", what[p],
				v->instances[i.i].name);
			return false;
		}
	}
	return true;
}
