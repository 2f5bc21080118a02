#include "cli/summary_lines.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_PLACES = 8, MOST_LABEL = 14 };

const struct summary_row *summary_row_of(
	const struct run_summary *run, const char *scope, enum metric_id id)
{
	for (size_t i = 0; i < run->n_rows; i++)
		if (run->rows[i].id == id && strcmp(run->rows[i].scope, scope) == 0)
			return &run->rows[i];
	return NULL;
}

/* The largest magnitude in any run; NaN when no run has a value, and then *@rows tells whether one
 * has a row. */
static double largest(const struct summary *s, const char *scope, enum metric_id id, bool *rows)
{
	double most = (double)NAN;

	*rows = false;
	for (size_t i = 0; i < s->n_runs; i++) {
		const struct summary_row *row = summary_row_of(&s->runs[i], scope, id);

		if (row)
			most = fmax(most, fabs(row->mean)); /* of a number and NaN the number */
		*rows = *rows || row;
	}
	return most;
}

/* Times that are all below a second are shown in ms; of energies and bytes at most five digits. */
static void choose_unit(struct summary_line *line, double most)
{
	static const struct {
		const char *base, *unit;
		double from, scale;
	} units[] = {
		{"J", "MJ", 1e7, 1e-6},
		{"J", "kJ", 1e4, 1e-3},
		{"B", "TB", 1e13, 1e-12},
		{"B", "GB", 1e10, 1e-9},
		{"B", "MB", 1e7, 1e-6},
		{"B", "kB", 1e4, 1e-3},
	};

	if (strcmp(line->unit, "s") == 0 && most < 1 && most > 0) {
		line->unit = "ms";
		line->scale = 1e3;
		return;
	}
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
		if (strcmp(line->unit, units[i].base) == 0 && most >= units[i].from) {
			line->unit = units[i].unit;
			line->scale = units[i].scale;
			return;
		}
}

static void append(struct summary_lines *l, struct summary_line line)
{
	l->at = mem_grow(l->at, l->n, &l->cap, sizeof *l->at);
	l->at[l->n++] = line;
}

static bool is_time_share(enum metric_id m)
{
	return m >= METRIC_TIME_SHARE && m < METRIC_TIME_SHARE + CAUSES;
}

/* Of the time, what is less than this under every policy is left out. */
static const double LEAST_SHARE = 0.0005;

/* What is not known of energy and cost is worth a dash. */
static void add_line(struct summary_lines *l, const struct summary *s, struct summary_line line)
{
	bool rows;
	double most = largest(s, line.scope, line.id, &rows);

	if (isnan(most) && !(rows && (line.id == METRIC_ENERGY || line.id == METRIC_COST)))
		return;
	if (is_time_share(line.id) && most < LEAST_SHARE)
		return;
	choose_unit(&line, most);
	append(l, line);
}

/* For people: shares in per cent, and no unit where it is one. */
static struct summary_line line_of(enum metric_id m)
{
	const bool share = m == METRIC_QOS_SHARE || m == METRIC_BUSY_SHARE ||
			   m == METRIC_EDGE_SHARE || m == METRIC_CLOUD_SHARE ||
			   m == METRIC_PREFIX_HIT_SHARE || m == METRIC_SPEC_ACCEPTANCE ||
			   is_time_share(m);
	struct summary_line line = {
		metrics[m].section, metrics[m].label, metrics[m].unit, "", m, 1, false};

	if (share)
		line.unit = "%";
	else if (strcmp(line.unit, "1") == 0)
		line.unit = "";
	else if (strcmp(line.unit, "1/s") == 0 || strcmp(line.unit, "token/s") == 0)
		line.unit = "/s";
	line.scale = share ? 100 : 1;
	return line;
}

struct summary_line summary_line_of(enum metric_id id, double most)
{
	struct summary_line line = line_of(id);

	choose_unit(&line, most);
	return line;
}

/* A name of the scenario, cut to what a label has room for; one character may be several bytes. */
static const char *label_of(struct summary_lines *l, const char *name)
{
	size_t n = 0, cut = 0, i;

	for (i = 0; name[i]; i++) {
		if (((unsigned char)name[i] & 0xc0) == 0x80)
			continue;
		if (n == MOST_LABEL - 1)
			cut = i;
		n++;
	}
	return n <= MOST_LABEL ? name : arena_printf(&l->arena, "%.*s…", (int)cut, name);
}

static bool has_line(const struct summary_lines *l, const char *scope, enum metric_id id)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->at[i].id == id && strcmp(l->at[i].scope, scope) == 0)
			return true;
	return false;
}

/* "of 4": what the batches of the site of @scope hold at most; "" where they differ. */
static const char *batch_unit(
	struct summary_lines *l, const struct scenario_spec *spec, const char *site)
{
	unsigned most = 0;

	for (size_t i = 0; spec && i < spec->n_instances; i++) {
		const struct instance_spec *in = &spec->instances[i];

		if (in->synthetic || strcmp(spec->sites[in->site.i].name, site) != 0)
			continue;
		if (most > 0 && in->max_batch != most)
			return "";
		most = in->max_batch;
	}
	return most ? arena_printf(&l->arena, "of %u", most) : "";
}

/* Metric @id of each place, @prefix "site:" or "instance:", in the order of the rows. */
static size_t add_places(
	struct summary_lines *l, const struct summary *s, const char *prefix, enum metric_id id)
{
	const size_t before = l->n, n_prefix = strlen(prefix);

	for (size_t i = 0; i < s->n_runs; i++) {
		for (size_t k = 0; k < s->runs[i].n_rows; k++) {
			const struct summary_row *row = &s->runs[i].rows[k];
			struct summary_line line = line_of(id);

			if (row->id != id || strncmp(row->scope, prefix, n_prefix) != 0 ||
				has_line(l, row->scope, id))
				continue;
			if (l->n - before == MOST_PLACES) {
				l->more_places += i == 0 && id == METRIC_BUSY_SHARE;
				continue;
			}
			line.label = label_of(l, row->scope + n_prefix);
			line.scope = row->scope;
			if (id == METRIC_BATCH_MEAN)
				line.unit = batch_unit(l, s->spec, row->scope + n_prefix);
			add_line(l, s, line);
		}
	}
	return l->n - before;
}

/* The link that sends for the largest share of the time under any policy. */
static void add_busiest_link(struct summary_lines *l, const struct summary *s)
{
	const size_t n_prefix = strlen("link:");
	const struct summary_row *busiest = NULL;
	struct summary_line line = line_of(METRIC_BUSY_SHARE);

	for (size_t i = 0; i < s->n_runs; i++) {
		for (size_t k = 0; k < s->runs[i].n_rows; k++) {
			const struct summary_row *row = &s->runs[i].rows[k];

			if (row->id != METRIC_BUSY_SHARE ||
				strncmp(row->scope, "link:", n_prefix) != 0)
				continue;
			if (!busiest || row->mean > busiest->mean)
				busiest = row;
		}
	}
	if (!busiest)
		return;
	line.section = "busiest link";
	line.label = label_of(l, busiest->scope + n_prefix);
	line.scope = busiest->scope;
	add_line(l, s, line);
}

void summary_lines_choose(struct summary_lines *l, const struct summary *s)
{
	*l = (struct summary_lines){0};
	arena_init(&l->arena);
	if (s->n_common > 0)
		append(l, (struct summary_line){.section = "replications",
				  .label = "",
				  .unit = "",
				  .scope = "",
				  .id = METRICS,
				  .replications = true});
	for (enum metric_id m = 0; m < METRICS; m++)
		if (metrics[m].show != SHOW_NOT)
			add_line(l, s, line_of(m));
	if (add_places(l, s, "site:", METRIC_BUSY_SHARE) == 0)
		add_places(l, s, "instance:", METRIC_BUSY_SHARE);
	add_busiest_link(l, s);
	if (add_places(l, s, "site:", METRIC_BATCH_MEAN) == 0)
		add_places(l, s, "instance:", METRIC_BATCH_MEAN);
}

void summary_lines_finish(struct summary_lines *l)
{
	free(l->at);
	arena_finish(&l->arena);
}
