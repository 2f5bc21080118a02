#include "io/text/text_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Length of the UTF-8 character at @s with @n bytes left, 0 when it is none, and what it
 * encodes. Overlong forms and surrogates are none (Unicode, table 3-7). */
static size_t utf8_length(const unsigned char *s, size_t n, uint32_t *c)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = s[0] < 0x80 ? 1 : s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2, i;

	*c = s[0];
	if (len == 1)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4 || len > n)
		return 0;
	*c = s[0] & (0xffU >> (len + 1));
	for (i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*c = (*c << 6) | (s[i] & 0x3fU);
	}
	if (*c < least[len] || *c > 0x10ffff || (*c >= 0xd800 && *c <= 0xdfff))
		return 0;
	return len;
}

/* Controls, and the line breaks of Unicode that editors do not count. */
static bool is_forbidden(uint32_t c)
{
	if (c == '\t' || c == '\n' || c == '\r')
		return false;
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029 || c == 0xfeff ||
	       c == 0xfffe || c == 0xffff;
}

static bool refuse_byte(
	struct err *err, struct src_pos at, const unsigned char *s, size_t length, uint32_t c)
{
	if (length == 0)
		return err_at(err, at, "not a text file: byte 0x%02x is not UTF-8", s[0]);
	return err_at(err, at, "not a text file: the control character U+%04X is not allowed", c);
}

bool text_check(const char *bytes, size_t n, struct src_pos from, struct err *err)
{
	const unsigned char *s = (const unsigned char *)bytes;
	size_t i = 0, length;
	uint32_t c;

	while (i < n) {
		length = utf8_length(s + i, n - i, &c);
		if (length == 0 || (is_forbidden(c) && !(c == 0xfeff && i == 0)))
			return refuse_byte(err, from, s + i, length, c);
		i += length;
		from.col++;
		if (c == '\n') {
			from.line++;
			from.col = 1;
		}
	}
	return true;
}

/* Opened without waiting, so that a FIFO nobody writes to is refused and not hung on. */
static int open_regular(const char *file, size_t max, struct src_pos at, struct err *err)
{
	int fd = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	struct stat st;

	if (fd < 0) {
		err_at(err, at, "cannot open '%s': %s", file, strerror(errno));
		return -1;
	}
	if (fstat(fd, &st) != 0)
		err_at(err, at, "cannot read '%s': %s", file, strerror(errno));
	else if (S_ISDIR(st.st_mode))
		err_at(err, at, "'%s' is a folder, not a file", file);
	else if (!S_ISREG(st.st_mode))
		err_at(err, at, "'%s' is not a regular file", file);
	else if ((uintmax_t)st.st_size > max)
		err_at(err, at, "'%s' has %.1f MB; at most %.0f MB are read", file,
			(double)st.st_size / 1e6, (double)max / 1e6);
	else
		return fd;
	close(fd);
	return -1;
}

/* Into *@buf, which grows as needed and is the caller's to free, also on false. */
static bool read_all(int fd, char **buf, size_t *n, size_t max, const char *file, struct src_pos at,
	struct err *err)
{
	size_t cap = 0;
	ssize_t got = 1;

	*n = 0;
	while (got != 0 && *n <= max) {
		if (*n == cap) {
			cap = cap ? 2 * cap : 65536;
			*buf = mem_resize(*buf, cap, 1);
		}
		got = read(fd, *buf + *n, cap - *n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_at(err, at, "cannot read '%s': %s", file, strerror(errno));
		*n += (size_t)got;
	}
	if (*n <= max)
		return true;
	return err_at(err, at, "%s has more than %.0f MB",
		strcmp(file, "-") ? file : "standard input", (double)max / 1e6);
}

bool text_file_read(char **bytes, size_t *n, struct arena *a, const char *file, size_t max,
	struct src_pos at, struct err *err)
{
	bool is_stdin = !strcmp(file, "-"), ok;
	int fd = is_stdin ? STDIN_FILENO : open_regular(file, max, at, err);
	char *buf = NULL;

	if (fd < 0)
		return false;
	ok = read_all(fd, &buf, n, max, file, at, err);
	if (!is_stdin)
		close(fd);
	if (ok) {
		*bytes = arena_alloc(a, *n + 1, 1);
		memcpy(*bytes, buf, *n);
	}
	free(buf);
	return ok;
}
