#include "io/export/calls.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "io/results/requests.h"

/* Reading */

static const char *error_of(const char *fate)
{
	if (!strcmp(fate, "done"))
		return "";
	if (!strcmp(fate, "in_system"))
		return "unfinished when the run ended";
	return strcmp(fate, "rejected") ? "dropped" : "rejected";
}

static void add_group(struct calls *b, const char *name)
{
	for (size_t g = 0; g < b->n_groups; g++)
		if (!strcmp(b->groups[g], name))
			return;
	b->groups = mem_grow(b->groups, b->n_groups, &b->groups_cap, sizeof *b->groups);
	b->groups[b->n_groups++] = arena_strdup(&b->arena, name);
}

static bool add(struct calls *b, const struct results_request *q, struct err *err)
{
	struct call c = {q->created_ns, 0, 0, q->prompt_tok, 0, error_of(q->fate), false};

	if (q->prompt_tok == 0 || q->output_tok == 0)
		return err_input(err,
			"requests of group '%s' have no tokens, since no model serves them: vLLM "
			"has no such results",
			q->group);
	if (b->n == 0)
		b->model = arena_strdup(&b->arena, q->model);
	add_group(b, q->group);
	b->deadlines |= q->deadline_ns != RESULTS_TIME_NONE;
	if (!*c.error) {
		c.ttft_ns = q->heard_ns - q->created_ns;
		c.latency_ns = q->delivered_ns - q->created_ns;
		c.output_tok = q->output_tok;
		c.good = q->deadline_ns == RESULTS_TIME_NONE || q->delivered_ns <= q->deadline_ns;
		b->completed++;
		b->good += c.good;
		b->input_tok += c.input_tok;
		b->output_tok += c.output_tok;
	}
	b->at = mem_grow(b->at, b->n, &b->cap, sizeof *b->at);
	b->at[b->n++] = c;
	return true;
}

static void find_duration(struct calls *b)
{
	int64_t from_ns = INT64_MAX, to_ns = INT64_MIN;

	for (size_t i = 0; i < b->n; i++) {
		const struct call *c = &b->at[i];

		from_ns = c->start_ns < from_ns ? c->start_ns : from_ns;
		to_ns = c->start_ns + c->latency_ns > to_ns ? c->start_ns + c->latency_ns : to_ns;
	}
	b->duration_s = b->n ? 1e-9 * (double)(to_ns - from_ns) : 0.0;
}

bool calls_read(struct calls *b, const struct export_spec *spec, struct err *err)
{
	struct results_requests *all;
	struct results_request q;
	int got;

	*b = (struct calls){.spec = spec};
	arena_init(&b->arena);
	if (!results_requests_open(&all, spec->results, spec->run, spec->replication, err))
		return false;
	while ((got = results_requests_next(all, &q, err)) > 0)
		if ((q.measured || !spec->measured) && !add(b, &q, err)) {
			got = -1;
			break;
		}
	results_requests_close(all);
	find_duration(b);
	return got == 0;
}

void calls_finish(struct calls *b)
{
	free(b->at);
	free(b->groups);
	arena_finish(&b->arena);
}

/* Gaps and peaks */

int64_t call_gap_ns(const struct call *c, uint32_t k)
{
	const __int128 all_ns = c->latency_ns - c->ttft_ns;
	const uint32_t n = c->output_tok - 1;

	return (int64_t)(all_ns * (k + 1) / n - all_ns * k / n);
}

struct change {
	int64_t at_ns;
	int by;
};

static int by_time(const void *a, const void *b)
{
	const struct change *x = a, *y = b;

	if (x->at_ns != y->at_ns)
		return x->at_ns < y->at_ns ? -1 : 1;
	return x->by - y->by; /* one that leaves makes room first */
}

size_t calls_most_at_once(const struct calls *b)
{
	struct change *changes = mem_zalloc(2 * b->completed, sizeof *changes);
	size_t n = 0;
	long now = 0, most = 0;

	for (size_t i = 0; i < b->n; i++) {
		const struct call *c = &b->at[i];

		if (*c->error)
			continue;
		changes[n++] = (struct change){c->start_ns, 1};
		changes[n++] = (struct change){c->start_ns + c->latency_ns, -1};
	}
	mem_sort(changes, n, sizeof *changes, by_time);
	for (size_t i = 0; i < n; i++) {
		now += changes[i].by;
		most = now > most ? now : most;
	}
	free(changes);
	return (size_t)most;
}

double calls_most_tokens(const struct calls *b)
{
	int64_t from_ns = INT64_MAX;
	size_t seconds = (size_t)ceil(b->duration_s) + 2;
	double *tok = mem_zalloc(seconds, sizeof *tok), most = 0.0;

	for (size_t i = 0; i < b->n; i++)
		if (!*b->at[i].error && b->at[i].start_ns < from_ns)
			from_ns = b->at[i].start_ns;
	for (size_t i = 0; i < b->n; i++) {
		const struct call *c = &b->at[i];
		int64_t at_ns = c->start_ns + c->ttft_ns - from_ns;

		if (*c->error)
			continue;
		for (uint32_t k = 0;; k++) {
			const size_t second = (size_t)(at_ns / 1000000000);

			tok[second]++;
			most = fmax(most, tok[second]);
			if (k + 1 == c->output_tok)
				break;
			at_ns += call_gap_ns(c, k);
		}
	}
	free(tok);
	return most;
}
