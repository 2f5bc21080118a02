#ifndef OFFING_IO_RECORD_WRITER_H
#define OFFING_IO_RECORD_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "io/record/backend.h"

/**
 * The one thread that touches a recorder's files, and the queue in front of
 * it. Messages are handled in the order they were posted, by every back-end in
 * turn. After the first failure all but closing is skipped.
 */
struct rec_writer;

enum message_kind {
	MSG_OPEN,
	MSG_RUN_BEGIN,
	MSG_SINK_OPEN,
	MSG_REQUESTS,
	MSG_SERIES,
	MSG_SINK_CLOSE,
	MSG_REPLICATION,
	MSG_DISCARD,
	MSG_RUN_END,
	MSG_CLOSE,
};

/** What a thread asks of the writer. The asker owns it and what it points to, and leaves both
 *  alone until it is no longer pending. */
struct message {
	struct message *next;
	enum message_kind kind;
	bool pending;
	uint32_t number; /* of the replication; for MSG_RUN_BEGIN of the run */
	size_t n;        /* rows */
	union {
		const struct recorder_run *run;
		const struct request_row *requests;
		const struct series_block *series;
		const struct recorder_replication *replication;
		const struct recorder_end *end;
		const struct rec_closing *closing;
	};
};

/** Make the files in @spec->dir, which exists and holds none of them, or go on with those that
 *  @begun tells of; NULL: none. @spec->dir and @begun are borrowed for the call. */
MUST_CHECK bool rec_writer_create(struct rec_writer **out, const struct recorder_spec *spec,
	const struct rec_begun *begun, struct err *err);

/** Put @m into the queue, by any thread. */
void rec_writer_post(struct rec_writer *w, struct message *m);

/** Until @m, if it was posted, is handled. */
void rec_writer_wait(struct rec_writer *w, const struct message *m);

/** Both; false with the first failure there was, of this message or an earlier one. */
bool rec_writer_ask(struct rec_writer *w, struct message *m, struct err *err);

bool rec_writer_failed(const struct rec_writer *w);

/** Close the files and free @w, also on false. @whole: all runs were ended, none as interrupted.
 *  *@in_use: see struct recorder_place. */
MUST_CHECK bool rec_writer_destroy(struct rec_writer *w, bool whole, bool *in_use, struct err *err);

#endif
