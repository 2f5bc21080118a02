/* The queue of a recorder and the thread behind it. */
#include "io/record/writer.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/record/parts.h"

enum { BACKENDS = 3 };

/* Series first: what the tables call complete is then on disk. What makes it one that can be gone
 * on with last: while it is there the others are not closed. */
static const struct rec_ops *const backend_ops[BACKENDS] = {&rec_hdf5, &rec_sqlite, &rec_finished};

struct rec_writer {
	struct recorder_spec spec;
	const struct rec_begun *begun; /* while opening */
	pthread_t thread;
	pthread_mutex_t lock; /* of the queue, pending in all messages, @err */
	pthread_cond_t posted, handled;
	struct message *first, **last;
	struct err err;     /* the first failure */
	atomic_bool failed; /* whether there is one, for those who do not hold the lock */

	struct rec_backend *backends[BACKENDS]; /* the thread's own */
};

/* The thread */

static bool backend_wanted(const struct rec_writer *w, size_t i)
{
	return backend_ops[i] != &rec_hdf5 || w->spec.series;
}

static bool backend_open(struct rec_writer *w, size_t i, struct err *err)
{
	char *path;
	bool ok;

	if (!backend_wanted(w, i))
		return true;
	path = rec_path(w->spec.dir, backend_ops[i]->file);
	ok = backend_ops[i]->open(&w->backends[i], path,
		&(struct rec_opening){.spec = &w->spec, .begun = w->begun}, err);
	free(path);
	return ok;
}

static bool backend_close(
	struct rec_writer *w, size_t i, const struct rec_closing *asked, struct err *err)
{
	struct rec_closing c = *asked;
	struct rec_backend *b = w->backends[i];

	w->backends[i] = NULL;
	c.whole = c.whole && err->kind == ERR_NONE && !atomic_load(&w->failed);
	return !b || backend_ops[i]->close(b, &c, err);
}

static bool backend_handle(struct rec_writer *w, size_t i, const struct message *m, struct err *err)
{
	const struct rec_ops *o = backend_ops[i];
	struct rec_backend *b = w->backends[i];

	if (m->kind == MSG_OPEN)
		return backend_open(w, i, err);
	if (m->kind == MSG_CLOSE)
		return backend_close(w, i, m->closing, err);
	if (!b)
		return true;
	switch (m->kind) {
	case MSG_RUN_BEGIN:
		return !o->run_begin || o->run_begin(b, m->number, m->run, err);
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
		return !o->run_end || o->run_end(b, m->end, err);
	default:
		return true;
	}
}

/* After a failure nothing but closing is tried. */
static void handle(struct rec_writer *w, const struct message *m)
{
	struct err err = {0};
	bool ok = true;
	size_t i;

	for (i = 0; i < BACKENDS; i++)
		if (m->kind == MSG_CLOSE || (ok && !atomic_load(&w->failed)))
			ok = backend_handle(w, i, m, &err) && ok;
	if (ok)
		return;
	pthread_mutex_lock(&w->lock);
	if (w->err.kind == ERR_NONE)
		w->err = err;
	atomic_store(&w->failed, true);
	if (w->spec.stop)
		atomic_store(w->spec.stop, true);
	pthread_mutex_unlock(&w->lock);
}

static struct message *take(struct rec_writer *w)
{
	struct message *m;

	pthread_mutex_lock(&w->lock);
	while (!w->first)
		pthread_cond_wait(&w->posted, &w->lock);
	m = w->first;
	w->first = m->next;
	if (!w->first)
		w->last = &w->first;
	pthread_mutex_unlock(&w->lock);
	return m;
}

static void *write_all(void *arg)
{
	struct rec_writer *w = arg;
	enum message_kind kind;
	struct message *m;

	do {
		m = take(w);
		kind = m->kind;
		handle(w, m);
		pthread_mutex_lock(&w->lock);
		m->pending = false; /* from here on it is its owner's again */
		pthread_cond_broadcast(&w->handled);
		pthread_mutex_unlock(&w->lock);
	} while (kind != MSG_CLOSE);
	return NULL;
}

/* The askers */

void rec_writer_post(struct rec_writer *w, struct message *m)
{
	pthread_mutex_lock(&w->lock);
	m->pending = true;
	m->next = NULL;
	*w->last = m;
	w->last = &m->next;
	pthread_cond_signal(&w->posted);
	pthread_mutex_unlock(&w->lock);
}

void rec_writer_wait(struct rec_writer *w, const struct message *m)
{
	pthread_mutex_lock(&w->lock);
	while (m->pending)
		pthread_cond_wait(&w->handled, &w->lock);
	pthread_mutex_unlock(&w->lock);
}

bool rec_writer_ask(struct rec_writer *w, struct message *m, struct err *err)
{
	rec_writer_post(w, m);
	rec_writer_wait(w, m);
	if (!atomic_load(&w->failed))
		return true;
	if (err->kind == ERR_NONE)
		*err = w->err; /* not written again once failed is set */
	return false;
}

bool rec_writer_failed(const struct rec_writer *w)
{
	return atomic_load(&w->failed);
}

/* Life */

/* Signals go to the threads that asked for them. */
static bool start(struct rec_writer *w, struct err *err)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&w->thread, NULL, write_all, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc == 0 || err_run(err, "cannot start the writer thread: %s", strerror(rc));
}

static void writer_free(struct rec_writer *w)
{
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->posted);
	pthread_cond_destroy(&w->handled);
	free(w);
}

bool rec_writer_create(struct rec_writer **out, const struct recorder_spec *spec,
	const struct rec_begun *begun, struct err *err)
{
	struct rec_writer *w = mem_zalloc(1, sizeof *w);
	struct message open = {.kind = MSG_OPEN};
	struct err ignored = {0};
	bool in_use;

	*out = NULL;
	w->spec = *spec;
	w->begun = begun;
	w->last = &w->first;
	atomic_init(&w->failed, false);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->posted, NULL);
	pthread_cond_init(&w->handled, NULL);
	if (!start(w, err)) {
		writer_free(w);
		return false;
	}
	if (!rec_writer_ask(w, &open, err)) {
		(void)!rec_writer_destroy(w, false, &in_use, &ignored);
		return false;
	}
	*out = w;
	return true;
}

bool rec_writer_destroy(struct rec_writer *w, bool whole, bool *in_use, struct err *err)
{
	const struct rec_closing closing = {.whole = whole, .in_use = in_use};
	struct message close = {.kind = MSG_CLOSE, .closing = &closing};
	bool ok;

	*in_use = false;
	ok = rec_writer_ask(w, &close, err);
	pthread_join(w->thread, NULL);
	writer_free(w);
	return ok;
}
