/* Fit the constants of the runtime `paper` to the published cells that it may see:
 *	paper_fit PUBLISHED.csv SCENARIOS REPLICATIONS [--forms] [--profiles FOLDER]
 * The fit as CSV on standard output, --forms: beside it with other constants; the profiles into
 * FOLDER. docs/paper.md says why these. */
#include <gsl/gsl_errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/whole_file.h"
#include "scripts/paper/fit/print.h"

/* The first is the runtime. */
static const struct form forms[] = {
	{"launches", 3,
		{{"ec", FIELD_EC, PAPER_MODELS, 0.3}, {"launch.7b", FIELD_LAUNCH, LLAMA2_7B, 2e-3},
			{"launch.13b", FIELD_LAUNCH, LLAMA2_13B, 3e-3}}},
	{"bandwidths", 3,
		{{"ec", FIELD_EC, PAPER_MODELS, 0.3}, {"eb.7b", FIELD_EB, LLAMA2_7B, 0.2},
			{"eb.13b", FIELD_EB, LLAMA2_13B, 0.2}}},
	{"shared", 3,
		{{"ec", FIELD_EC, PAPER_MODELS, 0.3}, {"eb", FIELD_EB, PAPER_MODELS, 0.2},
			{"launch", FIELD_LAUNCH, PAPER_MODELS, 1e-4}}},
	{"all", 4,
		{{"ec", FIELD_EC, PAPER_MODELS, 0.3}, {"eb", FIELD_EB, PAPER_MODELS, 0.6},
			{"launch.7b", FIELD_LAUNCH, LLAMA2_7B, 2e-3},
			{"launch.13b", FIELD_LAUNCH, LLAMA2_13B, 3e-3}}},
};

struct request {
	const char *published, *scenarios, *profiles;
	unsigned replications;
	size_t n_forms;
};

static bool asked(struct request *r, int argc, char **argv)
{
	if (argc < 4)
		return false;
	*r = (struct request){.published = argv[1],
		.scenarios = argv[2],
		.replications = (unsigned)strtoul(argv[3], NULL, 10),
		.n_forms = 1};
	for (int i = 4; i < argc; i++)
		if (strcmp(argv[i], "--forms") == 0)
			r->n_forms = sizeof forms / sizeof *forms;
		else if (strcmp(argv[i], "--profiles") == 0 && i + 1 < argc)
			r->profiles = argv[++i];
		else
			return false;
	return r->replications > 0;
}

static bool write_profile(
	const char *folder, const struct solution *s, enum paper_model m, struct err *err)
{
	static const char *const short_names[PAPER_MODELS] = {"7b", "13b"};
	/* drafts: a layer takes the launch of the smaller model's */
	const char *others = m == LLAMA2_7B ? " llama-68m tinyllama-1.1b" : "";
	struct whole_file *to;
	char path[500];

	snprintf(path, sizeof path, "%s/%s-paper-%s.profile", folder, card_names[s->card],
		short_names[m]);
	if (!whole_file_open(&to, path, WHOLE_REPLACE, err))
		return false;
	print_profile(whole_file(to), s, m, others);
	return whole_file_close(to, err);
}

static bool fit_card(const struct request *r, size_t f, enum card card, const struct cells *cells,
	struct testbed *t, struct err *err)
{
	struct solution s;
	bool ok = solve(&s, &forms[f], card, cells, t, err);

	if (ok)
		print_fit(stdout, &s, cells);
	for (enum paper_model m = 0; ok && f == 0 && r->profiles && m < PAPER_MODELS; m++)
		ok = write_profile(r->profiles, &s, m, err);
	return ok;
}

static bool fit_all(const struct request *r, struct arena *a, struct err *err)
{
	struct cells cells;
	struct testbed *t = NULL;
	bool ok = cells_read(&cells, a, r->published, err) &&
		  testbed_create(&t, r->scenarios, &cells, r->replications, err);

	print_head(stdout);
	for (size_t f = 0; ok && f < r->n_forms; f++)
		for (enum card card = 0; ok && card < CARDS; card++)
			ok = fit_card(r, f, card, &cells, t, err);
	testbed_destroy(t);
	return ok;
}

int main(int argc, char **argv)
{
	struct request r;
	struct arena a;
	struct err err = {0};
	bool ok;

	gsl_set_error_handler_off();
	if (!asked(&r, argc, argv)) {
		fputs("usage: paper_fit PUBLISHED.csv SCENARIOS REPLICATIONS [--forms] [--profiles "
		      "FOLDER]\n",
			stderr);
		return 2;
	}
	arena_init(&a);
	ok = fit_all(&r, &a, &err);
	arena_finish(&a);
	if (!ok)
		err_print(&err, stderr);
	return ok ? 0 : err.kind == ERR_INPUT ? 2 : 1;
}
