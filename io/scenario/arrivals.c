/* Traces, and when requests come. */
#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/quote.h"
#include "base/utf8.h"
#include "io/scenario/parts.h"
#include "io/trace/arrival_trace.h"
#include "sim/dist.h"

/* Traces */

static bool read_window(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	const struct schema_key number = {.name = key->name, .dim = QUANTITY_TIME};
	double *window = to;
	const double *given;
	size_t n;

	if ((*slot)->kind == YAML_TEXT && !strcmp((*slot)->text, "all")) {
		window[0] = 0;
		window[1] = HUGE_VAL;
		return true;
	}
	if (!parts_numbers(r, *slot, &number, 2, &given, &n))
		return false;
	if (n != 2 || !(given[0] < given[1]))
		return err_list_at(r->errs, (*slot)->at,
			"window should be two times, the first before the second, as in "
			"[0 s, 600 s], or 'all'");
	memcpy(window, given, 2 * sizeof *given);
	return true;
}

/** Whether a name of a file shows as itself: it will stand in messages, results and the resolved
 *  text. */
static bool shows(struct schema_reader *r, const struct yaml_node *n, const char *name)
{
	size_t size = strlen(n->text), at = 0, length;
	char quoted[QUOTE_SIZE];
	uint32_t c;

	for (; at < size; at += length) {
		length = utf8_decode(n->text + at, size - at, &c);
		if (length == 0 || !utf8_is_shown(c))
			return err_list_at(r->errs, n->at, "%s has a %s in '%s'", name,
				length ? utf8_name(c) : "byte that is no UTF-8",
				quote(quoted, sizeof quoted, n->text));
	}
	return true;
}

bool read_path(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	char quoted[QUOTE_SIZE], *full;
	const char *slash, *path, *written;

	if (!schema_want(r, *slot, YAML_TEXT, key->name))
		return false;
	path = written = (*slot)->text;
	if (!shows(r, *slot, key->name))
		return false;
	slash = strrchr((*slot)->at.file, '/');
	if (path[0] != '/' && slash && (*slot)->at.file[0] != '-')
		path = arena_printf(r->arena, "%.*s%s", (int)(slash - (*slot)->at.file + 1),
			(*slot)->at.file, path);
	full = realpath(path, NULL);
	if (!full)
		return err_list_at(r->errs, (*slot)->at, "cannot open '%s': %s",
			quote(quoted, sizeof quoted, path), strerror(errno));
	*slot = yaml_new_text(r->arena, full, (*slot)->at);
	free(full);
	if (!shows(r, *slot, key->name))
		return false;
	*(const char **)to = (*slot)->text;
	parts_add_input(parts_of(r)->s, arena_printf(r->arena, "%s.%s", r->path, key->name),
		written, (*slot)->text, *slot);
	return true;
}

/** auto, exact, or how long a tick lasts. */
static bool read_clock(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	if ((*slot)->kind == YAML_TEXT && !strcmp((*slot)->text, "exact")) {
		*(double *)to = -1.0;
		return true;
	}
	return schema_number(r, *slot, key, to);
}

#define TRACE(member) offsetof(struct trace_spec, member)
static const struct schema_key trace_keys[] = {
	{.name = "file",
		.kind = SCHEMA_OTHER,
		.to = TRACE(file),
		.read = read_path,
		.required = true,
		.takes = "a path",
		.help = "File of the trace, found from the folder of the file that names it; may "
			"be gzipped, and is "
			"in order of time."},
	{.name = "format",
		.kind = SCHEMA_WORD,
		.to = TRACE(format),
		.words = arrival_trace_formats,
		.dflt = "auto",
		.help = "Whose columns the file has; `auto`: those of the one that it looks like."},
	{.name = "rate_scale",
		.kind = SCHEMA_QUANTITY,
		.to = TRACE(rate_scale),
		.dim = QUANTITY_NUMBER,
		.above_min = true,
		.dflt = "1.0",
		.help = "How many times as often requests come as the file says: it divides its "
			"times."},
	{.name = "clock",
		.kind = SCHEMA_OTHER,
		.to = TRACE(clock_s),
		.read = read_clock,
		.dim = QUANTITY_TIME,
		.above_min = true,
		.max = 3600,
		.word = "auto",
		.dflt = "auto",
		.takes = "a time, `auto` or `exact`",
		.help = "Over how long requests of one stamp are laid out; `auto`: what the stamps "
			"themselves show."},
	{.name = "window",
		.kind = SCHEMA_OTHER,
		.to = TRACE(window_s),
		.read = read_window,
		.dflt = "all",
		.takes = "`[0 s, 600 s]` or `all`",
		.help = "The part of it that is used, before it is scaled."},
	{0},
};
const struct schema_map map_trace = {.tables = {trace_keys}};

bool read_trace(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct trace_spec *trace = to;
	size_t mark = schema_enter(r, key->name);
	bool ok = schema_read(r, *slot, trace_keys, trace);

	schema_leave(r, mark);
	trace->at = (*slot)->at;
	trace->opener = parts_of(r)->req->traces;
	return ok;
}

/* Arrivals */

#define ARRIVAL(member) offsetof(struct arrival_spec, member)
#define PROCESS_TAG \
	{ \
		.name = "process", .kind = SCHEMA_TAG, .list = "arrivals", .required = true, \
		.takes = "a name from `offing list arrivals`", .help = "How requests come." \
	}
#define ARRIVAL_RATE \
	{ \
		.name = "rate", .kind = SCHEMA_QUANTITY, .to = ARRIVAL(rate_per_s), \
		.dim = QUANTITY_FREQUENCY, .above_min = true, .required = true, \
		.help = "Rate of the whole group." \
	}
#define ARRIVAL_CV \
	{ \
		.name = "cv", .kind = SCHEMA_QUANTITY, .to = ARRIVAL(cv), .dim = QUANTITY_NUMBER, \
		.min = DIST_CV_MIN, .max = DIST_CV_MAX, .required = true, \
		.help = "Coefficient of variation of the gaps." \
	}

static const struct schema_key rate_keys[] = {PROCESS_TAG, ARRIVAL_RATE, {0}};
static const struct schema_key renewal_keys[] = {PROCESS_TAG, ARRIVAL_RATE, ARRIVAL_CV, {0}};

static bool read_rates(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct arrival_spec *a = to;

	return parts_numbers(r, *slot, key, 2, &a->rates_per_s, &a->n_states);
}

static bool read_sojourns(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct arrival_spec *a = to;
	size_t n; /* compared with the rates once both are read */

	return parts_numbers(r, *slot, key, 2, &a->sojourns_s, &n);
}

static const struct schema_key mmpp_keys[] = {
	PROCESS_TAG,
	{.name = "rates",
		.kind = SCHEMA_OTHER,
		.read = read_rates,
		.dim = QUANTITY_FREQUENCY,
		.required = true,
		.takes = "a list of frequencies",
		.help = "Rate in each state, of the whole group."},
	{.name = "sojourns",
		.kind = SCHEMA_OTHER,
		.read = read_sojourns,
		.dim = QUANTITY_TIME,
		.above_min = true,
		.required = true,
		.takes = "a list of times above 0",
		.help = "Mean time in each state."},
	{0},
};

/** {0 s: 1 /s, 60 s: 4 /s}: from each time on that rate. */
static bool read_schedule(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	static const struct schema_key time_key = {
		.name = "a time of the schedule", .dim = QUANTITY_TIME};
	static const struct schema_key rate_key = {
		.name = "a rate of the schedule", .dim = QUANTITY_FREQUENCY};
	struct arrival_spec *a = to;
	struct yaml_node *map = *slot;
	double *steps;
	size_t i;

	if (!schema_want(r, map, YAML_MAP, key->name))
		return false;
	if (map->n == 0)
		return err_list_at(r->errs, map->at, "schedule is empty");
	steps = arena_alloc(r->arena, 2 * map->n, sizeof *steps);
	for (i = 0; i < map->n; i++) {
		if (!schema_number(r,
			    yaml_new_text(r->arena, map->items[i].key, map->items[i].key_at),
			    &time_key, &steps[i]) ||
			!schema_number(r, map->items[i].value, &rate_key, &steps[map->n + i]))
			return false;
		if (i == 0 ? steps[0] != 0.0 : steps[i] <= steps[i - 1])
			return err_list_at(r->errs, map->items[i].key_at,
				"the times of a schedule start at 0 s and increase");
	}
	a->n_steps = map->n;
	a->steps_s = steps;
	a->steps_per_s = steps + map->n;
	return true;
}

static const struct schema_key schedule_keys[] = {
	PROCESS_TAG,
	{.name = "schedule",
		.kind = SCHEMA_OTHER,
		.read = read_schedule,
		.required = true,
		.takes = "`{0 s: 1 /s, 60 s: 4 /s}`",
		.help = "From each time on that rate, the first time being 0 s."},
	{.name = "repeat",
		.kind = SCHEMA_QUANTITY,
		.to = ARRIVAL(repeat_s),
		.dim = QUANTITY_TIME,
		.above_min = true,
		.word = "never",
		.dflt = "never",
		.help = "The timetable starts again after this."},
	{0},
};

static const struct schema_key closed_keys[] = {
	PROCESS_TAG,
	{.name = "think",
		.kind = SCHEMA_OTHER,
		.to = ARRIVAL(think),
		.dim = QUANTITY_TIME,
		.read = read_dist,
		.dflt = "0 s",
		.map = &map_dist,
		.takes = "a distribution of times",
		.help = "Time between an answer and the next request of that user."},
	{0},
};

static const struct schema_key saturated_keys[] = {
	PROCESS_TAG,
	{.name = "outstanding",
		.kind = SCHEMA_UNSIGNED,
		.to = ARRIVAL(outstanding),
		.min = 1,
		.max = 1e7,
		.required = true,
		.help = "Requests that are always created and unfinished."},
	{0},
};

static const struct schema_key trace_process_keys[] = {
	PROCESS_TAG,
	{.name = "trace",
		.kind = SCHEMA_OTHER,
		.to = ARRIVAL(trace),
		.read = read_trace,
		.required = true,
		.map = &map_trace,
		.help = "Its times; the keys of the trace may also stand beside `process` "
			"themselves."},
	{0},
};

static const struct schema_variant arrival_variants[] = {
	[ARRIVAL_POISSON] = {"poisson", rate_keys},
	[ARRIVAL_DETERMINISTIC] = {"deterministic", rate_keys},
	[ARRIVAL_GAMMA] = {"gamma", renewal_keys},
	[ARRIVAL_WEIBULL] = {"weibull", renewal_keys},
	[ARRIVAL_MMPP] = {"mmpp", mmpp_keys},
	[ARRIVAL_SCHEDULE] = {"schedule", schedule_keys},
	[ARRIVAL_CLOSED] = {"closed", closed_keys},
	[ARRIVAL_SATURATED] = {"saturated", saturated_keys},
	[ARRIVAL_TRACE] = {"trace", trace_process_keys},
};

const struct schema_map map_arrivals = {.when = "with process",
	.variants = arrival_variants,
	.n_variants = sizeof arrival_variants / sizeof arrival_variants[0]};

const struct scenario_word scenario_arrivals[] = {
	{"poisson", "independent arrivals at a constant rate"},
	{"deterministic", "equal gaps"},
	{"gamma", "independent gamma gaps with a coefficient of variation (cv)"},
	{"weibull", "independent Weibull gaps with a coefficient of variation (cv)"},
	{"mmpp", "Poisson whose rate jumps between states (rates, sojourns)"},
	{"schedule", "Poisson whose rate follows a timetable (schedule, repeat)"},
	{"closed", "every user thinks, asks, waits for the answer (think)"},
	{"saturated", "always so many requests created and unfinished (outstanding)"},
	{"trace", "the times of a file, in a format of its own or of others (trace)"},
	{0},
};

/** {process: trace, file: F, ...} is short for {process: trace, trace: {file: F, ...}}. */
static void gather_trace(struct schema_reader *r, struct yaml_node *n)
{
	const struct yaml_item *process = yaml_find(n, "process"), *item;
	struct yaml_node *trace;
	const struct schema_key *key;

	if (!process || process->value->kind != YAML_TEXT || strcmp(process->value->text, "trace"))
		return;
	if (yaml_find(n, "trace") || !yaml_find(n, "file"))
		return;
	trace = yaml_new_map(r->arena, n->at);
	for (key = trace_keys; key->kind != SCHEMA_END; key++) {
		item = yaml_find(n, key->name);
		if (!item)
			continue;
		yaml_set(r->arena, trace, key->name, item->key_at, item->value);
		yaml_remove(n, key->name);
	}
	yaml_set(r->arena, n, "trace", n->at, trace);
}

bool read_arrivals(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	size_t mark = schema_enter(r, key->name), chosen;
	struct arrival_spec *a = to;
	bool ok;

	if ((*slot)->kind == YAML_MAP)
		gather_trace(r, *slot);
	ok = schema_read_variant(r, *slot, "process", arrival_variants,
		sizeof arrival_variants / sizeof arrival_variants[0], a, &chosen);
	schema_leave(r, mark);
	if (!ok)
		return false;
	a->process = (enum arrival_process)chosen;
	a->at = (*slot)->at;
	if (a->process == ARRIVAL_MMPP && yaml_find(*slot, "sojourns")->value->n != a->n_states)
		return err_list_at(r->errs, a->at, "rates and sojourns must be equally many");
	return true;
}
