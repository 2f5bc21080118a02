#include "io/text/heading.h"

#include <string.h>

#include "base/near.h"
#include "base/quote.h"
#include "io/text/name_list.h"

enum { HEAD_BYTES = 64 << 10, NAMES_MOST = 400, NAME_BYTES = 200, DEPTH_NAMED = 2 };

/* Reading */

static void add_name(struct heading *h, struct arena *a, const char *within, struct str name)
{
	if (h->n_names == NAMES_MOST || name.n > NAME_BYTES)
		return;
	h->names[h->n_names++] = arena_printf(
		a, "%s%s%.*s", within, *within ? "." : "", (int)name.n, name.s ? name.s : "");
}

static bool read_head(
	struct str *head, struct arena *a, const char *file, struct src_pos at, struct err *err)
{
	struct text_source s;
	struct err later = {0}; /* what is wrong further on, whoever reads it all says */
	char *bytes = arena_alloc(a, HEAD_BYTES, 1);
	long got;

	*head = (struct str){bytes, 0};
	if (!text_source_open(&s, file, UINT64_MAX, at, err))
		return false;
	do {
		got = text_source_read(
			&s, bytes + head->n, HEAD_BYTES - head->n, 1, head->n > 0 ? &later : err);
		head->n += got > 0 ? (size_t)got : 0;
	} while (got > 0 && head->n < HEAD_BYTES);
	text_source_close(&s);
	return got >= 0 || head->n > 0;
}

static void read_names(struct heading *h, struct arena *a)
{
	struct str rest = h->line, field;

	while (rest.s && str_split(&rest, ',', &field)) {
		field = str_trim(field);
		if (field.n >= 2 && field.s[0] == '"' && field.s[field.n - 1] == '"')
			field = str_trim((struct str){field.s + 1, field.n - 2});
		add_name(h, a, "", field);
	}
}

/* What is between quotes from *@p on, which moves behind them. False: the head ends first. */
static bool take_text(const char **p, const char *end, struct str *out)
{
	const char *from = ++*p;

	for (; *p < end && **p != '"'; ++*p)
		*p += **p == '\\' && *p + 1 < end;
	*out = (struct str){from, (size_t)(*p - from)};
	return *p < end && ++*p;
}

static const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && memchr(" \t\r\n", *p, 4))
		p++;
	return p;
}

/* The names of an object that may be cut off: texts that a colon follows, at most two deep. */
static void read_members(struct heading *h, struct arena *a, struct str head)
{
	const char *p = head.s, *end = head.s + head.n, *outer = "";
	size_t depth = 0, lists = 0;
	struct str text = {0};

	while (p < end) {
		if (*p == '"') {
			if (!take_text(&p, end, &text))
				return;
			p = skip_blanks(p, end);
			if (p == end || *p != ':' || lists > 0 || depth == 0 || depth > DEPTH_NAMED)
				continue;
			add_name(h, a, depth == 1 ? "" : outer, text);
			if (depth == 1 && h->n_names > 0)
				outer = h->names[h->n_names - 1];
			continue;
		}
		depth += *p == '{';
		lists += *p == '[';
		lists -= *p == ']' && lists > 0;
		if (*p++ == '}' && --depth == 0)
			return;
	}
}

bool heading_read(
	struct heading *h, struct arena *a, const char *file, struct src_pos at, struct err *err)
{
	struct str head;
	const char *end;

	*h = (struct heading){.file = file};
	h->names = arena_alloc(a, NAMES_MOST, sizeof *h->names);
	if (!read_head(&head, a, file, at, err))
		return false;
	head.s = skip_blanks(head.s, end = head.s + head.n);
	head.n = (size_t)(end - head.s);
	if (head.n == 0)
		return err_at(err, (struct src_pos){file, 1, 1}, "file is empty");
	end = memchr(head.s, '\n', head.n);
	h->line = str_trim((struct str){head.s, end ? (size_t)(end - head.s) : head.n});
	h->kind = *head.s == '{' ? HEADING_OBJECT : *head.s == '[' ? HEADING_LIST : HEADING_NAMES;
	if (h->kind == HEADING_OBJECT)
		read_members(h, a, head);
	else if (h->kind == HEADING_NAMES)
		read_names(h, a);
	return true;
}

bool heading_has(const struct heading *h, const char *name)
{
	for (size_t i = 0; i < h->n_names; i++)
		if (!strcmp(h->names[i], name))
			return true;
	return false;
}

/* Choosing */

/* How many columns are there of those it needs, and how many it needs. */
static size_t count(const struct heading *h, const struct heading_format *f, size_t *needed)
{
	size_t there = 0, one = 0;
	bool one_of = false;

	*needed = 0;
	for (size_t i = 0; i < f->n; i++) {
		bool has = heading_has(h, f->columns[i].name);

		*needed += f->columns[i].need == CSV_NEEDED;
		there += f->columns[i].need == CSV_NEEDED && has;
		one_of |= f->columns[i].need == CSV_ONE_OF;
		one += f->columns[i].need == CSV_ONE_OF && has;
	}
	*needed += one_of;
	return there + (one > 0);
}

static bool is_shape(const struct heading *h, const struct heading_format *f)
{
	return h->kind == (f->shape == ROWS_CSV ? HEADING_NAMES : HEADING_OBJECT);
}

bool heading_fits(const struct heading *h, const struct heading_format *f)
{
	size_t needed;

	return is_shape(h, f) && count(h, f, &needed) == needed;
}

/* The format of which most is there, a name with a slip of the pen as half of one. */
static size_t nearest(
	const struct heading *h, const struct heading_format *formats, size_t n, const char *word)
{
	size_t best = n, most = 0, needed;

	for (size_t k = 0; k < n; k++) {
		size_t score;

		if ((word && strcmp(formats[k].word, word) != 0) || !is_shape(h, &formats[k]))
			continue;
		score = 2 * count(h, &formats[k], &needed);
		for (size_t i = 0; i < formats[k].n; i++) {
			struct near near;

			near_init(&near, formats[k].columns[i].name);
			for (size_t j = 0; j < h->n_names; j++)
				near_add(&near, h->names[j]);
			score += near_best(&near) && !heading_has(h, formats[k].columns[i].name);
		}
		if (score > most) {
			most = score;
			best = k;
		}
	}
	return best;
}

static void add_there(const struct heading *h, struct buf *to)
{
	for (size_t i = 0; i < h->n_names; i++)
		name_list_add(to, "", str_of(h->names[i]));
}

static void add_missing(const struct heading *h, const struct heading_format *f, struct buf *to)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->columns[i].need == CSV_NEEDED && !heading_has(h, f->columns[i].name))
			name_list_add(to, "", str_of(f->columns[i].name));
	for (size_t i = 0; to->n == 0 && i < f->n; i++)
		if (f->columns[i].need == CSV_ONE_OF)
			name_list_add(to, "", str_of(f->columns[i].name));
}

static void add_words(
	const struct heading_format *formats, size_t n, const char *word, struct buf *to)
{
	for (size_t k = 0; k < n; k++)
		if ((!word || !strcmp(formats[k].word, word)) &&
			(k == 0 || strcmp(formats[k].word, formats[k - 1].word) != 0))
			buf_printf(to, "%s%s", to->n ? ", " : "", formats[k].word);
}

static bool refuse_near(
	const struct heading *h, const struct heading_format *f, const char *word, struct err *err)
{
	struct buf there, missing;

	buf_init(&there);
	buf_init(&missing);
	add_there(h, &there);
	add_missing(h, f, &missing);
	if (word)
		err_at(err, (struct src_pos){h->file, 1, 1},
			"this is not of format %s: it lacks %s; it has %s", word, missing.s,
			there.s);
	else
		err_at(err, (struct src_pos){h->file, 1, 1},
			"this is of no known format: it has %s; the nearest is %s, which also "
			"needs "
			"%s",
			there.s, f->word, missing.s);
	buf_finish(&there);
	buf_finish(&missing);
	return false;
}

static bool refuse_unknown(const struct heading *h, const struct heading_format *formats, size_t n,
	const char *word, struct err *err)
{
	const struct src_pos at = {h->file, 1, 1};
	const char *other = h->kind == HEADING_NAMES ? csv_other_separator(h->line) : NULL;
	const size_t near = nearest(h, formats, n, word);
	char quoted[QUOTE_SIZE];
	struct buf words;

	if (other)
		return err_at(err, at,
			"fields are separated by commas, not %s; the first line is '%s'", other,
			quote_bytes(quoted, sizeof quoted, h->line.s, h->line.n));
	if (near < n)
		return refuse_near(h, &formats[near], word, err);
	buf_init(&words);
	add_words(formats, n, word, &words);
	err_at(err, at, "this is of no known format (%s); it begins '%s'", words.s,
		quote_bytes(quoted, sizeof quoted, h->line.s, h->line.n));
	buf_finish(&words);
	return false;
}

bool heading_choose(size_t *out, const struct heading *h, const struct heading_format *formats,
	size_t n, const char *word, struct err *err)
{
	*out = n;
	for (size_t k = 0; k < n; k++) {
		if ((word && strcmp(formats[k].word, word) != 0) || !heading_fits(h, &formats[k]))
			continue;
		if (*out < n && strcmp(formats[*out].word, formats[k].word) != 0)
			return err_at(err, (struct src_pos){h->file, 1, 1},
				"this could be of format %s or %s: say which", formats[*out].word,
				formats[k].word);
		if (*out == n)
			*out = k;
	}
	return *out < n || refuse_unknown(h, formats, n, word, err);
}
