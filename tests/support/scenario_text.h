#ifndef OFFING_TESTS_SCENARIO_TEXT_H
#define OFFING_TESTS_SCENARIO_TEXT_H

#include <stddef.h>

struct scenario;

/** Read @text as a file of a scenario, with @sets[0..@n) as -s says them; the test fails, and says
 *  why, if it is refused. The caller destroys it. */
struct scenario *scenario_of_text(const char *text, const char *const *sets, size_t n);

/** @text with @set, or as it is (NULL), is warned of by these messages, up to a NULL, in this
 *  order, and no others. */
void expect_warnings(const char *text, const char *set, ...);

#endif
