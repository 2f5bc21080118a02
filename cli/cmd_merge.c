/* offing merge: several folders of results into one. */
#include <stdio.h>

#include "cli/command.h"
#include "cli/say.h"
#include "io/results/merge.h"

/** How many of a kind are named; the rest is counted. */
enum { SHOWN = 5 };

static void say_again(const struct merged *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n; i++) {
		const struct merge_part *p = &m->parts[i], *kept = &m->parts[p->same_as];

		if (p->to > 0)
			continue;
		if (n++ < SHOWN)
			say("offing: policy '%s' of %s is the same run as in %s and is left out%s",
				p->policy, p->folder, kept->folder,
				p->unlike ? ", though it came to something else" : "");
	}
	if (n > SHOWN)
		say("offing: so are %zu more", n - SHOWN);
}

static void say_unfinished(const struct merged *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n; i++) {
		const struct merge_part *p = &m->parts[i];

		if (p->to == 0 || p->status == RUN_COMPLETE)
			continue;
		if (n++ < SHOWN)
			say("offing: warning: policy '%s' of %s is %s, with %zu of %zu "
			    "replications; "
			    "it is kept so",
				p->policy, p->folder, run_status_words[p->status], p->complete,
				p->asked);
	}
	if (n > SHOWN)
		say("offing: warning: %zu more are not complete", n - SHOWN);
}

static void report(const struct merged *m, const struct merge_spec *spec, bool quiet)
{
	say_again(m);
	say_unfinished(m);
	if (m->n_shown < m->n_swept)
		say("offing: warning: the runs differ in %zu keys, of which the view `swept` shows "
		    "%zu",
			m->n_swept, m->n_shown);
	if (m->series_lost)
		say("offing: warning: series of some runs are left out: %s", m->series_lost);
	if (!quiet)
		printf("%s: %zu run%s of %zu folder%s, which differ in %zu key%s\n", spec->into,
			m->n_runs, m->n_runs == 1 ? "" : "s", spec->n, spec->n == 1 ? "" : "s",
			m->n_swept, m->n_swept == 1 ? "" : "s");
}

static enum status run(const struct opts *o)
{
	const struct merge_spec spec = {
		.n = o->n_args,
		.dirs = (const char *const *)o->args,
		.into = opts_get(o, "output"),
		.force = opts_get(o, "force"),
	};
	struct err err = {0};
	struct merged m;
	bool ok;

	if (!spec.into || !*spec.into) {
		err_input(&err, "-o DIR says where the merged result goes");
		return command_fail(&err);
	}
	ok = results_merge(&m, &spec, &err);
	if (ok)
		report(&m, &spec, opts_get(o, "quiet"));
	merged_finish(&m);
	return ok ? STATUS_DONE : command_fail(&err);
}

static const struct opt_spec opts[] = {{"output", 'o', "DIR", "the folder to write; needed"},
	{"force", 0, NULL, "replace the result that is there"},
	{"quiet", 'q', NULL, "print nothing but warnings"}, {0}};

const struct command cmd_merge = {
	.name = "merge",
	.args = "DIR...",
	.min_args = 1,
	.max_args = SIZE_MAX,
	.summary = "several folders of results into one",
	.help = "Every run of every DIR, in their order and numbered anew, in one results.sqlite, "
		"with a\n"
		"view `swept` that has a column for each key in which they differ. A run that is "
		"there\n"
		"twice is kept once. docs/results.md tells more.",
	.opts = opts,
	.run = run,
};
