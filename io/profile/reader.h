#ifndef OFFING_IO_PROFILE_READER_H
#define OFFING_IO_PROFILE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "models/cost/profile.h"

/**
 * What the parts of the profile parser share: the line in hand, words and
 * numbers of it, and the profile so far. Only files of io/profile/ include this.
 */

enum { PROFILE_TOKENS = 6, PROFILE_LINE = 500 };

/** A word of the line in hand, terminated, and the column it starts at. */
struct token {
	char *text;
	unsigned col;
};

struct profile_reader;

struct profile_section {
	const char *name;
	size_t n_columns;
	size_t row_size;                                              /* 0: the rows are not kept */
	bool (*row)(struct profile_reader *r, const struct token *t); /* t[n_columns] */
	size_t rows_at, count_at; /* where the rows go in struct profile_grid */
};

/** [constants] is the first. */
enum { PROFILE_SECTIONS = 10 };
extern const struct profile_section profile_sections[PROFILE_SECTIONS];

struct profile_reader {
	struct arena *a;
	struct err *err;
	const char *path, *next, *end;
	unsigned line;
	char text[PROFILE_LINE + 1]; /* the line in hand, cut up */

	struct profile *p;
	struct profile_form *form;
	struct profile_grid *grid;
	double sigma_step;                     /* NaN: not given */
	unsigned keys_seen, sections_seen;     /* bits */
	const struct profile_section *section; /* NULL in the header */

	char *rows; /* of the section in hand */
	size_t n_rows, cap_rows;
};

/** Fail in the line in hand: @rule alone, or "RULE, not 'TEXT'". Always false. */
bool reader_fail(struct profile_reader *r, unsigned col, const char *rule, const char *text);

/** Fail with "unknown WHAT 'x'; did you mean 'y'?". Always false. */
bool reader_unknown(struct profile_reader *r, const struct token *t, const char *what,
	const char *const *known, size_t n);

/** Index of @word among @words, @n when it is none of them. */
size_t reader_word(const char *word, const char *const *words, size_t n);

/** Plain decimals only: no hexadecimal, no inf, no nan. */
bool reader_number(
	struct profile_reader *r, double *out, const struct token *t, double min, double max);
bool reader_whole(struct profile_reader *r, uint64_t *out, const struct token *t, double min);
bool reader_seconds(struct profile_reader *r, double *out, const struct token *t);

/** Cut @s, which starts at column @col, into words; those beyond PROFILE_TOKENS are left out. */
size_t reader_cut(struct token *t, char *s, unsigned col);

/** A line of the header, in @r->text and not blank. */
bool profile_header_line(struct profile_reader *r);

/** Whether every key that must stand has stood; fills sigmas in from sigma.step. */
bool profile_header_complete(struct profile_reader *r);

/** Fail with "the profile has no WHAT". Always false. */
bool reader_missing(struct profile_reader *r, const char *what);

#endif
