/* The recorder: a queue in front of one thread that writes, and the sinks that fill it. */
#include "io/recorder.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/rec_backend.h"

enum { BACKENDS = 2, BLOCKS = 2, REQUESTS_PER_BLOCK = 4096 };

/* The order matters: a sample counts as soon as its series are on disk. */
static const struct rec_ops *const backend_ops[BACKENDS] = {&rec_hdf5, &rec_sqlite};

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

/* What a thread asks of the writer; the asker owns it and keeps it until it is handled. */
struct message {
	struct message *next;
	enum message_kind kind;
	bool pending;
	uint32_t number; /* of the replication */
	size_t n;        /* rows */
	union {
		const struct recorder_run *run;
		const struct request_row *requests;
		const struct series_block *series;
		const struct recorder_replication *replication;
		const struct summary_row *summary;
	};
	const char *status;
	double wall_s;
};

struct request_block {
	struct message msg;
	struct request_row *rows;
};

struct queue_block {
	struct message msg;
	struct series_block s;
};

/* One block is filled while the other is written. */
struct sink_state {
	struct record_sink sink;
	struct recorder *r;
	struct sink_state *next; /* those open */
	uint32_t number;
	size_t request_i, queue_i; /* the block being filled */
	struct request_block requests[BLOCKS];
	struct queue_block queues[BLOCKS];
};

struct recorder {
	struct recorder_spec spec;
	char *dir;

	pthread_t writer;
	pthread_mutex_t lock; /* of the queue, @err, the lists below */
	pthread_cond_t posted, handled;
	struct message *first, **last;
	struct err err;     /* the first failure */
	atomic_bool failed; /* whether there is one, for those who do not hold the lock */

	struct sink_state *sinks;
	uint32_t *undone; /* replications that had a sink and no end yet */
	size_t n_undone, cap_undone;
	uint32_t n_runs;
	size_t width; /* instances of the run, + 1 */

	struct rec_backend *backends[BACKENDS]; /* the writer's own */
};

/* The writer */

static bool backend_wanted(const struct recorder *r, size_t i)
{
	return r->dir && (backend_ops[i] != &rec_hdf5 || r->spec.series);
}

static bool backend_open(struct recorder *r, size_t i, struct err *err)
{
	char *path = NULL;
	bool ok;

	if (!backend_wanted(r, i))
		return true;
	path = mem_zalloc(strlen(r->dir) + strlen(backend_ops[i]->file) + 2, 1);
	strcat(strcat(strcpy(path, r->dir), "/"), backend_ops[i]->file);
	ok = backend_ops[i]->open(&r->backends[i], path, &r->spec, err);
	free(path);
	return ok;
}

static bool backend_close(struct recorder *r, size_t i, struct err *err)
{
	struct rec_backend *b = r->backends[i];

	r->backends[i] = NULL;
	return !b || backend_ops[i]->close(b, err);
}

static bool backend_handle(struct recorder *r, size_t i, const struct message *m, struct err *err)
{
	const struct rec_ops *o = backend_ops[i];
	struct rec_backend *b = r->backends[i];

	if (m->kind == MSG_OPEN)
		return backend_open(r, i, err);
	if (m->kind == MSG_CLOSE)
		return backend_close(r, i, err);
	if (!b)
		return true;
	switch (m->kind) {
	case MSG_RUN_BEGIN:
		return !o->run_begin || o->run_begin(b, r->n_runs, m->run, err);
	case MSG_SINK_OPEN:
		return !o->sink_open || o->sink_open(b, m->number, err);
	case MSG_REQUESTS:
		return !o->requests || o->requests(b, m->number, m->requests, m->n, err);
	case MSG_SERIES:
		return !o->series || o->series(b, m->number, m->series, err);
	case MSG_SINK_CLOSE:
		return !o->sink_close || o->sink_close(b, m->number, err);
	case MSG_REPLICATION:
		return !o->replication || o->replication(b, m->replication, err);
	case MSG_DISCARD:
		return !o->discard || o->discard(b, m->number, err);
	case MSG_RUN_END:
		return !o->run_end || o->run_end(b, m->status, m->wall_s, m->summary, m->n, err);
	default:
		return true;
	}
}

/* After a failure nothing but closing is tried. */
static void handle(struct recorder *r, const struct message *m)
{
	struct err err = {0};
	bool ok = true;
	size_t i;

	for (i = 0; i < BACKENDS; i++)
		if (m->kind == MSG_CLOSE || (ok && !atomic_load(&r->failed)))
			ok = backend_handle(r, i, m, &err) && ok;
	if (ok)
		return;
	pthread_mutex_lock(&r->lock);
	if (r->err.kind == ERR_NONE)
		r->err = err;
	atomic_store(&r->failed, true);
	pthread_mutex_unlock(&r->lock);
}

static struct message *take(struct recorder *r)
{
	struct message *m;

	pthread_mutex_lock(&r->lock);
	while (!r->first)
		pthread_cond_wait(&r->posted, &r->lock);
	m = r->first;
	r->first = m->next;
	if (!r->first)
		r->last = &r->first;
	pthread_mutex_unlock(&r->lock);
	return m;
}

static void *write_all(void *arg)
{
	struct recorder *r = arg;
	enum message_kind kind;
	struct message *m;

	do {
		m = take(r);
		kind = m->kind;
		handle(r, m);
		pthread_mutex_lock(&r->lock);
		m->pending = false; /* from here on it is its owner's again */
		pthread_cond_broadcast(&r->handled);
		pthread_mutex_unlock(&r->lock);
	} while (kind != MSG_CLOSE);
	return NULL;
}

/* The askers */

static void post(struct recorder *r, struct message *m)
{
	pthread_mutex_lock(&r->lock);
	m->pending = true;
	m->next = NULL;
	*r->last = m;
	r->last = &m->next;
	pthread_cond_signal(&r->posted);
	pthread_mutex_unlock(&r->lock);
}

static void wait_for(struct recorder *r, const struct message *m)
{
	pthread_mutex_lock(&r->lock);
	while (m->pending)
		pthread_cond_wait(&r->handled, &r->lock);
	pthread_mutex_unlock(&r->lock);
}

static bool answer(struct recorder *r, struct err *err)
{
	if (!atomic_load(&r->failed))
		return true;
	if (err->kind == ERR_NONE)
		*err = r->err; /* not written again once failed is set */
	return false;
}

static bool ask(struct recorder *r, struct message *m, struct err *err)
{
	post(r, m);
	wait_for(r, m);
	return answer(r, err);
}

/* Sinks */

static void take_request(struct record_sink *sink, const struct request_row *row)
{
	struct sink_state *s = sink->state;
	struct request_block *b = &s->requests[s->request_i];

	b->rows[b->msg.n++] = *row;
	if (b->msg.n < REQUESTS_PER_BLOCK)
		return;
	post(s->r, &b->msg);
	s->request_i = (s->request_i + 1) % BLOCKS;
	b = &s->requests[s->request_i];
	wait_for(s->r, &b->msg);
	b->msg.n = 0;
}

static void take_sample(struct record_sink *sink, const struct queue_sample *sample)
{
	struct sink_state *s = sink->state;
	struct queue_block *b = &s->queues[s->queue_i];
	struct series_block *to = &b->s;

	assert(sample->n == to->width);
	to->t_s[to->n] = sample->t_s;
	to->L[to->n] = sample->L;
	to->drift[to->n] = sample->drift;
	memcpy(to->q + to->n * to->width, sample->q, to->width * sizeof *to->q);
	if (++to->n < to->cap)
		return;
	post(s->r, &b->msg);
	s->queue_i = (s->queue_i + 1) % BLOCKS;
	b = &s->queues[s->queue_i];
	wait_for(s->r, &b->msg);
	b->s.n = 0;
}

static void request_block_init(struct request_block *b, uint32_t number)
{
	b->rows = mem_zalloc(REQUESTS_PER_BLOCK, sizeof *b->rows);
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

static void link_sink(struct recorder *r, struct sink_state *s)
{
	pthread_mutex_lock(&r->lock);
	s->next = r->sinks;
	r->sinks = s;
	r->undone = mem_grow(r->undone, r->n_undone, &r->cap_undone, sizeof *r->undone);
	r->undone[r->n_undone++] = s->number;
	pthread_mutex_unlock(&r->lock);
}

struct record_sink *recorder_sink_open(struct recorder *r, uint32_t number)
{
	struct message m = {.kind = MSG_SINK_OPEN, .number = number};
	struct sink_state *s = mem_zalloc(1, sizeof *s);
	struct err ignored = {0}; /* told by the next call that can fail */
	size_t i;

	assert(r->n_runs > 0);
	s->r = r;
	s->number = number;
	s->sink.state = s;
	if (r->dir && r->spec.requests) {
		s->sink.request = take_request;
		for (i = 0; i < BLOCKS; i++)
			request_block_init(&s->requests[i], number);
	}
	if (r->dir && r->spec.series) {
		s->sink.queues = take_sample;
		for (i = 0; i < BLOCKS; i++)
			queue_block_init(&s->queues[i], number, r->width);
	}
	link_sink(r, s);
	ask(r, &m, &ignored);
	return &s->sink;
}

static void unlink_sink(struct sink_state *s)
{
	struct sink_state **p;

	pthread_mutex_lock(&s->r->lock);
	for (p = &s->r->sinks; *p != s; p = &(*p)->next)
		;
	*p = s->next;
	pthread_mutex_unlock(&s->r->lock);
}

void recorder_sink_close(struct record_sink *sink)
{
	struct sink_state *s = sink ? sink->state : NULL;
	struct message m = {.kind = MSG_SINK_CLOSE};
	struct err ignored = {0};
	size_t i;

	if (!s)
		return;
	if (s->requests[s->request_i].msg.n)
		post(s->r, &s->requests[s->request_i].msg);
	if (s->queues[s->queue_i].s.n)
		post(s->r, &s->queues[s->queue_i].msg);
	m.number = s->number;
	ask(s->r, &m, &ignored); /* behind all blocks, so they are handled too */
	unlink_sink(s);
	for (i = 0; i < BLOCKS; i++) {
		free(s->requests[i].rows);
		queue_block_finish(&s->queues[i]);
	}
	free(s);
}

/* Runs */

bool recorder_run_begin(struct recorder *r, const struct recorder_run *run, struct err *err)
{
	struct message m = {.kind = MSG_RUN_BEGIN, .run = run};

	r->n_runs++;
	assert(r->n_runs <= r->spec.n_runs);
	r->width = run->scenario->n_instances + 1;
	return ask(r, &m, err);
}

bool recorder_replication(
	struct recorder *r, const struct recorder_replication *rep, struct err *err)
{
	struct message m = {.kind = MSG_REPLICATION, .replication = rep};
	size_t i;

	pthread_mutex_lock(&r->lock);
	for (i = 0; i < r->n_undone && r->undone[i] != rep->number; i++)
		;
	if (i < r->n_undone)
		r->undone[i] = r->undone[--r->n_undone];
	pthread_mutex_unlock(&r->lock);
	return ask(r, &m, err);
}

bool recorder_run_end(struct recorder *r, const char *status, double wall_s,
	const struct summary_row *rows, size_t n_rows, struct err *err)
{
	struct message end = {.kind = MSG_RUN_END, .n = n_rows, .summary = rows};
	struct message discard = {.kind = MSG_DISCARD};
	bool ok = true;
	size_t i;

	assert(!r->sinks);
	for (i = 0; ok && i < r->n_undone && strcmp(status, "complete") == 0; i++) {
		discard.number = r->undone[i];
		ok = ask(r, &discard, err);
	}
	r->n_undone = 0;
	end.status = status;
	end.wall_s = wall_s;
	return ask(r, &end, err) && ok;
}

bool recorder_failed(const struct recorder *r)
{
	return atomic_load(&r->failed);
}

/* The folder */

static bool make_dirs(const char *dir, struct err *err)
{
	char *path = mem_strdup(dir), *p;
	bool ok = true;
	struct stat st;

	for (p = path + 1; ok && *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		ok = mkdir(path, 0777) == 0 || errno == EEXIST;
		*p = '/';
	}
	ok = ok && (mkdir(path, 0777) == 0 || errno == EEXIST);
	if (ok && stat(path, &st) == 0 && !S_ISDIR(st.st_mode)) {
		errno = ENOTDIR;
		ok = false;
	}
	if (!ok)
		err_run(err, "cannot make the folder %s: %s", dir, strerror(errno));
	free(path);
	return ok;
}

/* What @dir holds of a result: with @remove it is taken away. */
static bool find_result(const char *dir, bool remove)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
	bool found = false;
	char path[4096];
	size_t i, k;

	for (i = 0; i < BACKENDS; i++) {
		for (k = 0; k < sizeof suffixes / sizeof *suffixes; k++) {
			snprintf(path, sizeof path, "%s/%s%s", dir, backend_ops[i]->file,
				suffixes[k]);
			found = access(path, F_OK) == 0 || found;
			if (remove)
				unlink(path); /* what stays makes open() fail, which says why */
		}
	}
	return found;
}

bool recorder_taken(const char *dir)
{
	return find_result(dir, false);
}

static bool prepare_dir(const struct recorder_spec *spec, struct err *err)
{
	if (!spec->dir)
		return true;
	if (!*spec->dir)
		return err_input(err, "the name of the results folder is empty");
	if (strlen(spec->dir) > 4000)
		return err_input(err, "the name of the results folder is too long");
	if (!spec->force && recorder_taken(spec->dir))
		return err_input(err, "%s already holds a result; --force replaces it", spec->dir);
	if (!make_dirs(spec->dir, err))
		return false;
	find_result(spec->dir, true);
	return true;
}

/* Signals go to the threads that asked for them. */
static bool start_writer(struct recorder *r, struct err *err)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&r->writer, NULL, write_all, r);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc == 0 || err_run(err, "cannot start the writer thread: %s", strerror(rc));
}

static void recorder_free(struct recorder *r)
{
	pthread_mutex_destroy(&r->lock);
	pthread_cond_destroy(&r->posted);
	pthread_cond_destroy(&r->handled);
	free(r->undone);
	free(r->dir);
	free(r);
}

bool recorder_open(struct recorder **out, const struct recorder_spec *spec, struct err *err)
{
	struct message m = {.kind = MSG_OPEN};
	struct err ignored = {0};
	struct recorder *r;

	*out = NULL;
	if (!prepare_dir(spec, err))
		return false;
	r = mem_zalloc(1, sizeof *r);
	r->spec = *spec;
	r->dir = spec->dir ? mem_strdup(spec->dir) : NULL;
	r->spec.dir = r->dir;
	r->last = &r->first;
	atomic_init(&r->failed, false);
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->posted, NULL);
	pthread_cond_init(&r->handled, NULL);
	if (!start_writer(r, err)) {
		recorder_free(r);
		return false;
	}
	if (!ask(r, &m, err)) {
		(void)!recorder_close(r, &ignored);
		if (spec->dir)
			find_result(spec->dir, true); /* half a result is none */
		return false;
	}
	*out = r;
	return true;
}

bool recorder_close(struct recorder *r, struct err *err)
{
	struct message m = {.kind = MSG_CLOSE};
	bool ok;

	if (!r)
		return true;
	assert(!r->sinks);
	ok = ask(r, &m, err);
	pthread_join(r->writer, NULL);
	recorder_free(r);
	return ok;
}
