/* The result of `vllm bench serve --save-result --save-detailed`: one object with a list a
 * quantity. */
#include <stdio.h>
#include <string.h>

#include "base/quote.h"
#include "io/log/log_parts.h"
#include "io/text/json_line.h"
#include "io/text/trace_value.h"

#define NS_PER_S INT64_C(1000000000)

enum list { LIST_START, LIST_PROMPT, LIST_OUTPUT, LIST_FIRST, LIST_GAPS, LISTS };

static const char *const list_names[LISTS] = {
	[LIST_START] = "start_times",
	[LIST_PROMPT] = "input_lens",
	[LIST_OUTPUT] = "output_lens",
	[LIST_FIRST] = "ttfts",
	[LIST_GAPS] = "itls",
};

struct bench {
	struct log_rows *rows;
	const char *text;
	struct str rest[LISTS]; /* of each list, what was not read yet */
	const char *at;         /* of the request in hand, its place */
	unsigned line, col;
};

static struct src_pos place_from(
	const struct bench *b, struct src_pos at, const char *from, const char *s)
{
	at.file = b->rows->file;
	for (const char *p = from; p < s; p++) {
		at.col++;
		if (*p == '\n') {
			at.line++;
			at.col = 1;
		}
	}
	return at;
}

static struct src_pos place(const struct bench *b, const char *s)
{
	return place_from(b, (struct src_pos){.line = 1, .col = 1}, b->text, s);
}

/* On from the request before: places of a long list take no longer than its text. */
static struct src_pos place_of_request(struct bench *b, const char *s)
{
	struct src_pos at = {.line = b->line, .col = b->col};

	at = b->at ? place_from(b, at, b->at, s) : place(b, s);
	b->at = s;
	b->line = at.line;
	b->col = at.col;
	return at;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip(struct str *rest, bool comma)
{
	while (rest->n > 0 && (is_blank(*rest->s) || (comma && *rest->s == ','))) {
		rest->s++;
		rest->n--;
	}
}

/* Open the list @text, whose form is known to be right. */
static bool enter(struct str *rest, struct str text)
{
	if (text.n < 2 || text.s[0] != '[')
		return false;
	*rest = (struct str){text.s + 1, text.n - 2};
	skip(rest, false);
	return true;
}

/* The next value of a list; false at its end. Lists in it are given whole. */
static bool next(struct str *rest, struct str *value)
{
	size_t depth = 0, n = 0;

	skip(rest, true);
	if (rest->n == 0)
		return false;
	for (; n < rest->n; n++) {
		char c = rest->s[n];

		depth += c == '[';
		depth -= c == ']';
		if (depth == 0 && (c == ',' || is_blank(c)))
			break;
	}
	*value = (struct str){rest->s, n};
	rest->s += n;
	rest->n -= n;
	return true;
}

static bool refuse(
	const struct bench *b, enum list l, const char *rule, struct str text, struct err *err)
{
	const struct src_pos at = place(b, text.s);
	char quoted[QUOTE_SIZE];

	return text_shows(text, at, err) &&
	       err_at(err, at, "%s must be %s, not '%s'", list_names[l], rule,
		       quote_bytes(quoted, sizeof quoted, text.s, text.n));
}

static bool seconds(
	const struct bench *b, enum list l, struct str text, int64_t *ns, struct err *err)
{
	return trace_time(text, NS_PER_S, ns) ||
	       refuse(b, l, "a list of seconds from 0 to 9e9", text, err);
}

static bool tokens(const struct bench *b, enum list l, struct str text, uint32_t least,
	uint32_t *out, struct err *err)
{
	return (trace_whole(text, LOG_TOK_MAX, out) && *out >= least) ||
	       refuse(b, l, "a list of whole numbers of tokens", text, err);
}

static bool sum_gaps(const struct bench *b, struct str list, int64_t *sum_ns, struct err *err)
{
	struct str rest, value;
	int64_t gap_ns;

	if (!enter(&rest, list))
		return refuse(b, LIST_GAPS, "a list of lists", list, err);
	while (next(&rest, &value)) {
		if (!seconds(b, LIST_GAPS, value, &gap_ns, err))
			return false;
		if (__builtin_add_overflow(*sum_ns, gap_ns, sum_ns))
			return refuse(b, LIST_GAPS, "times within 292 years", value, err);
	}
	return true;
}

static bool request(struct bench *b, const struct str *value, struct err *err)
{
	struct src_pos at = place_of_request(b, value[LIST_FIRST].s);
	struct served_request r = {.line = at.line, .col = at.col};
	int64_t first_ns, gaps_ns = 0;

	if (!seconds(b, LIST_START, value[LIST_START], &r.arrival_ns, err) ||
		!tokens(b, LIST_OUTPUT, value[LIST_OUTPUT], 0, &r.output_tok, err))
		return false;
	if (r.output_tok == 0) { /* it failed */
		b->rows->n_unanswered++;
		return true;
	}
	if (!tokens(b, LIST_PROMPT, value[LIST_PROMPT], 1, &r.prompt_tok, err) ||
		!seconds(b, LIST_FIRST, value[LIST_FIRST], &first_ns, err) ||
		!sum_gaps(b, value[LIST_GAPS], &gaps_ns, err))
		return false;
	r.first_ns = r.arrival_ns + first_ns;
	r.end_ns = r.first_ns + gaps_ns;
	return log_add(b->rows, &r, err);
}

/* One of each list; 0: all are at their end. */
static int take(struct bench *b, struct str *value, struct err *err)
{
	bool any = false, all = true;
	size_t last = 0;

	for (size_t l = 0; l < LISTS; l++) {
		bool got = next(&b->rest[l], &value[l]);

		any |= got;
		all &= got;
		if (!got)
			last = l;
	}
	if (any == all)
		return any;
	err_at(err, place(b, b->rest[last].s), "%s has fewer entries than other lists",
		list_names[last]);
	return -1;
}

static bool open_lists(struct bench *b, size_t n, struct err *err)
{
	struct json_member want[LISTS] = {{0}};
	char why[JSON_WHY_SIZE];
	const char *at;

	for (size_t l = 0; l < LISTS; l++)
		want[l].name = list_names[l];
	if (!json_line_read((struct str){b->text, n}, want, LISTS, &at, why, sizeof why))
		return text_shows((struct str){b->text, n}, place(b, b->text), err) &&
		       err_at(err, place(b, at), "%s", why);
	for (size_t l = 0; l < LISTS; l++)
		if (!enter(&b->rest[l], want[l].value))
			return refuse(b, (enum list)l, "a list", want[l].value, err);
	return true;
}

bool vllm_bench_read(struct log_rows *rows, const char *text, size_t n, struct err *err)
{
	struct bench b = {.rows = rows, .text = text};
	struct str value[LISTS];
	int got;

	if (!open_lists(&b, n, err))
		return false;
	while ((got = take(&b, value, err)) > 0)
		if (!request(&b, value, err))
			return false;
	return got == 0;
}
