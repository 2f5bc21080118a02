/* The sets of models that servers can hold (1b, 1c): none in another, since more models never hurt.
 */
#include <stdlib.h>

#include "plan/optimum_parts.h"

static double bytes_of(const struct optimum_problem *p, uint64_t set)
{
	double sum = 0.0;

	for (size_t k = 0; k < p->n_models; k++)
		sum += set >> k & 1 ? p->model_bytes[k] : 0.0;
	return sum;
}

/** Is there room for one more of @wanted? */
static bool is_largest(
	const struct optimum_problem *p, size_t server, uint64_t wanted, uint64_t set)
{
	for (size_t k = 0; k < p->n_models; k++)
		if ((wanted & ~set) >> k & 1 &&
			bytes_of(p, set | UINT64_C(1) << k) <= p->memory_bytes[server])
			return false;
	return true;
}

static bool find_sets(
	struct holding *h, const struct optimum_problem *p, size_t server, struct err *err)
{
	uint64_t wanted = 0, set;

	for (size_t i = 0; i < p->n_tasks; i++)
		if (optimum_can(&p->pairs[i * p->n_servers + server]))
			wanted |= UINT64_C(1) << p->model_of[i];
	h->n = 0;
	for (set = wanted;; set = (set - 1) & wanted) {
		if (bytes_of(p, set) <= p->memory_bytes[server] &&
			is_largest(p, server, wanted, set)) {
			if (h->n == OPTIMUM_MOST_HOLDINGS)
				return err_input(err,
					"server %zu can hold its models in more than %d ways",
					server, OPTIMUM_MOST_HOLDINGS);
			h->sets[h->n++] = set;
		}
		if (set == 0)
			return true;
	}
}

void holdings_at(
	bool *holds, const struct optimum_problem *p, const struct holding *h, const size_t *at)
{
	for (size_t j = 0; j < p->n_servers; j++)
		for (size_t k = 0; k < p->n_models; k++)
			holds[j * p->n_models + k] = h[j].sets[at[j]] >> k & 1;
}

bool holdings_advance(const struct optimum_problem *p, const struct holding *h, size_t *at)
{
	for (size_t j = 0; j < p->n_servers; j++) {
		if (++at[j] < h[j].n)
			return true;
		at[j] = 0;
	}
	return false;
}

bool holdings_find(size_t *n, struct holding *h, const struct optimum_problem *p, struct err *err)
{
	*n = 1;
	for (size_t j = 0; p->model_bytes && j < p->n_servers; j++) {
		if (!find_sets(&h[j], p, j, err))
			return false;
		*n *= h[j].n;
		if (*n > OPTIMUM_MOST_HOLDINGS)
			return err_input(err,
				"the servers can hold the models in more than %d ways together",
				OPTIMUM_MOST_HOLDINGS);
	}
	return true;
}
