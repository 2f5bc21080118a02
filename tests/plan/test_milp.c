/* Linear programs with whole numbers: known ones, random ones against all their points, what is
 * said of those without an answer, limits, bad arguments. */
#include "tests/support/check.h"

#include <glpk.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "plan/milp.h"
#include "tests/plan/draw.h"

static struct milp_answer solved(struct milp *m, struct milp_limits limits)
{
	struct milp_answer a;
	struct err err = {0};

	if (!milp_solve(m, &limits, &a, &err))
		fail_msg("%s", err.msg);
	return a;
}

/* max 3 x + 5 y, x <= 4, 2 y <= 12, 3 x + 2 y <= 18: 36 at (2, 6) (Hillier, Lieberman). */
static void a_textbook_program_has_its_optimum(void **state)
{
	struct milp *m = milp_create("wyndor");
	size_t x = milp_column(m, "x", 0.0, 4.0, MILP_REAL, -3.0);
	size_t y = milp_column(m, "y", 0.0, HUGE_VAL, MILP_REAL, -5.0);
	struct milp_answer a;

	(void)state;
	milp_row(m, "second plant", -HUGE_VAL, 12.0);
	milp_add(m, y, 2.0);
	milp_row(m, "third plant", -HUGE_VAL, 18.0);
	milp_add(m, x, 3.0);
	milp_add(m, y, 1.0);
	milp_add(m, y, 1.0); /* named twice: the sum */
	a = solved(m, (struct milp_limits){0});
	assert_int_equal(a.status, MILP_OPTIMAL);
	assert_near(a.objective, -36.0, 1e-9);
	assert_near(milp_value(m, x), 2.0, 1e-9);
	assert_near(milp_value(m, y), 6.0, 1e-9);
	assert_near(a.bound, -36.0, 1e-9);
	assert_near(a.gap, 0.0, 0.0);
	milp_destroy(m);
}

/* max 5 x + 4 y, 6 x + 4 y <= 24, x + 2 y <= 6: 21 at (3, 1.5); whole numbers: 20 at (4, 0). */
static struct milp *paints(void)
{
	struct milp *m = milp_create("paints");
	size_t x = milp_column(m, "x", 0.0, 100.0, MILP_WHOLE, -5.0);
	size_t y = milp_column(m, "y", 0.0, 100.0, MILP_WHOLE, -4.0);

	milp_row(m, "first", -HUGE_VAL, 24.0);
	milp_add(m, x, 6.0);
	milp_add(m, y, 4.0);
	milp_row(m, "second", -HUGE_VAL, 6.0);
	milp_add(m, x, 1.0);
	milp_add(m, y, 2.0);
	return m;
}

static void whole_numbers_cost_what_the_relaxation_hides(void **state)
{
	struct milp *m = paints();
	struct milp_answer a = solved(m, (struct milp_limits){0});

	(void)state;
	assert_int_equal(a.status, MILP_OPTIMAL);
	assert_near(a.objective, -20.0, 1e-9);
	assert_near(a.relaxation, -21.0, 1e-9);
	assert_true(milp_value(m, 0) == 4.0 && milp_value(m, 1) == 0.0);
	milp_destroy(m);
}

/* Up to 5 columns of few whole numbers and up to 4 rows, each a group. */
struct made {
	size_t n, n_rows;
	int lo[5], hi[5], cost[5], factor[4][5];
	double row_lo[4], row_hi[4];
};
static const char *const made_groups[] = {"a", "b", "c", "d"};

static struct made make(uint64_t *state)
{
	struct made d = {(size_t)draw_from(state, 2, 5), (size_t)draw_from(state, 1, 4)};

	for (size_t c = 0; c < d.n; c++) {
		d.lo[c] = draw_from(state, -1, 0);
		d.hi[c] = draw_from(state, 1, 3);
		d.cost[c] = draw_from(state, -9, 9);
	}
	for (size_t r = 0; r < d.n_rows; r++) {
		int at = draw_from(state, -8, 8), kind = draw_from(state, 0, 3);

		d.row_lo[r] = kind == 0 ? -HUGE_VAL : at;
		d.row_hi[r] = kind == 1 ? HUGE_VAL : at + draw_from(state, 0, 2);
		for (size_t c = 0; c < d.n; c++)
			d.factor[r][c] = draw_from(state, -5, 5);
	}
	return d;
}

static struct milp *program(const struct made *d)
{
	struct milp *m = milp_create("made");

	for (size_t c = 0; c < d->n; c++)
		milp_column(m, "x", d->lo[c], d->hi[c], MILP_WHOLE, d->cost[c]);
	for (size_t r = 0; r < d->n_rows; r++) {
		milp_group(m, made_groups[r]);
		milp_row(m, "row", d->row_lo[r], d->row_hi[r]);
		for (size_t c = 0; c < d->n; c++)
			milp_add(m, c, d->factor[r][c]);
	}
	return m;
}

static bool holds(const struct made *d, const int *x, unsigned rows)
{
	for (size_t r = 0; r < d->n_rows; r++) {
		int sum = 0;

		for (size_t c = 0; c < d->n; c++)
			sum += d->factor[r][c] * x[c];
		if ((rows >> r & 1) && (sum < d->row_lo[r] || sum > d->row_hi[r]))
			return false;
	}
	return true;
}

/* All points that hold in the @rows set; HUGE_VAL: none. */
static double least(const struct made *d, unsigned rows)
{
	double best = HUGE_VAL;
	size_t c;
	int x[5];

	memcpy(x, d->lo, sizeof x);
	do {
		int sum = 0;

		for (c = 0; c < d->n; c++)
			sum += d->cost[c] * x[c];
		if (holds(d, x, rows))
			best = fmin(best, sum);
		for (c = 0; c < d->n && x[c] == d->hi[c]; c++)
			x[c] = d->lo[c];
		if (c < d->n)
			x[c]++;
	} while (c < d->n);
	return best;
}

static void agree(enum milp_solver by, uint64_t seed, int cases)
{
	for (int i = 0; i < cases; i++) {
		struct made d = make(&seed);
		struct milp *m = program(&d);
		struct milp_answer a = solved(m, (struct milp_limits){.solver = by});
		double best = least(&d, ~0u);

		assert_int_equal(a.status, best < HUGE_VAL ? MILP_OPTIMAL : MILP_INFEASIBLE);
		if (best < HUGE_VAL) {
			assert_near(a.objective, best, 1e-6);
			assert_true(a.bound <= a.objective && a.gap == 0.0);
			assert_true(a.relaxation <= best + 1e-6);
		}
		milp_destroy(m);
	}
}

static void random_programs_have_the_least_of_all_points(void **state)
{
	(void)state;
	agree(MILP_GLPK, 1, 1000);
}

static void cbc_finds_the_same(void **state)
{
	(void)state;
	if (!milp_has_cbc()) {
		print_message("cbc is not installed: nothing to compare with\n");
		skip();
	}
	agree(MILP_CBC, 2, 60);
}

/* A gap that is allowed is never exceeded, and the bound stays below the optimum. */
static void a_gap_leaves_the_bound_below_the_optimum(void **state)
{
	uint64_t seed = 3;

	(void)state;
	for (int i = 0; i < 300; i++) {
		struct made d = make(&seed);
		struct milp *m = program(&d);
		struct milp_answer a = solved(m, (struct milp_limits){.gap = 0.5});
		double best = least(&d, ~0u);

		if (best < HUGE_VAL) {
			assert_true(a.bound <= best + 1e-6 && a.objective >= best - 1e-6);
			assert_true(a.gap <= 0.5);
			assert_true(a.status == MILP_OPTIMAL ||
				    (a.status == MILP_FEASIBLE && a.gap > 0.0));
		} else {
			assert_int_equal(a.status, MILP_INFEASIBLE);
		}
		milp_destroy(m);
	}
}

/* One column of [@lo, @hi] with cost -1, one row @row_lo <= 2 x <= @row_hi. */
static enum milp_status status_of(
	double lo, double hi, enum milp_kind kind, double row_lo, double row_hi)
{
	struct milp *m = milp_create("one");
	size_t x = milp_column(m, "x", lo, hi, kind, -1.0);
	struct milp_answer a;

	milp_row(m, "row", row_lo, row_hi);
	milp_add(m, x, 2.0);
	a = solved(m, (struct milp_limits){0});
	assert_true((a.objective < HUGE_VAL) == (a.status == MILP_OPTIMAL));
	milp_destroy(m);
	return a.status;
}

static void each_status_is_told(void **state)
{
	(void)state;
	assert_int_equal(status_of(0.0, 9.0, MILP_REAL, 3.0, 5.0), MILP_OPTIMAL);
	assert_int_equal(status_of(0.0, 9.0, MILP_REAL, 20.0, 30.0), MILP_INFEASIBLE);
	assert_int_equal(status_of(0.0, HUGE_VAL, MILP_REAL, 3.0, HUGE_VAL), MILP_UNBOUNDED);
	assert_int_equal(status_of(0.0, 9.0, MILP_WHOLE, 3.0, 3.0), MILP_INFEASIBLE);
	assert_int_equal(status_of(0.0, HUGE_VAL, MILP_WHOLE, 3.0, HUGE_VAL), MILP_UNBOUNDED);
	assert_int_equal(status_of(0.25, 0.75, MILP_WHOLE, 0.0, 9.0), MILP_INFEASIBLE);
}

/* y may grow for ever, but there is no whole x with 2 x = 3: not unbounded. */
static void an_unbounded_relaxation_proves_no_solution(void **state)
{
	struct milp *m = milp_create("odd");
	size_t x = milp_column(m, "x", 0.0, 9.0, MILP_WHOLE, 0.0);

	(void)state;
	milp_column(m, "y", 0.0, HUGE_VAL, MILP_REAL, -1.0);
	milp_row(m, "odd", 3.0, 3.0);
	milp_add(m, x, 2.0);
	assert_int_equal(solved(m, (struct milp_limits){0}).status, MILP_INFEASIBLE);
	milp_destroy(m);
}

enum { SHARES = 40, MARKETS = 5 };

/* Split markets between two divisions so that each has half of every one: hopeless for branch and
 * bound (Cornuejols, Dawande 1998). With @slack, what is missed costs, and there is a solution. */
static struct milp *market_split(bool slack)
{
	struct milp *m = milp_create("markets");
	uint64_t seed = 5;

	for (size_t c = 0; c < SHARES; c++)
		milp_column(m, "retailer", 0.0, 1.0, MILP_WHOLE, 0.0);
	for (size_t r = 0; r < MARKETS; r++) {
		size_t less = milp_column(m, "less", 0.0, slack ? HUGE_VAL : 0.0, MILP_REAL, 1.0);
		size_t more = milp_column(m, "more", 0.0, slack ? HUGE_VAL : 0.0, MILP_REAL, 1.0);
		size_t row = milp_row(m, "market", 990.0, 990.0);

		assert_int_equal(row, r);
		for (size_t c = 0; c < SHARES; c++)
			milp_add(m, c, draw_from(&seed, 0, 99));
		milp_add(m, less, 1.0);
		milp_add(m, more, -1.0);
	}
	return m;
}

static void time_runs_out_and_is_told(void **state)
{
	struct milp *m = market_split(false);
	double begin_s = clock_s();
	struct milp_answer a = solved(m, (struct milp_limits){.seconds = 0.3});

	(void)state;
	assert_int_equal(a.status, MILP_TIMED_OUT);
	assert_true(a.timed_out && !(a.objective < HUGE_VAL));
	assert_true(clock_s() - begin_s < 5.0);
	milp_destroy(m);
	m = market_split(true);
	a = solved(m, (struct milp_limits){.seconds = 0.3});
	assert_int_equal(a.status, MILP_FEASIBLE);
	assert_true(a.timed_out && a.bound >= -1e-9 && a.bound < a.objective && a.gap > 0.0);
	milp_destroy(m);
}

static void *raise_soon(void *stop)
{
	const struct timespec pause = {.tv_nsec = 200000000};

	nanosleep(&pause, NULL);
	atomic_store((atomic_bool *)stop, true);
	return NULL;
}

static void interrupted(enum milp_solver by)
{
	struct milp *m = market_split(true);
	atomic_bool stop = false;
	const struct milp_limits limits = {.stop = &stop, .seconds = 60.0, .solver = by};
	struct milp_answer a;
	struct err err = {0};
	double begin_s = clock_s();
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, raise_soon, &stop), 0);
	assert_false(milp_solve(m, &limits, &a, &err));
	assert_int_equal(err.kind, ERR_STOP);
	assert_true(clock_s() - begin_s < 10.0);
	pthread_join(thread, NULL);
	milp_destroy(m);
}

static void an_interrupt_ends_it(void **state)
{
	(void)state;
	interrupted(MILP_GLPK);
}

static void an_interrupt_ends_cbc(void **state)
{
	(void)state;
	if (!milp_has_cbc())
		skip();
	interrupted(MILP_CBC);
}

/* Half of each market to nobody is 990 missed in each of five; it is better than nothing. */
static void a_start_that_holds_is_used(void **state)
{
	struct milp *m = market_split(true);
	double x[SHARES + 2 * MARKETS] = {0};
	struct milp_answer a;

	(void)state;
	for (size_t r = 0; r < MARKETS; r++)
		x[SHARES + 2 * r] = 990.0;
	milp_start(m, x);
	a = solved(m, (struct milp_limits){.seconds = 1e-6});
	assert_true(a.start_used && a.timed_out);
	assert_int_equal(a.status, MILP_FEASIBLE);
	assert_near(a.objective, 5 * 990.0, 1e-9);
	assert_near(milp_value(m, SHARES), 990.0, 0.0);
	x[0] = 1.0; /* and now nothing adds up */
	milp_start(m, x);
	a = solved(m, (struct milp_limits){.seconds = 1e-6});
	assert_false(a.start_used);
	assert_int_equal(a.status, MILP_TIMED_OUT);
	milp_destroy(m);
}

static void a_start_changes_no_optimum(void **state)
{
	struct milp *m = paints();
	const double x[] = {2.0, 2.0};
	struct milp_answer a;

	(void)state;
	milp_start(m, x);
	a = solved(m, (struct milp_limits){0});
	assert_true(a.start_used);
	assert_near(a.objective, -20.0, 1e-9);
	milp_destroy(m);
}

static void refused(struct milp *m, struct milp_limits limits, const char *why)
{
	struct milp_answer a;
	struct err err = {0};

	assert_false(milp_solve(m, &limits, &a, &err));
	assert_int_equal(err.kind, ERR_RUN);
	if (!strstr(err.msg, why))
		fail_msg("'%s' does not say '%s'", err.msg, why);
	milp_destroy(m);
}

static void bad_arguments_are_told_not_solved(void **state)
{
	struct milp *m;

	(void)state;
	m = paints();
	milp_add(m, 2, 1.0); /* there are two, from 0 */
	refused(m, (struct milp_limits){0}, "1 of column 2, of 2");
	m = paints();
	milp_add(m, 0, (double)NAN);
	refused(m, (struct milp_limits){0}, "cannot have nan of column 0");
	m = milp_create("empty");
	milp_add(m, 0, 1.0); /* into no row */
	refused(m, (struct milp_limits){0}, "row 0");
	m = paints();
	milp_column(m, "turned", 2.0, 1.0, MILP_REAL, 0.0);
	refused(m, (struct milp_limits){0}, "'turned' cannot be from 2 to 1");
	m = paints();
	milp_column(m, "gone", HUGE_VAL, HUGE_VAL, MILP_REAL, 0.0);
	refused(m, (struct milp_limits){0}, "'gone' cannot be from inf to inf");
	m = paints();
	milp_column(m, "dear", 0.0, 1.0, MILP_REAL, HUGE_VAL);
	refused(m, (struct milp_limits){0}, "the cost of column 'dear' is inf");
	m = paints();
	milp_row(m, "turned", 2.0, 1.0);
	refused(m, (struct milp_limits){0}, "row 'turned'");
	m = paints();
	milp_row(m, "nowhere", (double)NAN, 1.0);
	refused(m, (struct milp_limits){0}, "row 'nowhere'");
	refused(paints(), (struct milp_limits){.gap = -0.1}, "gap");
	refused(paints(), (struct milp_limits){.gap = HUGE_VAL}, "gap");
	refused(paints(), (struct milp_limits){.seconds = -1.0}, "seconds");
	refused(paints(), (struct milp_limits){.seconds = (double)NAN}, "seconds");
}

static void nothing_at_all_is_optimal(void **state)
{
	struct milp *m = milp_create("");
	struct milp_answer a = solved(m, (struct milp_limits){0});

	(void)state;
	assert_int_equal(a.status, MILP_OPTIMAL);
	assert_near(a.objective, 0.0, 0.0);
	milp_destroy(m);
}

/* Written, read by GLPK's own reader, and solved there. */
static double through_a_file(const struct milp *m, int *status)
{
	char file[] = "/tmp/offing-test-mps-XXXXXX";
	struct err err = {0};
	glp_prob *p = glp_create_prob();
	glp_iocp how;
	int fd = mkstemp(file);
	double objective;

	assert_true(fd >= 0);
	close(fd);
	if (!milp_write_mps(m, file, &err))
		fail_msg("%s", err.msg);
	glp_term_out(GLP_OFF);
	assert_int_equal(glp_read_mps(p, GLP_MPS_FILE, NULL, file), 0);
	assert_int_equal(glp_get_num_cols(p), milp_n_columns(m));
	glp_init_iocp(&how);
	*status = 1;
	if (glp_simplex(p, NULL) == 0 && glp_get_status(p) == GLP_OPT && glp_intopt(p, &how) == 0 &&
		glp_mip_status(p) == GLP_OPT)
		*status = 0;
	objective = glp_mip_obj_val(p);
	glp_delete_prob(p);
	glp_free_env();
	unlink(file);
	return objective;
}

static void a_program_survives_a_file(void **state)
{
	uint64_t seed = 7;

	(void)state;
	for (int i = 0; i < 200; i++) {
		struct made d = make(&seed);
		struct milp *m = program(&d);
		double best = least(&d, ~0u), read;
		int status;

		read = through_a_file(m, &status);
		assert_int_equal(status != 0, !(best < HUGE_VAL));
		if (best < HUGE_VAL)
			assert_near(read, best, 1e-6);
		milp_destroy(m);
	}
}

/* Bounds of each kind, digits that %g drops, names that MPS would not take:
 * min x + y - z - 3 v, x free in a row x >= -7.25, y <= 2 from y >= -inf with -y <= 0.1 + 2^-40,
 * z whole in 0..5, v fixed at 1.5. */
static void every_kind_of_bound_survives_a_file(void **state)
{
	struct milp *m = milp_create("a name of 3 words");
	size_t x = milp_column(m, "x of $ * 'edge 1'", -HUGE_VAL, HUGE_VAL, MILP_REAL, 1.0);
	size_t y = milp_column(m, "\xc3\xa4", -HUGE_VAL, 2.0, MILP_REAL, 1.0);
	double tiny = 0.1 + 0x1p-40, best = -7.25 - tiny - 5.0 - 4.5;
	struct milp_answer a;
	int status;

	(void)state;
	milp_column(m, "z", 0.0, 5.0, MILP_WHOLE, -1.0);
	milp_column(m, "", 1.5, 1.5, MILP_REAL, -3.0);
	milp_row(m, "same name", -7.25, HUGE_VAL);
	milp_add(m, x, 1.0);
	milp_row(m, "same name", -HUGE_VAL, tiny);
	milp_add(m, y, -1.0);
	milp_row(m, "free", -HUGE_VAL, HUGE_VAL);
	milp_add(m, y, 1.0);
	assert_near(through_a_file(m, &status), best, 1e-12);
	assert_int_equal(status, 0);
	a = solved(m, (struct milp_limits){0});
	assert_near(a.objective, best, 1e-12);
	if (milp_has_cbc())
		assert_near(
			solved(m, (struct milp_limits){.solver = MILP_CBC}).objective, best, 1e-6);
	milp_destroy(m);
}

static void a_file_that_cannot_be_written_is_told(void **state)
{
	struct milp *m = paints();
	struct err err = {0};

	(void)state;
	assert_false(milp_write_mps(m, "/nowhere/at/all.mps", &err));
	assert_non_null(strstr(err.msg, "cannot write /nowhere/at/all.mps: No such file"));
	milp_destroy(m);
}

/* Two boxes of 4 and 5, things of 3, 3 and 4 that must all go somewhere: each pair of things fits,
 * all three do not. A fourth row has no part in it. */
static void a_conflict_names_what_cannot_be_together(void **state)
{
	static const double size[] = {3.0, 3.0, 4.0}, room[] = {4.0, 5.0, 100.0};
	static const char *const things[] = {"thing 1", "thing 2", "thing 3"};
	struct milp *m = milp_create("boxes");
	const char *const *names;
	struct err err = {0};
	bool irreducible;
	size_t n;

	(void)state;
	for (size_t i = 0; i < 9; i++)
		milp_column(m, "in", 0.0, i % 3 == 2 ? 0.0 : 1.0, MILP_WHOLE, 1.0);
	for (size_t i = 0; i < 3; i++) {
		milp_group(m, things[i]);
		milp_row(m, "somewhere", 1.0, 1.0);
		for (size_t b = 0; b < 3; b++)
			milp_add(m, 3 * i + b, 1.0);
	}
	for (size_t b = 0; b < 3; b++) {
		milp_group(m, b == 2 ? "no part" : b == 0 ? "box 1" : "box 2");
		milp_row(m, "room", -HUGE_VAL, room[b]);
		for (size_t i = 0; i < 3; i++)
			milp_add(m, 3 * i + b, size[i]);
	}
	assert_true(milp_conflict(m, &(struct milp_limits){0}, &names, &n, &irreducible, &err));
	assert_true(irreducible);
	assert_int_equal(n, 5);
	for (size_t i = 0; i < n; i++)
		assert_string_not_equal(names[i], "no part");
	free((void *)names);
	milp_destroy(m);
}

static unsigned rows_named(const char *const *names, size_t n)
{
	unsigned rows = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t r = 0; r < 4; r++)
			if (strcmp(names[i], made_groups[r]) == 0)
				rows |= 1u << r;
	return rows;
}

/* By all points: the set allows none, each set with one group less allows some. */
static void a_conflict_is_irreducible(void **state)
{
	uint64_t seed = 11;
	size_t found = 0;

	(void)state;
	for (int i = 0; i < 600; i++) {
		struct made d = make(&seed);
		struct milp *m = program(&d);
		const char *const *names;
		struct err err = {0};
		bool irreducible;
		unsigned rows;
		size_t n;

		assert_true(
			milp_conflict(m, &(struct milp_limits){0}, &names, &n, &irreducible, &err));
		assert_int_equal(n > 0, !(least(&d, ~0u) < HUGE_VAL));
		rows = rows_named(names, n);
		assert_int_equal(n > 0, irreducible);
		assert_true(n == 0 || !(least(&d, rows) < HUGE_VAL));
		for (size_t r = 0; r < 4; r++)
			if (rows >> r & 1)
				assert_true(least(&d, rows & ~(1u << r)) < HUGE_VAL);
		found += n > 0;
		free((void *)names);
		milp_destroy(m);
	}
	assert_true(found > 100);
}

static void *solve_apart(void *sum)
{
	uint64_t seed = 13;

	for (int i = 0; i < 200; i++) {
		struct made d = make(&seed);
		struct milp *m = program(&d);
		struct milp_answer a;
		struct err err = {0};

		if (!milp_solve(m, &(struct milp_limits){0}, &a, &err))
			*(double *)sum = (double)NAN;
		else if (a.status == MILP_OPTIMAL)
			*(double *)sum += a.objective;
		milp_destroy(m);
	}
	return NULL;
}

static void threads_solve_apart(void **state)
{
	double sum[4] = {0}, expected = 0.0;
	uint64_t seed = 13;
	pthread_t thread[4];

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, solve_apart, &sum[i]), 0);
	for (int i = 0; i < 200; i++) {
		struct made d = make(&seed);
		double best = least(&d, ~0u);

		expected += best < HUGE_VAL ? best : 0.0;
	}
	for (size_t i = 0; i < 4; i++) {
		pthread_join(thread[i], NULL);
		assert_near(sum[i], expected, 1e-6);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_textbook_program_has_its_optimum),
		cmocka_unit_test(whole_numbers_cost_what_the_relaxation_hides),
		cmocka_unit_test(random_programs_have_the_least_of_all_points),
		cmocka_unit_test(cbc_finds_the_same),
		cmocka_unit_test(a_gap_leaves_the_bound_below_the_optimum),
		cmocka_unit_test(each_status_is_told),
		cmocka_unit_test(an_unbounded_relaxation_proves_no_solution),
		cmocka_unit_test(time_runs_out_and_is_told),
		cmocka_unit_test(an_interrupt_ends_it),
		cmocka_unit_test(an_interrupt_ends_cbc),
		cmocka_unit_test(a_start_that_holds_is_used),
		cmocka_unit_test(a_start_changes_no_optimum),
		cmocka_unit_test(bad_arguments_are_told_not_solved),
		cmocka_unit_test(nothing_at_all_is_optimal),
		cmocka_unit_test(a_program_survives_a_file),
		cmocka_unit_test(every_kind_of_bound_survives_a_file),
		cmocka_unit_test(a_file_that_cannot_be_written_is_told),
		cmocka_unit_test(a_conflict_names_what_cannot_be_together),
		cmocka_unit_test(a_conflict_is_irreducible),
		cmocka_unit_test(threads_solve_apart),
	};
	return cmocka_run_group_tests_name("milp", tests, NULL, NULL);
}
