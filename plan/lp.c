/* Relaxations by GLPK that go on from the last basis. */
#include "plan/lp.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "plan/glpk_bounds.h"

struct lp {
	glp_prob *p;
	int *index;
	double *value;
	int tab_size, *tab_index; /* a row of the simplex tableau */
	double *tab_value;
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
	free(l->tab_index);
	free(l->tab_value);
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

static int simplex(struct lp *l, double cutoff, int iterations, bool again)
{
	glp_smcp how;

	glp_init_smcp(&how);
	how.msg_lev = GLP_MSG_OFF;
	how.meth = again ? GLP_PRIMAL : GLP_DUALP;
	how.tol_bnd = how.tol_dj = 1e-9;
	how.it_lim = iterations;
	if (cutoff < HUGE_VAL)
		how.obj_ul = cutoff;
	return glp_simplex(l->p, &how);
}

enum lp_status lp_solve(struct lp *l, double cutoff, int iterations, double *objective)
{
	int rc = simplex(l, cutoff, iterations, false);

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

/** The rise when a basic variable moves by @by, whose row of the tableau has @len entries. */
static double rise(struct lp *l, int len, double by)
{
	int rows = glp_get_num_rows(l->p), t, j;
	double d;

	t = glp_dual_rtest(l->p, len, l->tab_index, l->tab_value, by < 0.0 ? -1 : +1, 1e-9);
	if (t == 0)
		return HUGE_VAL;
	j = l->tab_index[t];
	d = j <= rows ? glp_get_row_dual(l->p, j) : glp_get_col_dual(l->p, j - rows);
	return fabs(d * by / l->tab_value[t]);
}

struct lp_rise lp_column_rise(struct lp *l, size_t column, double at)
{
	int rows = glp_get_num_rows(l->p), size = rows + glp_get_num_cols(l->p) + 1, len;

	if (glp_get_col_stat(l->p, (int)column + 1) != GLP_BS ||
		(!glp_bf_exists(l->p) && glp_factorize(l->p) != 0))
		return (struct lp_rise){0.0, 0.0};
	if (size > l->tab_size) {
		l->tab_index = mem_resize(l->tab_index, (size_t)size, sizeof *l->tab_index);
		l->tab_value = mem_resize(l->tab_value, (size_t)size, sizeof *l->tab_value);
		l->tab_size = size;
	}
	len = glp_eval_tab_row(l->p, rows + (int)column + 1, l->tab_index, l->tab_value);
	return (struct lp_rise){rise(l, len, floor(at) - at), rise(l, len, ceil(at) - at)};
}
