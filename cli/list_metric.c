/* What a run measures, as `offing list metrics` shows it. */
#include "cli/list.h"
#include "models/measure/metric.h"

static const char *const better_words[] = {
	[BETTER_NONE] = NULL,
	[BETTER_LESS] = "less",
	[BETTER_MORE] = "more",
};

/* The words of the scopes, ending with NULL, and as one text. */
static const char *scopes_of(struct list *l, unsigned scopes, const char **words)
{
	const char *text = "";
	size_t n = 0, i;

	for (i = 0; i < SCOPES; i++) {
		if (!(scopes & 1u << i))
			continue;
		text = arena_printf(
			&l->arena, "%s%s%s", text, n ? ", " : "", metric_scope_words[i]);
		words[n++] = metric_scope_words[i];
	}
	words[n] = NULL;
	return text;
}

void list_metrics(struct list *l)
{
	static const char *const titles[] = {"metric", "unit", "better", "of", NULL};

	l->titles = titles;
	for (enum metric_id m = 0; m < METRICS; m++) {
		const char **words = arena_alloc(&l->arena, SCOPES + 1, sizeof *words);
		const char *scopes = scopes_of(l, metrics[m].scopes, words);
		const char *better = better_words[metrics[m].better];

		list_add(l, metrics[m].name, metrics[m].meaning);
		list_detail(l, metrics[m].meaning);
		list_text(l, "unit", metrics[m].unit, metrics[m].unit);
		list_text(l, "better", better, better ? better : "-");
		list_words(l, "scopes", words, scopes);
		list_bool(l, "large", metrics[m].show == SHOW_LARGE, NULL);
	}
	l->note = "docs/results.md says more of each. run.precision is about those that JSON calls "
		  "large, unless run.precision_of names others.";
}
