#ifndef OFFING_IO_REPORT_MARKDOWN_PARTS_H
#define OFFING_IO_REPORT_MARKDOWN_PARTS_H

#include "base/str.h"
#include "io/report/markdown.h"

/** What is being turned into HTML: of file @now, all text is a piece of its text. */
struct markdown {
	const struct markdown_file *files, *now;
	size_t n;
	size_t pictures; /* so far, of the page: what makes identifiers unique */
	size_t depth;    /* of marks within marks */
	FILE *to;
	struct arena *arena;
	struct err *err;
};

/** Record an error at the line and column of @at, a place in the text of the file. False. */
bool markdown_fail(struct markdown *m, const char *at, const char *fmt, ...) PRINTF_LIKE(3, 4);

/** The path of @target, which is named from the file's own folder. */
const char *markdown_beside(struct markdown *m, struct str target);

/** The title of a file is its first line, if that is a heading; what follows it is the section.
 *  n is 0: there is none. */
struct str markdown_title(struct str *rest);

/** Paragraphs, lists and the like: lines of the text of the file. */
bool markdown_blocks(struct markdown *m, struct str text);

/** Text with what is marked in it. */
bool markdown_inline(struct markdown *m, struct str text);

/** Does ![words](file) begin at @s, and where do its parts lie? @all: up to the closing ). */
bool markdown_link_at(struct str s, struct str *words, struct str *target, size_t *all);

/** A picture in running text, or for a line of its own. */
bool markdown_picture(struct markdown *m, struct str words, struct str target);
bool markdown_figure(struct markdown *m, struct str words, struct str target);

/** The rows of a table, from its heading on: lines of @text. */
bool markdown_table(struct markdown *m, struct str text);

/** An SVG that can stand in a page as it is (no scripts, styles, references or entities of its own,
 *  balanced), with @number in its identifiers; false, and then nothing is written: it is another.
 */
bool svg_inline(FILE *to, const char *svg, size_t number);

#endif
