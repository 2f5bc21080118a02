/* The rate of a link over time: timetables and traces. */
#include <stddef.h>

#include "io/trace/bandwidth_trace.h"
#include "io/scenario/parts.h"
#include "io/scenario/shaping.h"

struct change {
	double bytes_per_s, for_s;
};

static const struct schema_key change_keys[] = {
	{.name = "rate",
		.kind = SCHEMA_QUANTITY,
		.to = offsetof(struct change, bytes_per_s),
		.dim = QUANTITY_BIT_RATE,
		.required = true,
		.help = "Rate from then on; 0 is an outage."},
	{.name = "for",
		.kind = SCHEMA_QUANTITY,
		.to = offsetof(struct change, for_s),
		.dim = QUANTITY_TIME,
		.above_min = true,
		.without = "until the next entry",
		.help = "How long, and then what held before holds again."},
	{0},
};
const struct schema_map map_link_schedule = {.each = "TIME", .tables = {change_keys}};

static const double OWN_RATE = -1.0;

/** Steps so far, how far the last entry reaches, and what an entry with `for` returns to. */
struct timetable {
	struct rate_step *steps;
	size_t n;
	int64_t began_ns, until_ns;
	double held_bytes_per_s;
};

static bool entry_read(
	struct schema_reader *r, const struct yaml_item *item, double *at_s, struct change *c)
{
	static const struct schema_key time_key = {
		.name = "a time of the schedule", .dim = QUANTITY_TIME};
	struct yaml_node *time = yaml_new_text(r->arena, item->key, item->key_at);

	return schema_number(r, time, &time_key, at_s) &&
	       schema_want(r, item->value, YAML_MAP, item->key) &&
	       schema_read(r, item->value, change_keys, c);
}

static bool entry_add(struct schema_reader *r, struct timetable *t, const struct yaml_item *item)
{
	struct change c = {0};
	double at_s;
	int64_t at_ns;

	if (!entry_read(r, item, &at_s, &c))
		return false;
	at_ns = ns_of_s(at_s);
	if (at_ns <= t->began_ns || at_ns < t->until_ns)
		return err_list_at(r->errs, item->key_at,
			"the schedule overlaps: the entry before this one %s %g s",
			at_ns <= t->began_ns ? "starts at" : "reaches to",
			s_of_ns(at_ns <= t->began_ns ? t->began_ns : t->until_ns));
	if (at_ns <= t->steps[t->n - 1].at_ns)
		t->n--; /* it begins where the one before ends */
	t->steps[t->n++] = (struct rate_step){at_ns, c.bytes_per_s};
	t->began_ns = t->until_ns = at_ns;
	if (c.for_s > 0.0) {
		t->until_ns = at_ns + ns_of_s(c.for_s);
		t->steps[t->n++] = (struct rate_step){t->until_ns, t->held_bytes_per_s};
	} else {
		t->held_bytes_per_s = c.bytes_per_s;
	}
	return true;
}

/** {60 s: {rate: 10 Mbps}, 90 s: {rate: 0, for: 5 s}}: from each time on that rate, until the
 *  next or, with `for`, until the link has again what it had before. */
bool read_link_schedule(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct shaping *s = to;
	struct yaml_node *map = *slot;
	struct timetable t = {.began_ns = -1, .held_bytes_per_s = OWN_RATE};
	size_t mark;
	bool ok = true;

	if (!schema_want(r, map, YAML_MAP, key->name))
		return false;
	t.steps = arena_alloc(r->arena, 2 * map->n + 1, sizeof *t.steps);
	t.steps[t.n++] = (struct rate_step){0, OWN_RATE};
	mark = schema_enter(r, key->name);
	for (size_t i = 0; i < map->n && ok; i++)
		ok = entry_add(r, &t, &map->items[i]);
	schema_leave(r, mark);
	s->changes = t.steps;
	s->n_steps = t.n;
	s->ends_in_for = t.until_ns > t.began_ns;
	return ok;
}

struct link_trace_spec {
	const char *file;
	int format;
	unsigned select;
	double repeat_s;
};

static const struct schema_key link_trace_keys[] = {
	{.name = "file",
		.kind = SCHEMA_OTHER,
		.to = offsetof(struct link_trace_spec, file),
		.read = read_path,
		.required = true,
		.takes = "a path",
		.help = "File of the trace, found from the folder of the file that names it."},
	{.name = "format",
		.kind = SCHEMA_WORD,
		.to = offsetof(struct link_trace_spec, format),
		.words = bandwidth_trace_formats,
		.dflt = "auto",
		.help = "What its lines are (docs/formats.md); `auto`: what they look like."},
	{.name = "select",
		.kind = SCHEMA_UNSIGNED,
		.to = offsetof(struct link_trace_spec, select),
		.without = "`0`",
		.help = "Which trace, where the file has a column `trace`."},
	{.name = "repeat",
		.kind = SCHEMA_QUANTITY,
		.to = offsetof(struct link_trace_spec, repeat_s),
		.dim = QUANTITY_TIME,
		.above_min = true,
		.word = "never",
		.word_value = 0,
		.without = "`never`",
		.help = "The trace starts again after this."},
	{0},
};
const struct schema_map map_link_trace = {.tables = {link_trace_keys}};

/* What a format has no place for. */
static bool check_keys(struct schema_reader *r, const struct yaml_node *map,
	enum bandwidth_format format, const struct link_trace_spec *t)
{
	if (format == BANDWIDTH_MAHIMAHI && t->repeat_s > 0.0)
		return err_list_at(r->errs, map->at,
			"a mahimahi trace repeats after its last line: leave out 'repeat'");
	if (format != BANDWIDTH_RATE && yaml_find(map, "select"))
		return err_list_at(r->errs, map->at, "a %s trace is one trace: leave out 'select'",
			bandwidth_trace_formats[format]);
	return true;
}

static bool read_curve(struct schema_reader *r, enum bandwidth_format format,
	const struct link_trace_spec *t, const struct rate_curve **out, struct src_pos at)
{
	const int64_t repeat_ns = ns_of_s(t->repeat_s);
	struct err err = {0};
	bool ok;

	if (format == BANDWIDTH_MAHIMAHI)
		ok = bandwidth_trace_mahimahi(out, r->arena, t->file, at, &err);
	else if (format == BANDWIDTH_RATE)
		ok = bandwidth_trace_rates(out, r->arena, t->file, t->select, repeat_ns, at, &err);
	else
		ok = bandwidth_trace_columns(out, r->arena, format, t->file, repeat_ns, at, &err);
	return ok || err_list_add(r->errs, &err);
}

bool read_link_trace(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct link_dir_spec *dir = to;
	struct link_trace_spec t = {0};
	size_t mark = schema_enter(r, key->name);
	bool ok = schema_want(r, *slot, YAML_MAP, key->name) &&
		  schema_read(r, *slot, link_trace_keys, &t);
	enum bandwidth_format format = (enum bandwidth_format)t.format;
	struct err err = {0};

	schema_leave(r, mark);
	if (!ok)
		return false;
	if (format == BANDWIDTH_AUTO && !bandwidth_trace_format(&format, t.file, (*slot)->at, &err))
		return err_list_add(r->errs, &err);
	if (!check_keys(r, *slot, format, &t) ||
		!read_curve(r, format, &t, &dir->curve, (*slot)->at))
		return false;
	if (rate_curve_mean_bytes_per_s(dir->curve) > 0.0)
		return true;
	return err_list_at(r->errs, (*slot)->at, "the trace ends in an outage for ever");
}
