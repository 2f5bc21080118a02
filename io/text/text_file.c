#include "io/text/text_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "io/text/text_source.h"

/* Controls, and the line breaks of Unicode that editors do not count. */
static bool is_forbidden(uint32_t c)
{
	if (c == '\t' || c == '\n' || c == '\r')
		return false;
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029 || c == 0xfeff ||
	       c == 0xfffe || c == 0xffff;
}

bool text_check(const char *bytes, size_t n, struct src_pos from, struct err *err)
{
	size_t i = 0, length;
	uint32_t c;

	while (i < n) {
		length = utf8_decode(bytes + i, n - i, &c);
		if (length == 0)
			return err_at(err, from, "not a text file: byte 0x%02x is not UTF-8",
				(unsigned char)bytes[i]);
		if (is_forbidden(c))
			return err_at(err, from, "not a text file: the %s U+%04X is not allowed",
				utf8_name(c), c);
		i += length;
		from.col++;
		if (c == '\n') {
			from.line++;
			from.col = 1;
		}
	}
	return true;
}

bool text_file_read(char **bytes, size_t *n, struct arena *a, const char *file, size_t max,
	struct src_pos at, struct err *err)
{
	struct text_source s;
	size_t cap = 0;
	char *buf = NULL;
	long got = 1;

	*n = 0;
	if (!text_source_open(&s, file, max, at, err))
		return false;
	while (got > 0) {
		if (*n == cap) {
			cap = cap ? 2 * cap : 65536;
			buf = mem_resize(buf, cap, 1);
		}
		got = text_source_read(&s, buf + *n, cap - *n, 0, err);
		*n += got > 0 ? (size_t)got : 0;
	}
	text_source_close(&s);
	if (got == 0) {
		*bytes = arena_alloc(a, *n + 1, 1);
		memcpy(*bytes, buf, *n);
	}
	free(buf);
	return got == 0;
}
