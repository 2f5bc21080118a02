/* offing fit: a profile from the logs of a server. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/near.h"
#include "base/quote.h"
#include "base/str.h"
#include "base/whole_file.h"
#include "cli/command.h"
#include "cli/fit_print.h"
#include "cli/input.h"
#include "cli/interrupt.h"
#include "io/log/request_log.h"
#include "io/profile/file.h"
#include "io/profile/write.h"
#include "models/world/world.h"
#include "study/fit.h"

struct job {
	const struct opts *o;
	struct fit_setting setting;
	struct served_log *logs;
	struct arena arena;
};

/* What is asked */

static bool unknown_constant(struct str name, struct err *err)
{
	char quoted[QUOTE_SIZE], *text = mem_zalloc(name.n + 1, 1);
	const char *nearest;
	struct near near;

	memcpy(text, name.s, name.n);
	near_init(&near, text);
	for (size_t k = 0; k < FIT_CONSTANTS; k++)
		near_add(&near, fit_constants[k].name);
	nearest = near_best(&near);
	quote(quoted, sizeof quoted, text);
	free(text);
	return nearest ? err_input(err, "--hold: unknown constant '%s'; did you mean '%s'?", quoted,
				 nearest)
		       : err_input(err, "--hold: unknown constant '%s'; see `offing help fit`",
				 quoted);
}

/* "context,sequence"; without the option `step`, which is `weights` but for prompts. */
static bool read_held(unsigned *held, const struct opts *o, struct err *err)
{
	const char *given = opts_get(o, "hold");
	struct str rest = str_of(given ? given : fit_constants[FIT_STEP].name), name;

	*held = 0;
	while (str_split(&rest, ',', &name)) {
		size_t k = 0;

		name = str_trim(name);
		while (k < FIT_CONSTANTS && !str_eq(name, fit_constants[k].name))
			k++;
		if (k == FIT_CONSTANTS)
			return unknown_constant(name, err);
		*held |= 1u << k;
	}
	return *held != (1u << FIT_CONSTANTS) - 1 || err_input(err, "--hold leaves nothing to fit");
}

static bool read_logs(struct job *j, struct err *err)
{
	j->logs = mem_zalloc(j->o->n_args, sizeof *j->logs);
	for (size_t i = 0; i < j->o->n_args; i++)
		if (!request_log_read(&j->logs[i], &j->arena, j->o->args[i], err))
			return false;
	j->setting.n_logs = j->o->n_args;
	j->setting.logs = j->logs;
	return true;
}

/* The profile */

static void describe(struct profile *p, struct job *j, const struct fit_result *r)
{
	struct buf b;

	buf_init(&b);
	buf_printf(&b, "offing fit, %zu requests of %zu log%s, from %s:", r->n_requests,
		j->setting.n_logs, j->setting.n_logs > 1 ? "s" : "", r->base->name);
	for (size_t k = 0; k < FIT_CONSTANTS; k++)
		if (r->of[k].fate == FIT_FITTED)
			buf_printf(&b, " %s %.4g (%.2g)", fit_constants[k].name, r->of[k].value,
				r->of[k].se);
	p->method = arena_printf(&j->arena, "%.400s", b.s);
	buf_finish(&b);
}

static bool save(const char *file, const struct buf *text, bool force, struct err *err)
{
	struct whole_file *to;

	if (!whole_file_open(&to, file, force ? WHOLE_REPLACE : WHOLE_FORCE, err))
		return false;
	fwrite(text->s, 1, text->n, whole_file(to));
	return whole_file_close(to, err);
}

/* Shares of a data sheet have limits: what fits may be no such device. */
static bool reads_back(struct job *j, const struct buf *text, struct err *err)
{
	const struct profile *p;
	struct err why = {0};

	return profile_parse(&p, &j->arena, "fitted", text->s, text->n, &why) ||
	       err_at(err, j->setting.spec->instances[0].at,
		       "the log is not of this device: its profile would say '%s'", why.msg);
}

static bool write_profile(struct job *j, const struct fit_result *r, struct err *err)
{
	const char *file = opts_get(j->o, "output");
	struct profile p = *r->profile;
	struct buf text;
	bool ok;

	if (!file)
		return true;
	describe(&p, j, r);
	buf_init(&text);
	profile_write(&text, &p, MARK_FITTED);
	ok = reads_back(j, &text, err) && save(file, &text, opts_get(j->o, "force"), err);
	buf_finish(&text);
	return ok;
}

/* Before the work: it would be lost. */
static bool may_write(const struct opts *o, struct err *err)
{
	const char *file = opts_get(o, "output");

	if (!file || opts_get(o, "force") || access(file, F_OK) != 0)
		return true;
	return err_input(err, "'%s' is there already; use --force to replace it", file);
}

static bool fit(struct job *j, struct err *err)
{
	struct fit_result r;

	if (!read_held(&j->setting.held, j->o, err) || !may_write(j->o, err) ||
		!fit_check(j->setting.spec, err) || !read_logs(j, err) ||
		!fit_run(&r, &j->arena, &j->setting, err) || !write_profile(j, &r, err))
		return false;
	if (opts_get(j->o, "json"))
		fit_print_json(stdout, &r, j->setting.n_logs);
	else
		fit_print(stdout, &r, j->setting.n_logs);
	fit_print_notes(stderr, &r);
	return true;
}

static enum status fit_interrupted(struct job *j)
{
	enum status status = STATUS_DONE;
	struct interrupt interrupt;
	struct err err = {0};

	if (!interrupt_init(&interrupt, &err))
		return command_fail(&err);
	j->setting.stop = &interrupt.stop;
	if (!fit(j, &err))
		status = command_fail(&err);
	interrupt_finish(&interrupt);
	return status;
}

static enum status run(const struct opts *o)
{
	struct job j = {.o = o};
	struct err err = {0};
	enum status status;
	struct input in;

	if (!opts_get(o, "scenario")) {
		err_input(&err, "fit needs --scenario FILE; see `offing help fit`");
		return command_fail(&err);
	}
	if (!input_read(&in, opts_get(o, "scenario"), o))
		return STATUS_USAGE;
	arena_init(&j.arena);
	j.setting.spec = &in.scenario->spec;
	status = fit_interrupted(&j);
	free(j.logs);
	arena_finish(&j.arena);
	input_finish(&in);
	return status;
}

static const struct opt_spec opts[] = {
	{"scenario", 0, "FILE", "what was logged: one instance, one group of users, one policy"},
	{"output", 'o', "FILE", "write the profile there, for instances.X.profile"},
	{"force", 0, NULL, "replace FILE if it is there"},
	{"hold", 0, "NAMES", "constants to leave as the profile has them: context,request (step)"},
	{"json", 0, NULL, "one JSON object"},
	{"set", 's', "KEY=VALUE",
		"change the scenario: -s instances.server.max_batch=64; repeatable"},
	PLUGIN_OPT, {0}};

const struct command cmd_fit = {
	.name = "fit",
	.args = "LOG...",
	.min_args = 1,
	.max_args = SIZE_MAX,
	.summary = "learn a profile from the logs of a server",
	.help = "LOG is CSV with the columns arrival_s, prompt_tokens, output_tokens, "
		"first_token_s and\n"
		"last_token_s (or ttft_s, e2e_s, and the same in _ms), or what\n"
		"`vllm bench serve --save-result --save-detailed` writes. The requests are sent "
		"through the\n"
		"scenario until its device times fit: weights context tokens attention prompt\n"
		"sequence request step. docs/fitting.md says what those are.",
	.opts = opts,
	.run = run,
};
