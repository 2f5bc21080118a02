#ifndef OFFING_CLI_CAPACITY_FILES_H
#define OFFING_CLI_CAPACITY_FILES_H

#include "cli/capacity_print.h"
#include "cli/data_folder.h"
#include "cli/opt.h"

/** What policies can take as files: a data base, tables and, where asked for, a picture with the
 *  script that draws it. */
MUST_CHECK bool capacity_files(
	const struct capacity_report *r, const struct data_folder *f, struct err *err);

/** Before anything is run: is the folder that --output names free? */
MUST_CHECK bool capacity_files_check(const struct opts *o, struct err *err);

#endif
