#include "models/offload/guard.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/mem.h"

enum { TICK = SIGVTALRM, TICKS_PER_S = 4, TICKS_TO_STOP = 2, TICKS_TO_END = 20 };

static const uint64_t MAGIC = UINT64_C(0x6f6666696e672131);

static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
enum { CRASHES = sizeof crashes / sizeof *crashes };

static void go_back(struct guard *g, enum guard_end end, int signal)
{
	g->end = end;
	g->signal = signal;
	g->broke = g->function;
	g->function = NULL;
	g->ticks = 0;
	siglongjmp(g->back, 1);
}

/** The memory it left behind lets nobody go on, say with a lock of malloc() held. */
static void die(const struct guard *g)
{
	static const char
		begin[] = "offing: error: ",
		end[] = ", and left the program in no state to go on; what was finished is kept\n";

	(void)!write(STDERR_FILENO, begin, sizeof begin - 1);
	(void)!write(STDERR_FILENO, g->who, strlen(g->who));
	(void)!write(STDERR_FILENO, " '", 2);
	(void)!write(STDERR_FILENO, g->name, strlen(g->name));
	(void)!write(STDERR_FILENO, "' ", 2);
	(void)!write(STDERR_FILENO, g->why, strlen(g->why));
	(void)!write(STDERR_FILENO, end, sizeof end - 1);
	_exit(EXIT_FAILURE);
}

/** Ticks are counted, not seconds: a process that is stopped and goes on gets one. */
static void tick(struct guard *g)
{
	if (g->end != GUARD_RUNS) {
		if (++g->ticks > TICKS_TO_END)
			die(g);
		return;
	}
	if (!g->function || g->calls != g->seen) {
		g->seen = g->calls;
		g->ticks = 0;
		return;
	}
	g->ticks++;
	if (g->stop && atomic_load(g->stop) && g->ticks >= TICKS_TO_STOP)
		go_back(g, GUARD_STOPPED, 0);
	if (g->ticks >= g->patience_s * TICKS_PER_S)
		go_back(g, GUARD_HUNG, 0);
}

static void on_signal(int signal, siginfo_t *info, void *context)
{
	const ucontext_t *uc = context;
	struct guard *g = uc->uc_stack.ss_sp;
	bool ours = g && g->magic == MAGIC;

	(void)info;
	if (signal == TICK) {
		if (ours)
			tick(g);
		return;
	}
	if (ours && g->function)
		go_back(g, GUARD_CRASHED, signal);
	sigaction(signal, &(struct sigaction){.sa_handler = SIG_DFL}, NULL); /* as ever */
}

void guard_install(void)
{
	struct sigaction a = {
		.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};

	for (size_t i = 0; i < CRASHES; i++)
		sigaction(crashes[i], &a, NULL);
	sigaction(TICK, &a, NULL);
}

static bool installed(void)
{
	struct sigaction a;

	return sigaction(TICK, NULL, &a) == 0 && a.sa_flags & SA_SIGINFO &&
	       a.sa_sigaction == on_signal;
}

struct guard *guard_create(
	const char *who, const char *name, double patience_s, const atomic_bool *stop)
{
	struct guard *g = mem_zalloc(1, sizeof *g);

	g->magic = MAGIC;
	g->who = who;
	g->name = name;
	g->patience_s = patience_s;
	g->stop = stop;
	return g;
}

void guard_destroy(struct guard *g)
{
	if (!g)
		return;
	guard_disarm(g);
	g->magic = 0;
	free(g);
}

void guard_arm(struct guard *g)
{
	const struct itimerspec each = {.it_value = {.tv_nsec = 1000000000 / TICKS_PER_S},
		.it_interval = {.tv_nsec = 1000000000 / TICKS_PER_S}};
	struct sigevent ev = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = TICK};

	g->end = GUARD_RUNS;
	g->function = NULL;
	g->holds = true;
	if (g->catches || !installed())
		return;
	ev._sigev_un._tid = gettid();
	sigaltstack(&(stack_t){.ss_sp = g, .ss_size = sizeof *g}, &g->before);
	g->catches = timer_create(CLOCK_MONOTONIC, &ev, &g->timer) == 0;
	if (g->catches)
		timer_settime(g->timer, 0, &each, NULL);
	else
		sigaltstack(&g->before, NULL);
}

void guard_disarm(struct guard *g)
{
	g->holds = false;
	if (!g->catches)
		return;
	g->catches = false;
	timer_delete(g->timer);
	sigaltstack(&g->before, NULL);
}

void guard_refuse(struct guard *g, const char *fmt, ...)
{
	va_list ap;

	assert(g->holds);
	va_start(ap, fmt);
	vsnprintf(g->why, sizeof g->why, fmt, ap);
	va_end(ap);
	go_back(g, GUARD_REFUSED, 0);
	abort(); /* not reached */
}

const char *guard_why(struct guard *g)
{
	switch (g->end) {
	case GUARD_CRASHED:
		snprintf(g->why, sizeof g->why, "crashed in %s() (%s)", g->broke,
			strsignal(g->signal));
		return g->why;
	case GUARD_HUNG:
		snprintf(g->why, sizeof g->why, "did not return from %s() within %g s", g->broke,
			g->patience_s);
		return g->why;
	case GUARD_REFUSED:
		return g->why;
	case GUARD_STOPPED:
	case GUARD_RUNS:
		break;
	}
	return NULL;
}
