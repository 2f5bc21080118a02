#ifndef OFFING_CLI_DATA_FOLDER_H
#define OFFING_CLI_DATA_FOLDER_H

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"
#include "base/str.h"
#include "base/whole_file.h"

/** A folder of tables and, where asked for, a picture with the script that draws it. */
struct data_folder {
	const char *kind; /* "capacity": what the script and the pictures are called */
	const char *name; /* of the scenario */
	const char *dir;  /* NULL: results/KIND/NAME */
	bool plot;        /* a script and, drawn by gnuplot, PNG and SVG */
	bool force;       /* replace what is there */
};

/** Where it is. Already initialised @out. */
void data_folder_path(struct buf *out, const struct data_folder *f);

/** Is there a file @name in @dir? */
bool data_folder_has(const char *dir, const char *name);

/** A file @name in @dir, in the place of an older one. */
MUST_CHECK bool data_file_open(
	struct whole_file **out, const char *dir, const char *name, struct err *err);

/** The beginning of the script: how pictures look (io/report/style.gp). Width and height come
 *  before it. */
void data_folder_style(FILE *to, const char *kind);

/** PNG and SVG by the script in @dir, which is called after the kind. */
MUST_CHECK bool data_folder_draw(const struct data_folder *f, const char *dir, struct err *err);

/** Say where it is. */
void data_folder_say(const struct data_folder *f, const char *dir);

#endif
