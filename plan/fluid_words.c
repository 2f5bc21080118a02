#include <math.h>

#include "plan/fluid_bound.h"

static const double notable = 0.01; /* of the price */

static const char *time_word(const struct fluid_binding *x)
{
	if (x->prompt_share < 0.0)
		return "";
	if (x->prompt_share <= 0.2)
		return " decode";
	return x->prompt_share >= 0.8 ? " prefill" : " (prefill and decode)";
}

static void put_thing(struct buf *out, const struct fluid_binding *x)
{
	switch (x->kind) {
	case FLUID_TIME:
		buf_puts(out, x->name);
		break;
	case FLUID_MEMORY:
		buf_printf(out, "the KV memory of %s", x->name);
		break;
	case FLUID_LINK:
		buf_printf(out, "the link %s", x->name);
		break;
	case FLUID_WITHIN:
		buf_printf(out, "the interconnect of %s", x->name);
		break;
	case FLUID_DRAFTER:
		buf_printf(out, "the drafter at %s", x->name);
		break;
	}
}

static bool binds(const struct fluid_binding *x)
{
	return x->share >= notable;
}

/** More of it helps, as a second look has shown. */
static bool helps(const struct fluid_binding *x)
{
	return x->more >= 0.1 * notable;
}

static size_t count(const struct fluid_bound *b, bool (*is)(const struct fluid_binding *x))
{
	size_t n = 0;

	for (size_t k = 0; k < b->n; k++)
		n += is(&b->binding[k]);
	return n;
}

static const char *between(size_t k, size_t n)
{
	if (k == 0)
		return "";
	return k + 1 == n ? " and " : ", ";
}

static void put_more(struct buf *out, const struct fluid_bound *b)
{
	const char *lead = "; 10 % more of ";

	for (size_t k = 0; k < b->n; k++)
		if (helps(&b->binding[k])) {
			buf_puts(out, lead);
			put_thing(out, &b->binding[k]);
			buf_printf(out, " gives %.2g %% more", 100.0 * b->binding[k].more);
			lead = ", of ";
		}
	if (count(b, helps) == 0)
		buf_puts(out, "; 10 % more of one of them alone gives nothing");
}

void fluid_bound_words(struct buf *out, const struct fluid_bound *b)
{
	size_t n = count(b, binds), k = 0;

	if (!(b->scale < HUGE_VAL)) {
		buf_puts(out, "nothing is ever scarce");
		return;
	}
	for (size_t i = 0; i < b->n; i++)
		if (binds(&b->binding[i])) {
			buf_puts(out, between(k++, n));
			put_thing(out, &b->binding[i]);
			if (b->binding[i].kind == FLUID_TIME)
				buf_puts(out, time_word(&b->binding[i]));
		}
	buf_puts(out, n == 1 ? " binds" : " bind");
	put_more(out, b);
}
