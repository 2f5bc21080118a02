#include "io/record/trace_event.h"

#include <inttypes.h>

static void escaped(FILE *to, const char *s)
{
	for (; s && *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			fprintf(to, "\\%c", c);
		else if (c < 0x20)
			fprintf(to, "\\u%04x", c);
		else
			putc(c, to);
	}
}

static void text(FILE *to, const char *s, const char *suffix)
{
	putc('"', to);
	escaped(to, s);
	escaped(to, suffix);
	putc('"', to);
}

static void us(FILE *to, const char *key, int64_t ns)
{
	fprintf(to, ",\"%s\":%" PRId64 ".%03" PRId64, key, ns / 1000, ns % 1000);
}

static void object(struct trace_out *o)
{
	fputs(o->any ? ",\n{" : "\n{", o->to);
	o->any = true;
}

void trace_begin(struct trace_out *o, const char *title)
{
	fputs("{\"displayTimeUnit\":\"ms\",\"otherData\":{\"scenario\":", o->to);
	text(o->to, title, NULL);
	fputs("},\"traceEvents\":[", o->to);
}

void trace_end(struct trace_out *o)
{
	fputs("\n]}\n", o->to);
}

bool trace_room(struct trace_out *o, uint64_t n)
{
	o->full = o->full || o->n + n > o->most;
	return !o->full;
}

void trace_open(struct trace_out *o, const struct trace_event *e)
{
	object(o);
	o->n++;
	fprintf(o->to, "\"ph\":\"%c\",\"pid\":%" PRIu32 ",\"tid\":%" PRIu32, e->phase, e->process,
		e->track);
	us(o->to, "ts", e->at_ns);
	if (e->phase == 'X')
		us(o->to, "dur", e->dur_ns);
	if (e->phase == 'f') /* the slice around it, not the next */
		fputs(",\"bp\":\"e\"", o->to);
	if (e->phase == 's' || e->phase == 'f')
		fprintf(o->to, ",\"id\":\"0x%" PRIx64 "\"", e->id);
	if (e->phase == 'b' || e->phase == 'e')
		fprintf(o->to, ",\"id2\":{\"local\":\"0x%" PRIx64 "\"}", e->id);
	if (e->category)
		fprintf(o->to, ",\"cat\":\"%s\"", e->category);
	fputs(",\"name\":", o->to);
	text(o->to, e->name, e->suffix);
	fputs(",\"args\":{", o->to);
	o->any = false; /* arguments, from here to trace_close() */
}

static void key(struct trace_out *o, const char *name)
{
	fprintf(o->to, "%s\"%s\":", o->any ? "," : "", name);
	o->any = true;
}

void trace_count(struct trace_out *o, const char *name, uint64_t value)
{
	key(o, name);
	fprintf(o->to, "%" PRIu64, value);
}

void trace_word(struct trace_out *o, const char *name, const char *value)
{
	key(o, name);
	text(o->to, value, NULL);
}

void trace_close(struct trace_out *o)
{
	fputs("}}", o->to);
	o->any = true;
}

void trace_name_process(struct trace_out *o, uint32_t process, const char *name)
{
	object(o);
	fprintf(o->to, "\"ph\":\"M\",\"pid\":%" PRIu32 ",\"name\":\"process_name\",", process);
	fputs("\"args\":{\"name\":", o->to);
	text(o->to, name, NULL);
	fputs("}}", o->to);
	object(o);
	fprintf(o->to, "\"ph\":\"M\",\"pid\":%" PRIu32 ",\"name\":\"process_sort_index\",",
		process);
	fprintf(o->to, "\"args\":{\"sort_index\":%" PRIu32 "}}", process);
}

void trace_name_track(struct trace_out *o, uint32_t process, uint32_t track, const char *name)
{
	object(o);
	fprintf(o->to, "\"ph\":\"M\",\"pid\":%" PRIu32 ",\"tid\":%" PRIu32 ",", process, track);
	fputs("\"name\":\"thread_name\",\"args\":{\"name\":", o->to);
	text(o->to, name, NULL);
	fputs("}}", o->to);
	object(o);
	fprintf(o->to, "\"ph\":\"M\",\"pid\":%" PRIu32 ",\"tid\":%" PRIu32 ",", process, track);
	fprintf(o->to, "\"name\":\"thread_sort_index\",\"args\":{\"sort_index\":%" PRIu32 "}}",
		track);
}
