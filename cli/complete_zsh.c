/* Completion for zsh. */
#include "cli/complete.h"

#include <string.h>

/* Inside '...', where @also is escaped for _arguments or _describe. */
static void put_quoted(FILE *to, const char *text, const char *also)
{
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", to);
		else if (strchr(also, *text))
			fprintf(to, "\\%c", *text);
		else
			fputc(*text, to);
	}
}

/* ":MESSAGE:ACTION" */
static void put_values(FILE *to, const char *name, const struct complete *v)
{
	fputc(':', to);
	put_quoted(to, name, ":[]\\");
	fputc(':', to);
	switch (v->kind) {
	case COMPLETE_FILE:
		if (v->words.n > 0)
			fprintf(to, "{compadd - %s; _files}", v->words.s);
		else
			fputs("_files", to);
		break;
	case COMPLETE_FOLDER:
		fputs("_files -/", to);
		break;
	case COMPLETE_WORDS:
		fprintf(to, "(%s)", v->words.s);
		break;
	case COMPLETE_LIST:
		fprintf(to, "_sequence compadd - %s", v->words.s);
		break;
	case COMPLETE_KEY:
		fputs("_offing_key", to);
		break;
	case COMPLETE_KEYS:
		fputs("_sequence _offing_key", to);
		break;
	case COMPLETE_SETTING:
		fputs("_offing_setting", to);
		break;
	case COMPLETE_NOTHING:
		fputc(' ', to);
		break;
	}
}

/* "-o+" and "--output=" take what follows or stands behind; without "*" an option is there once. */
static void put_option(FILE *to, const struct opt_spec *spec)
{
	bool again = strstr(spec->help, "repeatable") != NULL;
	struct complete v;
	bool takes = complete_option(&v, spec);

	fputs(" \\\n\t\t\t", to);
	if (again)
		fputs("'*'", to);
	else if (spec->letter)
		fprintf(to, "'(-%c --%s)'", spec->letter, spec->name);
	if (spec->letter)
		fprintf(to, "{-%c%s,--%s%s}", spec->letter, takes ? "+" : "", spec->name,
			takes ? "=" : "");
	else
		fprintf(to, "--%s%s", spec->name, takes ? "=" : "");
	fputs("'[", to);
	put_quoted(to, spec->help, "[]\\");
	fputc(']', to);
	if (takes)
		put_values(to, spec->arg, &v);
	fputc('\'', to);
	complete_finish(&v);
}

static void put_arguments(FILE *to, const struct command *c)
{
	struct complete v;

	for (size_t i = 0; i < 4 && complete_argument(&v, c, i); i++) {
		bool all = complete_repeats(c);

		fputs(" \\\n\t\t\t'", to);
		if (all)
			fputc('*', to);
		else
			fprintf(to, "%zu", i + 1);
		put_values(to, c->args, &v);
		fputc('\'', to);
		complete_finish(&v);
		if (all)
			return;
	}
}

static const char head[] = "#compdef offing\n"
			   "# zsh completion for offing, made by `offing completion zsh`\n"
			   "_offing_file() # the scenario on the line, or the first folder\n"
			   "{\n"
			   "\tlocal word\n"
			   "\tfile=${${(M)words[2,-1]:#*.(yaml|yml)}[1]}\n"
			   "\tfor word in $words[2,-1]; do\n"
			   "\t\t[[ -z $file && -d ${~word} ]] && file=$word\n"
			   "\tdone\n"
			   "}\n"
			   "\n"
			   "_offing_key()\n"
			   "{\n"
			   "\tlocal file\n"
			   "\tlocal -a all\n"
			   "\t_offing_file\n"
			   "\tall=(${(f)\"$(${~program} completion --key \"$PREFIX\" "
			   "${file:+${~file}} 2>/dev/null)\"})\n"
			   "\tcompadd \"$@\" -a all\n"
			   "}\n"
			   "\n"
			   "_offing_setting()\n"
			   "{\n"
			   "\tlocal file\n"
			   "\tlocal -a all\n"
			   "\t_offing_file\n"
			   "\tall=(${(f)\"$(${~program} completion --set \"$PREFIX\" "
			   "${file:+${~file}} 2>/dev/null)\"})\n"
			   "\tif [[ $PREFIX == *=* ]]; then\n"
			   "\t\tcompadd -a all\n"
			   "\telse\n"
			   "\t\tcompadd -S '' -a all\n"
			   "\tfi\n"
			   "}\n"
			   "\n"
			   "_offing()\n"
			   "{\n"
			   "\tlocal curcontext=$curcontext state line program=$words[1]\n"
			   "\tlocal -a commands\n"
			   "\ttypeset -A opt_args\n"
			   "\tcommands=(\n";

static const char middle[] =
	"\t)\n"
	"\t_arguments -C '(- *)'{-h,--help}'[list the commands]' \\\n"
	"\t\t'(- *)--version[name the version]' '1:command:->command' '*::argument:->argument'\n"
	"\tif [[ $state == command ]]; then\n"
	"\t\t_describe -t commands command commands\n"
	"\t\treturn\n"
	"\tfi\n"
	"\t[[ $state == argument ]] || return\n"
	"\tcase $words[1] in\n";

static const char tail[] = "\tesac\n"
			   "}\n"
			   "\n"
			   "if [[ $funcstack[1] == _offing ]]; then\n"
			   "\t_offing \"$@\"\n"
			   "else\n"
			   "\tcompdef _offing offing\n"
			   "fi\n";

void complete_zsh(FILE *to)
{
	const struct opt_spec *spec;

	fputs(head, to);
	for (size_t i = 0; commands[i]; i++) {
		fprintf(to, "\t\t'%s:", commands[i]->name);
		put_quoted(to, commands[i]->summary, "\\");
		fputs("'\n", to);
	}
	fputs(middle, to);
	for (size_t i = 0; commands[i]; i++) {
		fprintf(to, "\t%s)\n\t\t_arguments -s -S", commands[i]->name);
		for (size_t k = 0; (spec = opts_at(commands[i]->opts, k)); k++)
			put_option(to, spec);
		put_arguments(to, commands[i]);
		fputs("\n\t\t;;\n", to);
	}
	fputs(tail, to);
}
