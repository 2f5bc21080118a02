#include "plan/machine.h"

/* A heap by until_ns, the first on top. */

static void sink(struct machine_job *heap, size_t n, size_t at)
{
	struct machine_job x = heap[at];

	while (2 * at + 1 < n) {
		size_t child = 2 * at + 1;

		if (child + 1 < n && heap[child + 1].until_ns < heap[child].until_ns)
			child++;
		if (heap[child].until_ns >= x.until_ns)
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = x;
}

static void push(struct machine_job *heap, size_t n, const struct machine_job *x)
{
	size_t at = n;

	for (; at > 0 && heap[(at - 1) / 2].until_ns > x->until_ns; at = (at - 1) / 2)
		heap[at] = heap[(at - 1) / 2];
	heap[at] = *x;
}

/** Work from @now_ns to @to_ns; false when somebody is too late. */
static bool work(struct machine_job *heap, size_t *n, int64_t *now_ns, int64_t to_ns)
{
	while (*n > 0 && *now_ns < to_ns) {
		int64_t left_ns = heap[0].work_ns;

		if (left_ns > to_ns - *now_ns) {
			heap[0].work_ns -= to_ns - *now_ns;
			break;
		}
		*now_ns += left_ns;
		if (*now_ns > heap[0].until_ns)
			return false;
		heap[0] = heap[--*n];
		if (*n > 0)
			sink(heap, *n, 0);
	}
	*now_ns = to_ns;
	return *n == 0 || heap[0].until_ns >= to_ns;
}

bool machine_fits(const struct machine_job *jobs, size_t n, struct machine_job *heap)
{
	int64_t now_ns = n > 0 ? jobs[0].from_ns : 0;
	size_t waiting = 0;

	for (size_t i = 0; i < n; i++) {
		if (!work(heap, &waiting, &now_ns, jobs[i].from_ns))
			return false;
		push(heap, waiting++, &jobs[i]);
	}
	return work(heap, &waiting, &now_ns, INT64_MAX / 2);
}
