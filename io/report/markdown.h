#ifndef OFFING_IO_REPORT_MARKDOWN_H
#define OFFING_IO_REPORT_MARKDOWN_H

#include "base/mem.h"
#include "io/report/page.h"

/**
 * Files of Markdown as sections of a page (page.h): headings (#), paragraphs, lists of one level,
 * tables whose rows begin with |, block quotes, fenced code, and in text `code`, *emphasis*,
 * **bold**, [links](target) and ![pictures](file), as CommonMark and its tables on GitHub have
 * them. What is none of these and would come out otherwise than it was meant (HTML, lists within
 * lists, indented code, headings underlined, links by reference) is refused at its line.
 *
 * Pictures (.svg, .png) are looked for beside the file and become part of the page. A link to
 * another file of the same page goes to its section, one to the web stays; of any other the text
 * alone is left, since the page has to be whole wherever it is taken to.
 */
struct markdown_file {
	const char *file;
	const char *id;    /* of its section: its name without folder and ending, made unique */
	const char *title; /* its first heading, or its name */
	char *text;        /* terminated */
	const char *path;  /* without links and .., to know it by */
};

/** Read @n files into @out[0..@n). ERR_INPUT where one is not there or not text. */
MUST_CHECK bool markdown_read(
	struct markdown_file *out, char *const *files, size_t n, struct arena *a, struct err *err);

/** Add them to @p, a section each. ERR_INPUT at the place of what is not read. */
MUST_CHECK bool markdown_sections(struct page *p, const struct markdown_file *files, size_t n,
	struct arena *a, struct err *err);

#endif
