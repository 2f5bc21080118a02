#include "cli/roff.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "cli/version.h"

/* mandoc calls longer lines bad style. */
enum { WIDTH = 78, TAB = 4 };

void roff_puts(FILE *to, const char *text, size_t n)
{
	for (size_t i = 0; i < n && text[i]; i++) {
		if (text[i] == '\\')
			fputs("\\e", to);
		else if (text[i] == '-')
			fputs("\\-", to);
		else if (text[i] == '\'')
			fputs("\\(aq", to);
		else if (text[i] == '`')
			fputs("\\(ga", to);
		else if (text[i] == '^')
			fputs("\\(ha", to);
		else if (text[i] == '~')
			fputs("\\(ti", to);
		else
			fputc(text[i], to);
	}
}

/* A line of the source that grows word by word. */
struct fill {
	FILE *to;
	size_t used;
	bool bold, stops; /* the word before ended with a full stop */
};

static void end_line(struct fill *f, bool is_sentence)
{
	if (f->used > 0)
		fputs(is_sentence ? "\n" : "\\&\n", f->to);
	f->used = 0;
}

/* @text begins a word of @n bytes, of which backticks switch to bold and back. */
static void put_word(struct fill *f, const char *text, size_t n)
{
	if (f->used > 0 && f->used + 1 + n > WIDTH) {
		end_line(f, !f->stops);
	} else if (f->used > 0) {
		fputc(' ', f->to);
		f->used++;
	}
	if (f->used == 0 && (text[0] == '.' || text[0] == '\''))
		fputs("\\&", f->to);
	for (size_t i = 0, run; i < n; i += run) {
		run = text[i] == '`' ? 1 : strcspn(text + i, "`");
		run = run < n - i ? run : n - i;
		if (text[i] != '`')
			roff_puts(f->to, text + i, run);
		else
			fputs((f->bold = !f->bold) ? "\\fB" : "\\fP", f->to);
	}
	f->used += n + 8; /* escapes are longer than what they show */
}

/* Sentences end lines, which is how roff knows them; other full stops must not. */
static void fill(FILE *to, const char *text)
{
	static const char blanks[] = " \n\t";
	struct fill f = {.to = to};
	size_t n;

	for (text += strspn(text, blanks); *text; text += strspn(text, blanks)) {
		n = strcspn(text, blanks);
		put_word(&f, text, n);
		text += n;
		f.stops = strchr(".?!", text[-1]) != NULL;
		if (f.stops && isupper((unsigned char)text[strspn(text, blanks)]))
			end_line(&f, true);
	}
	if (f.bold)
		fputs("\\fP", to);
	end_line(&f, true);
}

static void put_upper(FILE *to, const char *text)
{
	for (; *text; text++)
		if (*text == '-')
			fputs("\\-", to);
		else
			fputc(toupper((unsigned char)*text), to);
}

void roff_title(FILE *to, const char *name, int section, const char *summary)
{
	fputs(".\\\" Made by `offing help --man`: do not edit.\n.TH ", to);
	put_upper(to, name);
	fprintf(to, " %d \"%s\" \"offing %s\" \"offing\"\n", section, version_date(),
		version_number());
	roff_section(to, "NAME");
	roff_puts(to, name, strlen(name));
	fputs(" \\-\n", to);
	fill(to, summary);
}

static void heading(FILE *to, const char *macro, const char *title)
{
	fprintf(to, "%s \"", macro);
	roff_puts(to, title, strlen(title));
	fputs("\"\n", to);
}

void roff_section(FILE *to, const char *title)
{
	heading(to, ".SH", title);
}

void roff_subsection(FILE *to, const char *title)
{
	heading(to, ".SS", title);
}

void roff_lead(FILE *to, const char *text)
{
	fill(to, text);
}

void roff_text(FILE *to, const char *text)
{
	fputs(".PP\n", to);
	fill(to, text);
}

void roff_item(FILE *to, const char *term, const char *text)
{
	fprintf(to, ".TP\n%s\n", term);
	fill(to, text);
}

void roff_begin_code(FILE *to)
{
	fputs(".PP\n.nf\n.RS 4\n", to);
}

void roff_code(FILE *to, const char *line)
{
	if (*line == '\0')
		fputs(".sp\n", to);
	else
		fputs("\\&", to);
	for (; *line == '\t'; line++)
		fprintf(to, "%*s", (int)TAB, "");
	roff_puts(to, line, strlen(line));
	fputc('\n', to);
}

void roff_end_code(FILE *to)
{
	fputs(".RE\n.fi\n", to);
}
