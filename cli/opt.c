#include "cli/opt.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/near.h"
#include "base/quote.h"

static const struct opt_spec help_spec = {"help", 'h', NULL, "print this"};

static size_t count_specs(const struct opt_spec *specs)
{
	size_t n = 0;

	while (specs && specs[n].name)
		n++;
	return n;
}

/** The @i-th option; the one behind the last is --help. */
static const struct opt_spec *spec_at(const struct opt_spec *specs, size_t n, size_t i)
{
	return i < n ? &specs[i] : &help_spec;
}

/* getopt's own forms of the table: the long one ends with zeros; the short one starts with
 * ":", so that a missing argument is told apart and getopt prints nothing. */
static struct option *long_options(const struct opt_spec *specs, size_t n)
{
	struct option *all = mem_zalloc(n + 2, sizeof *all);
	size_t i;

	for (i = 0; i <= n; i++) {
		all[i].name = spec_at(specs, n, i)->name;
		all[i].has_arg = spec_at(specs, n, i)->arg ? required_argument : no_argument;
	}
	return all;
}

static char *short_options(const struct opt_spec *specs, size_t n)
{
	char *all = mem_zalloc(2 * n + 5, 1), *end = all;
	size_t i;

	*end++ = ':';
	for (i = 0; i <= n; i++) {
		if (!spec_at(specs, n, i)->letter)
			continue;
		*end++ = spec_at(specs, n, i)->letter;
		if (spec_at(specs, n, i)->arg)
			*end++ = ':';
	}
	return all;
}

static bool unknown(const char *command, const struct opt_spec *specs, size_t n, const char *given,
	struct err *err)
{
	char quoted[QUOTE_SIZE], word[80];
	const char *whole = NULL; /* of an abbreviation */
	struct near near;
	size_t i;

	snprintf(word, sizeof word, "%.*s", (int)strcspn(given, "="), given);
	near_init(&near, word);
	for (i = 0; i <= n; i++) {
		if (!strcmp(spec_at(specs, n, i)->name, word))
			return err_input(err, "%s: option '--%s' takes no value", command, word);
		near_add(&near, spec_at(specs, n, i)->name);
		if (!strncmp(spec_at(specs, n, i)->name, word, strlen(word)))
			whole = spec_at(specs, n, i)->name;
	}
	quote(quoted, sizeof quoted, word);
	if (!whole)
		whole = near_best(&near);
	if (whole)
		return err_input(err, "%s has no option '--%s'; did you mean '--%s'?", command,
			quoted, whole);
	return err_input(
		err, "%s has no option '--%s'; see `offing help %s`", command, quoted, command);
}

static bool unknown_letter(const char *command, int letter, struct err *err)
{
	char text[2] = {(char)letter, '\0'}, quoted[QUOTE_SIZE];

	return err_input(err, "%s has no option '-%s'; see `offing help %s`", command,
		quote(quoted, sizeof quoted, text), command);
}

static bool missing(const char *command, const struct opt_spec *specs, size_t n, int letter,
	const char *given, struct err *err)
{
	const struct opt_spec *spec;
	size_t i;

	for (i = 0; i < n; i++) {
		spec = &specs[i];
		if (letter ? spec->letter == letter : !strcmp(spec->name, given))
			return err_input(err, "%s: option '--%s' needs a value (%s)", command,
				spec->name, spec->arg);
	}
	return unknown(command, specs, n, given, err);
}

/** The word in argv that getopt_long() has just taken for a long option. */
static const char *spelled(char **argv)
{
	const char *word = argv[optind - 1];

	if (optarg && optarg == word)
		word = argv[optind - 2];
	return word + strspn(word, "-");
}

static void keep(struct opts *o, const struct opt_spec *spec)
{
	o->values[o->n_values++] = (struct opt_value){spec->name, optarg ? optarg : ""};
}

static bool take(struct opts *o, const char *command, const struct opt_spec *specs, size_t n,
	int got, int index, char **argv, struct err *err)
{
	const struct opt_spec *spec;
	size_t i;

	if (got == ':')
		return missing(command, specs, n, optopt, spelled(argv), err);
	if (got == '?' && optopt)
		return unknown_letter(command, optopt, err);
	if (got == '?')
		return unknown(command, specs, n, spelled(argv), err);
	if (got == 0) {
		spec = spec_at(specs, n, (size_t)index);
		if (strcspn(spelled(argv), "=") != strlen(spec->name))
			return unknown(command, specs, n, spelled(argv), err);
		keep(o, spec);
		return true;
	}
	for (i = 0; i <= n; i++)
		if (spec_at(specs, n, i)->letter == got)
			keep(o, spec_at(specs, n, i));
	return true;
}

bool opts_parse(struct opts *o, const char *command, const struct opt_spec *specs, int argc,
	char **argv, struct err *err)
{
	size_t n = count_specs(specs);
	struct option *longs = long_options(specs, n);
	char *shorts = short_options(specs, n);
	int got, index = 0;
	bool ok = true;

	*o = (struct opts){.values = mem_zalloc((size_t)argc + 1, sizeof *o->values)};
	optind = 0; /* glibc: start anew */
	while (ok && (got = getopt_long(argc, argv, shorts, longs, &index)) != -1)
		ok = take(o, command, specs, n, got, index, argv, err);
	o->args = argv + optind;
	o->n_args = (size_t)(argc - optind);
	free(longs);
	free(shorts);
	return ok;
}

void opts_finish(struct opts *o)
{
	free(o->values);
	*o = (struct opts){0};
}

const char *opts_get(const struct opts *o, const char *name)
{
	size_t i;

	for (i = o->n_values; i > 0; i--)
		if (!strcmp(o->values[i - 1].name, name))
			return o->values[i - 1].value;
	return NULL;
}

const char **opts_all(const struct opts *o, const char *name, size_t *n)
{
	const char **all = mem_zalloc(o->n_values + 1, sizeof *all);
	size_t i;

	*n = 0;
	for (i = 0; i < o->n_values; i++)
		if (!strcmp(o->values[i].name, name))
			all[(*n)++] = o->values[i].value;
	return all;
}

bool opts_count(const struct opts *o, const char *name, unsigned long min, unsigned long max,
	unsigned long *value, struct err *err)
{
	const char *text = opts_get(o, name);
	char quoted[QUOTE_SIZE];
	unsigned long x;

	if (!text)
		return true;
	errno = 0;
	x = strtoul(text, NULL, 10);
	if (!text[0] || text[strspn(text, "0123456789")] || errno || x < min || x > max)
		return err_input(err, "--%s should be a whole number from %lu to %lu, not '%s'",
			name, min, max, quote(quoted, sizeof quoted, text));
	*value = x;
	return true;
}

bool opts_quantity(const struct opts *o, const char *name, enum quantity_dim dim, double *value,
	struct err *err)
{
	const char *text = opts_get(o, name);
	char why[200];

	return !text || quantity_parse(value, text, dim, why, sizeof why) ||
	       err_input(err, "--%s %s", name, why);
}

const struct opt_spec *opts_at(const struct opt_spec *specs, size_t i)
{
	size_t n = count_specs(specs);

	return i <= n ? spec_at(specs, n, i) : NULL;
}

void opts_print(FILE *to, const struct opt_spec *specs)
{
	size_t n = count_specs(specs), i;
	const struct opt_spec *spec;
	char left[60];

	for (i = 0; i <= n; i++) {
		spec = spec_at(specs, n, i);
		snprintf(left, sizeof left, "%c%c%s --%s%s%s", spec->letter ? '-' : ' ',
			spec->letter ? spec->letter : ' ', spec->letter ? "," : " ", spec->name,
			spec->arg ? " " : "", spec->arg ? spec->arg : "");
		fprintf(to, "  %-26s %s\n", left, spec->help);
	}
}
