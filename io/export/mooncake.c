/* A trace in Mooncake's form: JSON lines with times in milliseconds and hash_ids. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/quantity.h"
#include "io/export/blocks.h"
#include "io/export/export.h"
#include "io/results/requests.h"
#include "io/trace/arrival_trace.h"
#include "models/workload/trace_feed.h"

#define NS_PER_MS INT64_C(1000000)

/** What the requests of a group consist of. */
struct source {
	const char *name;
	bool shares;   /* it has prefixes or sessions, of which older results tell nothing */
	bool lost;     /* its trace cannot be read */
	bool replayed; /* what prompts share is in a trace, open in */
	struct trace_feed feed;
};

struct trace {
	const struct export_spec *spec;
	struct arena arena;
	size_t n, cap;
	struct source *groups;
	struct blocks blocks;
	bool unknown; /* what prompts share */
};

/* Groups */

static bool setting(
	const char **out, struct trace *t, const char *group, const char *key, struct err *err)
{
	return results_setting(out, t->spec->results, t->spec->run,
		arena_printf(&t->arena, "users.%s.%s", group, key), err);
}

/* Any of these says that it has such. */
static bool has_one(
	bool *out, struct trace *t, const char *group, const char *const *keys, struct err *err)
{
	const char *value;

	for (; *keys; keys++) {
		if (!setting(&value, t, group, *keys, err))
			return false;
		*out |= value != NULL;
	}
	return true;
}

static enum trace_format format_of(const char *word)
{
	enum trace_format f = TRACE_CSV;

	while (f < TRACE_AUTO && strcmp(arrival_trace_formats[f], word) != 0)
		f++;
	return f;
}

static bool tells_ids(const struct trace_feed *f)
{
	for (size_t k = 0; k < f->n_ahead; k++)
		if (f->ahead[k].n_ids > 0)
			return true;
	return false;
}

/* Of a trace that says what prompts share its rows are held to the requests; one that is not there
 * any more, or that has changed, tells nothing. */
static bool open_trace(struct trace *t, struct source *s, const char *file, struct err *err)
{
	struct trace_spec spec = {.file = file,
		.rate_scale = 1.0,
		.window_s = {0.0, HUGE_VAL},
		.contents = true,
		.opener = &arrival_trace_opener};
	const char *format, *from;
	struct err ignored = {0};
	char why[200];

	if (!setting(&format, t, s->name, "arrivals.trace.format", err) ||
		!setting(&from, t, s->name, "arrivals.trace.window.0", err))
		return false;
	spec.format = format ? format_of(format) : TRACE_AUTO;
	if (from && !quantity_parse(&spec.window_s[0], from, QUANTITY_TIME, why, sizeof why))
		spec.window_s[0] = 0.0;
	s->lost = !trace_feed_open(&s->feed, &spec, &ignored);
	s->replayed = !s->lost && tells_ids(&s->feed);
	if (!s->replayed)
		trace_feed_close(&s->feed);
	return true;
}

static bool add_group(struct trace *t, const char *name, struct err *err)
{
	static const char *const sharing[] = {
		"prefixes.count", "prefixes.tokens", "sessions.turns", NULL};
	struct source s = {.name = arena_strdup(&t->arena, name)};
	const char *file;

	if (!has_one(&s.shares, t, name, sharing, err) ||
		!setting(&file, t, name, "arrivals.trace.file", err) ||
		(file && !open_trace(t, &s, file, err)))
		return false;
	t->groups = mem_grow(t->groups, t->n, &t->cap, sizeof *t->groups);
	t->groups[t->n++] = s;
	return true;
}

static struct source *group_of(struct trace *t, const char *name, struct err *err)
{
	for (size_t g = 0; g < t->n; g++)
		if (!strcmp(t->groups[g].name, name))
			return &t->groups[g];
	return add_group(t, name, err) ? &t->groups[t->n - 1] : NULL;
}

static void close_groups(struct trace *t)
{
	for (size_t g = 0; g < t->n; g++)
		if (t->groups[g].replayed)
			trace_feed_close(&t->groups[g].feed);
	free(t->groups);
	t->groups = NULL;
	t->n = t->cap = 0;
}

/* Contents */

/* The row that @q was. */
static bool next_row(struct source *s, const struct results_request *q, struct trace_row *row)
{
	struct err ignored = {0};

	if (trace_feed_next(&s->feed, row, &ignored) <= 0)
		return false;
	if (row->prompt_tok == q->prompt_tok - q->prefix_tok && row->output_tok == q->output_tok)
		return true;
	free(row->ids);
	return false;
}

/* False: not known. The ids are the caller's. */
static bool content_of(struct content *c, struct source *s, const struct results_request *q)
{
	const uint64_t scope = content_scope(CONTENT_REQUEST, "");

	*c = (struct content){.own = content_key(scope, q->id)};
	if (q->content)
		*c = (struct content){
			.prefix = q->prefix, .prefix_tok = q->prefix_tok, .own = q->own};
	else if (s->shares)
		return false;
	if (s->lost)
		return false;
	if (s->replayed) {
		struct trace_row row;
		const uint64_t ids = content_scope(CONTENT_TRACE, "");

		if (!next_row(s, q, &row))
			return false;
		for (uint32_t k = 0; k < row.n_ids; k++)
			row.ids[k] = content_key(ids, row.ids[k]);
		c->ids = row.ids;
		c->n_ids = row.n_ids;
		c->id_tok = row.id_tok;
	}
	c->own_tok = content_own_tok(c, q->prompt_tok);
	return true;
}

static void print_ids(FILE *to, struct trace *t, const struct content *c, uint32_t prompt_tok)
{
	const uint32_t n = (prompt_tok + BLOCK_TOK - 1) / BLOCK_TOK;
	uint64_t chain = 0;

	fputs(", \"hash_ids\": [", to);
	for (uint32_t k = 0; k < n; k++)
		fprintf(to, "%s%" PRIu64, k ? ", " : "",
			blocks_number(&t->blocks, c, prompt_tok, k, &chain));
	fputc(']', to);
}

/* Rows of traces go by also where @to is NULL: nothing is printed. */
static bool print_row(FILE *to, struct trace *t, const struct results_request *q, int64_t from_ns,
	struct err *err)
{
	struct source *s = group_of(t, q->group, err);
	struct content c = {0};

	if (!s)
		return false;
	if (q->prompt_tok == 0 || q->output_tok == 0)
		return err_input(err,
			"requests of group '%s' have no tokens, since no model serves them: there "
			"is nothing to replay",
			q->group);
	t->unknown = t->unknown || !content_of(&c, s, q);
	if (to) {
		fprintf(to,
			"{\"timestamp\": %" PRId64 ", \"input_length\": %u, \"output_length\": %u",
			(q->created_ns - from_ns + NS_PER_MS / 2) / NS_PER_MS, q->prompt_tok,
			q->output_tok);
		if (!t->unknown)
			print_ids(to, t, &c, q->prompt_tok);
		fputs("}\n", to);
	}
	free(c.ids);
	return true;
}

/* Once for all of them; @to NULL: to see whether all is known. */
static bool pass(FILE *to, struct trace *t, struct err *err)
{
	const struct export_spec *spec = t->spec;
	struct results_requests *all;
	struct results_request q;
	int64_t from_ns = RESULTS_TIME_NONE;
	int got;

	if (!results_requests_open(&all, spec->results, spec->run, spec->replication, err))
		return false;
	while ((got = results_requests_next(all, &q, err)) > 0) {
		const bool wanted = q.measured || !spec->measured;

		if (wanted && from_ns == RESULTS_TIME_NONE)
			from_ns = q.created_ns;
		if (!print_row(wanted ? to : NULL, t, &q, from_ns, err)) {
			got = -1;
			break;
		}
	}
	results_requests_close(all);
	close_groups(t);
	return got == 0;
}

bool export_mooncake(FILE *to, const struct export_spec *spec, bool *unknown, struct err *err)
{
	struct trace t = {.spec = spec};
	bool ok;

	arena_init(&t.arena);
	ok = pass(NULL, &t, err) && pass(to, &t, err);
	*unknown = t.unknown;
	blocks_finish(&t.blocks);
	arena_finish(&t.arena);
	return ok;
}
