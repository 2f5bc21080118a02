/* Relaxations by GLPK that go on from the last basis. */
#include "plan/lp.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "plan/glpk_bounds.h"

struct lp {
	glp_prob *p;
	size_t size; /* of the next two */
	int *index;
	double *value;
};

struct lp *lp_create(size_t n)
{
	struct lp *l = mem_zalloc(1, sizeof *l);

	glp_term_out(GLP_OFF);
	l->p = glp_create_prob();
	if (n > 0)
		glp_add_cols(l->p, (int)n);
	for (size_t c = 0; c < n; c++)
		glp_set_col_bnds(l->p, (int)c + 1, GLP_DB, 0.0, 1.0);
	l->size = n;
	l->index = mem_zalloc(n + 1, sizeof *l->index);
	l->value = mem_zalloc(n + 1, sizeof *l->value);
	return l;
}

void lp_destroy(struct lp *l)
{
	if (!l)
		return;
	glp_delete_prob(l->p);
	free(l->index);
	free(l->value);
	free(l);
}

void lp_cost(struct lp *l, size_t column, double cost)
{
	glp_set_obj_coef(l->p, (int)column + 1, cost);
}

void lp_bounds(struct lp *l, size_t column, double lo, double hi)
{
	glp_set_col_bnds(l->p, (int)column + 1, glpk_bounds(lo, hi), lo, hi);
}

size_t lp_row(
	struct lp *l, double lo, double hi, size_t n, const size_t *column, const double *factor)
{
	int row = glp_add_rows(l->p, 1);

	for (size_t k = 0; k < n; k++) {
		l->index[k + 1] = (int)column[k] + 1;
		l->value[k + 1] = factor[k];
	}
	glp_set_row_bnds(l->p, row, glpk_bounds(lo, hi), lo, hi);
	glp_set_mat_row(l->p, row, (int)n, l->index, l->value);
	return (size_t)row - 1;
}

void lp_row_bounds(struct lp *l, size_t row, double lo, double hi)
{
	glp_set_row_bnds(l->p, (int)row + 1, glpk_bounds(lo, hi), lo, hi);
}

size_t lp_n_rows(const struct lp *l)
{
	return (size_t)glp_get_num_rows(l->p);
}

void lp_drop_slack(struct lp *l, size_t from)
{
	size_t rows = lp_n_rows(l);
	int *gone = mem_zalloc(rows + 1, sizeof *gone), n = 0;

	for (size_t r = from; r < rows; r++)
		if (glp_get_row_stat(l->p, (int)r + 1) == GLP_BS)
			gone[++n] = (int)r + 1;
	if (n > 0)
		glp_del_rows(l->p, n, gone);
	free(gone);
}

size_t lp_column(
	struct lp *l, double hi, double cost, size_t n, const size_t *row, const double *factor)
{
	int column = glp_add_cols(l->p, 1);

	if (n > l->size) {
		l->index = mem_resize(l->index, n + 1, sizeof *l->index);
		l->value = mem_resize(l->value, n + 1, sizeof *l->value);
		l->size = n;
	}
	for (size_t k = 0; k < n; k++) {
		l->index[k + 1] = (int)row[k] + 1;
		l->value[k + 1] = factor[k];
	}
	glp_set_col_bnds(l->p, column, glpk_bounds(0.0, hi), 0.0, hi);
	glp_set_obj_coef(l->p, column, cost);
	glp_set_mat_col(l->p, column, (int)n, l->index, l->value);
	return (size_t)column - 1;
}

void lp_drop_columns(struct lp *l, size_t n, const size_t *columns)
{
	int *gone = mem_zalloc(n + 1, sizeof *gone);

	for (size_t k = 0; k < n; k++)
		gone[k + 1] = (int)columns[k] + 1;
	if (n > 0)
		glp_del_cols(l->p, (int)n, gone);
	free(gone);
}

static int simplex(struct lp *l, double cutoff, int iterations, bool primal)
{
	glp_smcp how;

	glp_init_smcp(&how);
	how.msg_lev = GLP_MSG_OFF;
	how.meth = primal ? GLP_PRIMAL : GLP_DUALP;
	how.tol_bnd = how.tol_dj = 1e-9;
	how.it_lim = iterations;
	if (cutoff < HUGE_VAL)
		how.obj_ul = cutoff;
	return glp_simplex(l->p, &how);
}

static enum lp_status solve(
	struct lp *l, double cutoff, int iterations, bool primal, double *objective)
{
	int rc = simplex(l, cutoff, iterations, primal);

	if (rc == GLP_EBADB || rc == GLP_ESING || rc == GLP_ECOND || rc == GLP_EFAIL) {
		glp_adv_basis(l->p, 0);
		rc = simplex(l, HUGE_VAL, iterations, true);
	}
	*objective = glp_get_obj_val(l->p);
	if (rc == GLP_EOBJUL)
		return LP_ABOVE;
	if (rc != 0)
		return LP_GAVE_UP;
	switch (glp_get_status(l->p)) {
	case GLP_OPT:
		return LP_OPTIMAL;
	case GLP_NOFEAS:
		return LP_INFEASIBLE;
	default:
		return LP_GAVE_UP;
	}
}

enum lp_status lp_solve(struct lp *l, double cutoff, int iterations, double *objective)
{
	return solve(l, cutoff, iterations, false, objective);
}

enum lp_status lp_solve_primal(struct lp *l, int iterations, double *objective)
{
	return solve(l, HUGE_VAL, iterations, true, objective);
}

double lp_value(const struct lp *l, size_t column)
{
	return glp_get_col_prim(l->p, (int)column + 1);
}

double lp_reduced_cost(const struct lp *l, size_t column)
{
	return glp_get_col_dual(l->p, (int)column + 1);
}

double lp_dual(const struct lp *l, size_t row)
{
	return glp_get_row_dual(l->p, (int)row + 1);
}
