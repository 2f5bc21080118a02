/* offing validate: queues with a closed form, simulated, and whether the two agree. */
#include <limits.h>
#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/near.h"
#include "base/quote.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/jobs.h"
#include "cli/json.h"
#include "policies/all.h"
#include "study/validate.h"

struct job {
	struct interrupt interrupt;
	struct validate_setting setting;
	bool json;
	const struct validate_case **cases;
	size_t n_cases, n_ok;
};

/* What was asked for */

static const struct validate_case *find_case(const char *name, struct err *err)
{
	char quoted[QUOTE_SIZE];
	struct near near;

	near_init(&near, name);
	for (size_t i = 0; i < n_validate_cases; i++) {
		if (strcmp(validate_cases[i].name, name) == 0)
			return &validate_cases[i];
		near_add(&near, validate_cases[i].name);
	}
	quote(quoted, sizeof quoted, name);
	if (near_best(&near))
		err_input(err, "unknown case '%s'; did you mean '%s'?", quoted, near_best(&near));
	else
		err_input(err, "unknown case '%s'; see `offing validate --list`", quoted);
	return NULL;
}

static bool choose_cases(struct job *j, const struct opts *o, struct err *err)
{
	j->n_cases = o->n_args > 0 ? o->n_args : n_validate_cases;
	j->cases = mem_zalloc(j->n_cases, sizeof *j->cases);
	for (size_t i = 0; i < j->n_cases; i++) {
		j->cases[i] = o->n_args > 0 ? find_case(o->args[i], err) : &validate_cases[i];
		if (!j->cases[i])
			return false;
	}
	return true;
}

static bool read_options(struct job *j, const struct opts *o, struct err *err)
{
	const char *precision = opts_get(o, "precision");
	unsigned long seed = 1;

	j->json = opts_get(o, "json") != NULL;
	j->setting.precision = 0.01;
	j->setting.fcfs = &policy_fcfs;
	if (!opts_quantity(o, "precision", QUANTITY_FRACTION, &j->setting.precision, err))
		return false;
	if (!(j->setting.precision >= 1e-4 && j->setting.precision <= 0.5))
		return err_input(
			err, "--precision must be from 0.01 %% to 50 %%, not %s", precision);
	if (!opts_count(o, "seed", 0, ULONG_MAX, &seed, err))
		return false;
	j->setting.seed = seed;
	return jobs_of(&j->setting.n_threads, o, err) && choose_cases(j, o, err);
}

/* What is said */

static bool passed(const struct validate_verdict *v)
{
	return v->precise && v->agrees;
}

static const char *word(const struct validate_verdict *v)
{
	if (v->stopped)
		return "stopped";
	if (!v->precise)
		return "NOT PRECISE";
	return v->agrees ? "ok" : "DISAGREES";
}

static void print_head(const struct job *j)
{
	if (j->json)
		return;
	printf("seed %" PRIu64 ", half-width of the 95 %% interval of chance below %g %%\n\n",
		j->setting.seed, 100.0 * j->setting.precision);
	printf("%-13s %-36s %-7s %8s %9s %8s %4s %9s  %s\n", "case", "", "", "theory", "simulated",
		"± 95 %", "runs", "customers", "verdict");
}

static void print_row(const struct validate_case *c, const struct validate_verdict *v)
{
	printf("%-13s %-36s %-7s %8.5g %9.5g %7.2g %4zu %9" PRIu64 "  %s\n", c->name, c->title,
		c->kind->quantity, v->theory, v->ci95.mean, v->ci95.hi - v->ci95.mean, v->ci95.n,
		v->customers, word(v));
}

static void json_member(const char *name, double x)
{
	printf(",\"%s\":", name);
	json_number(stdout, x);
}

static void json_row(const struct validate_case *c, const struct validate_verdict *v, uint64_t seed)
{
	fputs("{\"case\":", stdout);
	json_string(stdout, c->name);
	fputs(",\"title\":", stdout);
	json_string(stdout, c->title);
	fputs(",\"quantity\":", stdout);
	json_string(stdout, c->kind->quantity);
	fputs(",\"unit\":", stdout);
	json_string(stdout, c->kind->unit);
	printf(",\"seed\":%" PRIu64, seed);
	json_member("theory", v->theory);
	json_member("mean", v->ci95.mean);
	fputs(",\"ci95\":[", stdout);
	json_number(stdout, v->ci95.lo);
	fputc(',', stdout);
	json_number(stdout, v->ci95.hi);
	fputs("],\"ci999\":[", stdout);
	json_number(stdout, v->ci999.lo);
	fputc(',', stdout);
	json_number(stdout, v->ci999.hi);
	printf("],\"n\":%zu,\"customers\":%" PRIu64 ",\"passed\":%s}\n", v->ci95.n, v->customers,
		passed(v) ? "true" : "false");
}

static void print_foot(const struct job *j)
{
	if (j->json)
		return;
	printf("\n%zu of %zu passed; a sound program fails one of these by chance under %.2g %% of "
	       "all seeds\n",
		j->n_ok, j->n_cases, 100.0 * (1.0 - pow(0.999, (double)j->n_cases)));
}

static enum status run_cases(struct job *j, struct err *err)
{
	struct validate_verdict v;

	print_head(j);
	for (size_t i = 0; i < j->n_cases; i++) {
		if (!validate_run(&v, j->cases[i], &j->setting, err))
			return command_fail(err);
		if (j->json && !v.stopped)
			json_row(j->cases[i], &v, j->setting.seed);
		else if (!j->json)
			print_row(j->cases[i], &v);
		fflush(stdout);
		if (v.stopped)
			return STATUS_INTERRUPTED;
		j->n_ok += passed(&v);
	}
	print_foot(j);
	return j->n_ok == j->n_cases ? STATUS_DONE : STATUS_FAILED;
}

static enum status run_all(struct job *j)
{
	struct err err = {0};
	enum status status;

	if (!interrupt_init(&j->interrupt, &err))
		return command_fail(&err);
	j->setting.stop = &j->interrupt.stop;
	status = run_cases(j, &err);
	interrupt_finish(&j->interrupt);
	return status;
}

static enum status list(void)
{
	for (size_t i = 0; i < n_validate_cases; i++)
		printf("%-14s %s\n", validate_cases[i].name, validate_cases[i].title);
	return STATUS_DONE;
}

static enum status run(const struct opts *o)
{
	struct job j = {0};
	struct err err = {0};
	enum status status;

	if (opts_get(o, "list"))
		return list();
	status = read_options(&j, o, &err) ? run_all(&j) : command_fail(&err);
	free(j.cases);
	return status;
}

static const struct opt_spec opts[] = {
	{"precision", 0, "REL", "half-width of the 95 % interval over the mean (1 %)"},
	{"seed", 0, "N", "of all random streams (1)"}, JOBS_OPT,
	{"json", 0, NULL, "one object a line and case"},
	{"list", 0, NULL, "name the cases and do nothing else"}, {0}};

const struct command cmd_validate = {
	.name = "validate",
	.args = "[CASE...]",
	.min_args = 0,
	.max_args = SIZE_MAX,
	.summary = "compare simulated queues with queueing theory",
	.help = "Each case runs at least 30 replications, and more until the 95 % interval is\n"
		"as narrow as REL asks; it passes when the theory lies in the 99.9 % interval.\n"
		"The exit status is 1 when one does not. docs/queueing.md has the formulas.",
	.opts = opts,
	.run = run,
};
