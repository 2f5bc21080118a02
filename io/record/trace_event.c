#include "io/record/trace_event.h"

#include <string.h>

/* What is put together before it goes to the file; numbers take 20 digits at the most. */

void trace_flush(struct trace_out *o)
{
	fwrite(o->held, 1, o->n_held, o->to);
	o->n_held = 0;
}

/** Room for @n more characters, which are fewer than it holds. */
static char *room(struct trace_out *o, size_t n)
{
	if (o->n_held + n > sizeof o->held)
		trace_flush(o);
	return o->held + o->n_held;
}

static void put(struct trace_out *o, const char *s)
{
	size_t n = strlen(s);

	if (n > sizeof o->held) { /* a name without end */
		trace_flush(o);
		fwrite(s, 1, n, o->to);
		return;
	}
	memcpy(room(o, n), s, n);
	o->n_held += n;
}

static void put_char(struct trace_out *o, char c)
{
	*room(o, 1) = c;
	o->n_held++;
}

static void put_number(struct trace_out *o, uint64_t x, unsigned base, size_t least_digits)
{
	char digits[20], *to = room(o, sizeof digits);
	size_t n = 0;

	for (; x > 0 || n < least_digits; x /= base)
		digits[n++] = "0123456789abcdef"[x % base];
	for (size_t k = 0; k < n; k++)
		to[k] = digits[n - 1 - k];
	o->n_held += n;
}

static void escaped(struct trace_out *o, const char *s)
{
	for (; s && *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			put_char(o, '\\');
		if (c >= 0x20) {
			put_char(o, (char)c);
			continue;
		}
		put(o, "\\u");
		put_number(o, c, 16, 4);
	}
}

static void text(struct trace_out *o, const char *s, const char *suffix)
{
	put_char(o, '"');
	escaped(o, s);
	escaped(o, suffix);
	put_char(o, '"');
}

static void number(struct trace_out *o, const char *before, uint64_t x)
{
	put(o, before);
	put_number(o, x, 10, 1);
}

static void identity(struct trace_out *o, const char *before, uint64_t x, const char *behind)
{
	put(o, before);
	put_number(o, x, 16, 1);
	put(o, behind);
}

static void us(struct trace_out *o, const char *before, int64_t ns)
{
	number(o, before, (uint64_t)ns / 1000);
	put_char(o, '.');
	put_number(o, (uint64_t)ns % 1000, 10, 3);
}

static void object(struct trace_out *o)
{
	put(o, o->any ? ",\n{" : "\n{");
	o->any = true;
}

void trace_begin(struct trace_out *o, const char *title)
{
	put(o, "{\"displayTimeUnit\":\"ms\",\"otherData\":{\"scenario\":");
	text(o, title, NULL);
	put(o, "},\"traceEvents\":[");
}

void trace_end(struct trace_out *o)
{
	put(o, "\n]}\n");
	trace_flush(o);
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
	put(o, "\"ph\":\"");
	put_char(o, e->phase);
	number(o, "\",\"pid\":", e->process);
	number(o, ",\"tid\":", e->track);
	us(o, ",\"ts\":", e->at_ns);
	if (e->phase == 'X')
		us(o, ",\"dur\":", e->dur_ns);
	if (e->phase == 'f') /* the slice around it, not the next */
		put(o, ",\"bp\":\"e\"");
	if (e->phase == 's' || e->phase == 'f')
		identity(o, ",\"id\":\"0x", e->id, "\"");
	if (e->phase == 'b' || e->phase == 'e')
		identity(o, ",\"id2\":{\"local\":\"0x", e->id, "\"}");
	if (e->category) {
		put(o, ",\"cat\":");
		text(o, e->category, NULL);
	}
	put(o, ",\"name\":");
	text(o, e->name, e->suffix);
	put(o, ",\"args\":{");
	o->any = false; /* arguments, from here to trace_close() */
}

static void key(struct trace_out *o, const char *name)
{
	put(o, o->any ? ",\"" : "\"");
	put(o, name);
	put(o, "\":");
	o->any = true;
}

void trace_count(struct trace_out *o, const char *name, uint64_t value)
{
	key(o, name);
	put_number(o, value, 10, 1);
}

void trace_word(struct trace_out *o, const char *name, const char *value)
{
	key(o, name);
	text(o, value, NULL);
}

void trace_close(struct trace_out *o)
{
	put(o, "}}");
	o->any = true;
}

void trace_name_process(struct trace_out *o, uint32_t process, const char *name)
{
	object(o);
	number(o, "\"ph\":\"M\",\"pid\":", process);
	put(o, ",\"name\":\"process_name\",\"args\":{\"name\":");
	text(o, name, NULL);
	put(o, "}}");
	object(o);
	number(o, "\"ph\":\"M\",\"pid\":", process);
	number(o, ",\"name\":\"process_sort_index\",\"args\":{\"sort_index\":", process);
	put(o, "}}");
}

void trace_name_track(struct trace_out *o, uint32_t process, uint32_t track, const char *name)
{
	object(o);
	number(o, "\"ph\":\"M\",\"pid\":", process);
	number(o, ",\"tid\":", track);
	put(o, ",\"name\":\"thread_name\",\"args\":{\"name\":");
	text(o, name, NULL);
	put(o, "}}");
	object(o);
	number(o, "\"ph\":\"M\",\"pid\":", process);
	number(o, ",\"tid\":", track);
	number(o, ",\"name\":\"thread_sort_index\",\"args\":{\"sort_index\":", track);
	put(o, "}}");
}
