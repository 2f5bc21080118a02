#ifndef OFFING_IO_LOG_PARTS_H
#define OFFING_IO_LOG_PARTS_H

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/text/heading.h"
#include "models/workload/served.h"

/** Between the files of io/log/: requests as they are read, in any order and of any clock. */
struct log_rows {
	const char *file;
	size_t n, cap;
	struct served_request *at;
	uint64_t n_unanswered;
};

enum { LOG_TOK_MAX = 1000000000 }; /* of a prompt or an answer */

/** Check the order of its times, and keep it. */
MUST_CHECK bool log_add(struct log_rows *rows, const struct served_request *r, struct err *err);

/** Where the log has it. */
void log_place(struct served_request *r, const struct row_reader *rows, struct str value);

/** Is this what another tool writes of each request: BLIS, LLMServingSim, AIPerf? Then read it. */
bool log_is_foreign(const struct heading *h);
MUST_CHECK bool log_foreign_read(struct log_rows *rows, const struct heading *h, struct err *err);

/** A JSON object as `vllm bench serve` writes it. */
MUST_CHECK bool vllm_bench_read(struct log_rows *rows, const char *text, size_t n, struct err *err);

#endif
