#ifndef OFFING_IO_RECORD_TRACE_EVENT_H
#define OFFING_IO_RECORD_TRACE_EVENT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/**
 * Trace-event JSON, the format that Perfetto and chrome://tracing open (Google, "Trace Event
 * Format", 2016): an array of objects, a moment or a slice each. Times are told in nanoseconds and
 * written in microseconds with three digits, so none is lost. About 0.1 us and 150 bytes an event.
 */
struct trace_out {
	FILE *to;
	bool any;
	uint64_t n, most; /* events but those that name tracks; and how many there may be */
	bool full;
	size_t n_held; /* characters that are not in the file yet */
	char held[1 << 14];
};

/** What an event is about. @suffix follows @name. */
struct trace_event {
	char phase; /* X, b, e, s, f, C: the letter of the format */
	uint32_t process, track;
	int64_t at_ns;
	const char *name, *suffix; /* UTF-8; NULL: no suffix */
	const char *category;      /* NULL: none */
	uint64_t id;               /* of b, e, s, f: those that belong together */
	int64_t dur_ns;            /* of X */
};

void trace_begin(struct trace_out *o, const char *title);
void trace_end(struct trace_out *o);

/** Hand the file what is held back; trace_end() does. */
void trace_flush(struct trace_out *o);

/** Is there room for @n more? Once there was not, there never is. */
bool trace_room(struct trace_out *o, uint64_t n);

/** Begin an event; its arguments follow, then trace_close(). */
void trace_open(struct trace_out *o, const struct trace_event *e);
void trace_count(struct trace_out *o, const char *key, uint64_t value);
void trace_word(struct trace_out *o, const char *key, const char *value);
void trace_close(struct trace_out *o);

/** Name a process, or one of its tracks; those are shown in order of their numbers. */
void trace_name_process(struct trace_out *o, uint32_t process, const char *name);
void trace_name_track(struct trace_out *o, uint32_t process, uint32_t track, const char *name);

#endif
