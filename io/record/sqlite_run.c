/* The tables of results.sqlite about runs and replications. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "io/record/placement.h"
#include "io/record/sql.h"
#include "models/cost/profile.h"

static bool insert_run(struct sql *q, const struct recorder_run *run, struct err *err)
{
	sqlite3_stmt *st = q->st[ST_RUN];
	const struct run_spec *spec = &run->scenario->run;
	char host[256] = "", utc[32];
	time_t now = time(NULL);
	struct tm tm;

	gethostname(host, sizeof host - 1);
	strftime(utc, sizeof utc, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	sqlite3_bind_int64(st, 1, q->run);
	sql_bind_text(st, 2, run->scenario->name);
	sql_bind_text(st, 3, run->resolved);
	sql_bind_text(st, 4, run->sha256);
	sql_bind_text(st, 5, run->policy);
	sqlite3_bind_int64(st, 6, (sqlite3_int64)spec->seed);
	sqlite3_bind_int64(st, 7, spec->replications);
	sql_bind_text(st, 8, run->version);
	sql_bind_text(st, 9, host);
	sql_bind_text(st, 10, utc);
	return sql_step(q, ST_RUN, err);
}

enum { PILOT = 0, NO_REPLICATION = -1 };

/* @number of the replication they are of. */
static bool insert_warnings(
	struct sql *q, int64_t number, const struct warnings *w, struct err *err)
{
	sqlite3_stmt *st = q->st[ST_WARNING];
	size_t i;

	for (i = 0; w && i < w->n; i++) {
		sqlite3_bind_int64(st, 1, q->run);
		if (number == NO_REPLICATION)
			sqlite3_bind_null(st, 2);
		else
			sqlite3_bind_int64(st, 2, number);
		sql_bind_text(st, 3, warning_words[w->at[i].kind]);
		sql_bind_text(st, 4, w->at[i].scope);
		sql_bind_text(st, 5, w->at[i].text);
		if (!sql_step(q, ST_WARNING, err))
			return false;
	}
	return true;
}

static bool insert_settings(struct sql *q, const struct recorder_run *run, struct err *err)
{
	sqlite3_stmt *st = q->st[ST_SETTING];
	size_t i;

	sqlite3_bind_int64(st, 1, q->run);
	for (i = 0; i < run->n_settings; i++) {
		sql_bind_text(st, 2, run->settings[i].key);
		sql_bind_text(st, 3, run->settings[i].value);
		if (!sql_step(q, ST_SETTING, err))
			return false;
	}
	return true;
}

static bool insert_inputs(struct sql *q, const struct recorder_run *run, struct err *err)
{
	sqlite3_stmt *st = q->st[ST_INPUT];
	size_t i;

	sqlite3_bind_int64(st, 1, q->run);
	for (i = 0; i < run->n_inputs; i++) {
		sql_bind_text(st, 2, run->inputs[i].key);
		sql_bind_text(st, 3, run->inputs[i].path);
		sql_bind_text(st, 4, run->inputs[i].sha256);
		sqlite3_bind_int64(st, 5, (sqlite3_int64)run->inputs[i].bytes);
		if (!sql_step(q, ST_INPUT, err))
			return false;
	}
	return true;
}

static bool insert_profile(
	struct sql *q, const char *instance, const struct profile *p, struct err *err)
{
	sqlite3_stmt *st = q->st[ST_PROFILE];

	sql_bind_text(st, 2, instance);
	sql_bind_text(st, 3, p->name);
	sql_bind_text(st, 4, provenance_names[p->provenance]);
	sqlite3_bind_double(st, 5, p->sigma.decode);
	sqlite3_bind_double(st, 6, p->sigma.prefill);
	sqlite3_bind_double(st, 7, p->sigma.attention);
	sql_bind_text(st, 8, p->method);
	sql_bind_text(st, 9, p->date);
	return sql_step(q, ST_PROFILE, err);
}

/* Whose times each instance that runs a model takes: each once. */
static bool insert_profiles(struct sql *q, const struct scenario_spec *s, struct err *err)
{
	sqlite3_bind_int64(q->st[ST_PROFILE], 1, q->run);
	for (size_t i = 0; i < s->n_instances; i++) {
		const struct instance_spec *in = &s->instances[i];

		for (size_t k = 0; k < instance_n_profiles(in); k++) {
			const struct profile *p = instance_profile(in, k);

			if (p && !instance_has_profile(in, p, k) &&
				!insert_profile(q, in->name, p, err))
				return false;
		}
	}
	return true;
}

static bool insert_placements(
	struct sql *q, const char *instance, const struct placements *p, struct err *err)
{
	sqlite3_stmt *st = q->st[ST_PLACEMENT];

	sqlite3_bind_int64(st, 1, q->run);
	for (size_t k = 0; k < p->n; k++) {
		sql_bind_text(st, 2, p->at[k].model);
		sql_bind_text(st, 3, p->at[k].tensor);
		sql_bind_text(st, 4, p->at[k].site);
		sql_bind_text(st, 5, p->at[k].device);
		sqlite3_bind_int(st, 6, p->at[k].resident);
		sqlite3_bind_int64(st, 7, (sqlite3_int64)p->at[k].stage);
		sql_bind_text(st, 8, instance);
		if (!sql_step(q, ST_PLACEMENT, err))
			return false;
	}
	return true;
}

static bool insert_placement(struct sql *q, const struct scenario_spec *s, struct err *err)
{
	bool ok = true;

	for (size_t i = 0; i < s->n_instances && ok; i++) {
		struct placements p = {0};

		placements_add(&p, s, &s->instances[i]);
		ok = insert_placements(q, s->instances[i].name, &p, err);
		free(p.at);
	}
	return ok;
}

/** What ends at the cut is before it, but for rounding. */
static bool insert_pilot(struct sql *q, const struct recorder_pilot *p, struct err *err)
{
	sqlite3_stmt *st = q->st[ST_PILOT];

	sqlite3_bind_int64(st, 1, q->run);
	for (size_t i = 0; i < p->n; i++) {
		sqlite3_bind_double(st, 2, (double)(i + 1) * p->stretch_s);
		sqlite3_bind_double(st, 3, p->in_system[i]);
		if (isnan(p->cut_s))
			sqlite3_bind_null(st, 4);
		else
			sqlite3_bind_int(st, 4, ((double)i + 0.5) * p->stretch_s > p->cut_s);
		if (!sql_step(q, ST_PILOT, err))
			return false;
	}
	return true;
}

bool sql_put_run(struct sql *q, const struct recorder_run *run, struct err *err)
{
	return insert_run(q, run, err) && insert_settings(q, run, err) &&
	       insert_inputs(q, run, err) && insert_placement(q, run->scenario, err) &&
	       insert_profiles(q, run->scenario, err) &&
	       insert_warnings(q, NO_REPLICATION, run->scenario_warnings, err) &&
	       insert_warnings(q, PILOT, run->pilot_warnings, err) &&
	       insert_pilot(q, &run->pilot, err);
}

static bool insert_metrics(struct sql *q, const struct recorder_replication *rep, struct err *err)
{
	sqlite3_stmt *st = q->st[ST_METRIC];
	size_t i;

	sqlite3_bind_int64(st, 1, q->run);
	sqlite3_bind_int64(st, 2, rep->number);
	for (i = 0; i < rep->n_metrics; i++) {
		sql_bind_text(st, 3, rep->metrics[i].scope);
		sql_bind_text(st, 4, metrics[rep->metrics[i].id].name);
		sql_bind_text(st, 5, metrics[rep->metrics[i].id].unit);
		sqlite3_bind_double(st, 6, rep->metrics[i].value); /* NaN becomes NULL */
		if (!sql_step(q, ST_METRIC, err))
			return false;
	}
	return true;
}

bool sql_put_replication(struct sql *q, const struct recorder_replication *rep, struct err *err)
{
	sqlite3_stmt *st = q->st[ST_REPLICATION];

	sqlite3_bind_int64(st, 1, q->run);
	sqlite3_bind_int64(st, 2, rep->number);
	sqlite3_bind_int64(st, 3, (sqlite3_int64)rep->seed);
	sqlite3_bind_double(st, 4, rep->warmup_s);
	sqlite3_bind_double(st, 5, rep->horizon_s);
	sqlite3_bind_int64(st, 6, (sqlite3_int64)rep->events);
	sql_bind_text(st, 7, run_status_words[rep->status]);
	return sql_step(q, ST_REPLICATION, err) && insert_metrics(q, rep, err) &&
	       sql_put_drift(q, rep->number, rep->drift, err) &&
	       insert_warnings(q, rep->number, rep->warnings, err);
}

static bool insert_summary(
	struct sql *q, const struct summary_row *rows, size_t n_rows, struct err *err)
{
	sqlite3_stmt *st = q->st[ST_SUMMARY];
	size_t i;

	sqlite3_bind_int64(st, 1, q->run);
	for (i = 0; i < n_rows; i++) {
		sql_bind_text(st, 2, rows[i].scope);
		sql_bind_text(st, 3, metrics[rows[i].id].name);
		sql_bind_text(st, 4, metrics[rows[i].id].unit);
		sqlite3_bind_double(st, 5, rows[i].mean);
		sqlite3_bind_double(st, 6, rows[i].sd);
		sqlite3_bind_double(st, 7, rows[i].ci_low);
		sqlite3_bind_double(st, 8, rows[i].ci_high);
		sqlite3_bind_int64(st, 9, (sqlite3_int64)rows[i].n);
		if (!sql_step(q, ST_SUMMARY, err))
			return false;
	}
	return true;
}

bool sql_put_end(struct sql *q, const struct recorder_end *end, struct err *err)
{
	sqlite3_stmt *st = q->st[ST_RUN_END];

	sql_bind_text(st, 1, run_status_words[end->status]);
	sqlite3_bind_double(st, 2, end->wall_s);
	sqlite3_bind_int64(st, 3, q->run);
	return insert_summary(q, end->rows, end->n_rows, err) &&
	       sql_put_drift(q, 0, end->drift, err) &&
	       insert_warnings(q, NO_REPLICATION, end->warnings, err) &&
	       sql_step(q, ST_RUN_END, err);
}
