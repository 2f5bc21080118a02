/* Who is turned away, and why; and users who ask again at once, and are turned away again. */

#include <stdarg.h>
#include <stdio.h>

#include "models/world/state.h"

/* Each user may be turned away so often at one instant, and some more. */
enum { OFTEN = 2, SOME = 1000 };

void refusal_note(struct world *w, uint32_t slot, enum refusal why)
{
	const struct request *r = &w->requests.at[slot];
	const struct sequence *q = world_sequence(w, slot);
	struct refusals *x = &w->groups[r->group].refused;

	x->n[why] += r->measured;
	x->why = why;
	x->prompt_tok = q->prompt_tok;
	x->output_tok = q->output_tok;
}

static uint64_t users_of(const struct group_spec *g)
{
	return g->arrivals.process == ARRIVAL_CLOSED ? g->count : g->arrivals.outstanding;
}

static void explain(const struct world *w, const struct group *g, char *text, size_t size)
{
	const struct refusals *x = &g->refused;

	switch (x->why) {
	case REFUSED_CONTEXT:
		snprintf(text, size, "%u + %u tokens exceed the context of %u", x->prompt_tok,
			x->output_tok, w->spec->models[g->spec->model.i].shape.context);
		return;
	case REFUSED_MEMORY:
		snprintf(text, size, "%u + %u tokens exceed the KV memory of every instance",
			x->prompt_tok, x->output_tok);
		return;
	case REFUSED_MODEL:
	case REFUSALS:
		snprintf(text, size, "no instance has its model");
		return;
	}
}

void refusal_again(struct world *w, struct group_id id, enum fate fate)
{
	struct group *g = &w->groups[id.i];
	struct refusals *x = &g->refused;
	int64_t now_ns = engine_now_ns(w->engine);
	char why[100] = "every instance is full, and drops what exceeds its capacity";

	if (x->at_ns != now_ns)
		x->n_at = 0;
	x->at_ns = now_ns;
	if (x->n_at++ < OFTEN * users_of(g->spec) + SOME)
		return;
	if (fate == FATE_REJECTED)
		explain(w, g, why, sizeof why);
	w->circles = true;
	world_fail(w, "users of '%s' are refused and ask again at once, at %.9g s without end: %s",
		g->spec->name, s_of_ns(now_ns), why);
}

static size_t append(char *text, size_t at, size_t size, const char *fmt, ...) PRINTF_LIKE(4, 5);

static size_t append(char *text, size_t at, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text + at, size - at, fmt, ap);
	va_end(ap);
	return n > 0 && (size_t)n < size - at ? at + (size_t)n : at;
}

void refusal_remark(struct world *w, struct group_id id, const char *scope)
{
	const struct group *g = &w->groups[id.i];
	const struct refusals *x = &g->refused;
	uint64_t all = x->n[REFUSED_CONTEXT] + x->n[REFUSED_MEMORY] + x->n[REFUSED_MODEL];
	char text[300];
	size_t at = 0;

	if (all == 0 || all < g->measured)
		return;
	if (x->n[REFUSED_CONTEXT] > 0)
		at = append(text, at, sizeof text, "; %llu exceed the context of %u tokens",
			(unsigned long long)x->n[REFUSED_CONTEXT],
			w->spec->models[g->spec->model.i].shape.context);
	if (x->n[REFUSED_MEMORY] > 0)
		at = append(text, at, sizeof text, "; %llu exceed the KV memory of every instance",
			(unsigned long long)x->n[REFUSED_MEMORY]);
	if (x->n[REFUSED_MODEL] > 0)
		at = append(text, at, sizeof text, "; %llu find no instance with their model",
			(unsigned long long)x->n[REFUSED_MODEL]);
	append(text, at, sizeof text, "; the last had a prompt of %u tokens and an answer of %u",
		x->prompt_tok, x->output_tok);
	warnings_add(&w->warnings, WARN_REJECTED, scope, "all %llu requests were rejected: %s",
		(unsigned long long)all, text + 2);
}
