/* What `offing compare` says of several. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/cell.h"
#include "cli/compared.h"
#include "cli/json.h"
#include "cli/wrap.h"

/** "" where the unit is 1. */
static const char *unit_of(enum metric_id id)
{
	return strcmp(metrics[id].unit, "1") == 0 ? "" : metrics[id].unit;
}

double ranked_lead(const struct ranked_all *r)
{
	double lead = HUGE_VAL;

	for (size_t i = 0; i < r->n; i++) {
		const struct stat_interval *x = &r->at[i].behind;

		if (i != r->is.best)
			lead = fmin(
				lead, x->lo * x->hi > 0.0 ? fmin(fabs(x->lo), fabs(x->hi)) : 0.0);
	}
	return lead;
}

static void print_verdict(FILE *to, const struct ranked_all *r)
{
	struct wrap w = {.to = to, .width = COMPARED_WIDTH};
	double lead = ranked_lead(r);

	if (r->is.n_left > 1)
		wrap_printf(&w, "undecided between %zu after %zu %s; at most %zu decide it",
			r->is.n_left, r->n_values, sampled_unit(&r->sampled), r->is.most);
	else
		wrap_printf(&w, "%s is the best with %g %% confidence",
			r->contenders[r->is.best].label, 100.0 * (1.0 - r->error));
	if (r->is.n_left == 1 && lead > 0.0)
		wrap_printf(&w, ", and leads all others by %s %s at least",
			cell_of(lead, (double)NAN).mean, unit_of(r->metric));
	wrap_end(&w);
	wrap_printf(&w,
		"(what differs by less than %s %s does not matter; Kim and Nelson's procedure, and "
		"intervals that hold together)",
		cell_of(r->indifference, (double)NAN).mean, unit_of(r->metric));
	wrap_end(&w);
}

static int by_rank(const void *x, const void *y, void *context)
{
	const struct ranked_all *r = context;
	double a = r->at[*(const size_t *)x].mean.mean, b = r->at[*(const size_t *)y].mean.mean;
	int less = (a > b) - (a < b);

	return metrics[r->metric].better == BETTER_MORE ? -less : less;
}

size_t *ranked_order(const struct ranked_all *r)
{
	size_t *order = mem_zalloc(r->n, sizeof *order);

	for (size_t i = 0; i < r->n; i++)
		order[i] = i;
	qsort_r(order, r->n, sizeof *order, by_rank, (void *)r);
	return order;
}

enum { OWN, OWN_HALF, BEHIND, BEHIND_HALF, FATE, RANK_COLUMNS };

static void rank_row(char (*cell)[CELL_SIZE], const struct ranked_all *r, size_t i)
{
	const struct ranked *x = &r->at[i];
	struct cell own = cell_of(x->mean.mean, (x->mean.hi - x->mean.lo) / 2),
		    behind = cell_of(x->behind.mean, (x->behind.hi - x->behind.lo) / 2);

	memset(cell, 0, RANK_COLUMNS * sizeof *cell);
	strcpy(cell[OWN], own.mean);
	if (*own.half)
		snprintf(cell[OWN_HALF], CELL_SIZE, "± %.20s", own.half);
	if (i != r->is.best) {
		strcpy(cell[BEHIND], behind.mean);
		if (*behind.half)
			snprintf(cell[BEHIND_HALF], CELL_SIZE, "± %.20s", behind.half);
	}
	if (x->out_after > 0)
		snprintf(cell[FATE], CELL_SIZE, "out after %zu", x->out_after);
	else if (x->out)
		strcpy(cell[FATE], "out by its interval");
	else
		strcpy(cell[FATE], r->is.n_left == 1 ? "best" : "left");
}

void ranking_print(FILE *to, const struct ranked_all *r)
{
	const struct metric *m = &metrics[r->metric];
	size_t *order = ranked_order(r), name = 0, wide[RANK_COLUMNS] = {4, 0, 14, 0, 0};
	char alone[SAMPLED_SIZE];
	char(*cells)[RANK_COLUMNS][CELL_SIZE] = mem_zalloc(r->n, sizeof *cells);

	for (size_t k = 0; k < r->n; k++) {
		name = text_widen(name, r->contenders[order[k]].label);
		rank_row(cells[k], r, order[k]);
		for (size_t c = 0; c < RANK_COLUMNS; c++)
			wide[c] = text_widen(wide[c], cells[k][c]);
	}
	fprintf(to, "%s%s%s, %s is better; %zu %s that all have%s\n\n", m->name,
		*unit_of(r->metric) ? " in " : "", unit_of(r->metric),
		m->better == BETTER_MORE ? "more" : "less", r->n_values, sampled_unit(&r->sampled),
		sampled_alone(alone, &r->sampled));
	fprintf(to, "%*s%*s%*s%*s\n", (int)name, "", (int)wide[OWN] + 3, "mean",
		(int)wide[OWN_HALF] + 1, "", (int)wide[BEHIND] + 3, "from the first");
	for (size_t k = 0; k < r->n; k++) {
		text_left(to, r->contenders[order[k]].label, name);
		for (size_t c = 0; c < RANK_COLUMNS; c++) {
			fputs(c == OWN_HALF || c == BEHIND_HALF ? " " : "   ", to);
			if (c == OWN || c == BEHIND)
				text_right(to, cells[k][c], wide[c]);
			else if (c == FATE)
				fputs(cells[k][c], to);
			else
				text_left(to, cells[k][c], wide[c]);
		}
		fputc('\n', to);
	}
	fputc('\n', to);
	print_verdict(to, r);
	free(cells);
	free(order);
}

static void json_ranked(FILE *to, const struct ranked_all *r, size_t i)
{
	const struct ranked *x = &r->at[i];

	fputs("{\"label\": ", to);
	json_string(to, r->contenders[i].label);
	json_member_number(to, "mean", x->mean.mean);
	json_member_interval(to, "ci95", x->mean.lo, x->mean.hi);
	json_member_number(to, "from_best", x->behind.mean);
	json_member_interval(to, "from_best_together", x->behind.lo, x->behind.hi);
	fputs(", \"out_after\": ", to);
	json_number(to, x->out_after ? (double)x->out_after : (double)NAN);
	fputc('}', to);
}

void ranking_json(FILE *to, const struct ranked_all *r)
{
	size_t *order = ranked_order(r);

	fputs("{\"metric\": ", to);
	json_string(to, metrics[r->metric].name);
	json_member_string(to, "unit", metrics[r->metric].unit);
	json_member_string(to, "best", r->is.n_left == 1 ? r->contenders[r->is.best].label : NULL);
	json_member_number(to, "confidence", 1.0 - r->error);
	json_member_number(to, "indifference", r->indifference);
	json_member_string(to, "counted", sampled_unit(&r->sampled));
	json_member_number(to, "replications", (double)r->n_values);
	json_member_number(to, "left_out", (double)r->sampled.alone);
	json_member_number(to, "used", (double)r->is.used);
	json_member_number(to, "most", (double)r->is.most);
	fputs(", \"ranking\": [", to);
	for (size_t k = 0; k < r->n; k++) {
		if (k)
			fputc(',', to);
		json_ranked(to, r, order[k]);
	}
	fputs("]}\n", to);
	free(order);
}
