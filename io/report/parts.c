#include "io/report/parts.h"

#include <math.h>
#include <string.h>

#include "base/utf8.h"
#include "io/report/gnuplot.h"

void extent_add(struct extent *e, double value)
{
	if (!isfinite(value))
		return;
	e->lo = fmin(e->lo, value);
	e->hi = fmax(e->hi, value);
}

struct extent extent_room(struct extent e, bool log, bool zero)
{
	double room = 0.04;

	if (log) {
		room = e.hi > e.lo ? pow(e.hi / e.lo, room) : 2.0;
		return (struct extent){e.lo / room, e.hi * room};
	}
	room = e.hi > e.lo ? room * (e.hi - e.lo) : e.lo != 0.0 ? fabs(e.lo) / 4.0 : 1.0;
	if (zero && e.lo >= 0.0 && e.lo < 0.6 * e.hi)
		return (struct extent){0.0, e.hi + room};
	if (zero && e.lo == 0.0 && e.hi == 0.0)
		return (struct extent){0.0, 1.0};
	return (struct extent){e.lo - room, e.hi + room};
}

bool axis_check(const struct plot_axis *a, struct extent e, struct err *err)
{
	if (!(e.lo <= e.hi))
		return err_input(err, "there is nothing to draw: '%s' has no value", a->name);
	if (a->log && a->words)
		return err_input(err, "no logarithm of '%s': it has words, not numbers", a->name);
	if (a->log && !(e.lo > 0.0))
		return err_input(err,
			"no logarithm of '%s': it goes down to %g, and only what is above 0 has "
			"one",
			a->name, e.lo);
	return true;
}

enum { TITLE_MOST = 100, NAME_MOST = 28, WORDS_MOST = 24, LETTERS_MOST = 56 };

/** Add @text, with an end of "..." where it is longer than @most bytes. */
static void cut(struct buf *out, const char *text, size_t most)
{
	size_t n = strlen(text);

	buf_add(out, text, n <= most ? n : utf8_prefix(text, n, most));
	buf_puts(out, n <= most ? "" : "...");
}

static void put_short(struct figure *f, const char *text, size_t most)
{
	struct buf words;

	buf_init(&words);
	cut(&words, text, most);
	gnuplot_quote(&f->script, words.s);
	buf_finish(&words);
}

/* Words at tics are formats of sprintf. */
void put_tic(struct figure *f, const char *word, double place)
{
	struct buf words, format;

	buf_init(&words);
	buf_init(&format);
	cut(&words, word, NAME_MOST);
	for (const char *c = words.s; *c; c++) {
		if (*c == '%')
			buf_putc(&format, '%');
		buf_putc(&format, *c);
	}
	gnuplot_quote(&f->script, format.s);
	buf_printf(&f->script, " %.9g", place);
	buf_finish(&format);
	buf_finish(&words);
}

/* Tics */

/** 1, 2, 5 of every decade, or only decades where there are many. */
static void put_log_tics(struct figure *f, const char *which, struct extent range)
{
	static const double steps[] = {1.0, 2.0, 5.0};
	const bool few = range.hi / range.lo < 3000.0;
	int from = (int)floor(log10(range.lo)), to = (int)ceil(log10(range.hi));
	int each = (to - from) / 8 + 1;
	const char *between = "";

	buf_printf(&f->script, "set logscale %s\nset %stics (", which, which);
	for (int d = from; d <= to; d += few ? 1 : each)
		for (int s = 0; s < (few ? 3 : 1); s++) {
			double at = steps[s] * pow(10.0, d);

			if (at < range.lo * 0.999 || at > range.hi * 1.001)
				continue;
			buf_printf(&f->script, "%s'%.6g' %.6g", between, at, at);
			between = ", ";
		}
	buf_puts(&f->script, ")\n");
}

/** In letters, as far as it is written. */
static size_t longest_word(const struct plot_axis *a)
{
	size_t longest = 0;

	for (size_t i = 0; i < a->n_words; i++) {
		size_t letters = 0;

		for (const char *c = a->words[i]; *c && letters < NAME_MOST + 3; c++)
			letters += (*c & 0xc0) != 0x80; /* not within one of UTF-8 */
		longest = letters > longest ? letters : longest;
	}
	return longest;
}

/** Slanted where they would not stand side by side, and not all where that would not do, either. */
static void put_word_tics(struct figure *f, const char *which, const struct plot_axis *a)
{
	const size_t each = (a->n_words + WORDS_MOST - 1) / WORDS_MOST;
	const size_t longest = longest_word(a);
	const bool slanted = *which == 'x' && (longest + 1) * a->n_words > LETTERS_MOST;

	if (slanted) /* room below for it */
		buf_printf(&f->script, "if (!text) { set bmargin %.1f }\n",
			4.6 + 0.24 * (double)longest);
	buf_printf(&f->script, "set %stics %s(", which, slanted ? "rotate by 40 right " : "");
	for (size_t i = 0; i < a->n_words; i += each) {
		if (i > 0)
			buf_puts(&f->script, ", ");
		put_tic(f, a->words[i], (double)i);
	}
	buf_puts(&f->script, ")\n");
}

void put_axis(struct figure *f, const char *which, const struct plot_axis *a, struct extent range)
{
	buf_printf(&f->script, "set %srange [%.9g:%.9g]\n", which, range.lo, range.hi);
	if (a->log)
		put_log_tics(f, which, range);
	else if (a->words)
		put_word_tics(f, which, a);
	buf_printf(&f->script, "set %slabel ", which);
	gnuplot_quote(&f->script, a->label);
	buf_putc(&f->script, '\n');
}

/* Words */

void put_words(struct figure *f, const char *title, const char *note)
{
	buf_puts(&f->title, title);
	if (*title) {
		buf_puts(&f->script, "set title ");
		put_short(f, title, TITLE_MOST);
		buf_puts(&f->script, " font face.','.big\n");
	}
	if (*note) {
		buf_puts(&f->script, "if (!text) {\n\tset bmargin 5.2\n\tset label ");
		gnuplot_quote(&f->script, note);
		buf_puts(&f->script, " at screen 0.012, screen 0.03 font face.','.small "
				     "textcolor rgb '#555555'\n}\n");
	}
}

void put_key(struct figure *f, size_t n, const char *by)
{
	if (n <= 1) {
		buf_puts(&f->script, "unset key\n");
		return;
	}
	buf_puts(&f->script, "set key outside right top Left reverse samplen 3 spacing 1.25");
	if (*by && strcmp(by, "policy") != 0) {
		buf_puts(&f->script, " title ");
		put_short(f, by, NAME_MOST);
	}
	buf_putc(&f->script, '\n');
}

void put_title_of(struct figure *f, const char *name, size_t n)
{
	if (n <= 1) {
		buf_puts(&f->script, "notitle");
		return;
	}
	buf_puts(&f->script, "title ");
	put_name(f, name);
}

void put_name(struct figure *f, const char *name)
{
	put_short(f, name, NAME_MOST);
}

/* Data */

void put_field(struct figure *f, const char *text, char end)
{
	const bool quoted = text[strcspn(text, ",\"\n\r' #")] != '\0';

	if (quoted)
		buf_putc(&f->data, '"');
	for (const char *c = text; *c; c++) {
		if (*c == '"')
			buf_putc(&f->data, '"');
		buf_putc(&f->data, (unsigned char)*c < ' ' ? ' ' : *c);
	}
	if (quoted)
		buf_putc(&f->data, '"');
	buf_putc(&f->data, end);
}

void put_number(struct figure *f, double value, char end)
{
	if (!isnan(value))
		buf_printf(&f->data, "%.12g", value);
	buf_putc(&f->data, end);
}
