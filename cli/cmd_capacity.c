/* offing capacity: how often the arrivals of a scenario may come before each policy fails. */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "cli/capacity_files.h"
#include "cli/capacity_print.h"
#include "cli/capacity_target.h"
#include "cli/command.h"
#include "cli/input.h"
#include "cli/interrupt.h"
#include "cli/jobs.h"
#include "cli/labels.h"
#include "cli/progress.h"
#include "models/world/world.h"
#include "study/stability.h"

static const double default_precision = 0.01, least_precision = 1e-4, most_precision = 0.25;
static const double default_requests = 2e7;

/** What is asked for. */
struct asked {
	struct capacity_question question;
	const char *policies; /* NULL: all */
	bool checks;
	struct arena arena;
};

/* Options */

static bool read_asked(
	struct asked *a, const struct scenario_spec *s, const struct opts *o, struct err *err)
{
	unsigned long most = (unsigned long)default_requests;
	struct capacity_question *q = &a->question;
	const char *target = opts_get(o, "target");

	q->spec = s;
	q->precision = default_precision;
	a->policies = opts_get(o, "policies");
	a->checks = opts_get(o, "check") != NULL;
	if (a->checks && target)
		return err_input(err,
			"--check is of boundaries of stability, and --target asks for "
			"another one");
	if (!opts_quantity(o, "precision", QUANTITY_FRACTION, &q->precision, err) ||
		!opts_count(o, "requests", 1000, 1000000000000ul, &most, err) ||
		!jobs_of(&q->n_threads, o, err))
		return false;
	if (!(q->precision >= least_precision && q->precision <= most_precision))
		return err_input(err, "--precision must be from 0.01 %% to 25 %%, not %g %%",
			100.0 * q->precision);
	q->most_requests = most;
	return !target || capacity_target_read(&q->target, target, s, &a->arena, err);
}

/* Policies */

struct progress_of {
	struct progress *progress;
	const char *policy;
	size_t done, of;
	uint64_t requests;
};

static void show(void *user, uint64_t requests)
{
	struct progress_of *p = user;

	p->requests += requests;
	progress_show(p->progress, &(struct progress_now){.policy = p->policy,
					   .done = p->done,
					   .of = p->of,
					   .share = (double)p->done / (double)p->of,
					   .events = p->requests});
}

/** A verdict on @part of the scale that was found. */
static bool verdict_at(enum drift_verdict *out, struct capacity_row *row,
	const struct capacity_question *q, double part, struct err *err)
{
	struct stability_result r;

	if (!stability_decide(&r,
		    &(struct stability_question){.spec = q->spec,
			    .policy = q->policy,
			    .scale = part * row->answer.scale,
			    .error = DRIFT_ERROR,
			    .indifference = capacity_check_apart,
			    .n_threads = q->n_threads,
			    .stop = q->stop},
		    err))
		return false;
	*out = r.answer.verdict;
	row->check.requests += r.requests;
	return true;
}

/** The boundary that was found, by another way: from a backlog, on either side of it. */
static bool check(struct capacity_row *row, const struct capacity_question *q, struct err *err)
{
	if (*row->failure || row->answer.kind != CAPACITY_FOUND)
		return true;
	row->check.made = verdict_at(&row->check.below, row, q, 1.0 - capacity_check_apart, err) &&
			  verdict_at(&row->check.above, row, q, 1.0 + capacity_check_apart, err);
	return row->check.made;
}

/** False: no policy would fare better (bad input, an interrupt). What was found stays. */
static bool find(struct capacity_row *row, struct capacity_question *q, struct err *err)
{
	struct err why = {0};

	if (capacity_find(&row->answer, q, &why))
		return true;
	if (why.kind != ERR_RUN) {
		*err = why;
		return false;
	}
	snprintf(row->failure, sizeof row->failure, "%s", why.msg);
	return true;
}

static size_t n_asked(const struct asked *a, const struct scenario_spec *s)
{
	size_t n = 0;

	for (size_t p = 0; p < s->n_policies; p++)
		n += !a->policies || labels_have(a->policies, s->policies[p].label);
	return n;
}

static bool find_all(struct capacity_report *r, const struct asked *a, struct progress *progress,
	struct err *err)
{
	const struct scenario_spec *s = a->question.spec;
	struct progress_of shown = {.progress = progress, .of = r->n_asked};
	struct capacity_question q = a->question;

	q.bound = r->bound->scale;
	q.rate_per_s = r->bound->rate_per_s;
	q.show = show;
	q.user = &shown;
	for (size_t p = 0; p < s->n_policies; p++) {
		struct capacity_row *row = &r->policies[r->n_policies];

		if (a->policies && !labels_have(a->policies, s->policies[p].label))
			continue;
		row->label = shown.policy = s->policies[p].label;
		q.policy = &s->policies[p];
		show(&shown, 0);
		if (!find(row, &q, err) || (a->checks && !check(row, &q, err))) {
			capacity_answer_finish(&row->answer);
			return false;
		}
		r->n_policies++;
		shown.done++;
	}
	return true;
}

/* What comes of it */

static bool output(const struct capacity_report *r, const struct opts *o, struct err *err)
{
	if (opts_get(o, "json"))
		capacity_print_json(stdout, r);
	else
		capacity_print(stdout, r);
	if (!opts_get(o, "output") && !opts_get(o, "plot"))
		return true;
	return capacity_files(r,
		&(struct data_folder){.kind = "capacity",
			.name = r->spec->name,
			.dir = opts_get(o, "output"),
			.plot = opts_get(o, "plot") != NULL,
			.force = opts_get(o, "force") != NULL},
		err);
}

static enum status judge(const struct capacity_report *r)
{
	for (size_t p = 0; p < r->n_policies; p++)
		if (*r->policies[p].failure)
			return STATUS_FAILED;
	return STATUS_DONE;
}

static enum status search(struct capacity_report *r, struct asked *a, const struct opts *o)
{
	struct progress progress;
	struct err err = {0}, unwritten = {0};
	bool ok;

	progress_init(&progress, stderr, opts_get(o, "quiet") != NULL);
	ok = find_all(r, a, &progress, &err);
	progress_clear(&progress);
	r->interrupted = err.kind == ERR_STOP;
	if (!ok && !r->interrupted)
		return command_fail(&err);
	if ((ok || r->n_policies > 0) && !output(r, o, &unwritten))
		return command_fail(&unwritten);
	return r->interrupted ? command_fail(&err) : judge(r);
}

static enum status answer(struct asked *a, const struct opts *o, const atomic_bool *stop)
{
	const struct scenario_spec *s = a->question.spec;
	struct fluid_bound bound;
	struct capacity_report r = {.spec = s,
		.bound = &bound,
		.target = opts_get(o, "target"),
		.precision = a->question.precision,
		.n_asked = n_asked(a, s),
		.policies = mem_zalloc(s->n_policies, sizeof *r.policies)};
	struct err err = {0};
	enum status status;

	a->question.stop = stop;
	status = fluid_bound(&bound, s, &err) ? search(&r, a, o) : command_fail(&err);
	for (size_t p = 0; p < r.n_policies; p++)
		capacity_answer_finish(&r.policies[p].answer);
	free(r.policies);
	fluid_bound_finish(&bound);
	return status;
}

static enum status run_checked(struct asked *a, const struct opts *o)
{
	struct interrupt interrupt;
	struct err err = {0};
	enum status status;

	if (!interrupt_init(&interrupt, &err))
		return command_fail(&err);
	status = answer(a, o, &interrupt.stop);
	interrupt_finish(&interrupt);
	return status;
}

static enum status run(const struct opts *o)
{
	struct asked a = {0};
	struct err err = {0};
	enum status status;
	struct input in;

	if (!input_read(&in, o->args[0], o))
		return STATUS_USAGE;
	arena_init(&a.arena);
	if (world_check(&in.scenario->spec, &err) && read_asked(&a, &in.scenario->spec, o, &err) &&
		(!a.policies || labels_check(a.policies, &in.scenario->spec, &err)) &&
		capacity_files_check(o, &err))
		status = run_checked(&a, o);
	else
		status = command_fail(&err);
	arena_finish(&a.arena);
	input_finish(&in);
	return status;
}

static const struct opt_spec opts[] = {
	{"target", 0, "TARGET", "instead of stability: 'ttft.p95 <= 2 s', 'qos.share >= 95 %'"},
	{"precision", 0, "REL", "half of the 95 % interval of a scale, at most (1 %)"},
	{"policies", 0, "LABEL,...", "of the scenario's policies these alone"},
	{"check", 0, NULL, "test each answer 5 % to either side, from a backlog"},
	{"requests", 0, "N", "simulate at most about so many a policy (20000000)"}, JOBS_OPT,
	{"output", 'o', "DIR", "write capacity.sqlite, capacity.csv and points.csv to DIR"},
	{"plot", 0, NULL, "and a picture, with its script (default DIR: results/capacity/NAME)"},
	{"force", 0, NULL, "replace what DIR holds"},
	{"json", 0, NULL, "print a JSON object, in SI units"},
	{"quiet", 'q', NULL, "no progress, no closing message"},
	{"set", 's', "KEY=VALUE", "change the scenario: -s links.wan.rate='10 Mbps'; repeatable"},
	{"seed", 0, "N", "run.seed of the scenario"}, PLUGIN_OPT, {0}};

const struct command cmd_capacity = {
	.name = "capacity",
	.args = "FILE",
	.min_args = 1,
	.max_args = 1,
	.summary = "find how often arrivals may come before each policy is unstable",
	.help = "FILE may be - for standard input. The answer is a scale: at 1 the users of FILE\n"
		"come as it says, at 2 twice as often. Beside it stands the fluid bound, which\n"
		"no policy passes, and what binds there. Ctrl-C keeps the policies that are\n"
		"finished. docs/capacity.md has the formulas.",
	.opts = opts,
	.run = run,
};
