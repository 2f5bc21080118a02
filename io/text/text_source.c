#include "io/text/text_source.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

enum { BUFFER_BYTES = 64 << 10, TAR_AT = 257 };

#define UTF8_BOM "\xef\xbb\xbf"

/* What files begin with that are mistaken for text, or are no text yet. */
static const struct signature {
	const char *bytes;
	size_t n;
	const char *what;
} signatures[] = {
#define STARTS(bytes, what) \
	{ \
		(bytes), sizeof(bytes) - 1, (what) \
	}
	STARTS("\x1f\x8b", "is gzipped twice; unpack it once"),
	STARTS("\xfd"
	       "7zXZ",
		"is compressed with xz, which is not read; unpack it, or use gzip"),
	STARTS("\x28\xb5\x2f\xfd",
		"is compressed with zstd, which is not read; unpack it, or use gzip"),
	STARTS("BZh", "is compressed with bzip2, which is not read; unpack it, or use gzip"),
	STARTS("\x04\x22\x4d\x18",
		"is compressed with lz4, which is not read; unpack it, or use gzip"),
	STARTS("\x1f\x9d",
		"is compressed with compress, which is not read; unpack it, or use gzip"),
	STARTS("PK\x03\x04", "is a zip archive, which is not read; unpack it, or use gzip"),
	STARTS("7z\xbc\xaf\x27\x1c", "is a 7z archive, which is not read; unpack it, or use gzip"),
	STARTS("version https://git-lfs.github.com/spec/",
		"is a Git LFS pointer, not the file itself; fetch that with 'git lfs pull'"),
	STARTS("/annex/objects/",
		"is a git-annex pointer, not the file itself; fetch that with 'git annex get'"),
	STARTS("\xff\xfe", "is UTF-16 text; save it as UTF-8"),
	STARTS("\xfe\xff", "is UTF-16 text; save it as UTF-8"),
	STARTS("\xd0\xcf\x11\xe0", "is an Excel file, which is not read; save it as CSV"),
	STARTS("PAR1", "is a Parquet file, which is not read; save it as CSV"),
	STARTS("SQLite format 3", "is an SQLite database, not a text file"),
	STARTS("\x89HDF\r\n", "is an HDF5 file, not a text file"),
	STARTS("<!DOCTYPE html", "is a web page, not the file itself"),
	STARTS("<!doctype html", "is a web page, not the file itself"),
	STARTS("<html", "is a web page, not the file itself"),
#undef STARTS
};

static bool fail(const struct text_source *s, unsigned line, struct err *err)
{
	const struct src_pos at = {s->file, line, line ? 1 : 0};
	int code = Z_OK;
	const char *why = gzerror(s->gz, &code);

	if (code == Z_ERRNO)
		return err_at(err, at, "cannot read: %s", strerror(errno));
	if (code == Z_BUF_ERROR)
		return err_at(err, at, "the gzipped file is cut short");
	return err_at(err, at, "cannot unpack: %s", why);
}

/* As gzread(), but a file cut short shows only at its end. */
static long read_some(struct text_source *s, char *to, size_t n, unsigned line, struct err *err)
{
	int got = gzread(s->gz, to, (unsigned)(n < BUFFER_BYTES ? n : BUFFER_BYTES)), code = Z_OK;

	if (got == 0)
		gzerror(s->gz, &code);
	if (got >= 0 && code == Z_OK)
		return got;
	fail(s, line, err);
	return -1;
}

/* Read the start, refuse what is no text, and step over the mark. */
static bool sniff(struct text_source *s, struct err *err)
{
	const struct src_pos at = {.file = s->file};
	long got;

	do {
		got = read_some(s, s->head + s->n_head, sizeof s->head - s->n_head, 0, err);
		if (got < 0)
			return false;
		s->n_head += (size_t)got;
	} while (got > 0 && s->n_head < sizeof s->head);
	for (size_t i = 0; i < sizeof signatures / sizeof signatures[0]; i++)
		if (s->n_head >= signatures[i].n &&
			!memcmp(s->head, signatures[i].bytes, signatures[i].n))
			return err_at(err, at, "%s", signatures[i].what);
	if (s->n_head > TAR_AT + 5 && !memcmp(s->head + TAR_AT, "ustar", 5))
		return err_at(
			err, at, "is a tar archive, which is not read; unpack it, or use gzip");
	if (s->n_head >= 3 && !memcmp(s->head, UTF8_BOM, 3))
		s->at = 3;
	return true;
}

bool text_source_open(
	struct text_source *s, const char *file, uint64_t most, struct src_pos at, struct err *err)
{
	bool is_stdin = !strcmp(file, "-");
	int fd = is_stdin ? dup(STDIN_FILENO) : file_open(file, at, err);

	*s = (struct text_source){.file = is_stdin ? "stdin" : file, .most = most};
	if (fd < 0)
		return err_at(err, at, "cannot read '%s': %s", file, strerror(errno));
	s->gz = gzdopen(fd, "rb");
	if (!s->gz) {
		close(fd);
		return err_at(err, at, "cannot open '%s': out of memory", file);
	}
	gzbuffer(s->gz, BUFFER_BYTES);
	if (sniff(s, err))
		return true;
	text_source_close(s);
	return false;
}

void text_source_close(struct text_source *s)
{
	if (s->gz)
		gzclose(s->gz);
	s->gz = NULL;
}

static bool too_much(const struct text_source *s, unsigned line, struct err *err)
{
	const struct src_pos at = {s->file, line, line ? 1 : 0};

	if (s->most < 1000000)
		return err_at(err, at, "has more than %.0f kB of text", 1e-3 * (double)s->most);
	return err_at(err, at, "has more than %.0f MB of text", 1e-6 * (double)s->most);
}

long text_source_read(struct text_source *s, char *to, size_t n, unsigned line, struct err *err)
{
	size_t left = s->n_head - s->at;
	long got = (long)(left < n ? left : n);

	if (got > 0) {
		memcpy(to, s->head + s->at, (size_t)got);
		s->at += (size_t)got;
	} else {
		got = read_some(s, to, n, line, err);
	}
	if (got > 0)
		s->given += (uint64_t)got;
	if (s->given <= s->most)
		return got;
	too_much(s, line, err);
	return -1;
}
