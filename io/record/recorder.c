/* The recorder as the run sees it: sinks that fill blocks, and what a run consists of. */
#include "io/record/recorder.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/record/folder.h"
#include "io/record/kept.h"
#include "io/record/parts.h"
#include "io/record/resume.h"
#include "io/record/writer.h"
#include "models/measure/lyapunov.h"
#include "sim/event.h"

enum { BLOCKS = 2, REQUESTS_PER_BLOCK = 4096 };

struct request_block {
	struct message msg;
	struct request_row *rows;
	int64_t (*causes)[CAUSES]; /* of them */
};

struct queue_block {
	struct message msg;
	struct series_block s;
};

/* One block is filled while the other is written. */
struct probe_state {
	struct probe probe;
	struct recorder *r;
	uint32_t number;
	size_t request_i, queue_i; /* the block being filled */
	struct request_block requests[BLOCKS];
	struct queue_block queues[BLOCKS];
	struct lyapunov lyapunov;
};

struct recorder {
	struct rec_writer *writer; /* NULL: nothing is kept */
	struct rec_folder folder;
	struct rec_begun begun; /* what was there from before */
	struct rec_kept *kept;  /* NULL: nothing */
	bool requests, series;
	size_t n_runs, runs_begun;
	size_t n_ended; /* otherwise than interrupted */
	size_t width;   /* instances of the run, + 1 */

	pthread_mutex_t lock; /* of the rest */
	size_t n_sinks;       /* open */
	uint32_t *undone;     /* replications that had a sink and no end yet */
	size_t n_undone, cap_undone;
	size_t n_complete; /* replications */
};

static bool ask(struct recorder *r, struct message *m, struct err *err)
{
	return !r->writer || rec_writer_ask(r->writer, m, err);
}

/* Sinks */

static void take_request(
	struct probe_state *s, enum moment m, int64_t at_ns, const struct request_row *row)
{
	struct request_block *b = &s->requests[s->request_i];

	(void)m;
	(void)at_ns;
	memcpy(b->causes[b->msg.n], row->cause_ns, sizeof *b->causes);
	b->rows[b->msg.n] = *row;
	b->rows[b->msg.n].cause_ns = b->causes[b->msg.n];
	b->msg.n++;
	if (b->msg.n < REQUESTS_PER_BLOCK)
		return;
	rec_writer_post(s->r->writer, &b->msg);
	s->request_i = (s->request_i + 1) % BLOCKS;
	b = &s->requests[s->request_i];
	rec_writer_wait(s->r->writer, &b->msg);
	b->msg.n = 0;
}

static void take_sample(struct probe_state *s, const struct queue_sample *sample)
{
	struct queue_block *b = &s->queues[s->queue_i];
	struct series_block *to = &b->s;

	assert(sample->n == to->width);
	lyapunov_next(&s->lyapunov, sample);
	to->t_s[to->n] = s_of_ns(sample->at_ns);
	to->L[to->n] = s->lyapunov.L;
	to->drift[to->n] = s->lyapunov.drift;
	memcpy(to->q + to->n * to->width, sample->q, to->width * sizeof *to->q);
	if (++to->n < to->cap)
		return;
	rec_writer_post(s->r->writer, &b->msg);
	s->queue_i = (s->queue_i + 1) % BLOCKS;
	b = &s->queues[s->queue_i];
	rec_writer_wait(s->r->writer, &b->msg);
	b->s.n = 0;
}

static void request_block_init(struct request_block *b, uint32_t number)
{
	b->rows = mem_zalloc(REQUESTS_PER_BLOCK, sizeof *b->rows);
	b->causes = mem_zalloc(REQUESTS_PER_BLOCK, sizeof *b->causes);
	b->msg = (struct message){.kind = MSG_REQUESTS, .number = number, .requests = b->rows};
}

static void queue_block_init(struct queue_block *b, uint32_t number, size_t width)
{
	size_t cap = series_cap(width);

	b->s = (struct series_block){
		.width = width,
		.cap = cap,
		.t_s = mem_zalloc(cap, sizeof(double)),
		.L = mem_zalloc(cap, sizeof(double)),
		.drift = mem_zalloc(cap, sizeof(double)),
		.q = mem_zalloc(cap * width, sizeof(uint32_t)),
	};
	b->msg = (struct message){.kind = MSG_SERIES, .number = number, .series = &b->s};
}

static void queue_block_finish(struct queue_block *b)
{
	free(b->s.t_s);
	free(b->s.L);
	free(b->s.drift);
	free(b->s.q);
}

static void link_sink(struct recorder *r, uint32_t number)
{
	pthread_mutex_lock(&r->lock);
	r->n_sinks++;
	r->undone = mem_grow(r->undone, r->n_undone, &r->cap_undone, sizeof *r->undone);
	r->undone[r->n_undone++] = number;
	pthread_mutex_unlock(&r->lock);
}

/* What it listens to: requests, series. */
static const struct probe_ops listeners[2][2] = {
	{{.name = "recorder"}, {.name = "recorder", .slot = take_sample}},
	{{.name = "recorder", .moments = 1u << MOMENT_ENDED, .request = take_request},
		{.name = "recorder",
			.moments = 1u << MOMENT_ENDED,
			.request = take_request,
			.slot = take_sample}},
};

const struct probe *recorder_sink_open(struct recorder *r, uint32_t number)
{
	struct message m = {.kind = MSG_SINK_OPEN, .number = number};
	struct probe_state *s = mem_zalloc(1, sizeof *s);
	struct err ignored = {0}; /* told by the next call that can fail */
	size_t i;

	assert(r->runs_begun > 0);
	s->r = r;
	s->number = number;
	s->probe = (struct probe){&listeners[r->requests][r->series], s};
	s->lyapunov = lyapunov_begin();
	for (i = 0; r->requests && i < BLOCKS; i++)
		request_block_init(&s->requests[i], number);
	for (i = 0; r->series && i < BLOCKS; i++)
		queue_block_init(&s->queues[i], number, r->width);
	link_sink(r, number);
	ask(r, &m, &ignored);
	return &s->probe;
}

static void unlink_sink(struct recorder *r)
{
	pthread_mutex_lock(&r->lock);
	r->n_sinks--;
	pthread_mutex_unlock(&r->lock);
}

void recorder_sink_close(const struct probe *sink)
{
	struct probe_state *s = sink ? sink->state : NULL;
	struct message m = {.kind = MSG_SINK_CLOSE};
	struct err ignored = {0};
	size_t i;

	if (!s)
		return;
	if (s->requests[s->request_i].msg.n)
		rec_writer_post(s->r->writer, &s->requests[s->request_i].msg);
	if (s->queues[s->queue_i].s.n)
		rec_writer_post(s->r->writer, &s->queues[s->queue_i].msg);
	m.number = s->number;
	ask(s->r, &m, &ignored); /* behind all blocks, so they are handled too */
	unlink_sink(s->r);
	for (i = 0; i < BLOCKS; i++) {
		free(s->requests[i].rows);
		free(s->requests[i].causes);
		queue_block_finish(&s->queues[i]);
	}
	free(s);
}

/* Runs */

bool recorder_run_begin(struct recorder *r, const struct recorder_run *run, struct err *err)
{
	struct message m = {.kind = MSG_RUN_BEGIN, .run = run};

	assert(r->runs_begun < r->n_runs);
	m.number = (uint32_t)++r->runs_begun;
	r->width = run->scenario->n_instances + 1;
	return ask(r, &m, err);
}

bool recorder_replication(
	struct recorder *r, const struct recorder_replication *rep, struct err *err)
{
	struct message m = {.kind = MSG_REPLICATION, .replication = rep};
	size_t i;

	if (recorder_has(r, rep->number))
		return true;
	pthread_mutex_lock(&r->lock);
	r->n_complete += rep->status == RUN_COMPLETE;
	for (i = 0; i < r->n_undone && r->undone[i] != rep->number; i++)
		;
	if (i < r->n_undone)
		r->undone[i] = r->undone[--r->n_undone];
	pthread_mutex_unlock(&r->lock);
	return ask(r, &m, err);
}

/* The run that began last, if it had begun before. */
static const struct rec_begun_run *begun_before(const struct recorder *r)
{
	return r->runs_begun - 1 < r->begun.n ? &r->begun.runs[r->runs_begun - 1] : NULL;
}

static bool ended_before(const struct recorder *r)
{
	return begun_before(r) && begun_before(r)->ended;
}

bool recorder_has(const struct recorder *r, uint32_t number)
{
	return ended_before(r) || (begun_before(r) && number <= begun_before(r)->kept);
}

size_t recorder_n_kept(const struct recorder *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->begun.n; i++)
		n += r->begun.runs[i].kept;
	return n;
}

bool recorder_kept(
	struct world_result *out, const struct recorder *r, uint32_t number, struct err *err)
{
	const struct rec_begun_run *b = begun_before(r);

	return b && number <= b->kept &&
	       rec_kept_load(out, r->kept, (uint32_t)r->runs_begun, number, err);
}

bool recorder_run_end(struct recorder *r, const struct recorder_end *end, struct err *err)
{
	struct message last = {.kind = MSG_RUN_END, .end = end};
	struct message discard = {.kind = MSG_DISCARD};
	bool ok = true;
	size_t i;

	assert(r->n_sinks == 0);
	for (i = 0; ok && i < r->n_undone && end->status == RUN_COMPLETE; i++) {
		discard.number = r->undone[i];
		ok = ask(r, &discard, err);
	}
	r->n_undone = 0;
	if (ended_before(r)) {
		r->n_ended++;
		return ok;
	}
	r->n_ended += end->status != RUN_INTERRUPTED;
	return ask(r, &last, err) && ok;
}

bool recorder_failed(const struct recorder *r)
{
	return r->writer && rec_writer_failed(r->writer);
}

/* Life */

bool recorder_taken(const char *dir)
{
	return rec_folder_taken(dir);
}

/* Take hold of the folder; *@goes_on: of what it holds already. */
static bool open_folder(
	struct recorder *r, const struct recorder_spec *spec, bool *goes_on, struct err *err)
{
	struct recorder_look seen;

	*goes_on = false;
	if (!spec->resume)
		return rec_folder_open(&r->folder, spec->dir, spec->force, err);
	if (!rec_folder_hold(&r->folder, spec->dir, err))
		return false;
	if (!recorder_look(&seen, spec->dir, spec->resume, err))
		;
	else if (seen.found == RECORDER_WHOLE)
		err_run(err, "%s: another run has just finished this result", spec->dir);
	else if (seen.found == RECORDER_NOTHING && rec_folder_renew(&r->folder, err))
		return true;
	else if (seen.found == RECORDER_UNFINISHED && seen.kept) {
		rec_folder_go_on(&r->folder, seen.beside);
		*goes_on = true;
		return true;
	} else if (rec_folder_begin(&r->folder, err))
		return true;
	rec_folder_close(&r->folder);
	return false;
}

bool recorder_adopt(const char *dir, struct err *err)
{
	struct rec_folder f;
	bool ok;

	if (!rec_folder_hold(&f, dir, err))
		return false;
	rec_folder_go_on(&f, true);
	ok = rec_folder_commit(&f, err);
	rec_folder_close(&f);
	return ok;
}

static bool open_files(struct recorder *r, const struct recorder_spec *spec, struct err *err)
{
	struct recorder_spec here = *spec;
	bool goes_on;

	if (!*spec->dir)
		return err_input(err, "the name of the results folder is empty");
	if (!open_folder(r, spec, &goes_on, err))
		return false;
	here.dir = r->folder.into;
	if (rec_parts_make(here.dir, err) &&
		(!goes_on || rec_resume(&r->begun, &r->kept, here.dir, spec->resume, spec->series,
				     err)) &&
		rec_writer_create(&r->writer, &here, goes_on ? &r->begun : NULL, err))
		return true;
	if (!goes_on)
		rec_folder_discard(&r->folder); /* half a result is none */
	rec_folder_close(&r->folder);
	return false;
}

static void recorder_free(struct recorder *r)
{
	rec_begun_finish(&r->begun);
	rec_kept_close(r->kept);
	free(r->undone);
	free(r);
}

bool recorder_open(struct recorder **out, const struct recorder_spec *spec, struct err *err)
{
	struct recorder *r = mem_zalloc(1, sizeof *r);

	*out = NULL;
	if (spec->dir && !open_files(r, spec, err)) {
		recorder_free(r);
		return false;
	}
	r->requests = r->writer && spec->requests;
	r->series = r->writer && spec->series;
	r->n_runs = spec->n_runs;
	pthread_mutex_init(&r->lock, NULL);
	*out = r;
	return true;
}

/* What becomes of the files, now that they are closed; @ok: nothing went wrong with them. */
static bool settle(struct recorder *r, bool ok, struct recorder_place *place, struct err *err)
{
	const bool whole = ok && r->n_ended == r->n_runs;

	if (!r->kept &&
		(r->runs_begun == 0 || (r->folder.replaces && !whole && r->n_complete == 0))) {
		place->none = true;
		rec_folder_discard(&r->folder);
		return true;
	}
	if (!r->folder.replaces)
		return true;
	place->beside = !whole || place->in_use || !rec_folder_commit(&r->folder, err);
	return err->kind == ERR_NONE;
}

static bool close_files(struct recorder *r, struct recorder_place *place, struct err *err)
{
	struct err moving = {0};
	bool ok = rec_writer_destroy(r->writer, r->n_ended == r->n_runs, &place->in_use, err);

	if (!settle(r, ok, place, &moving) && ok) {
		ok = false;
		*err = moving;
	}
	rec_folder_close(&r->folder);
	return ok;
}

bool recorder_close(struct recorder *r, struct recorder_place *place, struct err *err)
{
	bool ok;

	*place = (struct recorder_place){0};
	if (!r)
		return true;
	assert(r->n_sinks == 0);
	ok = !r->writer || close_files(r, place, err);
	pthread_mutex_destroy(&r->lock);
	recorder_free(r);
	return ok;
}
