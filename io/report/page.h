#ifndef OFFING_IO_REPORT_PAGE_H
#define OFFING_IO_REPORT_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"

/**
 * One page of HTML that needs nothing else: its style, its script and its pictures are in it, and a
 * policy in its head forbids it to ask the network for anything. It can be read without the script,
 * which only sorts tables, light and dark, from 320 pixels of width on, and printed. It is XML as
 * well, and the same bytes for the same calls.
 *
 * Sections come one after another; between them is the text of page.c's functions, or HTML
 * that is printed to page_out().
 */
struct page;

struct page_head {
	const char *title, *over; /* a name, and what stands small above it */
	const char *lead;         /* a sentence below; "": none */
	const char *generator;    /* the program and its version */
};

struct page *page_create(void);
void page_destroy(struct page *p); /* NULL is taken */

/** Where the section that was begun goes. */
FILE *page_out(struct page *p);

/** @id: a word that no other section has; @title also stands in the list of contents. */
void page_section(struct page *p, const char *id, const char *title);
void page_heading(struct page *p, const char *text);

/** A short fact below the title. */
void page_fact(struct page *p, const char *fmt, ...) PRINTF_LIKE(2, 3);

/** The whole document; nothing may be added after it. */
void page_write(struct page *p, FILE *to, const struct page_head *head);

/* A paragraph of text; @css: a class of page.css, NULL: none. */
void page_text(struct page *p, const char *css, const char *fmt, ...) PRINTF_LIKE(3, 4);

/** A word in a coloured pill: "good", "fair", "bad", "plain". */
void page_word(FILE *to, const char *css, const char *word);

/** What is between the two is to be unfolded. */
void page_fold_begin(struct page *p, const char *summary);
void page_fold_end(struct page *p);

/** Text as it is. */
void page_verbatim(struct page *p, const char *text);

/** Lines for a shell. */
void page_commands(struct page *p, const char *text);

/* Tables */

/** Where in results a number is found: said by attributes data-* of its row, its column or itself,
 *  which together name all (docs/reports.md). NULL and 0: not said here. */
struct page_source {
	size_t folder, run; /* from 1; the id of the run */
	const char *name, *scope, *column;
	const char *among; /* "1:1 1:2": what is worked out, of these runs */
	double scale;      /* what is printed, of the unit of the metric; 0: not said */
};

struct page_column {
	const char *title, *unit; /* "": none */
	const char *hint;         /* what it is; NULL: that is clear */
	bool number, pin;         /* to the right; always in sight */
	struct page_source from;
};

struct page_number {
	const char *text;       /* as printed; "–": there is none */
	const char *half;       /* of its interval, as printed; "": none */
	double value;           /* what a table sorts by: in the unit of the metric */
	double bar;             /* in 0 ... 1, drawn beneath it; NaN: none */
	bool top;               /* the best of its kind */
	const char *word, *css; /* what it means, below it, as page_word() has it; NULL: nothing */
	struct page_source from;
};

/** @sorts: a click on a heading sorts. A table of many rows scrolls by itself. */
void page_table(struct page *p, const char *label, size_t n_columns,
	const struct page_column *columns, size_t n_rows, bool sorts);
void page_row(struct page *p, const char *css, const struct page_source *from);
/** @css: "", "pin", "nested". The first cell of a row names it. */
void page_name_cell(struct page *p, const char *css, const char *text);
/** A row that heads those below it, of a table that does not sort, and the first cell of these. */
void page_group_row(struct page *p, const char *text, size_t n_columns);
void page_line_cell(struct page *p, const char *label, const char *unit);
void page_cell(struct page *p, const char *text);
/** The same of what is not broken. */
void page_short_cell(struct page *p, const char *text);
void page_number_cell(struct page *p, const struct page_number *x);
/** A cell whose inside is printed by the caller between the two. */
FILE *page_cell_begin(struct page *p);
void page_cell_end(struct page *p);
void page_row_end(struct page *p);
void page_table_end(struct page *p);

/** A number within text, findable as those of tables are. */
void page_data(FILE *to, const struct page_number *x, const char *unit);

/* Pictures */

/** @svg as gnuplot writes it, with identifiers that nothing else on the page has; its colours,
 * where they are those of style.gp, follow the page. @command draws it. */
void page_figure(struct page *p, const char *svg, const char *caption, const char *command);

#endif
