#include "io/text/line_reader.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"

enum { FIRST_BYTES = 64 << 10 };

bool line_reader_open(struct line_reader *r, const char *file, struct line_limits limits,
	struct src_pos at, struct err *err)
{
	*r = (struct line_reader){.most = limits.lines};
	if (!text_source_open(&r->source, file, limits.bytes, at, err))
		return false;
	r->file = r->source.file;
	r->cap = FIRST_BYTES;
	r->buf = mem_zalloc(r->cap, 1);
	return true;
}

void line_reader_close(struct line_reader *r)
{
	text_source_close(&r->source);
	free(r->buf);
	*r = (struct line_reader){0};
}

/* Read more behind what is left of the buffer, which moves to its front. 1, or -1. */
static int fill(struct line_reader *r, struct err *err)
{
	long got;

	memmove(r->buf, r->buf + r->at, r->n - r->at);
	r->n -= r->at;
	r->at = 0;
	if (r->n == r->cap) {
		if (r->cap >= LINE_BYTES_MAX) {
			err_at(err, (struct src_pos){r->file, r->line + 1, 1},
				"line is longer than %u bytes", LINE_BYTES_MAX);
			return -1;
		}
		r->cap *= 2;
		r->buf = mem_resize(r->buf, r->cap, 1);
	}
	got = text_source_read(&r->source, r->buf + r->n, r->cap - r->n, r->line + 1, err);
	if (got < 0)
		return -1;
	r->n += (size_t)got;
	r->eof = got == 0;
	return 1;
}

/* Give out the next @n bytes. */
static int give(struct line_reader *r, size_t n, struct str *line, struct err *err)
{
	if (r->line == r->most) {
		err_at(err, (struct src_pos){r->file, r->line + 1, 1},
			"file has more than %u lines", r->most);
		return -1;
	}
	*line = (struct str){r->buf + r->at, n};
	if (n > 0 && line->s[n - 1] == '\r')
		line->n--;
	r->line++;
	return 1;
}

int line_reader_next(struct line_reader *r, struct str *line, struct err *err)
{
	const char *end;
	size_t n;
	int got;

	for (;;) {
		end = memchr(r->buf + r->at, '\n', r->n - r->at);
		if (end || r->eof)
			break;
		if (fill(r, err) < 0)
			return -1;
	}
	if (!end && r->at == r->n)
		return 0;
	n = end ? (size_t)(end - (r->buf + r->at)) : r->n - r->at; /* the last need not end */
	got = give(r, n, line, err);
	r->at += n + (end != NULL);
	return got;
}

int line_reader_next_text(struct line_reader *r, struct str *line, struct err *err)
{
	int got;

	do
		got = line_reader_next(r, line, err);
	while (got > 0 && str_trim(*line).n == 0);
	return got;
}

bool text_shows(struct str part, struct src_pos from, struct err *err)
{
	size_t at = 0, length;
	uint32_t c;

	for (; at < part.n; at += length, from.col += (unsigned)length) {
		length = utf8_decode(part.s + at, part.n - at, &c);
		if (length == 0)
			return err_at(err, from, "not a text file: byte 0x%02x is not UTF-8",
				(unsigned char)part.s[at]);
		if (c == '\n')
			from = (struct src_pos){from.file, from.line + 1, 0};
		else if (!utf8_is_shown(c) && c != '\t' && c != '\r')
			return err_at(err, from, "there is a %s (U+%04X) here", utf8_name(c), c);
	}
	return true;
}

bool line_reader_shows(
	const struct line_reader *r, struct str part, struct str line, struct err *err)
{
	return part.n == 0 || text_shows(part, line_reader_pos(r, line, part.s), err);
}

struct src_pos line_reader_pos(const struct line_reader *r, struct str line, const char *s)
{
	return (struct src_pos){r->file, r->line, (unsigned)(s - line.s) + 1};
}
