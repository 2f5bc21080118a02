#ifndef OFFING_TESTS_ABORTS_H
#define OFFING_TESTS_ABORTS_H

#include <stdbool.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/** Does @fn end in abort(), as a failed assert does? Tried in a child, its stderr thrown away. */
static inline bool aborts(void (*fn)(void))
{
	const pid_t child = fork();
	int status;

	if (child == 0) {
		if (!freopen("/dev/null", "w", stderr))
			_exit(2);
		fn();
		_exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return false;
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

#endif
