/* Completion for bash. */
#include "cli/complete.h"

static void print_commands(FILE *to)
{
	for (size_t i = 0; commands[i]; i++)
		fprintf(to, "%s ", commands[i]->name);
	fputs("--version --help", to);
}

static void print_spellings(FILE *to, const struct opt_spec *spec, const char *between)
{
	if (spec->letter)
		fprintf(to, "-%c%s", spec->letter, between);
	fprintf(to, "--%s", spec->name);
}

static void print_options(FILE *to, const struct command *c)
{
	const struct opt_spec *spec;

	fprintf(to, "\t%s)\n\t\toptions='", c->name);
	for (size_t i = 0; (spec = opts_at(c->opts, i)); i++)
		fprintf(to, "%s--%s", i ? " " : "", spec->name);
	fputs("' takes='", to);
	for (size_t i = 0; (spec = opts_at(c->opts, i)); i++) {
		if (!spec->arg)
			continue;
		fputc(' ', to);
		print_spellings(to, spec, " ");
	}
	fputs(" '\n\t\t;;\n", to);
}

static void print_values(FILE *to, const struct complete *v)
{
	static const char *const kinds[] = {[COMPLETE_NOTHING] = "nothing",
		[COMPLETE_FILE] = "file",
		[COMPLETE_FOLDER] = "folder",
		[COMPLETE_WORDS] = "words",
		[COMPLETE_LIST] = "list",
		[COMPLETE_KEY] = "key",
		[COMPLETE_KEYS] = "keys",
		[COMPLETE_SETTING] = "setting"};

	fprintf(to, ") kind=%s", kinds[v->kind]);
	if (v->words.n > 0)
		fprintf(to, " words='%s'", v->words.s);
	fputs(" ;;\n", to);
}

static void print_places(FILE *to, const struct command *c)
{
	const struct opt_spec *spec;
	struct complete v;

	for (size_t i = 0; (spec = opts_at(c->opts, i)); i++) {
		if (complete_option(&v, spec) && v.kind != COMPLETE_NOTHING) {
			fprintf(to, "\t'%s ", c->name);
			if (spec->letter)
				fprintf(to, "-%c' | '%s ", spec->letter, c->name);
			fprintf(to, "--%s'", spec->name);
			print_values(to, &v);
		}
		complete_finish(&v);
	}
	for (size_t i = 0; i < 4 && complete_argument(&v, c, i); i++) {
		bool all = complete_repeats(c);

		fprintf(to, "\t'%s '", c->name);
		if (all)
			fputs("[0-9]*", to);
		else
			fprintf(to, "%zu", i);
		print_values(to, &v);
		complete_finish(&v);
		if (all)
			return;
	}
}

/* Bash splits words at "=", and puts in place of the cursor's word what stands behind the last. */
static const char head[] =
	"# bash completion for offing, made by `offing completion bash`\n"
	"_offing()\n"
	"{\n"
	"\tlocal cur option='' options='' takes='' kind=nothing words='' file='' i n=0\n"
	"\tlocal -a line=()\n"
	"\tfor ((i = 0; i <= COMP_CWORD; i++)); do\n"
	"\t\tif [[ $i -gt 1 && ( ${COMP_WORDS[i]} == =* || ${COMP_WORDS[i - 1]} == *= ) ]]; then\n"
	"\t\t\tline[${#line[@]} - 1]+=${COMP_WORDS[i]}\n"
	"\t\telse\n"
	"\t\t\tline+=(\"${COMP_WORDS[i]}\")\n"
	"\t\tfi\n"
	"\tdone\n"
	"\tcur=${line[${#line[@]} - 1]}\n"
	"\tCOMPREPLY=()\n";

static const char options_of[] = "\tcase ${line[1]} in\n";

static const char walk[] = "\tesac\n"
			   "\tfor ((i = 2; i < ${#line[@]} - 1; i++)); do\n"
			   "\t\tif [[ $option ]]; then\n"
			   "\t\t\toption=\n"
			   "\t\telif [[ ${line[i]} == -* ]]; then\n"
			   "\t\t\t[[ $takes == *\" ${line[i]} \"* ]] && option=${line[i]}\n"
			   "\t\telse\n"
			   "\t\t\t[[ ! $file && -e ${line[i]} ]] && file=${line[i]}\n"
			   "\t\t\tn=$((n + 1))\n"
			   "\t\tfi\n"
			   "\tdone\n"
			   "\tif [[ ! $option && $cur == --*=* ]]; then\n"
			   "\t\toption=${cur%%=*}\n"
			   "\t\tcur=${cur#*=}\n"
			   "\tfi\n"
			   "\tif [[ ! $option && $cur == -* ]]; then\n"
			   "\t\tCOMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))\n"
			   "\t\treturn\n"
			   "\tfi\n"
			   "\tcase \"${line[1]} ${option:-$n}\" in\n";

static const char tail[] =
	"\tesac\n"
	"\tlocal IFS=$' \\t\\n' before=\n"
	"\tcase $kind in\n"
	"\tfile | folder)\n"
	"\t\tIFS=$'\\n'\n"
	"\t\tcompopt -o filenames 2>/dev/null\n"
	"\t\t[[ $words ]] && COMPREPLY=($(IFS=' '; compgen -W \"$words\" -- \"$cur\"))\n"
	"\t\tif [[ $kind == file ]]; then\n"
	"\t\t\tCOMPREPLY+=($(compgen -f -- \"$cur\"))\n"
	"\t\telse\n"
	"\t\t\tCOMPREPLY+=($(compgen -d -- \"$cur\"))\n"
	"\t\tfi\n"
	"\t\t;;\n"
	"\twords) COMPREPLY=($(compgen -W \"$words\" -- \"$cur\")) ;;\n"
	"\tlist)\n"
	"\t\t[[ $cur == *,* ]] && before=${cur%,*},\n"
	"\t\tCOMPREPLY=($(compgen -P \"$before\" -W \"$words\" -- \"${cur##*,}\"))\n"
	"\t\t;;\n"
	"\tkey | keys)\n"
	"\t\t[[ $kind == keys && $cur == *,* ]] && before=${cur%,*},\n"
	"\t\tCOMPREPLY=($(compgen -P \"$before\" -W \"$(\"${line[0]}\" completion \\\n"
	"\t\t\t--key \"${cur#\"$before\"}\" ${file:+\"$file\"} 2>/dev/null)\" -- "
	"\"${cur#\"$before\"}\"))\n"
	"\t\t;;\n"
	"\tsetting)\n"
	"\t\tIFS=$'\\n'\n"
	"\t\tCOMPREPLY=($(compgen -W \"$(\"${line[0]}\" completion --set \"$cur\" \\\n"
	"\t\t\t${file:+\"$file\"} 2>/dev/null)\" -- \"$cur\"))\n"
	"\t\t[[ ${COMPREPLY[*]} == *= ]] && compopt -o nospace 2>/dev/null\n"
	"\t\tif [[ $cur == *=* && $COMP_WORDBREAKS == *=* ]]; then\n"
	"\t\t\tCOMPREPLY=(\"${COMPREPLY[@]#\"${cur%%=*}=\"}\")\n"
	"\t\tfi\n"
	"\t\t;;\n"
	"\tesac\n"
	"}\n"
	"complete -F _offing offing\n";

void complete_bash(FILE *to)
{
	fputs(head, to);
	fputs("\tif [[ ${#line[@]} -le 2 ]]; then\n\t\tCOMPREPLY=($(compgen -W '", to);
	print_commands(to);
	fputs("' -- \"$cur\"))\n\t\treturn\n\tfi\n", to);
	fputs(options_of, to);
	for (size_t i = 0; commands[i]; i++)
		print_options(to, commands[i]);
	fputs(walk, to);
	for (size_t i = 0; commands[i]; i++)
		print_places(to, commands[i]);
	fputs(tail, to);
}
