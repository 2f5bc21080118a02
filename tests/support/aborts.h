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

/** The status that @fn exits with, its stderr thrown away; -1: it is ended in another way. */
static inline int exit_status(void (*fn)(void))
{
	const pid_t child = fork();
	int status;

	if (child == 0) {
		if (!freopen("/dev/null", "w", stderr))
			_exit(99);
		fn();
		_exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

#endif
