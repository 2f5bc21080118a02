/* The link's closed forms against the qdiscs of the kernel this runs on. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/truth/clock.h"
#include "tests/truth/grid.h"
#include "tests/truth/late.h"
#include "tests/truth/measure.h"
#include "tests/truth/rig.h"
#include "tests/truth/verdict.h"
#include "tests/truth/wire.h"

enum { SKIPPED = 77 };

struct settings {
	enum grid_size size;
	uint64_t seed;
	const char *csv;
	enum family only; /* FAMILIES: all */
};

/* The state of a run. */
struct bench {
	struct rig rig;
	enum rig_kind kind;
	bool open, have_htb, have_netem;
	double delay_s; /* as the rig is set */
	struct rig_figures figures;
	struct lateness late;
	struct verdict *verdict;
};

static int skip(const char *why)
{
	printf("skipped: %s\n", why);
	return SKIPPED;
}

/* @mbit 0: of all. */
static void print_lateness(double mbit, const struct lateness *l)
{
	if (mbit > 0.0)
		printf("  at %3.0f Mbit/s", mbit);
	else
		printf("  all          ");
	printf(" %4zu timers: mean %5.1f us, p5 %5.1f, p50 %5.1f, p95 %5.1f, max %6.1f;"
	       " hosts %5.1f us\n",
		l->n, l->mean_s * 1e6, l->p5_s * 1e6, l->p50_s * 1e6, l->p95_s * 1e6,
		l->max_s * 1e6, l->host_s * 1e6);
}

/* At the rates where it matters: where 86 bytes pass in less than it. */
static bool measure_lateness(struct bench *b, struct err *err)
{
	static const double mbit[] = {50, 100, 200};
	double bytes_per_s[12];
	struct lateness one;

	printf("timer lateness, and the hosts' own time:\n");
	for (size_t i = 0; i < 12; i++)
		bytes_per_s[i] = mbit[i / 4] * 125000.0;
	for (size_t i = 0; i < 3; i++) {
		if (!lateness_measure(&one, &b->rig, &bytes_per_s[4 * i], 4, err))
			return false;
		print_lateness(mbit[i], &one);
	}
	if (!lateness_measure(&b->late, &b->rig, bytes_per_s, 12, err))
		return false;
	print_lateness(0.0, &b->late);
	b->figures = (struct rig_figures){b->late.mean_s, b->late.host_s};
	return true;
}

/* Whether a bucket is so small that its rate hangs on lateness, which drifts with the load. */
static bool hangs_on_lateness(const struct bench *b, const struct cell *c)
{
	static const double FRAME_BYTES = 1514.0, MANY = 3.0;

	return c->qdisc == QDISC_TBF && !(c->delay_s > 0.0) &&
	       c->burst_bytes - FRAME_BYTES < MANY * b->late.mean_s * c->bytes_per_s;
}

/* Measured anew next to such a cell, by trains at its rate; the number of times so far is *@n. */
static bool refresh_lateness(
	struct bench *b, const struct cell *c, double *sum_s, size_t *n, struct err *err)
{
	const double bytes_per_s[] = {c->bytes_per_s, c->bytes_per_s};
	struct lateness now;

	if (!hangs_on_lateness(b, c))
		return true;
	if (!lateness_measure(&now, &b->rig, bytes_per_s, 2, err))
		return false;
	*sum_s += now.mean_s;
	++*n;
	b->figures.timer_late_s = *sum_s / (double)*n;
	return true;
}

/* The hosts' and the forwarder's own time: a message of one packet, unshaped, less the delay. */
static bool measure_hosts(struct bench *b, struct err *err)
{
	const struct cell c = {
		.qdisc = QDISC_NONE,
		.transport = TRANSPORT_TCP,
		.connection = CONNECTION_COLD,
		.delay_s = b->delay_s,
		.n_flows = 1,
		.flow = {{0.0, 1024}},
	};
	struct measured m = {0};

	if (!measure(&m, &b->rig, &c, 9, 2.0 * b->delay_s, err))
		return false;
	b->figures.host_s = measured_quantile_s(&m, 1, 1, 0.5) - b->delay_s;
	return true;
}

/* The rig that @c needs, with its delay: by netem where there is one. */
static bool prepare(struct bench *b, const struct cell *c, struct err *err)
{
	const bool delayed = c->delay_s > 0.0;
	const enum rig_kind kind = delayed && !b->have_netem ? RIG_FORWARDED : RIG_PLAIN;
	bool unable;

	if (b->kind != kind || (!delayed && b->delay_s > 0.0)) {
		rig_finish(&b->rig);
		b->kind = kind;
		b->delay_s = 0.0;
		if (!rig_create(&b->rig, kind, &unable, err))
			return false;
		b->figures.host_s = b->late.host_s;
	}
	if (delayed && (c->delay_s < b->delay_s || c->delay_s > b->delay_s)) {
		b->delay_s = c->delay_s;
		return rig_delay(&b->rig, c->delay_s, err) && measure_hosts(b, err);
	}
	return true;
}

/* What makes the delays, by itself. */
static bool check_wire(struct bench *b, bool *ok, struct err *err)
{
	const struct cell delayed = {.delay_s = 10e-3};
	struct wire w;

	if (b->have_netem)
		return wire_check_netem(ok, &b->rig, stdout, err);
	*ok = true;
	if (!prepare(b, &delayed, err) || !wire_measure(&w, &b->rig, 200, 2e-3, err))
		return false;
	printf("forwarder: a delay of 10 ms is p5 %.3f, p50 %.3f, p95 %.3f ms\n",
		1e3 * wire_quantile_s(&w, 0.05), 1e3 * wire_quantile_s(&w, 0.5),
		1e3 * wire_quantile_s(&w, 0.95));
	return true;
}

/* More repetitions of @c, and what is predicted. */
static bool run_reps(struct bench *b, const struct cell *c, struct measured *m, size_t reps,
	double about_s, struct err *err)
{
	double sum_s = 0.0;
	size_t n = 0;

	b->figures.timer_late_s = b->late.mean_s;
	return refresh_lateness(b, c, &sum_s, &n, err) &&
	       measure(m, &b->rig, c, reps, about_s, err) &&
	       refresh_lateness(b, c, &sum_s, &n, err);
}

/* Long ones vary little, and what several flows do in the same order is the same each time. */
static size_t repetitions(const struct cell *c, double about_s, enum grid_size size)
{
	if (about_s > 2.0 || c->n_flows > 1)
		return 3;
	return size == GRID_QUICK ? 5 : 7;
}

static bool run_cell(struct bench *b, const struct cell *c, enum grid_size size, struct err *err)
{
	static const double DOUBTFUL = 0.015;
	struct measured m = {0};
	struct sample about;
	size_t reps;

	if (!prepare(b, c, err))
		return false;
	predict(&about, c, &b->figures);
	reps = repetitions(c, about.makespan_s, size);
	if (!run_reps(b, c, &m, reps, about.makespan_s, err))
		return false;
	if (verdict_add(b->verdict, c, &m, &b->figures) <= DOUBTFUL || about.makespan_s > 2.0 ||
		c->family == FAMILY_BEHIND)
		return true;
	/* the machine was perhaps busy: measured again, for longer, and only that counts */
	verdict_drop(b->verdict);
	m.n = 0;
	if (!run_reps(b, c, &m, 2 * reps, about.makespan_s, err))
		return false;
	verdict_add(b->verdict, c, &m, &b->figures);
	return true;
}

static bool run_all(struct bench *b, const struct settings *set, struct err *err)
{
	struct cell *cells;
	const size_t n = grid_make(&cells, set->size, set->seed);
	bool ok = true;

	for (size_t i = 0; ok && i < n; i++) {
		char text[300];
		struct err why = {0};

		if ((cells[i].qdisc == QDISC_HTB && !b->have_htb) ||
			(set->only != FAMILIES && set->only != cells[i].family))
			continue;
		ok = run_cell(b, &cells[i], set->size, &why) ||
		     err_run(err, "%.180s: %.110s", cell_print(text, sizeof(text), &cells[i]),
			     why.msg);
	}
	free(cells);
	return ok;
}

static bool read_settings(struct settings *s, int argc, char **argv)
{
	static const char *const families[FAMILIES] = {
		"single", "cold", "warm", "share", "super", "behind"};

	*s = (struct settings){.size = GRID_QUICK, .seed = 1, .only = FAMILIES};
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--full") == 0)
			s->size = GRID_FULL;
		else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
			s->seed = strtoull(argv[++i], NULL, 10);
		else if (strcmp(argv[i], "--csv") == 0 && i + 1 < argc)
			s->csv = argv[++i];
		else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc) {
			i++;
			for (size_t k = 0; k < FAMILIES; k++)
				if (strcmp(argv[i], families[k]) == 0)
					s->only = (enum family)k;
		} else
			return false;
	}
	return true;
}

static bool report(struct bench *b, const char *csv_path)
{
	FILE *csv = csv_path != NULL ? fopen(csv_path, "w") : NULL;
	const bool ok = verdict_print(b->verdict, &b->late, csv, stdout);

	if (csv_path != NULL && csv == NULL)
		perror(csv_path);
	if (csv != NULL)
		fclose(csv);
	return ok;
}

int main(int argc, char **argv)
{
	struct bench b = {.kind = RIG_PLAIN};
	struct settings set;
	struct err err = {0};
	bool unable, ok, wire_ok;

	if (!read_settings(&set, argc, argv)) {
		fprintf(stderr, "usage: %s [--full] [--seed N] [--only FAMILY] [--csv FILE]\n",
			argv[0]);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!rig_create(&b.rig, RIG_PLAIN, &unable, &err) && unable)
		return skip(err.msg);
	if (err.kind != ERR_NONE) {
		err_print(&err, stderr);
		return 1;
	}
	if (!rig_has(&b.rig, "tbf rate 1mbit burst 5000 limit 5000"))
		return skip("this kernel or tc has no tbf");
	b.have_htb = rig_has(&b.rig, "htb");
	b.have_netem = rig_has(&b.rig, "netem delay 1ms");
	printf("real-time scheduling: %s; htb: %s; netem: %s\n", clock_real_time(1) ? "yes" : "no",
		b.have_htb ? "yes" : "no, its cells are left out",
		b.have_netem ? "yes" : "no, a frame forwarder delays");
	b.verdict = verdict_create();
	ok = measure_lateness(&b, &err) && check_wire(&b, &wire_ok, &err) &&
	     run_all(&b, &set, &err);
	if (ok)
		ok = report(&b, set.csv) && wire_ok;
	else
		err_print(&err, stderr);
	verdict_destroy(b.verdict);
	rig_finish(&b.rig);
	return ok ? 0 : 1;
}
