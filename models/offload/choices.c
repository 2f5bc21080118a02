/* What a choice was predicted to cost, and the best of what was not chosen. */

#include "models/offload/scheduler_parts.h"

/** From now to the last byte received. */
static double total_s(const struct scheduler *s, const struct waiting *w, uint32_t i)
{
	return predict_loaded(s, w, (struct instance_id){i}, w->output_tok).total_s;
}

struct foreseen scheduler_foresee(
	struct scheduler *s, const struct waiting *w, struct instance_id chosen)
{
	struct foreseen f = {.second = NO_ID};
	double other_s;

	s->view.now_s = engine_now_s(s->engine);
	f.chosen_s = total_s(s, w, chosen.i);
	for (uint32_t i = 0; i < s->view.n_instances; i++) {
		if (i == chosen.i || !fit_can_serve(s, w, (struct instance_id){i}))
			continue;
		other_s = total_s(s, w, i);
		if (f.second != NO_ID && !(other_s < f.second_s))
			continue;
		f.second = i;
		f.second_s = other_s;
	}
	return f;
}
