#ifndef OFFING_IO_EXPORT_EXPORT_H
#define OFFING_IO_EXPORT_EXPORT_H

#include <stdio.h>

#include "io/results/results.h"

/**
 * Results in the formats of other tools (docs/formats.md has what each member is). All write text
 * to a stream and leave it to its owner whether that failed.
 */

enum export_format {
	EXPORT_CSV,
	EXPORT_JSONL,
	EXPORT_MOONCAKE,
	EXPORT_VLLM_BENCH,
	EXPORT_REPORT,
	EXPORT_FORMATS
};

/** The words for them. */
extern const char *const export_formats[EXPORT_FORMATS];

struct export_spec {
	struct results *results;
	size_t run;
	uint32_t replication; /* 0: all of them */
	bool measured;        /* of requests the cohort alone */
	bool heading;         /* csv: names first */
};

/** Requests, a row or an object each. */
MUST_CHECK bool export_requests(
	FILE *to, const struct export_spec *spec, bool objects, struct err *err);

/** A trace that can be replayed; of one replication. *@unknown: what prompts share is not known,
 *  so hash_ids are left out. */
MUST_CHECK bool export_mooncake(
	FILE *to, const struct export_spec *spec, bool *unknown, struct err *err);

/** What `vllm bench serve --save-result --save-detailed` would have written; of one
 *  replication. */
MUST_CHECK bool export_vllm_bench(FILE *to, const struct export_spec *spec, struct err *err);

/** Benchmark Report 0.2.1 of llm-d. */
MUST_CHECK bool export_report(FILE *to, const struct export_spec *spec, struct err *err);

#endif
