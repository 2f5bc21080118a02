/* Solving by GLPK. Every solve makes a problem of its own and frees the whole environment of its
 * thread. */
#include "plan/milp.h"

#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdlib.h>

#include "base/clock.h"
#include "plan/glpk_bounds.h"
#include "plan/milp_parts.h"

enum { SLICE = 500 }; /* iterations of the simplex method between looks at clock and interrupt */
static const double objective_tolerance = 1e-9;

const char *const milp_status_names[] = {
	[MILP_OPTIMAL] = "optimal",
	[MILP_FEASIBLE] = "feasible",
	[MILP_INFEASIBLE] = "infeasible",
	[MILP_UNBOUNDED] = "unbounded",
	[MILP_TIMED_OUT] = "timed out",
};

/* One solve. Bounds and objectives are in the solver's scale. */
struct solve {
	struct milp *m;
	const struct milp_limits *limits;
	const struct part *part;
	struct milp_answer *out;
	struct err *err;
	double end_s; /* of the clock; HUGE_VAL: never */
	double scale; /* of costs: the largest is about 1 */
	double bound;
	bool has_start, start_handed, stopped;
	glp_prob *p;
	jmp_buf aborted;
};

/* A power of two, so that costs keep their digits. */
static double scale_of(const struct milp *m)
{
	double most = 0.0;
	int exponent;

	for (size_t c = 0; c < m->n_columns; c++)
		most = fmax(most, fabs(m->columns[c].cost));
	if (most == 0.0)
		return 1.0;
	frexp(most, &exponent);
	return ldexp(1.0, exponent);
}

static void load_columns(struct solve *s)
{
	const struct milp *m = s->m;

	if (m->n_columns > 0)
		glp_add_cols(s->p, (int)m->n_columns);
	for (size_t c = 0; c < m->n_columns; c++) {
		const struct column *from = &m->columns[c];
		int j = (int)c + 1;

		glp_set_col_bnds(s->p, j, glpk_bounds(from->lo, from->hi), from->lo, from->hi);
		glp_set_obj_coef(s->p, j, s->part->any ? 0.0 : from->cost / s->scale);
		if (from->kind == MILP_WHOLE)
			glp_set_col_kind(s->p, j, GLP_IV);
	}
}

static void load_rows(struct solve *s)
{
	const struct milp *m = s->m;
	int *index = mem_zalloc(m->n_columns + 1, sizeof *index);
	double *value = mem_zalloc(m->n_columns + 1, sizeof *value);

	for (size_t r = 0; r < m->n_rows; r++) {
		const struct row *from = &m->rows[r];
		int i, n = 0;

		if (milp_row_off(m, s->part, r))
			continue;
		i = glp_add_rows(s->p, 1);
		glp_set_row_bnds(s->p, i, glpk_bounds(from->lo, from->hi), from->lo, from->hi);
		for (size_t k = from->first; k < milp_row_end(m, r); k++) {
			index[++n] = (int)m->coefficients[k].column + 1;
			value[n] = m->coefficients[k].factor;
		}
		glp_set_mat_row(s->p, i, n, index, value);
	}
	free(index);
	free(value);
}

static bool is_over(struct solve *s)
{
	s->stopped = s->limits->stop && atomic_load(s->limits->stop);
	s->out->timed_out = s->out->timed_out || clock_s() >= s->end_s;
	return s->stopped || s->out->timed_out;
}

/* The relaxation, a slice at a time: what is done does not hang on the clock. */
static bool relax(struct solve *s, int *status)
{
	glp_smcp how;
	int rc;

	glp_init_smcp(&how);
	how.msg_lev = GLP_MSG_OFF;
	how.it_lim = SLICE;
	glp_scale_prob(s->p, GLP_SF_AUTO);
	glp_adv_basis(s->p, 0);
	while ((rc = glp_simplex(s->p, &how)) == GLP_EITLIM)
		if (is_over(s))
			return true;
	if (rc != 0) { /* a basis that is too bad to go on from */
		how.it_lim = INT_MAX;
		how.presolve = GLP_ON;
		glp_std_basis(s->p);
		rc = glp_simplex(s->p, &how);
	}
	if (rc == GLP_ENOPFS || rc == GLP_ENODFS) {
		*status = rc == GLP_ENOPFS ? GLP_NOFEAS : GLP_UNBND;
		return true;
	}
	*status = glp_get_status(s->p);
	if (rc != 0 || *status == GLP_UNDEF || *status == GLP_INFEAS || *status == GLP_FEAS)
		return err_run(s->err, "'%s': the simplex method gave up (%d, %d)", s->m->name, rc,
			*status);
	return true;
}

static void hand_start(struct solve *s, glp_tree *tree)
{
	double *x = mem_zalloc(s->m->n_columns + 1, sizeof *x);

	for (size_t c = 0; c < s->m->n_columns; c++)
		x[c + 1] = s->m->columns[c].kind == MILP_WHOLE ? round(s->m->start[c])
							       : s->m->start[c];
	glp_ios_heur_sol(tree, x);
	s->start_handed = true;
	free(x);
}

static void on_node(glp_tree *tree, void *info)
{
	struct solve *s = info;
	int best = glp_ios_best_node(tree);

	if (best != 0)
		s->bound = fmax(s->bound, glp_ios_node_bound(tree, best));
	if (glp_ios_reason(tree) == GLP_IHEUR && s->has_start && !s->start_handed)
		hand_start(s, tree);
	if (is_over(s))
		glp_ios_terminate(tree);
}

/* Without its presolver of whole numbers, which calls some programs solved that have no solution,
 * and could not take a start. */
static bool branch(struct solve *s, int *rc)
{
	glp_iocp how;

	glp_init_iocp(&how);
	how.msg_lev = GLP_MSG_OFF;
	how.cb_func = on_node;
	how.cb_info = s;
	how.mip_gap = s->limits->gap;
	how.tol_obj = objective_tolerance;
	how.gmi_cuts = how.mir_cuts = how.cov_cuts = how.clq_cuts = GLP_ON;
	*rc = glp_intopt(s->p, &how);
	if (*rc != 0 && *rc != GLP_EMIPGAP && *rc != GLP_ESTOP)
		return err_run(s->err, "'%s': branch and bound gave up (%d)", s->m->name, *rc);
	return true;
}

/* Take what GLPK has, or where it has none the start. */
static void keep(struct solve *s, bool whole)
{
	struct milp *m = s->m;
	double *x = mem_zalloc(m->n_columns + 1, sizeof *x);
	bool found = whole ? glp_mip_status(s->p) == GLP_OPT || glp_mip_status(s->p) == GLP_FEAS
			   : glp_get_status(s->p) == GLP_OPT;

	for (size_t c = 0; c < m->n_columns; c++)
		x[c] = !found  ? s->has_start ? m->start[c] : 0.0
		       : whole ? glp_mip_col_val(s->p, (int)c + 1)
			       : glp_get_col_prim(s->p, (int)c + 1);
	if (found || s->has_start)
		s->out->objective = milp_keep(m, x);
	free(x);
}

/* Status and bound once branch and bound has ended with @rc. */
static void judge(struct solve *s, int rc)
{
	struct milp_answer *out = s->out;
	bool found = out->objective < HUGE_VAL;

	out->bound = fmin(s->bound * s->scale, out->objective);
	if (rc == 0 && found)
		out->bound = out->objective;
	if (found)
		out->status =
			out->objective - out->bound <= objective_tolerance * fabs(out->objective)
				? MILP_OPTIMAL
				: MILP_FEASIBLE;
	else
		out->status = rc == 0 ? MILP_INFEASIBLE : MILP_TIMED_OUT;
}

static bool has_whole(const struct milp *m)
{
	for (size_t c = 0; c < m->n_columns; c++)
		if (m->columns[c].kind == MILP_WHOLE)
			return true;
	return false;
}

static bool has_empty(const struct milp *m)
{
	for (size_t c = 0; c < m->n_columns; c++)
		if (m->columns[c].lo > m->columns[c].hi)
			return true;
	return false;
}

static bool run(struct solve *s)
{
	struct milp_answer *out = s->out;
	bool whole = has_whole(s->m);
	int status = GLP_UNDEF, rc = GLP_ESTOP;

	load_columns(s);
	load_rows(s);
	if (!relax(s, &status))
		return false;
	if (status == GLP_NOFEAS) {
		out->status = MILP_INFEASIBLE;
	} else if (status == GLP_UNBND) {
		out->status = MILP_UNBOUNDED;
	} else {
		if (status == GLP_OPT) {
			s->bound = glp_get_obj_val(s->p);
			out->relaxation = s->bound * s->scale;
			rc = 0;
			if (whole && !branch(s, &rc))
				return false;
		}
		keep(s, whole);
		judge(s, rc);
	}
	return true;
}

static void on_abort(void *info)
{
	longjmp(info, 1);
}

/* With the last net under it: GLPK calls abort() where it finds itself in the wrong. */
static bool solve_glpk(struct solve *s)
{
	bool ok;

	glp_term_out(GLP_OFF);
	if (setjmp(s->aborted) == 0) {
		glp_error_hook(on_abort, s->aborted);
		s->p = glp_create_prob();
		ok = run(s);
	} else {
		ok = err_run(s->err, "'%s': GLPK found a fault in itself", s->m->name);
	}
	glp_free_env();
	return ok;
}

/* A relaxation without bound proves no solution. */
static bool is_unbounded(struct solve *s)
{
	const struct part any = {s->part->off, true};
	struct milp_answer found;
	struct milp_limits left = *s->limits;

	left.solver = MILP_GLPK;
	if (left.seconds > 0.0)
		left.seconds = fmax(s->end_s - clock_s(), 1e-3);
	if (!milp_solve_part(s->m, &left, &any, &found, s->err))
		return false;
	if (found.status == MILP_INFEASIBLE || found.status == MILP_TIMED_OUT)
		s->out->status = found.status;
	s->out->timed_out = found.timed_out;
	s->m->n_x = 0;
	return true;
}

bool milp_solve_part(struct milp *m, const struct milp_limits *limits, const struct part *part,
	struct milp_answer *out, struct err *err)
{
	double begin_s = clock_s();
	struct solve s = {m, limits, part, out, err, HUGE_VAL, scale_of(m), -HUGE_VAL};
	bool ok = true;

	*out = (struct milp_answer){.objective = HUGE_VAL,
		.bound = -HUGE_VAL,
		.relaxation = -HUGE_VAL,
		.gap = HUGE_VAL,
		.status = MILP_INFEASIBLE};
	m->n_x = 0;
	if (!milp_sound(m, limits, err))
		return false;
	if (limits->seconds > 0.0)
		s.end_s = begin_s + limits->seconds;
	s.has_start = out->start_used = m->n_start == m->n_columns && m->start && !part->any &&
					!part->off && milp_holds(m, m->start);
	if (!has_empty(m))
		ok = limits->solver == MILP_CBC ? milp_run_cbc(m, limits, out, err)
						: solve_glpk(&s);
	if (ok && out->status == MILP_UNBOUNDED && has_whole(m))
		ok = is_unbounded(&s);
	if (ok && (s.stopped || (limits->stop && atomic_load(limits->stop))))
		return err_stop(err);
	if (out->objective < HUGE_VAL)
		out->gap = out->objective <= out->bound
				   ? 0.0
				   : (out->objective - out->bound) / fabs(out->objective);
	out->seconds = clock_s() - begin_s;
	return ok;
}

bool milp_solve(
	struct milp *m, const struct milp_limits *limits, struct milp_answer *out, struct err *err)
{
	const struct part all = {NULL, false};

	return milp_solve_part(m, limits, &all, out, err);
}
