#ifndef OFFING_CLI_POINTS_H
#define OFFING_CLI_POINTS_H

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"
#include "io/scenario/scenario.h"

/**
 * The points of an experiment: what each changes in a scenario. As a table, one
 * row a point: columns are keys of the scenario, a cell is a value as -s takes
 * it, an empty one leaves the key as it is. Two columns are no keys: `point`,
 * a number that names the row (else rows count from 1), and
 * `scenario_sha256`, what identified the scenario when the table was made.
 */
#define POINTS_NUMBER "point"
#define POINTS_SHA256 "scenario_sha256"

#define DESIGN_MOST_NUMBER 999999999u

struct point {
	size_t number;       /* from 1 */
	const char **values; /* one a key; NULL: not changed */
	struct src_pos *at;  /* where they stand; a file NULL: nowhere */
	const char *sha256;  /* NULL: not known */
};

struct points {
	struct arena arena;
	size_t n_keys;
	const char **keys;
	struct src_pos *keys_at; /* NULL: nowhere */
	size_t n;
	struct point *points;
	bool numbered; /* by a table */
};

/** A table as above. Places borrow the name @file. On false nothing needs points_finish(). */
MUST_CHECK bool points_read(struct points *p, const char *file, struct err *err);

/**
 * As `offing design` is asked: the values of @vary[0..@n) by @design. NULL: the full grid, the last
 * changes fastest. "sobol:N" or "lhs:N", perhaps with ":SEED": N points in the space of the
 * ranges and lists. Else a table, each row with each point of the grid. On false nothing needs
 * points_finish().
 */
MUST_CHECK bool points_make(
	struct points *p, const char *design, const char *const *vary, size_t n, struct err *err);

/** NULL when there is none of that number. */
const struct point *points_find(const struct points *p, size_t number);

/** What @point changes, as -s takes it: @sets[0..n), with room for every key, in @a, and where each
 *  stands, named after the option --design. Returns n. */
size_t points_sets(const struct points *p, const struct point *point, struct arena *a,
	const char **sets, struct set_place *at);

/** Where there are points in @old of the same scenario or, failing that, of the same values, their
 *  numbers are kept; others get the next that are free. */
void points_keep_numbers(struct points *p, const struct points *old);

/** Of points with the same digest keep the first, and number what is left from 1 unless a table
 *  has numbered them. @twice: told of each that goes and the one that stays. */
void points_keep_first(struct points *p,
	void (*twice)(const struct points *p, const struct point *gone, const struct point *kept));

/** As the table that points_read() reads. */
void points_print(FILE *to, const struct points *p);

/** Each as options for a shell: "7 -s 'run.seed=3' -s 'links.wan.rate=5 Mbps'". */
void points_print_options(FILE *to, const struct points *p);

/** What @point changes, for messages: "run.seed=3, links.wan.rate=5 Mbps". */
struct buf;
void point_describe(struct buf *to, const struct points *p, const struct point *point);

void points_finish(struct points *p);

#endif
