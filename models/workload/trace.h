#ifndef OFFING_MODELS_TRACE_H
#define OFFING_MODELS_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct trace_spec; /* models/workload/spec.h */

/** One request of a trace, in time order. */
struct trace_row {
	int64_t at_ns; /* >= 0, from the first row of the file (plain CSV: as written) */
	uint32_t prompt_tok, output_tok;
	unsigned line;
	/* with trace_spec.contents: what each hash_tok of the prompt are, in order; n_ids 0: not
	 * known. The caller frees it. */
	uint64_t *ids;
	uint32_t n_ids, id_tok;
};

/**
 * A trace read as a stream: memory does not grow with the file. models/ asks,
 * io/ reads the formats.
 */
struct trace_source;

struct trace_opener {
	/** The caller closes *@out. On false *@out is NULL. */
	bool (*open)(struct trace_source **out, const struct trace_spec *spec, struct err *err);
	/** 1: *@row is the next one; 0: the end; -1: malformed, @err says file and line. */
	int (*next)(struct trace_source *s, struct trace_row *row, struct err *err);
	/** Rows skipped so far because they have no output tokens. */
	uint64_t (*skipped)(const struct trace_source *s);
	void (*close)(struct trace_source *s);
};

#endif
