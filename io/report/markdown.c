#include "io/report/markdown.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "io/report/markdown_parts.h"
#include "io/text/text_file.h"

enum { TEXT_MAX = 16 << 20 };

static const char *stem(struct arena *a, const char *file)
{
	const char *slash = strrchr(file, '/'), *name = slash ? slash + 1 : file;
	const char *dot = strrchr(name, '.');

	return arena_printf(
		a, "%.*s", dot && dot > name ? (int)(dot - name) : (int)strlen(name), name);
}

/** Headings are text in the list of contents: without the marks of code and emphasis. */
static const char *plain(struct arena *a, struct str s)
{
	char *text = arena_printf(a, "%.*s", (int)s.n, s.s), *to = text;

	for (const char *c = text; *c; c++)
		if (*c != '`' && *c != '*')
			*to++ = *c;
	*to = '\0';
	return text;
}

static void name_section(struct markdown_file *f, size_t number, struct arena *a)
{
	char *id = arena_printf(a, "file%zu-%s", number, stem(a, f->file));
	struct str rest = str_of(f->text), title = markdown_title(&rest);

	for (char *s = id; *s; s++)
		if (!isalnum((unsigned char)*s))
			*s = '-';
	f->id = id;
	f->title = title.n > 0 ? plain(a, title) : stem(a, f->file);
}

static bool read_one(struct markdown_file *out, const char *file, struct arena *a, struct err *err)
{
	char *path = realpath(file, NULL);
	size_t n;
	char *to;

	out->file = file;
	out->path = path ? arena_strdup(a, path) : file;
	free(path);
	if (!text_file_read(&out->text, &n, a, file, TEXT_MAX, (struct src_pos){0}, err))
		return false;
	to = out->text;
	for (const char *s = to; s < out->text + n; s++)
		if (*s != '\r' || s[1] != '\n')
			*to++ = *s;
	*to = '\0';
	return text_check(out->text, (size_t)(to - out->text),
		(struct src_pos){.file = file, .line = 1, .col = 1}, err);
}

bool markdown_read(
	struct markdown_file *out, char *const *files, size_t n, struct arena *a, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (!read_one(&out[i], files[i], a, err))
			return false;
		name_section(&out[i], i + 1, a);
	}
	return true;
}

bool markdown_sections(struct page *p, const struct markdown_file *files, size_t n, struct arena *a,
	struct err *err)
{
	struct markdown m = {.files = files, .n = n, .to = page_out(p), .arena = a, .err = err};

	for (size_t i = 0; i < n; i++) {
		struct str rest = str_of(files[i].text);

		m.now = &files[i];
		markdown_title(&rest);
		page_section(p, files[i].id, files[i].title);
		if (!markdown_blocks(&m, rest))
			return false;
	}
	return true;
}
