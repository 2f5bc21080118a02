#include "cli/gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

bool gnuplot_draw(const char *dir, const char *script, const char *setting)
{
	const char *const arguments[] = {"gnuplot", "-e", setting, script, NULL};
	posix_spawn_file_actions_t how;
	pid_t child;
	int status = -1;

	posix_spawn_file_actions_init(&how);
	posix_spawn_file_actions_addopen(&how, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addchdir_np(&how, dir);
	if (posix_spawnp(&child, "gnuplot", &how, NULL, (char *const *)arguments, environ) == 0)
		while (waitpid(child, &status, 0) < 0 && errno == EINTR)
			;
	posix_spawn_file_actions_destroy(&how);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
