/* Completion for fish. */
#include "cli/complete.h"

#include <string.h>

static void put_quoted(FILE *to, const char *text)
{
	fputc('\'', to);
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			fputc('\\', to);
		fputc(*text, to);
	}
	fputc('\'', to);
}

static void put_values(FILE *to, const struct complete *v)
{
	switch (v->kind) {
	case COMPLETE_FILE:
		fputs(" -F", to);
		if (v->words.n > 0)
			fprintf(to, " -a '%s'", v->words.s);
		break;
	case COMPLETE_FOLDER:
		fputs(" -a '(__fish_complete_directories (commandline -ct))'", to);
		break;
	case COMPLETE_WORDS:
		fprintf(to, " -a '%s'", v->words.s);
		break;
	case COMPLETE_LIST:
		fprintf(to, " -a '(__offing_list %s)'", v->words.s);
		break;
	case COMPLETE_KEY:
	case COMPLETE_KEYS:
		fputs(" -a '(__offing_key)'", to);
		break;
	case COMPLETE_SETTING:
		fputs(" -a '(__offing_setting)'", to);
		break;
	case COMPLETE_NOTHING:
		break;
	}
}

static void put_option(FILE *to, const char *command, const struct opt_spec *spec)
{
	struct complete v;

	fprintf(to, "complete -c offing -n '__offing_in %s' -l %s", command, spec->name);
	if (spec->letter)
		fprintf(to, " -s %c", spec->letter);
	if (complete_option(&v, spec)) {
		fputs(v.kind == COMPLETE_FILE ? " -r" : " -x", to);
		put_values(to, &v);
	}
	fputs(" -d ", to);
	put_quoted(to, spec->help);
	fputc('\n', to);
	complete_finish(&v);
}

/* Options with a value may stand before an argument, so its number is that of words that are
 * neither an option nor the value of one. */
static void put_arguments(FILE *to, const struct command *c)
{
	const struct opt_spec *spec;
	struct complete v;

	for (size_t i = 0; i < 4 && complete_argument(&v, c, i); i++) {
		fprintf(to, "complete -c offing -n '__offing_in %s", c->name);
		if (!complete_repeats(c)) {
			fprintf(to, "; and __offing_at %zu", i);
			for (size_t k = 0; (spec = opts_at(c->opts, k)); k++) {
				if (spec->arg && spec->letter)
					fprintf(to, " -%c", spec->letter);
				if (spec->arg)
					fprintf(to, " --%s", spec->name);
			}
		}
		fputc('\'', to);
		put_values(to, &v);
		fputc('\n', to);
		complete_finish(&v);
		if (complete_repeats(c))
			return;
	}
}

static const char head[] =
	"# fish completion for offing, made by `offing completion fish`\n"
	"function __offing_in # COMMAND: it is the one on the line\n"
	"\tset -l line (commandline -opc)\n"
	"\ttest (count $line) -ge 2; and test $line[2] = $argv[1]\n"
	"end\n"
	"\n"
	"function __offing_at # NUMBER OPTION...: so many arguments stand before the cursor\n"
	"\tset -l n 0\n"
	"\tset -l before ''\n"
	"\tfor word in (commandline -opc)[3..-1]\n"
	"\t\tif contains -- $before $argv[2..-1]\n"
	"\t\t\tset before ''\n"
	"\t\telse\n"
	"\t\t\tset before $word\n"
	"\t\t\tstring match -q -- '-*' $word; or set n (math $n + 1)\n"
	"\t\tend\n"
	"\tend\n"
	"\ttest $n -eq $argv[1]\n"
	"end\n"
	"\n"
	"function __offing_list # WORD...: several, with commas between\n"
	"\tset -l before (string replace -r '[^,]*$' '' -- (commandline -ct | string replace -r "
	"'^--[^=]*=' ''))\n"
	"\tfor word in $argv\n"
	"\t\techo $before$word\n"
	"\tend\n"
	"end\n"
	"\n"
	"function __offing_file # the scenario on the line, or the first folder\n"
	"\tset -l line (commandline -opc)\n"
	"\tfor word in (string match -r '.*\\.ya?ml$' -- $line[3..-1]) $line[3..-1]\n"
	"\t\tstring match -qr '\\.ya?ml$' -- $word; or test -d $word; or continue\n"
	"\t\techo $word\n"
	"\t\treturn\n"
	"\tend\n"
	"end\n"
	"\n"
	"function __offing_key # of the results on the line; several, with commas between\n"
	"\tset -l line (commandline -opc)\n"
	"\tset -l text (commandline -ct | string replace -r '^--[^=]*=' '')\n"
	"\tset -l before (string replace -r '[^,]*$' '' -- $text)\n"
	"\tfor word in ($line[1] completion --key (string replace -r '.*,' '' -- \"$text\") "
	"(__offing_file) 2>/dev/null)\n"
	"\t\techo $before$word\n"
	"\tend\n"
	"end\n"
	"\n"
	"function __offing_setting # KEY=VALUE for the scenario on the line\n"
	"\tset -l line (commandline -opc)\n"
	"\tset -l text (commandline -ct | string replace -r '^--[a-z]*=' '')\n"
	"\tset -l file (__offing_file)\n"
	"\t$line[1] completion --set \"$text\" $file 2>/dev/null\n"
	"end\n"
	"\n"
	"complete -c offing -f\n"
	"complete -c offing -n 'test (count (commandline -opc)) -eq 1' -l version -d 'name the "
	"version'\n"
	"complete -c offing -n 'test (count (commandline -opc)) -eq 1' -l help -s h -d 'list the "
	"commands'\n";

void complete_fish(FILE *to)
{
	const struct opt_spec *spec;

	fputs(head, to);
	for (size_t i = 0; commands[i]; i++) {
		fprintf(to,
			"complete -c offing -n 'test (count (commandline -opc)) -eq 1' -a %s -d ",
			commands[i]->name);
		put_quoted(to, commands[i]->summary);
		fputc('\n', to);
	}
	for (size_t i = 0; commands[i]; i++) {
		for (size_t k = 0; (spec = opts_at(commands[i]->opts, k)); k++)
			put_option(to, commands[i]->name, spec);
		put_arguments(to, commands[i]);
	}
}
