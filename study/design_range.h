#ifndef OFFING_STUDY_DESIGN_RANGE_H
#define OFFING_STUDY_DESIGN_RANGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/**
 * A range of numbers as users write it:
 *
 *	lin:1..10:4 Mbps      four values at equal distances, both ends among them
 *	log:1..100:10 Mbps    ten at equal ratios
 *	int:1..8:4            as lin, as whole numbers; logint:1..64:7 as log
 *	step:10..50:20 ms     from the one in steps up to the other
 *	log:500 kbps..1 Gbps  without a number: all of it, for designs that draw
 *
 * The unit stands at the end and holds for every number; or the numbers have
 * units of their own (0 needs none), and values come in the smallest of them.
 */
struct design_range {
	double from, to;
	bool logarithmic, whole;
	size_t n;      /* values; 0: all between the two */
	double step;   /* not 0: in steps, for all there is room for */
	char unit[24]; /* "" or one that values end with */
};

/** Whether @text starts as a range does: "log:". */
bool design_range_is(const char *text);

/** Parse all of @text. */
MUST_CHECK bool design_range_parse(struct design_range *r, const char *text, struct err *err);

enum { DESIGN_VALUE_SIZE = 400 };

/** Value @i of @r->n ones, as text with its unit: with six digits, or as many as tell it from
 *  its neighbours; one that ends within twelve digits is exact. Returns @buf. */
char *design_range_value(const struct design_range *r, size_t i, char buf[DESIGN_VALUE_SIZE]);

/** The value at the share @u of the range, which is in (0, 1), with six digits. */
char *design_range_at(const struct design_range *r, double u, char buf[DESIGN_VALUE_SIZE]);

#endif
