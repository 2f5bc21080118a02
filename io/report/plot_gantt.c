/* A bar for every stay of a request at an instance. */
#include <stdlib.h>
#include <string.h>

#include "io/report/parts.h"

enum { LANES_MOST = 90, LANE_PX = 13, AROUND_PX = 150, LEAST_PX = 300 };

/* A stay in its line of the picture, counted from the top. */
struct placed {
	const struct results_span *stay;
	size_t lane;
};

struct drawing {
	struct figure *f;
	const struct plot_gantt *g;
	struct placed *at;
	size_t n, lanes; /* that found room */
	size_t left_out; /* instances that did not */
	struct extent x;
};

/* Lanes */

/** The first of the @n lanes that end before @from_s; @n when none does. */
static size_t free_lane(const double *ends_s, size_t n, double from_s)
{
	size_t lane = 0;

	while (lane < n && ends_s[lane] > from_s)
		lane++;
	return lane;
}

static double end_of(const struct results_span *s)
{
	return isnan(s->left_s) ? HUGE_VAL : s->left_s;
}

/** Lines for the @n stays of one instance at @stays, from 0 on; how many. */
static size_t spread(size_t *lanes, const struct results_span *stays, size_t n)
{
	double *ends_s = mem_zalloc(n, sizeof *ends_s);
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		lanes[i] = free_lane(ends_s, used, stays[i].arrived_s);
		used += lanes[i] == used;
		ends_s[lanes[i]] = end_of(&stays[i]);
	}
	free(ends_s);
	return used;
}

static size_t of_same(const struct plot_gantt *g, size_t from)
{
	size_t n = 1;

	while (from + n < g->n && strcmp(g->stays[from + n].instance, g->stays[from].instance) == 0)
		n++;
	return n;
}

static void place_all(struct drawing *d)
{
	size_t *lanes = mem_zalloc(d->g->n, sizeof *lanes);

	for (size_t from = 0, n; from < d->g->n; from += n) {
		size_t used;

		n = of_same(d->g, from);
		used = spread(lanes, d->g->stays + from, n);
		if (d->left_out > 0 || (d->n > 0 && d->lanes + used > LANES_MOST)) {
			d->left_out++;
			continue;
		}
		for (size_t i = 0; i < n; i++)
			d->at[d->n++] =
				(struct placed){&d->g->stays[from + i], d->lanes + lanes[i]};
		d->lanes += used + 1; /* and one between instances */
	}
	free(lanes);
}

static void look(struct drawing *d)
{
	d->x = EXTENT_NONE;
	for (size_t i = 0; i < d->n; i++) {
		extent_add(&d->x, d->at[i].stay->arrived_s);
		extent_add(&d->x, d->at[i].stay->started_s);
		extent_add(&d->x, d->at[i].stay->left_s);
	}
}

/* Data */

static void put_data(struct drawing *d)
{
	buf_puts(&d->f->data,
		"line,arrived_s,started_s,first_token_s,left_s,request,tokens,instance\n");
	for (size_t i = 0; i < d->n; i++) {
		const struct results_span *s = d->at[i].stay;

		put_number(d->f, (double)d->at[i].lane, ',');
		put_number(d->f, s->arrived_s, ',');
		put_number(d->f, s->started_s, ',');
		put_number(d->f, s->first_token_s, ',');
		put_number(d->f, s->left_s, ',');
		put_number(d->f, (double)s->id, ',');
		put_number(d->f, s->tokens, ',');
		put_field(d->f, s->instance, '\n');
	}
}

/* Drawing */

/** What a stay consists of: from one moment to another, as long as it is the run. */
static const struct {
	const char *name, *colour, *from, *to;
} parts[] = {
	{"waits", "#D9D9D9", "$2", "valid(3) ? $3 : last"},
	{"prompt", "#E69F00", "$7 == 1 && valid(3) ? $3 : NaN", "valid(4) ? $4 : last"},
	{"tokens", "#0072B2", "$7 == 1 && valid(4) ? $4 : NaN", "valid(5) ? $5 : last"},
	{"service", "#009E73", "$7 == 0 && valid(3) ? $3 : NaN", "valid(5) ? $5 : last"},
};

enum { PARTS = sizeof parts / sizeof *parts };

static bool occurs(const struct drawing *d, size_t part)
{
	bool any = false;

	for (size_t i = 0; i < d->n; i++) {
		const struct results_span *s = d->at[i].stay;

		any = any || part == 0 ||
		      (part == 3 ? !s->tokens && !isnan(s->started_s)
				 : s->tokens &&
					      !isnan(part == 1 ? s->started_s : s->first_token_s));
	}
	return any;
}

/** Letters where parts begin, on a line from the first to the last. */
static void put_letters(struct drawing *d)
{
	buf_puts(&d->f->script,
		"\tunset key\n\tset xlabel 'simulated time [s]: w waits, p prompt, t tokens, s "
		"service'\n\tplot data skip 1 using 2:1:((valid(5) ? $5 : last) - $2):(0) with "
		"vectors nohead");
	for (size_t p = 0; p < PARTS; p++)
		if (occurs(d, p)) /* labels that are all NaN end gnuplot */
			buf_printf(&d->f->script,
				", \\\n\t\tdata skip 1 using (%s):1:('%c') with labels",
				parts[p].from, *parts[p].name);
	buf_putc(&d->f->script, '\n');
}

static void put_bars(struct drawing *d)
{
	const char *between = "\tplot";

	for (size_t p = 0; p < PARTS; p++) {
		if (!occurs(d, p))
			continue;
		buf_printf(&d->f->script,
			"%s data skip 1 using (%s):1:(%s):(%s):($1 - 0.42):($1 + 0.42) with "
			"boxxyerror "
			"linetype 1 dashtype 1 linecolor rgb '%s' title '%s'",
			between, parts[p].from, parts[p].from, parts[p].to, parts[p].colour,
			parts[p].name);
		between = ", \\\n\t\t";
	}
	buf_puts(&d->f->script, /* who follows at once is another one */
		", \\\n\t\tdata skip 1 using 2:($1 - 0.42):(0):(0.84) with vectors nohead dashtype "
		"1 "
		"linewidth 0.8 linecolor rgb '#222222' notitle\n");
}

/** Where an instance's lines lie, and its name beside them. */
static void put_names(struct drawing *d)
{
	const char *between = "";

	buf_puts(&d->f->script, "set ytics scale 0 (");
	for (size_t i = 0, n; i < d->n; i += n) {
		size_t last = d->at[i].lane;

		for (n = 1; i + n < d->n &&
			    strcmp(d->at[i + n].stay->instance, d->at[i].stay->instance) == 0;
			n++)
			last = d->at[i + n].lane > last ? d->at[i + n].lane : last;
		buf_puts(&d->f->script, between);
		put_tic(d->f, d->at[i].stay->instance,
			((double)d->at[i].lane + (double)last) / 2.0);
		between = ", ";
	}
	buf_puts(&d->f->script, ")\n");
}

static void put_all(struct drawing *d)
{
	static const struct plot_axis time = {.name = "t_s", .label = "simulated time [s]"};
	const struct extent room = extent_room(d->x, false, true);
	char note[64] = "";

	if (d->left_out > 0)
		snprintf(note, sizeof note, "%zu more instances have no room here", d->left_out);
	d->f->height = (unsigned)d->lanes * LANE_PX + AROUND_PX;
	if (d->f->height < LEAST_PX)
		d->f->height = LEAST_PX;
	put_data(d);
	put_words(d->f, d->g->title, note);
	put_key(d->f, PARTS, "");
	put_axis(d->f, "x", &time, room);
	put_names(d);
	buf_printf(&d->f->script,
		"set yrange [%zu:-1]\nset grid noytics\nset style fill solid 1 border\n"
		"last = %.9g\nif (text) {\n",
		d->lanes, room.hi);
	put_letters(d);
	buf_puts(&d->f->script, "} else {\n");
	put_bars(d);
	buf_puts(&d->f->script, "}\n");
}

bool plot_gantt(struct figure *out, const struct plot_gantt *g, struct err *err)
{
	struct drawing d = {.f = out, .g = g};
	bool ok;

	d.at = mem_zalloc(g->n, sizeof *d.at);
	place_all(&d);
	look(&d);
	ok = d.x.lo <= d.x.hi || err_input(err, "there is nothing to draw: no request came");
	if (ok)
		put_all(&d);
	free(d.at);
	return ok;
}
