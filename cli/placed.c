#include "cli/placed.h"

#include <math.h>

#include "io/profile/file.h"
#include "plan/subject.h"
#include "plan/token_time.h"

enum { NAME = 16, WHERE = 34, LABEL = 12 };

static void print_where(FILE *to, const struct scenario_spec *s, const struct instance_spec *i)
{
	char text[512];
	size_t n = 0;

	n += (size_t)snprintf(text, sizeof text, "%s", s->sites[i->site.i].name);
	for (size_t k = 1; k < i->n_stages && n < sizeof text; k++)
		n += (size_t)snprintf(
			text + n, sizeof text - n, ", %s", s->sites[i->stages[k].site.i].name);
	for (size_t k = 0; k < i->n_stages && n < sizeof text; k++)
		n += (size_t)snprintf(text + n, sizeof text - n, "%s%u", k == 0 ? ": " : " + ",
			i->stages[k].layers);
	if (i->offload.cpu_layers > 0 && n < sizeof text)
		n += (size_t)snprintf(
			text + n, sizeof text - n, ", %u on the CPU", i->offload.cpu_layers);
	if (i->offload.streamed_layers > 0 && n < sizeof text)
		n += (size_t)snprintf(
			text + n, sizeof text - n, ", %u streamed", i->offload.streamed_layers);
	if (i->draft.on && n < sizeof text)
		snprintf(text + n, sizeof text - n, ", with draft");
	fprintf(to, "%-*s", WHERE, text);
}

static double foretold_s(
	const struct scenario *sc, const struct devices *d, const struct instance_spec *i)
{
	const struct placing_like what = {.like = i,
		.profiles = sc->profiles->all,
		.n_profiles = sc->profiles->n,
		.drafting = i->draft.on ? DRAFTING_MUST : DRAFTING_NEVER};
	struct err none = {0};
	struct subject u;
	double s;

	if (!subject_init(&u, &sc->spec, &what, &none) ||
		!token_time(&s, d, i,
			&(struct token_request){u.prompt_tok, u.output_tok, u.acceptance}, &none))
		return (double)NAN;
	return s;
}

static void print_ms(FILE *to, double s)
{
	if (s >= 0.0)
		fprintf(to, " %*.2f", LABEL, s * 1e3);
	else
		fprintf(to, " %*s", LABEL, "-");
}

static void print_instance(FILE *to, const struct run_job *j, const struct devices *d, size_t i)
{
	const struct scenario *sc = j->spec.scenario;
	const struct instance_spec *spec = &sc->spec.instances[i];

	fprintf(to, "%-*s ", NAME, spec->name);
	print_where(to, &sc->spec, spec);
	print_ms(to, foretold_s(sc, d, spec));
	for (size_t p = 0; p < sc->spec.n_policies; p++)
		print_ms(to, j->readings[p * sc->spec.n_instances + i].token_s);
	fputc('\n', to);
}

void placed_print(FILE *to, const struct run_job *j)
{
	const struct scenario_spec *s = &j->spec.scenario->spec;
	struct devices d;
	struct err none = {0};

	if (!devices_init(&d, s, &none))
		return;
	fprintf(to, "\n%-*s %-*s %*s", NAME, "placed by auto", WHERE, "ms a token", LABEL,
		"foretold");
	for (size_t p = 0; p < s->n_policies; p++)
		fprintf(to, " %*.*s", LABEL, LABEL, s->policies[p].label);
	fputc('\n', to);
	for (size_t i = 0; i < s->n_instances; i++)
		if (!s->instances[i].synthetic)
			print_instance(to, j, &d, i);
	fputs("foretold: a request that is alone there; others: the first replication\n", to);
	devices_finish(&d);
}
