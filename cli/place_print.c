/* Placements as text: who holds which layers, and what each way takes. */
#include "cli/place_report.h"

#include <math.h>
#include <string.h>

#include "models/cost/llm.h"

enum { COLUMNS = 48, NAME = 18 };

static double gb(double bytes)
{
	return bytes / 1e9;
}

static const struct model_spec *model(const struct place_report *r)
{
	return subject_model(&r->subject);
}

static void print_subject(FILE *to, const struct place_report *r)
{
	const struct subject *u = &r->subject;
	const struct model_spec *m = model(r);

	fprintf(to, "model %s: %s %s, %.2f GB of weights in %u layers", m->name, m->shape.name,
		llm_precision_names[m->precision], gb(llm_weight_bytes(&m->shape, m->precision)),
		m->shape.layers);
	if (u->drafting != DRAFTING_NEVER)
		fprintf(to, "; draft %s %s, %u tokens a round, acceptance %g", m->draft->shape.name,
			llm_precision_names[m->draft->precision], u->k, u->acceptance);
	fprintf(to, "\none request at a time: a prompt of %u tokens, an answer of %u",
		u->prompt_tok, u->output_tok);
	if (r->lengths_of)
		fprintf(to, " (means of users %s)", r->lengths_of);
	fprintf(to, "\nkeys and values of %.0f tokens: %.2f GB\n",
		r->units.kv_bytes * r->units.layers / llm_kv_bytes_per_tok(&m->shape),
		gb(r->units.kv_bytes * r->units.layers));
}

static void print_answer(FILE *to, const struct placement_answer *a, const char *unit)
{
	fprintf(to, "  objective %.6g %s, bound %.6g, gap %.2g %%, %s by %s, %.3f s%s\n",
		a->objective * 1e3, unit, a->bound * 1e3, a->gap * 100.0,
		placement_status_names[a->status], placement_method_names[a->method], a->seconds,
		a->timed_out ? ", out of time" : "");
}

/* Printed */

/** What device @d has. */
static size_t tensors_on(double *bytes, const struct place_report *r, size_t d)
{
	const struct printed_problem *p = &r->printed_scene.problem;
	size_t n = 0;

	*bytes = 0.0;
	for (size_t t = 0; t < p->n_tensors; t++)
		if (r->printed.homes[t].executor == (int)d) {
			n++;
			*bytes += p->tensors[t].bytes;
		}
	return n;
}

static void print_printed_device(
	FILE *to, const struct placement_memory *device, size_t n, double bytes)
{
	size_t filled =
		device->bytes > 0.0 ? (size_t)ceil(COLUMNS * bytes / device->bytes) : COLUMNS;

	fprintf(to, "  %-*s [", NAME, device->name);
	for (size_t k = 0; k < COLUMNS; k++)
		fputc(k < filled ? '#' : '.', to);
	fprintf(to, "] %4zu tensors, %6.2f of %6.2f GB\n", n, gb(bytes), gb(device->bytes));
}

static void print_printed(FILE *to, const struct place_report *r)
{
	const struct printed_problem *p = &r->printed_scene.problem;
	double bytes = 0.0, all = 0.0;
	size_t idle = 0;

	fprintf(to, "\nEq. 2 as printed: %zu tensors on %zu devices\n", p->n_tensors, p->n_devices);
	print_answer(to, &r->printed, "ms");
	for (size_t d = 0; d < p->n_devices; d++) {
		size_t n = tensors_on(&bytes, r, d);

		all += bytes;
		idle += n == 0;
		if (n > 0)
			print_printed_device(to, &p->devices[d], n, bytes);
	}
	if (idle > 0)
		fprintf(to, "  nothing on %zu other devices\n", idle);
	fprintf(to,
		"  What is wrong with it: the sum is over d1 < d2, so that the last device is "
		"free,\n"
		"  whatever it is: %.2f of %.2f GB go to %s;\n"
		"  and compute is absent, so that this is no time that anything takes.\n",
		gb(bytes), gb(all), p->devices[p->n_devices - 1].name);
}

/* Repaired */

/** A column for a layer, or for some where there are many; capitals for the ends. */
static void print_layers(FILE *to, const struct place_report *r, size_t executor)
{
	const struct placement_problem *p = &r->scene.problem;
	size_t each = (p->n_units + COLUMNS - 1) / COLUMNS;

	for (size_t from = 0; from < p->n_units; from += each) {
		char c = '.';

		for (size_t u = from; u < from + each && u < p->n_units; u++) {
			const struct placement_home *h = &r->repaired.homes[u];

			if (h->executor == (int)executor && c != '#')
				c = h->streamed ? '~' : '#';
		}
		fputc(c, to);
	}
}

/** What an executor has: the first and the last unit, and how many are streamed. */
struct held {
	size_t n, first, last, streamed;
	double bytes;
	bool draft;
};

static struct held held_by(const struct place_report *r, size_t executor)
{
	const struct placement_problem *p = &r->scene.problem;
	struct held h = {0};

	for (size_t u = 0; u < p->n_units; u++) {
		const struct placement_home *home = &r->repaired.homes[u];

		if (home->executor != (int)executor)
			continue;
		h.first = h.n == 0 ? u : h.first;
		h.last = u;
		h.n++;
		h.streamed += home->streamed;
		h.bytes += p->units[u].kv_bytes + (home->streamed ? 0.0 : p->units[u].bytes);
	}
	if (h.streamed > 0)
		h.bytes += p->executors[executor].buffer_bytes;
	h.draft = p->draft && r->repaired.homes[p->n_units].executor == (int)executor;
	if (h.draft)
		h.bytes += p->draft->bytes + p->draft->kv_bytes;
	return h;
}

static void print_executor(FILE *to, const struct place_report *r, size_t e, const struct held *h)
{
	const struct placement_problem *p = &r->scene.problem;

	fprintf(to, "  %-*s [", NAME, p->executors[e].name);
	print_layers(to, r, e);
	fprintf(to, "] %6.2f of %6.2f GB: ", gb(h->bytes),
		gb(p->memories[p->executors[e].memory].bytes));
	if (h->n == 1)
		fputs(p->units[h->first].name, to);
	else if (h->n > 1)
		fprintf(to, "%s to %s", p->units[h->first].name, p->units[h->last].name);
	if (h->streamed > 0)
		fprintf(to, ", %zu streamed", h->streamed);
	if (h->draft)
		fprintf(to, "%sthe draft", h->n > 0 ? ", " : "");
	fputc('\n', to);
}

static void print_picture(FILE *to, const struct place_report *r)
{
	const struct placement_problem *p = &r->scene.problem;
	size_t idle = 0;

	for (size_t e = 0; e < p->n_executors; e++) {
		struct held h = held_by(r, e);

		if (h.n > 0 || h.draft)
			print_executor(to, r, e, &h);
		else
			idle++;
	}
	if (idle > 0)
		fprintf(to, "  nothing on %zu other gpus and CPUs\n", idle);
}

static void print_term(FILE *to, const char *name, double s, bool *any)
{
	if (!(s > 0.0))
		return;
	fprintf(to, "%s %.4g %s", *any ? "," : "  of which", s * 1e3, name);
	*any = true;
}

static void print_terms(FILE *to, const struct placement_terms *t)
{
	bool any = false;

	print_term(to, "arithmetic and memory", t->exec_s, &any);
	print_term(to, "draft", t->draft_s, &any);
	print_term(to, "drafts and verdicts on their way", t->talk_s, &any);
	print_term(to, "waits for streamed layers", t->wait_s, &any);
	print_term(to, "hidden states", t->hop_s, &any);
	print_term(to, "way back", t->back_s, &any);
	if (t->token_s > t->fetch_s)
		fputs(any ? "\n" : "", to);
	else
		fprintf(to, "; fetches alone take %.4g\n", t->fetch_s * 1e3);
}

static void print_repaired(FILE *to, const struct place_report *r)
{
	fprintf(to, "\nEq. 2 repaired: expected time of a token\n");
	print_answer(to, &r->repaired, "ms");
	print_terms(to, &r->repaired.terms);
	print_picture(to, r);
	if (r->scene.no_cpus)
		fprintf(to, "  CPUs are left out: with them there are more than %d executors\n",
			PLACEMENT_EXECUTORS_MOST);
	if (r->refused)
		fprintf(to, "  Runs cannot %s.\n", r->refused);
}

/* What runs can do */

enum { SORT = 24 };

static void print_seen(FILE *to, const struct candidate *c, const struct alone_result *a)
{
	double half = 0.5 * (a->token_s.hi - a->token_s.lo);
	double off = c->dep.token_s / a->token_s.mean - 1.0;

	fprintf(to, " | %9.2f", a->token_s.mean * 1e3);
	if (half >= 0.0)
		fprintf(to, " +-%5.2f", half * 1e3);
	else
		fprintf(to, " %7s", "");
	fprintf(to, " %7.1f %+6.2f %9.0f", 1.0 / a->token_s.mean, off * 100.0,
		a->first_s.mean * 1e3);
}

static void print_heading(FILE *to, const struct place_report *r)
{
	fprintf(to, "  %-*s %17s", SORT, "", "foretold");
	if (r->simulated)
		fprintf(to, " | %-43s", "simulated, one request at a time");
	fprintf(to, "\n  %-*s %9s %7s", SORT, "", "ms/token", "tok/s");
	if (r->simulated)
		fprintf(to, " | %9s %7s %7s %6s %9s", "ms/token", "", "tok/s", "off %", "first ms");
	fputs("  where\n", to);
}

static void print_where(FILE *to, const struct place_report *r, const struct candidate *c)
{
	const struct deployment *dep = &c->dep;

	fprintf(to, "  %s", c->where);
	if (dep->n_stages > 1) {
		fputs(": ", to);
		for (size_t k = 0; k < dep->n_stages; k++)
			fprintf(to, "%s%u", k > 0 ? " + " : "", dep->stages[k].layers);
	}
	if (dep->cpu_layers > 0)
		fprintf(to, ": %u on the CPU", dep->cpu_layers);
	if (dep->streamed_layers > 0)
		fprintf(to, "%s %u streamed", dep->cpu_layers > 0 ? "," : ":",
			dep->streamed_layers);
	if (dep->cpu_layers + dep->streamed_layers > 0)
		fprintf(to, " of %u", r->units.layers);
	fputc('\n', to);
}

static void print_candidate(FILE *to, const struct place_report *r, const struct candidate *c,
	const struct alone_result *seen, const struct err *why)
{
	char sort[40];

	if (c->sort == CANDIDATE_PIPELINE)
		snprintf(sort, sizeof sort, "pipeline over %zu", c->dep.n_stages);
	else
		snprintf(sort, sizeof sort, "%s", candidate_sort_names[c->sort]);
	fprintf(to, "  %-*s %9.2f %7.1f", SORT, sort, c->dep.token_s * 1e3, 1.0 / c->dep.token_s);
	if (r->simulated && seen)
		print_seen(to, c, seen);
	else if (r->simulated)
		fprintf(to, " | %-43s", "does not run");
	print_where(to, r, c);
	if (r->simulated && !seen && why)
		fprintf(to, "    %s\n", why->msg);
}

static void print_choice(FILE *to, const struct place_report *r)
{
	fprintf(to, "\nThe best that runs can do%s\n",
		r->has_repaired && !r->refused ? ", which is that" : "");
	print_heading(to, r);
	print_candidate(to, r, &r->choice, r->simulated ? &r->choice_seen : NULL, NULL);
}

static void print_candidates(FILE *to, const struct place_report *r)
{
	fprintf(to, "\nCandidates, the best of each sort\n");
	if (r->all.n == 0)
		fputs("  none fits\n", to);
	else
		print_heading(to, r);
	for (size_t i = 0; i < r->all.n; i++)
		print_candidate(to, r, &r->all.at[i],
			r->simulated && r->ran[i] ? &r->seen[i] : NULL,
			r->simulated ? &r->why[i] : NULL);
}

void place_print(FILE *to, const struct place_report *r)
{
	print_subject(to, r);
	if (r->has_printed)
		print_printed(to, r);
	if (r->has_repaired)
		print_repaired(to, r);
	if (r->has_choice)
		print_choice(to, r);
	if (r->listed)
		print_candidates(to, r);
}
