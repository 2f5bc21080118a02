#ifndef OFFING_IO_RECORD_RECORDER_H
#define OFFING_IO_RECORD_RECORDER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "io/text/input_file.h"
#include "io/text/setting.h"
#include "models/measure/drift.h"
#include "models/measure/metric.h"
#include "models/measure/run_status.h"
#include "models/measure/warnings.h"
#include "models/probe.h"
#include "models/scenario.h"
#include "models/world/world.h"

/**
 * Keeps what a run produced: tables in DIR/results.sqlite, time series in
 * DIR/series.h5 (docs/results.md has the columns).
 *
 *	recorder_open
 *	    recorder_run_begin                       one per policy, one after another
 *	        recorder_sink_open                   one per replication, any thread
 *	            it is told of ends and slots     by the thread that runs it
 *	        recorder_sink_close
 *	        recorder_replication                 any thread
 *	    recorder_run_end
 *	recorder_close
 *
 * One thread of its own writes all files; the others hand it rows in blocks
 * and wait when they are ahead of it, so memory stays bounded by
 * RECORDER_SINK_BYTES per open sink and 16 MB for the files, whatever the
 * number of rows. Costs about 0.1 us a row in the thread that simulates.
 *
 * A write that fails (disk full, no permission) makes the recorder failed: no
 * thread waits any more, further rows are discarded, and every later call
 * answers false with that first error. Killed at any moment, the files can be
 * read: what was not finished is marked `interrupted`.
 */
struct recorder;
struct recorder_identity;

/** Upper limit of what one open sink holds in memory. */
#define RECORDER_SINK_BYTES (4u << 20)

struct recorder_spec {
	const char *dir;   /* made, with its parents, if missing; NULL: nothing is kept */
	bool force;        /* replace the result that @dir holds */
	bool requests;     /* keep request rows */
	bool series;       /* keep series; no series.h5 without */
	size_t n_runs;     /* how many runs will follow; more than one: series under /run_ID */
	atomic_bool *stop; /* set when a write fails, so that nobody works on in vain; or NULL */
	/* go on with what @dir holds of these runs (resume.h); NULL: do not */
	const struct recorder_identity *resume;
};

/** Whether @dir holds results.sqlite or series.h5. */
bool recorder_taken(const char *dir);

/**
 * Make the files. ERR_INPUT when @spec->dir holds a result and @force is off,
 * when another process is making one there, or when series are asked of a build
 * without HDF5; ERR_RUN when something cannot be written. On false, *@out is
 * NULL. End it with recorder_close().
 *
 * An older result is replaced by recorder_close(), when all runs were ended and
 * none as interrupted; until then the new files are in @dir/unfinished.
 */
MUST_CHECK bool recorder_open(
	struct recorder **out, const struct recorder_spec *spec, struct err *err);

/** Number of requests in the system of the pilot run, in stretches of equal length. {0}: no pilot
 * was run. */
struct recorder_pilot {
	size_t n;
	const double *in_system; /* the mean of each */
	double stretch_s;
	double cut_s; /* where MSER-5 cuts; NaN: it found no end of the warm-up */
};

/** Borrowed until recorder_run_end(). */
struct recorder_run {
	const struct scenario_spec *scenario; /* names, seed, replications, where models sit */
	const char *policy;                   /* the label */
	const char *resolved;                 /* text of the resolved scenario */
	const char *sha256;                   /* what identifies it and its files */
	const char *version;                  /* of the program */
	size_t n_inputs;
	const struct input_file *inputs; /* the files it depends on */
	size_t n_settings;
	const struct setting *settings; /* leaves of the resolved scenario */
	const struct warnings *scenario_warnings, *pilot_warnings; /* NULL: none */
	struct recorder_pilot pilot;
};

/** Start a run: its row says `interrupted` until recorder_run_end(). One that had begun before and
 * is gone on with is begun, too. */
MUST_CHECK bool recorder_run_begin(
	struct recorder *r, const struct recorder_run *run, struct err *err);

/** Of the run that began last: is replication @number, or the whole run, there from before? Then
 *  nothing is written of it any more; it has no sink. */
bool recorder_has(const struct recorder *r, uint32_t number);

/** What recorder_look() calls whole and beside takes the place of the older result in @dir. */
MUST_CHECK bool recorder_adopt(const char *dir, struct err *err);

/** How many replications are there from before, of all runs. */
size_t recorder_n_kept(const struct recorder *r);

/** Replication @number of the run that began last, from before, to the bit: world_result_finish()
 * is due. Any thread. False: it was not kept, or, with @err, it cannot be read. */
MUST_CHECK bool recorder_kept(
	struct world_result *out, const struct recorder *r, uint32_t number, struct err *err);

/**
 * A probe for the rows of replication @number: it listens to what the spec keeps. One thread at a
 * time may use it. Never NULL; give it back with recorder_sink_close(), before
 * recorder_replication().
 */
const struct probe *recorder_sink_open(struct recorder *r, uint32_t number);
void recorder_sink_close(const struct probe *sink); /* NULL is taken */

/** A replication at its end. */
struct recorder_replication {
	uint32_t number;
	uint64_t seed;
	double warmup_s, horizon_s;
	uint64_t events;
	enum run_status status;
	size_t n_metrics;
	const struct metric_row *metrics;  /* (scope, name) unique */
	const struct drift *drift;         /* by backlog; NULL: no slots */
	const struct warnings *warnings;   /* NULL: none */
	const struct world_result *result; /* all of it, to go on from; NULL: nobody will */
};

MUST_CHECK bool recorder_replication(
	struct recorder *r, const struct recorder_replication *rep, struct err *err);

/** A run at its end. */
struct recorder_end {
	enum run_status status;
	double wall_s;
	size_t n_rows;
	const struct summary_row *rows;  /* in the order readers shall see */
	const struct drift *drift;       /* of all replications together; NULL: no slots */
	const struct warnings *warnings; /* of the run as a whole; NULL: none */
};

/** End the run; all sinks are closed by now. */
MUST_CHECK bool recorder_run_end(
	struct recorder *r, const struct recorder_end *end, struct err *err);

/** Whether a write has failed and going on is pointless. Any thread, at any time. */
bool recorder_failed(const struct recorder *r);

/** Where new files are while an older result is in their place. */
#define RECORDER_BESIDE "unfinished"

/** The timeline in a folder of results; whoever writes it moves it there after recorder_close(),
 *  which takes an older one away with the older result. */
#define RECORDER_TIMELINE "timeline.json"

/** In a merged folder, where and when each run was run. */
#define RECORDER_PROVENANCE "provenance.csv"

/** Where the files are when they are closed. */
struct recorder_place {
	bool none;   /* taken away: no run had begun, or nothing was finished that could replace
		      * an older result */
	bool beside; /* in @dir/unfinished: not whole, so the older result in @dir stays */
	bool in_use; /* another program reads results.sqlite: its -wal file goes when that ends */
};

/**
 * Finish and close the files (one file each, nothing beside them) and free
 * @r, also on false. NULL is taken. A run that was not ended stays marked.
 * False when a write has failed or fails now: what was handed over before it
 * can still be read, with the -wal file beside it.
 */
MUST_CHECK bool recorder_close(struct recorder *r, struct recorder_place *place, struct err *err);

#endif
