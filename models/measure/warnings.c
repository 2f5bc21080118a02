#include "models/measure/warnings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

const char *const warning_words[WARNING_KINDS] = {
	[WARN_SCENARIO] = "scenario",
	[WARN_FAILED] = "failed",
	[WARN_NOT_RANDOM] = "not-random",
	[WARN_PRECISION] = "precision",
	[WARN_TRACE_ENDS] = "trace-ends",
	[WARN_EMPTY] = "empty",
	[WARN_REJECTED] = "rejected",
	[WARN_UNFINISHED] = "unfinished",
	[WARN_BEHIND] = "behind",
	[WARN_UNSTABLE] = "unstable",
	[WARN_PILOT] = "pilot",
	[WARN_SHORT] = "short",
	[WARN_ANTITHETIC] = "antithetic",
	[WARN_TIMELINE] = "timeline",
};

static void append(struct warnings *w, enum warning_kind kind, const char *scope, char *text)
{
	w->at = mem_grow(w->at, w->n, &w->cap, sizeof *w->at);
	w->at[w->n++] = (struct warning){
		.kind = kind,
		.times = 1,
		.scope = mem_strdup(scope),
		.text = text,
	};
}

void warnings_add(
	struct warnings *w, enum warning_kind kind, const char *scope, const char *fmt, ...)
{
	va_list ap, again;
	char *text;
	size_t n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = (size_t)vsnprintf(NULL, 0, fmt, ap) + 1;
	text = mem_zalloc(n, 1);
	vsnprintf(text, n, fmt, again);
	va_end(again);
	va_end(ap);
	append(w, kind, scope, text);
}

static struct warning *find(const struct warnings *w, const struct warning *like)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->at[i].kind == like->kind && strcmp(w->at[i].scope, like->scope) == 0)
			return &w->at[i];
	return NULL;
}

bool warnings_have(const struct warnings *w, const struct warning *like)
{
	return find(w, like) != NULL;
}

void warnings_merge(struct warnings *w, const struct warnings *of_one)
{
	for (size_t i = 0; i < of_one->n; i++) {
		const struct warning *one = &of_one->at[i];
		struct warning *same = find(w, one);

		if (same)
			same->times++;
		else
			append(w, one->kind, one->scope, mem_strdup(one->text));
	}
}

void warnings_finish(struct warnings *w)
{
	for (size_t i = 0; i < w->n; i++) {
		free(w->at[i].scope);
		free(w->at[i].text);
	}
	free(w->at);
	*w = (struct warnings){0};
}
