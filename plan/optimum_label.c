/* Labels of the program that prices sets of tasks. */
#include "plan/optimum_label.h"

#include <string.h>

void label_advance(struct label *l, int64_t by_ns, int64_t due_ns)
{
	int64_t done_ns = l->now_ns < by_ns ? l->now_ns : by_ns;
	uint32_t k = 0, n = 0;

	l->total_ns = l->total_ns > by_ns ? l->total_ns - by_ns : 0;
	l->now_ns -= done_ns;
	by_ns -= done_ns;
	for (; k < l->n && by_ns > 0; k++) {
		done_ns = l->steps[k].left_ns < by_ns ? l->steps[k].left_ns : by_ns;
		l->steps[k].left_ns -= done_ns;
		by_ns -= done_ns;
		if (l->steps[k].left_ns > 0)
			break;
	}
	for (; k < l->n && l->steps[k].until_ns <= due_ns; k++)
		l->now_ns += l->steps[k].left_ns;
	for (; k < l->n; k++)
		l->steps[n++] = l->steps[k];
	l->n = n;
}

bool label_dominates(const struct label *a, const struct label *b, const struct label_pairs *pairs)
{
	int64_t of_a = a->now_ns, of_b = b->now_ns;
	uint32_t j = 0;

	if (of_a > of_b || (!a->free && b->free && (pairs->apart | pairs->together)))
		return false;
	if (!a->free &&
		((a->half & ~b->half & pairs->apart) || ((a->half ^ b->half) & pairs->together)))
		return false;
	for (uint32_t i = 0; i < a->n; i++) {
		of_a += a->steps[i].left_ns;
		for (; j < b->n && b->steps[j].until_ns <= a->steps[i].until_ns; j++)
			of_b += b->steps[j].left_ns;
		if (of_a > of_b)
			return false;
	}
	return true;
}

/** Leave the first deadline of two out: that forbids no more than before. */
static void loosen(struct label *l)
{
	l->steps[1].left_ns += l->steps[0].left_ns;
	memmove(l->steps, l->steps + 1, --l->n * sizeof *l->steps);
	l->loose = true;
}

/** All that is left is in time when @from_ns is now and nothing comes any more? */
static bool in_time(const struct label *l, uint32_t first, int64_t left_ns, int64_t from_ns)
{
	for (uint32_t k = first; k < l->n; k++) {
		left_ns += l->steps[k].left_ns;
		if (left_ns > l->steps[k].until_ns - from_ns)
			return false;
	}
	return true;
}

bool label_take(struct label *l, const struct machine_job *j, int64_t due_ns)
{
	int64_t left_ns = l->now_ns + j->work_ns;
	uint32_t k = 0;

	l->total_ns += j->work_ns;
	if (j->until_ns <= due_ns) {
		l->now_ns = left_ns;
		return left_ns <= j->until_ns - j->from_ns && in_time(l, 0, left_ns, j->from_ns);
	}
	if (l->n == LABEL_STEPS)
		loosen(l);
	for (; k < l->n && l->steps[k].until_ns <= j->until_ns; k++)
		left_ns += l->steps[k].left_ns;
	memmove(l->steps + k + 1, l->steps + k, (l->n - k) * sizeof *l->steps);
	l->steps[k] = (struct label_step){j->until_ns, j->work_ns};
	l->n++;
	return left_ns <= j->until_ns - j->from_ns && in_time(l, k + 1, left_ns, j->from_ns);
}

struct label_sign label_sign(const struct label *l, int64_t from_ns, int64_t span_ns)
{
	struct label_sign s = {{l->now_ns, l->now_ns, l->now_ns, l->total_ns}};

	for (uint32_t k = 0; k < l->n; k++) {
		if (l->steps[k].until_ns <= from_ns + span_ns / 4)
			s.left_ns[1] += l->steps[k].left_ns;
		if (l->steps[k].until_ns <= from_ns + span_ns / 2)
			s.left_ns[2] += l->steps[k].left_ns;
	}
	return s;
}
