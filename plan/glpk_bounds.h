#ifndef OFFING_PLAN_GLPK_BOUNDS_H
#define OFFING_PLAN_GLPK_BOUNDS_H

#include <glpk.h>
#include <math.h>

/** What GLPK calls a row or column from @lo to @hi; -HUGE_VAL, HUGE_VAL: without end. */
static inline int glpk_bounds(double lo, double hi)
{
	if (lo == hi)
		return GLP_FX;
	if (lo > -HUGE_VAL)
		return hi < HUGE_VAL ? GLP_DB : GLP_LO;
	return hi < HUGE_VAL ? GLP_UP : GLP_FR;
}

#endif
