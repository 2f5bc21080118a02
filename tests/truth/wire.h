#ifndef OFFING_TESTS_TRUTH_WIRE_H
#define OFFING_TESTS_TRUTH_WIRE_H

#include <stddef.h>
#include <stdio.h>

#include "base/err.h"
#include "tests/truth/rig.h"

/**
 * What delays frames, by itself: lone datagrams from send() to the kernel's stamp.
 */
enum { WIRE_DATAGRAMS_MAX = 4000 };

struct wire {
	size_t sent, arrived;
	double delay_s[WIRE_DATAGRAMS_MAX]; /* of those that arrived, ascending */
};

/** @n small datagrams, @spacing_s apart, through the rig as it stands. */
MUST_CHECK bool wire_measure(
	struct wire *w, const struct rig *r, size_t n, double spacing_s, struct err *err);

double wire_quantile_s(const struct wire *w, double q);

/** The kernel's netem against the formulas of models/net/netem.h: jitter of each distribution
 *  by quantiles, loss by counts, both to four standard errors. Prints a line for each to
 *  @out; *@ok says whether all agree. For a kernel that has netem. */
MUST_CHECK bool wire_check_netem(bool *ok, struct rig *r, FILE *out, struct err *err);

#endif
