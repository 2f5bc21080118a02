#include "cli/run_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/placed.h"
#include "cli/say.h"
#include "cli/summary.h"

/* What a reader of the table must know of the policy, as the plots show it by thin lines. */
static bool is_stable(const struct experiment_result *r)
{
	struct drift_answer a;

	return pool_verdict(&a, &r->pool) && a.verdict == DRIFT_STABLE;
}

static const char *note_of(const struct experiment_result *r)
{
	const struct warning unstable = {.kind = WARN_UNSTABLE, .scope = (char[]){""}};

	if (warnings_have(&r->of_run, &unstable))
		return "unstable, so its times grow with the length of the run";
	for (size_t i = 0; i < r->warnings.n; i++)
		if (r->warnings.at[i].kind == WARN_BEHIND && !is_stable(r))
			return "does not keep up, so its times grow with the length of the run";
	return NULL;
}

static struct run_summary summary_of(const struct run_job *j, size_t p)
{
	const struct scenario_spec *s = &j->spec.scenario->spec;
	const struct experiment_result *r = &j->results[p];

	return (struct run_summary){
		.name = s->name,
		.policy = s->policies[p].label,
		.status = r->status,
		.n_rows = r->samples.n_metrics,
		.rows = r->rows,
		.n = r->samples.n,
		.alone = samples_alone(&r->samples),
		.alike = !r->samples.random,
		.note = note_of(r),
		.pool = &r->pool,
	};
}

/* The replications that all policies have, where not all have the same; else NULL. */
static uint32_t *common_of(const struct run_job *j, size_t *n)
{
	size_t n_policies = j->spec.scenario->spec.n_policies, most = 0;
	const struct samples **all = mem_zalloc(n_policies, sizeof *all);
	uint32_t *common;

	for (size_t p = 0; p < n_policies; p++) {
		all[p] = &j->results[p].samples;
		most = all[p]->n > most ? all[p]->n : most;
	}
	common = samples_common(n, all, n_policies);
	free(all);
	if (*n < most)
		return common;
	free(common);
	*n = 0;
	return NULL;
}

static size_t width_of_terminal(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 80 ? size.ws_col : 80;
}

static void print_table(const struct run_job *j)
{
	const struct scenario_spec *spec = &j->spec.scenario->spec;
	struct run_summary *all = mem_zalloc(spec->n_policies, sizeof *all);
	struct summary s = {.n_runs = spec->n_policies,
		.runs = all,
		.spec = spec,
		.width = width_of_terminal()};
	uint32_t *common = common_of(j, &s.n_common);

	for (size_t p = 0; p < spec->n_policies; p++) {
		all[p] = summary_of(j, p);
		if (common)
			all[p].rows = samples_rows(&j->results[p].samples, common, s.n_common);
	}
	summary_print(stdout, &s);
	for (size_t p = 0; p < spec->n_policies && common; p++)
		free((struct summary_row *)all[p].rows);
	free(common);
	free(all);
}

static void print_summaries(const struct run_job *j, bool json)
{
	for (size_t p = 0; p < j->spec.scenario->spec.n_policies && json; p++) {
		struct run_summary r = summary_of(j, p);

		summary_json(stdout, &r);
	}
	if (!json)
		print_table(j);
	if (!json && j->readings)
		placed_print(stdout, j);
	fflush(stdout); /* the table before what is said of it, wherever both go */
}

static void print_warnings(const struct warnings *all, const char *policy, uint32_t taken)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct warning *w = &all->at[i];

		if (w->kind == WARN_FAILED) /* told as the error it is */
			continue;
		char of[60] = "";

		if (w->times < taken)
			snprintf(of, sizeof of, " (in %u of %u replications)", w->times, taken);
		say("offing: warning: policy '%s': %s%s%s%s", policy, w->scope,
			*w->scope ? ": " : "", w->text, of);
	}
}

/* Those of the pilot that the replications did not meet again. */
static void print_pilot_warnings(
	const struct warnings *pilot, const struct warnings *later, const char *policy)
{
	struct warnings one = {.n = 1};

	for (size_t i = 0; i < pilot->n; i++) {
		one.at = &pilot->at[i];
		if (!warnings_have(later, one.at))
			print_warnings(&one, policy, 1);
	}
}

static void print_policy_warnings(const struct run_job *j, size_t p, const char *policy)
{
	const struct experiment_result *r = &j->results[p];

	print_pilot_warnings(&j->pilots[p].warnings, &r->warnings, policy);
	print_warnings(&r->warnings, policy, r->taken);
	print_warnings(&r->of_run, policy, 1);
}

static bool all_complete(const struct run_job *j)
{
	size_t p = 0, n = j->spec.scenario->spec.n_policies;

	while (p < n && j->results[p].status == RUN_COMPLETE)
		p++;
	return p == n;
}

/* Only the closing went wrong, as on a full disk. */
static void tell_closing(const struct run_job *j, const char *dir)
{
	err_print(&j->closing, stderr);
	if (!all_complete(j))
		return;
	say("offing: all replications are complete and kept in %s", dir);
	say("offing: once there is room, the same run with --resume -o %s makes the result whole",
		j->dir);
}

void run_report_place(const struct run_job *j, bool quiet)
{
	char dir[sizeof j->dir + sizeof RECORDER_BESIDE + 1];

	snprintf(dir, sizeof dir, j->place.beside ? "%s/%s" : "%s", j->dir, RECORDER_BESIDE);
	if (j->closing.kind != ERR_NONE)
		tell_closing(j, dir);
	if (j->place.in_use)
		say("offing: note: %s/results.sqlite is open in another program; "
		    "results.sqlite-wal belongs to it until that ends",
			dir);
	if (j->place.none && recorder_taken(j->dir))
		say("offing: nothing was finished: %s keeps the older result", j->dir);
	else if (j->place.beside)
		say("offing: results in %s: not whole, so %s keeps the older one", dir, j->dir);
	else if (!quiet && !j->place.none)
		say("results in %s", dir);
}

void run_report(const struct run_job *j, bool json)
{
	const struct scenario_spec *s = &j->spec.scenario->spec;

	print_summaries(j, json);
	for (size_t p = 0; p < s->n_policies; p++)
		print_policy_warnings(j, p, s->policies[p].label);
	for (size_t p = 0; p < s->n_policies; p++)
		if (j->results[p].status == RUN_FAILED)
			say("offing: error: policy '%s': %s", s->policies[p].label,
				j->results[p].failure);
}

enum status run_report_status(const struct run_job *j)
{
	enum status status = j->closing.kind == ERR_NONE ? STATUS_DONE : STATUS_FAILED;

	for (size_t p = 0; p < j->spec.scenario->spec.n_policies; p++) {
		if (j->results[p].status == RUN_INTERRUPTED)
			return STATUS_INTERRUPTED;
		if (j->results[p].status == RUN_FAILED)
			status = STATUS_FAILED;
	}
	return status;
}
