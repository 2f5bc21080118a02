/* offing compare: what differs between results, and which is best. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/command.h"
#include "cli/compared.h"
#include "cli/judged.h"

struct field {
	struct arena arena;
	const struct opts *o;
	size_t n_results, n;
	struct results **results;
	struct contender *at;
};

/* Reading */

static size_t namesakes(const struct field *f, const char *policy)
{
	size_t same = 0;

	for (size_t d = 0; d < f->n_results; d++)
		for (size_t k = 0; k < results_n_runs(f->results[d]); k++)
			same += strcmp(results_run(f->results[d], k)->policy, policy) == 0;
	return same;
}

static void enter(struct field *f, struct results *r, size_t run)
{
	const char *policy = results_run(r, run)->policy;

	f->at[f->n++] = (struct contender){.of = r,
		.run = run,
		.label = namesakes(f, policy) == 1
				 ? policy
				 : arena_printf(&f->arena, "%s:%s", results_dir(r), policy)};
}

static bool read_field(struct field *f, struct err *err)
{
	struct judged asked;
	size_t runs = 0;
	bool ok;

	if (!results_open_all(&f->results, &f->n_results, f->o->args, f->o->n_args, err))
		return false;
	for (size_t d = 0; d < f->n_results; d++)
		runs += results_n_runs(f->results[d]);
	f->at = mem_zalloc(runs, sizeof *f->at);
	ok = judged_read(&asked, f->o, f->results, f->n_results, err);
	for (size_t d = 0; d < f->n_results && ok; d++)
		for (size_t k = 0; k < results_n_runs(f->results[d]); k++)
			if (judged_has(&asked, results_run(f->results[d], k)->policy))
				enter(f, f->results[d], k);
	judged_finish(&asked);
	return ok;
}

static void finish(struct field *f)
{
	results_close_all(f->results, f->n_results);
	free(f->at);
	arena_finish(&f->arena);
}

/* Comparing two */

static bool show_pair(const struct field *f, const struct contender *a, const struct contender *b,
	struct err *err)
{
	bool all = opts_get(f->o, "all") != NULL, json = opts_get(f->o, "json") != NULL;
	struct compared c;
	bool ok = compared_read(&c, a, b, all || json, err);

	if (ok && c.n == 0)
		ok = err_input(
			err, "%s and %s have no metric that both measured", a->label, b->label);
	if (ok && json)
		compare_json(stdout, &c);
	else if (ok)
		compare_print(stdout, &c, all);
	compared_finish(&c);
	return ok;
}

static const struct contender *partner(const struct field *f, const struct contender *a)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->at[i].of != a->of &&
			strcmp(contender_run(&f->at[i])->policy, contender_run(a)->policy) == 0)
			return &f->at[i];
	return NULL;
}

/** Two folders: each policy with that of the same name. */
static bool show_partners(const struct field *f, struct err *err)
{
	bool any = false, json = opts_get(f->o, "json") != NULL;

	for (size_t i = 0; i < f->n && f->at[i].of == f->at[0].of; i++) {
		const struct contender *b = partner(f, &f->at[i]);

		if (!b)
			continue;
		if (any && !json)
			putchar('\n');
		if (!show_pair(f, &f->at[i], b, err))
			return false;
		any = true;
	}
	return any || err_input(err,
			      "'%s' and '%s' have no policy of one name; --policy chooses, --best "
			      "ranks all",
			      results_dir(f->results[0]), results_dir(f->results[1]));
}

/* Ranking several */

static bool show_ranking(const struct field *f, struct err *err)
{
	double share;
	enum metric_id metric;
	struct ranked_all r = {0};
	bool ok;

	if (!judged_by(&metric, &share, f->o, err))
		return false;
	ok = ranked_read(&r, f->at, f->n, metric, share, err);
	if (ok && opts_get(f->o, "json"))
		ranking_json(stdout, &r);
	else if (ok)
		ranking_print(stdout, &r);
	ranked_finish(&r);
	return ok;
}

static bool show(const struct field *f, struct err *err)
{
	if (f->n < 2)
		return err_input(err, "there is %s to compare: it takes two results or more",
			f->n == 0 ? "nothing" : "one policy alone");
	if (opts_get(f->o, "best"))
		return show_ranking(f, err);
	if (f->n == 2)
		return show_pair(f, &f->at[0], &f->at[1], err);
	if (f->n_results == 2)
		return show_partners(f, err);
	return show_ranking(f, err);
}

static enum status run(const struct opts *o)
{
	struct field f = {.o = o};
	struct err err = {0};
	bool ok;

	arena_init(&f.arena);
	ok = read_field(&f, &err) && show(&f, &err);
	finish(&f);
	return ok ? STATUS_DONE : command_fail(&err);
}

static const struct opt_spec opts[] = {
	{"best", 0, "METRIC", "rank all of them by it (more than two, one DIR: e2e.mean_s)"},
	{"indifference", 0, "SHARE", "of the best mean: less does not matter (1 %)"},
	{"policy", 0, "LABEL", "this policy alone; repeatable"},
	{"all", 0, NULL, "also metrics of groups, sites, instances and links"},
	{"json", 0, NULL, "print JSON: every metric, or the ranking"}, {0}};

const struct command cmd_compare = {
	.name = "compare",
	.args = "DIR...",
	.min_args = 1,
	.max_args = SIZE_MAX,
	.summary = "what differs between results, and which policy is best",
	.help = "Two policies, of one DIR or of two, are compared metric by metric, in pairs of\n"
		"replications with the same seed; of two DIRs each policy with that of its name.\n"
		"Several are ranked, until one is the best with 95 % confidence or replications\n"
		"run out. docs/comparing.md has the methods.",
	.opts = opts,
	.run = run,
};
