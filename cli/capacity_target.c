#include "cli/capacity_target.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/near.h"
#include "base/quantity.h"
#include "base/str.h"

static char *copy_of(struct arena *a, struct str s)
{
	return arena_printf(a, "%.*s", (int)s.n, s.s);
}

/* The metric */

/** Is @name that of @m, with or without its unit? */
static bool is_called(const struct metric *m, const char *name)
{
	size_t n = strlen(name);

	return !strncmp(m->name, name, n) && (m->name[n] == '\0' || m->name[n] == '_') &&
	       !strchr(m->name + n, '.');
}

static bool find_metric(enum metric_id *out, const char *name, unsigned scope, struct err *err)
{
	struct near near;

	if (metric_find(out, name) && (metrics[*out].scopes & scope))
		return true;
	for (enum metric_id id = 0; id < METRICS; id++)
		if ((metrics[id].scopes & scope) && is_called(&metrics[id], name)) {
			*out = id;
			return true;
		}
	near_init(&near, name);
	for (enum metric_id id = 0; id < METRICS; id++)
		if (metrics[id].scopes & scope)
			near_add(&near, metrics[id].name);
	return near_refuse(&near, "metric", err);
}

static bool find_group(const char *name, const struct scenario_spec *s, struct err *err)
{
	struct near near;

	near_init(&near, name);
	for (size_t g = 0; g < s->n_groups; g++) {
		if (!strcmp(s->groups[g].name, name))
			return true;
		near_add(&near, s->groups[g].name);
	}
	return near_refuse(&near, "group of users", err);
}

/** "NAME", or "group:GROUP NAME". */
static bool read_metric(
	struct capacity_target *out, char *text, const struct scenario_spec *s, struct err *err)
{
	char *name = strpbrk(text, " \t");
	unsigned scope = SCOPE_SYSTEM;

	out->scope = "";
	if (!name)
		return find_metric(&out->metric, text, scope, err);
	*name++ = '\0';
	name += strspn(name, " \t");
	if (strncmp(text, "group:", 6) != 0)
		return err_input(err,
			"--target names '%s' before the metric; it can be 'group:NAME', or nothing",
			text);
	out->scope = text;
	return find_group(text + 6, s, err) && find_metric(&out->metric, name, SCOPE_GROUP, err);
}

/* The value */

struct unit {
	const char *unit; /* of a metric */
	enum quantity_dim dim;
};

static const struct unit units[] = {{"s", QUANTITY_TIME}, {"1/s", QUANTITY_FREQUENCY}};

static bool is_share(const struct metric *m)
{
	return !strcmp(m->unit, "1") && m->hi == 1.0;
}

/** A number, and the metric's unit, or none. */
static bool read_plain(double *out, const char *text, const struct metric *m, struct err *err)
{
	char *end;

	*out = strtod(text, &end);
	while (*end == ' ')
		end++;
	if (end == text || (*end && strcmp(end, m->unit) != 0))
		return err_input(err, "--target of %s needs a number, in %s, not '%s'", m->name,
			strcmp(m->unit, "1") ? m->unit : "no unit", text);
	return true;
}

static bool read_value(double *out, const char *text, const struct metric *m, struct err *err)
{
	enum quantity_dim dim = QUANTITY_FRACTION;
	bool known = is_share(m);
	char why[200];

	for (size_t k = 0; k < sizeof units / sizeof *units; k++)
		if (!strcmp(units[k].unit, m->unit)) {
			dim = units[k].dim;
			known = true;
		}
	if (!known)
		return read_plain(out, text, m, err);
	return quantity_parse(out, text, dim, why, sizeof why) ||
	       err_input(err, "--target of %s %s", m->name, why);
}

static bool check_value(const struct capacity_target *t, struct err *err)
{
	const struct metric *m = &metrics[t->metric];

	if (!isfinite(t->value) || (m->hi > 0.0 && t->value > m->hi) || t->value < m->lo)
		return err_input(err, "--target of %s is out of its range: %g", m->name, t->value);
	if (m->better == (t->at_most ? BETTER_MORE : BETTER_LESS))
		return err_input(err,
			"--target wants %s to be %s, but %s is better: more arrivals would only "
			"help",
			m->name, t->at_most ? "small" : "large", t->at_most ? "more" : "less");
	return true;
}

bool capacity_target_read(struct capacity_target *out, const char *text,
	const struct scenario_spec *s, struct arena *a, struct err *err)
{
	const char *op = strpbrk(text, "<>");
	struct str name;

	*out = (struct capacity_target){.on = true};
	if (!op || op[1] != '=')
		return err_input(err,
			"--target needs a metric, <= or >=, and a value, as in 'ttft.p95 <= 2 s', "
			"not '%s'",
			text);
	name = str_trim((struct str){text, (size_t)(op - text)});
	out->at_most = *op == '<';
	return read_metric(out, copy_of(a, name), s, err) &&
	       read_value(&out->value, copy_of(a, str_trim(str_of(op + 2))), &metrics[out->metric],
		       err) &&
	       check_value(out, err);
}
