#include "cli/interrupt.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { EXIT_INTERRUPTED = 130 };

static void signals_of(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
}

static void *watch(void *arg)
{
	struct interrupt *i = arg;
	struct pollfd fds[2] = {
		{.fd = i->signal_fd, .events = POLLIN}, {.fd = i->end_fd, .events = POLLIN}};
	struct signalfd_siginfo info;

	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return NULL;
		if (fds[1].revents)
			return NULL;
		if (!fds[0].revents || read(i->signal_fd, &info, sizeof info) != sizeof info)
			continue;
		if (atomic_exchange(&i->stop, true))
			_exit(EXIT_INTERRUPTED);
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
