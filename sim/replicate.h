#ifndef OFFING_SIM_REPLICATE_H
#define OFFING_SIM_REPLICATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/**
 * Run independent jobs 0 .. n-1 (replications) on several threads and hand over
 * their results one by one in order of number, on the calling thread: what is written, where
 * it ends and which error is reported do not depend on the number of threads.
 */

struct replicate_work; /* named here, defined by the caller */

enum replicate_next {
	REPLICATE_MORE,   /* go on */
	REPLICATE_ENOUGH, /* this was the last one needed */
	REPLICATE_FAILED, /* @err says why */
};

struct replicate_ops {
	/** Do job @number, on any thread, at the same time as others: touch nothing they
	 *  touch. On false @err says why; the error of the least number is reported. */
	bool (*run)(struct replicate_work *w, size_t number, struct err *err);
	/** Take the result of @number, in the order 0, 1, 2, ..., on the calling thread.
	 *  Later jobs may be running, and may have run in vain after REPLICATE_ENOUGH. */
	enum replicate_next (*done)(struct replicate_work *w, size_t number, struct err *err);
};

/**
 * Run @n jobs on @n_threads (0 or 1: all on the calling thread). No job starts once *@stop
 * (may be NULL) is true; those before the first that did not start are still handed over,
 * and it is up to run() to cut itself short. A job starts at most 2 x @n_threads ahead of
 * the last one handed over, so results do not pile up. *@n_done = results handed over.
 * True unless a job, done() or a thread's creation failed; stopping is no failure.
 */
MUST_CHECK bool replicate_run(const struct replicate_ops *ops, struct replicate_work *w, size_t n,
	size_t n_threads, const atomic_bool *stop, size_t *n_done, struct err *err);

#endif
