#ifndef OFFING_IO_LOG_REQUEST_LOG_H
#define OFFING_IO_LOG_REQUEST_LOG_H

#include "base/err.h"
#include "base/mem.h"
#include "models/workload/served.h"

/**
 * Reads what a server or a load generator wrote of each request, gzipped or not: CSV with
 * a heading or an object a line, in our own columns or those of BLIS, LLMServingSim and AIPerf, or
 * the result of `vllm bench serve --save-result --save-detailed`, one JSON object; told by its
 * beginning. docs/fitting.md and docs/formats.md name columns and members.
 *
 * Refused with file, line and column: a missing column, one that is there in two ways, a value that
 * is none, a prompt of 0 tokens, a first token before its arrival, an end before its first token.
 * Rows without a last token, or with 0 tokens in their answer, are left out and counted.
 */
MUST_CHECK bool request_log_read(
	struct served_log *out, struct arena *a, const char *file, struct err *err);

#endif
