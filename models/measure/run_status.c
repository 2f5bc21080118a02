#include "models/measure/run_status.h"

const char *const run_status_words[RUN_STATUSES] = {
	[RUN_COMPLETE] = "complete",
	[RUN_INTERRUPTED] = "interrupted",
	[RUN_FAILED] = "failed",
};
