#ifndef OFFING_TESTS_CHECK_H
#define OFFING_TESTS_CHECK_H

/* The four headers cmocka needs before it, and the compare it lacks. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>

/** Fail unless |a - b| <= abs; NaN fails. */
#define assert_near(a, b, abs) check_near_((a), (b), (abs), #a, __FILE__, __LINE__)

/** Fail unless |a/b - 1| <= rel; NaN fails. */
#define assert_ratio(a, b, rel) check_near_((a) / (b), 1.0, (rel), #a " / " #b, __FILE__, __LINE__)

static inline void check_near_(
	double a, double b, double tol, const char *what, const char *file, int line)
{
	if (fabs(a - b) <= tol)
		return;
	print_error("%s is %.17g, not %.17g within %g\n", what, a, b, tol);
	_fail(file, line);
}

#endif
