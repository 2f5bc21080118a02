#ifndef OFFING_IO_TRACE_ARRIVAL_FORMATS_H
#define OFFING_IO_TRACE_ARRIVAL_FORMATS_H

#include "io/text/heading.h"
#include "models/workload/spec.h"
#include "models/workload/trace.h"

/** Between the files of io/trace/: how traces of requests are written. */

enum { FIELD_TIME, FIELD_PROMPT, FIELD_OUTPUT, FIELD_IDS, FIELD_MORE };

/** What blocks of a prompt are told by. */
enum arrival_ids {
	IDS_NONE,
	IDS_GIVEN,  /* FIELD_IDS is a list of them */
	IDS_TOKENS, /* FIELD_IDS is a list of tokens, of which each 16 make one */
	IDS_PREFIX, /* a name of a beginning that prompts share, FIELD_MORE its length */
};

struct arrival_format {
	enum trace_format word;
	enum row_shape shape;
	size_t n;
	struct csv_column columns[8]; /* by field */
	enum arrival_ids ids;
	uint32_t id_tok;
	bool from_first;       /* time 0 is the first row's, else as written */
	bool any_order;        /* rows are sorted once all are read */
	int64_t unit_ns;       /* of times; 0: they are dates */
	int64_t batch_ns;      /* its times come in batches so far apart */
	bool coarse;           /* a tick is never finer than its digits */
	const char *time_rule; /* what a time must be */
};

/** The one of @spec->file: that of its word, by the heading where several or none have it. NULL:
 *  see @err. A result of `vllm bench serve` has no rows of its own: io/log reads it. */
const struct arrival_format *arrival_format_of(const struct trace_spec *spec, struct err *err);

/** Rows of a file. */
struct arrival_reader {
	struct row_reader rows;
	const struct arrival_format *format;
	bool contents; /* read ids */
	uint64_t skipped;
};

MUST_CHECK bool arrival_reader_open(struct arrival_reader *r, const struct arrival_format *format,
	const struct trace_spec *spec, struct err *err);
void arrival_reader_close(struct arrival_reader *r);

/** 1: *@row is the next one, its time as written; 2: it has a time and no answer; 0: the end; -1:
 *  see @err. The ids are the caller's to free. *@at: where its time stands. */
int arrival_reader_next(
	struct arrival_reader *r, struct trace_row *row, struct src_pos *at, struct err *err);

#endif
