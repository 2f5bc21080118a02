#ifndef OFFING_CLI_RUN_REPORT_H
#define OFFING_CLI_RUN_REPORT_H

#include "cli/command.h"
#include "cli/run_job.h"

/** What is said of a run_job() whose policies have all come to an end. */

/** The table, or JSON, on standard output; warnings and failures on standard error. */
void run_report(const struct run_job *j, bool json);

/** Where the results are, and what went wrong with the files; only that when @quiet. */
void run_report_place(const struct run_job *j, bool quiet);

enum status run_report_status(const struct run_job *j);

#endif
