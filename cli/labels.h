#ifndef OFFING_CLI_LABELS_H
#define OFFING_CLI_LABELS_H

#include <stdbool.h>

#include "base/err.h"
#include "models/scenario.h"

/** Lists of policies as --policies takes them: LABEL,LABEL,... */

bool labels_have(const char *list, const char *label);

/** Is every name of @list one of the file's? */
MUST_CHECK bool labels_check(const char *list, const struct scenario_spec *s, struct err *err);

#endif
