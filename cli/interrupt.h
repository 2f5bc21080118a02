#ifndef OFFING_CLI_INTERRUPT_H
#define OFFING_CLI_INTERRUPT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/err.h"

/**
 * Ctrl-C (SIGINT), SIGTERM, and SIGHUP unless it is ignored, as nohup does. The
 * first sets @stop: the run ends where it is, writes what it has and says so; when
 * that takes longer than a second, a line says that it was heard. The second ends
 * the process at once.
 *
 * The signals are blocked and read from a signalfd by a thread of its own, so
 * that no handler touches anything.
 */
struct interrupt {
	atomic_bool stop;
	int signal_fd, end_fd;
	pthread_t thread;
};

/** Call before any other thread is started: they inherit the mask. */
MUST_CHECK bool interrupt_init(struct interrupt *i, struct err *err);
void interrupt_finish(struct interrupt *i);

#endif
