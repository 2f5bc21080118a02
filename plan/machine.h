#ifndef OFFING_PLAN_MACHINE_H
#define OFFING_PLAN_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * One machine that does one thing at a time and may leave it for another: can it do @work_ns of
 * each between @from_ns and @until_ns? Whoever is due first goes first (Horn 1974), which finds a
 * schedule when there is one; and there is one just when no interval asks for more than it is long.
 */
struct machine_job {
	int64_t from_ns, until_ns, work_ns;
};

/** @jobs in order of from_ns; @heap has room for @n. O(n log n). */
bool machine_fits(const struct machine_job *jobs, size_t n, struct machine_job *heap);

#endif
