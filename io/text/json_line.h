#ifndef OFFING_IO_TEXT_JSON_LINE_H
#define OFFING_IO_TEXT_JSON_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/** A member wanted from an object: its name, and its value as written once found. A name with dots
 *  is one within an object there: "metrics.latency". */
struct json_member {
	const char *name;
	bool optional;
	struct str value; /* n is 0 until found */
};

/** Enough for the reasons json_line_read() gives. */
#define JSON_WHY_SIZE 280

/**
 * Read one JSON object (RFC 8259) that fills the line, or a text of several, and pick the @n
 * members of @want from it; all others are checked and skipped, nested up to 32 deep. On false
 * @why holds the reason and *@at points to the byte; members that are missing are named all at
 * once, with those that are there.
 */
bool json_line_read(struct str line, struct json_member *want, size_t n, const char **at, char *why,
	size_t why_size);

#endif
