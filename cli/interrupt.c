#include "cli/interrupt.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { EXIT_INTERRUPTED = 130, PATIENCE_MS = 1000 };

static void signals_of(sigset_t *set)
{
	struct sigaction hangup;

	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN)
		sigaddset(set, SIGHUP);
}

static void *watch(void *arg)
{
	struct interrupt *i = arg;
	struct pollfd fds[2] = {
		{.fd = i->signal_fd, .events = POLLIN}, {.fd = i->end_fd, .events = POLLIN}};
	struct signalfd_siginfo info;
	int n, patience_ms = -1;
	bool again = false;

	for (;;) {
		n = poll(fds, 2, patience_ms);
		if ((n < 0 && errno != EINTR) || (n > 0 && fds[1].revents))
			return NULL;
		if (n == 0) {
			fputs("offing: stopping; once more ends it at once\n", stderr);
			patience_ms = -1;
		}
		if (n <= 0 || !fds[0].revents ||
			read(i->signal_fd, &info, sizeof info) != sizeof info)
			continue;
		if (again)
			_exit(EXIT_INTERRUPTED);
		again = true;
		atomic_store(&i->stop, true);
		patience_ms = PATIENCE_MS;
	}
}

bool interrupt_init(struct interrupt *i, struct err *err)
{
	sigset_t set;
	int failed;

	atomic_init(&i->stop, false);
	signals_of(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	i->signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
	i->end_fd = eventfd(0, EFD_CLOEXEC);
	if (i->signal_fd < 0 || i->end_fd < 0)
		return err_run(err, "cannot watch for Ctrl-C: %s", strerror(errno));
	failed = pthread_create(&i->thread, NULL, watch, i);
	if (failed)
		return err_run(err, "cannot start a thread: %s", strerror(failed));
	return true;
}

void interrupt_finish(struct interrupt *i)
{
	const uint64_t one = 1;
	sigset_t set;

	if (write(i->end_fd, &one, sizeof one) == sizeof one)
		pthread_join(i->thread, NULL);
	close(i->signal_fd);
	close(i->end_fd);
	signals_of(&set);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}
