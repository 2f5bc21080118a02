/* offing completion: what a shell may complete, from the tables of commands, options and keys. */
#include <stdio.h>
#include <string.h>

#include "base/near.h"
#include "cli/complete.h"
#include "cli/known_keys.h"
#include "cli/settable.h"

static const struct shell {
	const char *name;
	void (*print)(FILE *to);
} shells[] = {{"bash", complete_bash}, {"zsh", complete_zsh}, {"fish", complete_fish}};

static const struct shell *find(const char *name, struct err *err)
{
	struct near near;

	near_init(&near, name);
	for (size_t i = 0; i < sizeof shells / sizeof shells[0]; i++) {
		if (!strcmp(shells[i].name, name))
			return &shells[i];
		near_add(&near, shells[i].name);
	}
	near_refuse(&near, "completion for", err);
	return NULL;
}

static enum status completion(const struct opts *o)
{
	const char *text = opts_get(o, "set");
	const char *arg = o->n_args > 0 ? o->args[0] : NULL;
	const struct shell *shell;
	struct err err = {0};

	if (opts_get(o, "key"))
		known_keys_print(stdout, arg, opts_get(o, "key"), "");
	else if (text && !(arg && known_keys_print(stdout, arg, text, "=")))
		settable_print(stdout, arg, text);
	if (text || opts_get(o, "key"))
		return STATUS_DONE;
	shell = find(arg ? arg : "bash", &err);
	if (!shell)
		return command_fail(&err);
	shell->print(stdout);
	return STATUS_DONE;
}

static const struct opt_spec opts[] = {
	{"set", 0, "TEXT", "what -s TEXT may go on as, a line each, for the scenario FILE"},
	{"key", 0, "TEXT", "which keys begin so: of the results in the folder FILE, or all"}, {0}};

const struct command cmd_completion = {
	.name = "completion",
	.args = "[bash | zsh | fish | FILE]",
	.max_args = 1,
	.summary = "print a completion script for a shell",
	.help = "Installed with offing; otherwise, for the shell that is running:\n"
		"source <(offing completion bash), source <(offing completion zsh), or\n"
		"offing completion fish | source.",
	.opts = opts,
	.run = completion,
};
