#ifndef OFFING_MODELS_OFFLOAD_GUARD_H
#define OFFING_MODELS_OFFLOAD_GUARD_H

#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/err.h"

/**
 * Holds calls into code of others (a policy): one that crashes, does not return, or asks for what
 * there is not ends what was begun with guard_arm(), and says so, instead of the program:
 *
 *	guard_arm(g);
 *	if (GUARD_HOLDS(g)) {
 *		guard_enter(g, "next");
 *		...
 *		guard_leave(g);
 *		guard_disarm(g);
 *	} else {
 *		... guard_why(g)
 *	}
 *
 * What was under way at the jump is left as it was: only free it. Crashes and calls without end
 * are caught where guard_install() was called before, as the program does; a view that refuses
 * jumps everywhere. A guard belongs to the thread that arms it. guard_enter() and guard_leave()
 * are three stores; guard_arm() and guard_disarm() some system calls.
 */
enum guard_end {
	GUARD_RUNS,
	GUARD_CRASHED,
	GUARD_HUNG,
	GUARD_REFUSED, /* by guard_refuse() */
	GUARD_STOPPED, /* it did not return either when asked to stop */
};

enum { GUARD_WHY = 120, GUARD_STACK = 65536 };

struct guard {
	uint64_t magic;          /* first: signal handlers find the guard below their stack */
	const char *who;         /* "policy" */
	const char *name;        /* borrowed */
	double patience_s;       /* for one call */
	const atomic_bool *stop; /* NULL, or set by another thread */

	sigjmp_buf back;
	bool holds;                    /* between arm and disarm */
	const char *volatile function; /* the call under way; NULL: none */
	const char *volatile broke;    /* the call that came to nothing */
	volatile uint64_t calls;
	volatile enum guard_end end;
	volatile int signal;
	char why[GUARD_WHY];

	bool catches;  /* crashes, and calls without end */
	uint64_t seen; /* calls at the last tick */
	unsigned ticks;
	timer_t timer;
	stack_t before;          /* the thread's own */
	char stack[GUARD_STACK]; /* handlers run on the upper part of all this */
};

/** Catch crashes and have the time of calls kept, from now on, in the whole process. */
void guard_install(void);

/** Free with guard_destroy(), which takes NULL. */
struct guard *guard_create(
	const char *who, const char *name, double patience_s, const atomic_bool *stop);
void guard_destroy(struct guard *g);

void guard_arm(struct guard *g);
void guard_disarm(struct guard *g);

/** True at first; false when something went wrong since. Alone in the condition of an if. */
#define GUARD_HOLDS(g) (sigsetjmp((g)->back, 1) == 0)

static inline void guard_enter(struct guard *g, const char *function)
{
	g->calls++;
	g->function = function;
}

static inline void guard_leave(struct guard *g)
{
	g->function = NULL;
}

/** From within a call: it asked for what there is not. @fmt follows its name. */
void guard_refuse(struct guard *g, const char *fmt, ...) __attribute__((noreturn))
PRINTF_LIKE(2, 3);

/** What it did, to follow its name: "crashed in next() (Segmentation fault)"; NULL when it was
 *  stopped, which is nobody's fault. */
const char *guard_why(struct guard *g);

#endif
