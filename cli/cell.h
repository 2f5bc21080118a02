#ifndef OFFING_CLI_CELL_H
#define OFFING_CLI_CELL_H

/** A number of a table, "12.3 ± 0.4", with as many digits as its interval is good for. */
enum { CELL_SIZE = 32 };

struct cell {
	char mean[CELL_SIZE], half[CELL_SIZE]; /* half: "" where there is none, or it is 0 */
};

/** @half NaN: there is none; @mean NaN: "-". */
struct cell cell_of(double mean, double half);

#endif
