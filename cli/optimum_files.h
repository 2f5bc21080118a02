#ifndef OFFING_CLI_OPTIMUM_FILES_H
#define OFFING_CLI_OPTIMUM_FILES_H

#include "cli/data_folder.h"
#include "cli/optimum_print.h"

/** A front as files: tables and, where asked for, a picture with the script that draws it. */
MUST_CHECK bool optimum_files(
	const struct optimum_report *r, const struct data_folder *f, struct err *err);

#endif
