/* The parameters of a policy as `offing list policies NAME` shows them. */
#include <math.h>

#include "base/quantity.h"
#include "cli/list.h"
#include "models/offload/policy.h"

enum { TEXT_BYTES = 64 };

const char *list_param_value(struct list *l, const struct param_spec *p, double value)
{
	char text[TEXT_BYTES];

	if (p->kind == PARAM_ENUM)
		return p->words[(int)value];
	if (p->kind == PARAM_TEXT)
		return p->text;
	if (p->kind == PARAM_SIZE)
		return arena_printf(&l->arena, "%.0f", value);
	return arena_printf(&l->arena, "%s", quantity_print(text, sizeof text, value, p->dim));
}

const char *list_param_range(struct list *l, const struct param_spec *p)
{
	const char *text = "";

	if (p->kind == PARAM_ENUM) {
		for (size_t i = 0; p->words[i]; i++)
			text = arena_printf(&l->arena, "%s%s%s", text, i ? ", " : "", p->words[i]);
		return text;
	}
	if (p->kind == PARAM_TEXT)
		return arena_printf(&l->arena, "text, at most %.0f bytes", p->max);
	if (p->max == HUGE_VAL)
		return arena_printf(&l->arena, "at least %s", list_param_value(l, p, p->min));
	return arena_printf(&l->arena, "%s to %s", list_param_value(l, p, p->min),
		list_param_value(l, p, p->max));
}

void list_params(struct list *l, const struct policy_ops *policy)
{
	static const char *const titles[] = {"parameter", "default", "range", NULL};
	const struct param_spec *p = policy->params;

	l->note = arena_printf(&l->arena, "%s: %s.", policy->name, policy->summary);
	if (!p || p->kind == PARAM_END) {
		l->note = arena_printf(&l->arena, "%s It has no parameters.", l->note);
		return;
	}
	l->titles = titles;
	for (; p->kind != PARAM_END; p++) {
		const char *range = list_param_range(l, p), *dflt = list_param_value(l, p, p->dflt);
		bool word = p->kind == PARAM_ENUM, number = !word && p->kind != PARAM_TEXT;

		list_add(l, p->name, p->help);
		list_detail(l, p->help);
		list_text(l, "default", dflt, dflt);
		list_text(l, "range", range, range);
		list_number(l, "min", number ? p->min : HUGE_VAL, NULL); /* SI; null: no limit */
		list_number(l, "max", number ? p->max : HUGE_VAL, NULL);
		list_words(l, "words", word ? p->words : NULL, NULL);
	}
}
