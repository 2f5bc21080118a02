#include "cli/provenance.h"

#include <stdbool.h>

#include "cli/wrap.h"
#include "models/cost/profile.h"

enum { MOST_NAMES = 8 };

/* Whether an instance before @i has @p, or @i has it before @k. */
static bool told(const struct scenario_spec *s, size_t i, size_t k, const struct profile *p)
{
	for (size_t j = 0; j < i; j++)
		if (instance_has_profile(
			    &s->instances[j], p, instance_n_profiles(&s->instances[j])))
			return true;
	return instance_has_profile(&s->instances[i], p, k);
}

static void print_instances(struct wrap *w, const struct scenario_spec *s, const struct profile *p)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_instances; i++) {
		if (!instance_has_profile(
			    &s->instances[i], p, instance_n_profiles(&s->instances[i])))
			continue;
		if (n++ < MOST_NAMES)
			wrap_printf(w, "%s %s", n > 1 ? "," : ":", s->instances[i].name);
	}
	if (n > MOST_NAMES)
		wrap_printf(w, " and %zu more", n - MOST_NAMES);
}

static void print_profile(struct wrap *w, const struct scenario_spec *s, const struct profile *p)
{
	wrap_printf(
		w, "  %s, %s, sigma %g", p->name, provenance_names[p->provenance], p->sigma.decode);
	if (p->sigma.prefill != p->sigma.decode)
		wrap_printf(w, " (prefill %g)", p->sigma.prefill);
	print_instances(w, s, p);
	wrap_end(w);
}

static void print_new(struct wrap *w, const struct scenario_spec *s, size_t i, bool *any)
{
	for (size_t k = 0; k < instance_n_profiles(&s->instances[i]); k++) {
		const struct profile *p = instance_profile(&s->instances[i], k);

		if (!p || told(s, i, k, p))
			continue;
		if (!*any) {
			wrap_printf(w, "device times, with the standard deviation of their "
				       "logarithm, which no interval has in it:");
			wrap_end(w);
		}
		*any = true;
		print_profile(w, s, p);
	}
}

void provenance_print(FILE *to, const struct scenario_spec *s, const char *prefix, size_t width)
{
	struct wrap w = {.to = to, .prefix = prefix, .indent = 4, .width = width};
	bool any = false;

	for (size_t i = 0; i < s->n_instances; i++)
		print_new(&w, s, i, &any);
}
