#include "io/text/line_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define FIRST_BYTES (64u << 10)

bool line_reader_open(struct line_reader *r, const char *file, struct src_pos at, struct err *err)
{
	*r = (struct line_reader){.file = file};
	errno = 0;
	r->gz = gzopen(file, "rb");
	if (!r->gz)
		return err_at(err, at, "cannot open '%s': %s", file,
			errno ? strerror(errno) : "out of memory");
	gzbuffer(r->gz, FIRST_BYTES);
	r->cap = FIRST_BYTES;
	r->buf = mem_zalloc(r->cap, 1);
	return true;
}

void line_reader_close(struct line_reader *r)
{
	if (r->gz)
		gzclose(r->gz);
	free(r->buf);
	*r = (struct line_reader){0};
}

static int fail(const struct line_reader *r, struct err *err)
{
	const struct src_pos at = {r->file, r->line + 1, 1};
	int code = Z_OK;
	const char *why = gzerror(r->gz, &code);

	if (code == Z_ERRNO)
		err_at(err, at, "cannot read: %s", strerror(errno));
	else if (code == Z_BUF_ERROR)
		err_at(err, at, "the gzipped file is cut short");
	else
		err_at(err, at, "cannot unpack: %s", why);
	return -1;
}

/* Read more behind what is left of the buffer, which moves to its front. 1, or -1. */
static int fill(struct line_reader *r, struct err *err)
{
	int got, code = Z_OK;

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
	got = gzread(r->gz, r->buf + r->n, (unsigned)(r->cap - r->n));
	if (got < 0)
		return fail(r, err);
	r->n += (size_t)got;
	if (got == 0) {
		gzerror(r->gz, &code); /* a file cut short shows only at its end */
		if (code != Z_OK)
			return fail(r, err);
		r->eof = true;
	}
	return 1;
}

static void give(struct line_reader *r, size_t n, struct str *line)
{
	*line = (struct str){r->buf + r->at, n};
	if (n > 0 && line->s[n - 1] == '\r')
		line->n--;
	r->line++;
}

int line_reader_next(struct line_reader *r, struct str *line, struct err *err)
{
	const char *end;
	size_t n;

	for (;;) {
		end = memchr(r->buf + r->at, '\n', r->n - r->at);
		if (end) {
			n = (size_t)(end - (r->buf + r->at));
			give(r, n, line);
			r->at += n + 1;
			return 1;
		}
		if (r->eof)
			break;
		if (fill(r, err) < 0)
			return -1;
	}
	if (r->at == r->n)
		return 0;
	give(r, r->n - r->at, line); /* the last line need not end */
	r->at = r->n;
	return 1;
}

struct src_pos line_reader_pos(const struct line_reader *r, struct str line, const char *s)
{
	return (struct src_pos){r->file, r->line, (unsigned)(s - line.s) + 1};
}
