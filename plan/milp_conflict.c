/* Which groups of rows allow no solution together: deletion, one group after the other. */
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "plan/milp_parts.h"

struct filter {
	struct milp *m;
	const struct milp_limits *limits;
	double end_s;
	bool *off; /* [group] */
	bool sure; /* no solve ran out of time */
};

/* Whether what is on allows no solution; unsure counts as one that is allowed. */
static bool is_infeasible(struct filter *f, bool *yes, struct err *err)
{
	const struct part part = {f->off, true};
	struct milp_limits left = *f->limits;
	struct milp_answer answer;

	left.gap = 0.0;
	left.solver = MILP_GLPK;
	if (left.seconds > 0.0)
		left.seconds = fmax(f->end_s - clock_s(), 1e-3);
	if (!milp_solve_part(f->m, &left, &part, &answer, err))
		return false;
	f->sure = f->sure && answer.status != MILP_TIMED_OUT;
	*yes = answer.status == MILP_INFEASIBLE;
	return true;
}

static bool delete_groups(struct filter *f, struct err *err)
{
	for (size_t g = 0; g < f->m->n_groups; g++) {
		bool still;

		f->off[g] = true;
		if (!is_infeasible(f, &still, err))
			return false;
		f->off[g] = still;
	}
	return true;
}

bool milp_conflict(struct milp *m, const struct milp_limits *limits, const char *const **names,
	size_t *n, bool *irreducible, struct err *err)
{
	struct filter f = {m, limits, clock_s() + limits->seconds, NULL, true};
	const char **found;
	bool infeasible = false, ok;

	*names = NULL;
	*n = 0;
	*irreducible = false;
	if (!milp_sound(m, limits, err))
		return false;
	f.off = mem_zalloc(m->n_groups + 1, sizeof *f.off);
	ok = is_infeasible(&f, &infeasible, err) && (!infeasible || delete_groups(&f, err));
	if (ok && infeasible) {
		found = mem_zalloc(m->n_groups + 1, sizeof *found);
		for (size_t g = 0; g < m->n_groups; g++)
			if (!f.off[g])
				found[(*n)++] = m->groups[g];
		*names = found;
		*irreducible = f.sure;
	}
	free(f.off);
	return ok;
}
