#ifndef OFFING_CLI_OPTIMUM_FILES_H
#define OFFING_CLI_OPTIMUM_FILES_H

#include "cli/optimum_print.h"

/** A front as files: tables and, where asked for, a picture with the script that draws it. */
struct optimum_files_spec {
	const char *dir; /* NULL: results/optimum/NAME */
	bool plot;       /* optimum.gp and, by gnuplot, optimum.png and optimum.svg */
	bool force;      /* replace what is there */
};

MUST_CHECK bool optimum_files(
	const struct optimum_report *r, const struct optimum_files_spec *spec, struct err *err);

/** The script: `gnuplot -e "out='optimum.png'" optimum.gp`, beside front.csv and policies.csv. */
extern const char optimum_script[];

#endif
