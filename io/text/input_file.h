#ifndef OFFING_IO_TEXT_INPUT_FILE_H
#define OFFING_IO_TEXT_INPUT_FILE_H

#include <stdint.h>

/** A file that a scenario's result depends on, beside the scenario itself. */
struct input_file {
	const char *key;  /* what names it: "users.u.arrivals.trace.file", "plugin:spill" */
	const char *path; /* as written there */
	const char *file; /* where it was found */
	char sha256[65];  /* of its content */
	uint64_t bytes;
};

#endif
