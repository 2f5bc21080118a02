#include "io/report/figure.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"
#include "base/whole_file.h"
#include "io/report/gnuplot.h"
#include "io/report/style.h"

static const char *const forms[] = {"png", "svg", "pdf"};

enum { FORMS = sizeof forms / sizeof *forms, WIDTH = 760, HEIGHT = 480 };

void figure_init(struct figure *f)
{
	f->width = WIDTH;
	f->height = HEIGHT;
	buf_init(&f->title);
	buf_init(&f->data);
	buf_init(&f->script);
}

void figure_finish(struct figure *f)
{
	buf_finish(&f->title);
	buf_finish(&f->data);
	buf_finish(&f->script);
}

/* To a string */

/** A script that has its data in it. */
static bool draw_inside(struct buf *out, const struct figure *f, const char *head, struct err *err)
{
	struct buf script;
	bool ok;

	buf_init(&script);
	buf_puts(&script, head);
	buf_puts(&script, report_style);
	buf_printf(&script, "$data << end_of_data\n%send_of_data\ndata = '$data'\n", f->data.s);
	buf_puts(&script, f->script.s);
	ok = gnuplot_text(out, script.s, err);
	buf_finish(&script);
	return ok;
}

/** What stands before an identifier. */
static const char *const before_ids[] = {"id='", "id=\"", "href='#", "href=\"#", "url(#"};

static void put_escaped(struct buf *out, const char *text)
{
	for (const char *c = text; *c; c++)
		if (*c == '&' || *c == '<')
			buf_puts(out, *c == '&' ? "&amp;" : "&lt;");
		else
			buf_putc(out, *c);
}

/** Add @svg from its element on, with @title, and @id before each identifier: gnuplot's own are the
 *  same in every picture. */
static void put_element(struct buf *out, const char *svg, const char *id, const char *title)
{
	const char *at = strstr(svg, "<svg"), *old = strstr(svg, "<title>");

	while (at && *at) {
		size_t length = 0;

		for (size_t i = 0; length == 0 && i < sizeof before_ids / sizeof *before_ids; i++)
			if (strncmp(at, before_ids[i], strlen(before_ids[i])) == 0)
				length = strlen(before_ids[i]);
		buf_add(out, at, length ? length : 1);
		if (length)
			buf_printf(out, "%s_", id);
		if (at == old) {
			buf_puts(out, "title>");
			put_escaped(out, title);
			at = strstr(at, "</title>") - 1;
		}
		at += length ? length : 1;
	}
}

bool figure_svg(struct buf *out, const struct figure *f, const char *id, struct err *err)
{
	struct buf head, svg;
	bool ok;

	buf_init(&head);
	buf_init(&svg);
	buf_printf(&head, "out = ''\nform = 'svg'\nwidth = %u\nheight = %u\nname = 'figure'\n",
		f->width, f->height);
	ok = draw_inside(&svg, f, head.s, err);
	if (ok)
		put_element(out, svg.s, id, f->title.s);
	buf_finish(&svg);
	buf_finish(&head);
	return ok;
}

/** Add @text without blanks at the ends of lines, and without the page that gnuplot begins. */
static void put_trimmed(struct buf *out, const char *text)
{
	struct str rest = str_of(text), line;

	while (str_split(&rest, '\n', &line)) {
		while (line.n > 0 && (*line.s == '\f' || line.s[line.n - 1] == ' ')) {
			line.s += *line.s == '\f';
			line.n--;
		}
		if (line.n > 0 || out->n > 0)
			buf_printf(out, "%.*s\n", (int)line.n, line.s);
	}
	while (out->n > 1 && out->s[out->n - 2] == '\n')
		out->s[--out->n] = '\0';
}

bool figure_text(
	struct buf *out, const struct figure *f, unsigned columns, unsigned lines, struct err *err)
{
	struct buf text;
	char head[100];
	bool ok;

	buf_init(&text);
	snprintf(head, sizeof head, "out = ''\nwidth = %u\nheight = %u\n", columns, lines);
	ok = draw_inside(&text, f, head, err);
	if (ok)
		put_trimmed(out, text.s);
	buf_finish(&text);
	return ok;
}

/* To files */

/** @file is DIR/BASE.FORM; the folder ends in '/' or is "". */
struct place {
	struct str dir, base;
	const char *form;
};

static bool place_of(struct place *p, const char *file, struct err *err)
{
	const char *slash = strrchr(file, '/'), *name = slash ? slash + 1 : file;
	const char *dot = strrchr(name, '.');
	size_t n = strlen(name), length;
	uint32_t c;

	for (size_t at = 0; at < n; at += length) {
		length = utf8_decode(name + at, n - at, &c);
		if (length == 0 || !utf8_is_shown(c))
			return err_input(err, "'%s': this name cannot be shown", file);
	}
	*p = (struct place){
		{file, (size_t)(name - file)}, {name, dot ? (size_t)(dot - name) : n}, NULL};
	for (size_t i = 0; i < FORMS; i++)
		if (dot && strcmp(dot + 1, forms[i]) == 0)
			p->form = forms[i];
	return (p->form && p->base.n > 0) ||
	       err_input(err, "'%s': a picture ends in .png, .svg or .pdf", file);
}

/** What lies beside it; the caller frees it. */
static struct buf beside(const struct place *p, const char *ending)
{
	struct buf b;

	buf_init(&b);
	buf_add(&b, p->dir.s, p->dir.n);
	buf_add(&b, p->base.s, p->base.n);
	buf_printf(&b, ".%s", ending);
	return b;
}

bool figure_may_write(const char *file, bool force, struct err *err)
{
	struct place p;
	bool ok = place_of(&p, file, err);

	for (size_t i = 0; ok && !force && i < 3; i++) {
		struct buf path = beside(&p, (const char *[]){p.form, "gp", "csv"}[i]);

		if (access(path.s, F_OK) == 0)
			ok = err_input(
				err, "'%s' is there already; use --force to replace it", path.s);
		buf_finish(&path);
	}
	return ok;
}

static bool write_text(const struct place *p, const char *ending, const char *text, struct err *err)
{
	struct buf path = beside(p, ending);
	struct whole_file *f;
	bool ok = whole_file_open(&f, path.s, WHOLE_REPLACE, err);

	if (ok) {
		fputs(text, whole_file(f));
		ok = whole_file_close(f, err);
	}
	buf_finish(&path);
	return ok;
}

static void quote_name(struct buf *out, const struct place *p, const char *ending)
{
	struct buf name;

	buf_init(&name);
	buf_add(&name, p->base.s, p->base.n);
	buf_printf(&name, ".%s", ending);
	gnuplot_quote(out, name.s);
	buf_finish(&name);
}

static void put_about(struct buf *out, const char *about)
{
	buf_puts(out, "# ");
	for (const char *c = about; *c; c++) /* on one line, whatever is in it */
		buf_putc(out, (unsigned char)*c < ' ' || *c == '\\' ? ' ' : *c);
	buf_putc(out, '\n');
}

static void put_script(
	struct buf *out, const struct figure *f, const struct place *p, const char *about)
{
	put_about(out, about);
	buf_puts(out, "# Draw it again, here, with gnuplot and the name of this file; -e "
		      "\"out='x.svg'\"\n"
		      "# before it draws another form.\ndata = ");
	quote_name(out, p, "csv");
	buf_puts(out, "\nout = exists('out') ? out : ");
	quote_name(out, p, p->form);
	buf_puts(out, "\nname = ");
	gnuplot_quote(out, "figure");
	buf_printf(out, "\nwidth = %u\nheight = %u\n\n", f->width, f->height);
	buf_puts(out, report_style);
	buf_putc(out, '\n');
	buf_puts(out, f->script.s);
}

/** What could not be drawn is not there, rather than half. */
static bool draw(const struct place *p, const char *file, struct err *err)
{
	struct buf dir, script;
	bool ok;

	buf_init(&dir);
	buf_init(&script);
	buf_add(&dir, p->dir.s, p->dir.n);
	buf_puts(&script, "./");
	buf_add(&script, p->base.s, p->base.n);
	buf_puts(&script, ".gp");
	ok = gnuplot_file(dir.n ? dir.s : ".", script.s, "", err);
	if (!ok)
		(void)unlink(file);
	buf_finish(&script);
	buf_finish(&dir);
	return ok;
}

bool figure_write(const struct figure *f, const char *file, const char *about, struct err *err)
{
	struct buf script;
	struct place p;
	bool ok;

	if (!place_of(&p, file, err))
		return false;
	buf_init(&script);
	put_script(&script, f, &p, about);
	ok = write_text(&p, "csv", f->data.s, err) && write_text(&p, "gp", script.s, err) &&
	     draw(&p, file, err);
	buf_finish(&script);
	return ok;
}
