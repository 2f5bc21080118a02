/* offing plot: results as a picture, with the script and the data that make it. */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/near.h"
#include "cli/command.h"
#include "cli/plotted.h"
#include "cli/say.h"

/* Of a terminal that does not say how large it is. */
enum { COLUMNS = 100, LINES = 28, COLUMNS_LEAST = 50, COLUMNS_MOST = 200, LINES_MOST = 60 };

/* What is asked for */

/** The kind that the last argument names: behind a folder it may be one. */
static const struct plot_kind *kind_of(const struct opts *o)
{
	if (o->n_args > 1)
		for (const struct plot_kind *k = plot_kinds; k->name; k++)
			if (strcmp(k->name, o->args[o->n_args - 1]) == 0)
				return k;
	return NULL;
}

/** What another kind would take is not passed over in silence. */
static bool check_options(const struct plot_kind *k, const struct opts *o, struct err *err)
{
	static const char all[] = " where output terminal title force ";
	char word[64];

	for (size_t i = 0; i < o->n_values; i++) {
		snprintf(word, sizeof word, " %s ", o->values[i].name);
		if (!strstr(all, word) && !strstr(k->takes, word))
			return err_input(
				err, "--%s is of no use to %s", o->values[i].name, k->name);
	}
	return true;
}

static bool check_output(const struct opts *o, struct err *err)
{
	const char *file = opts_get(o, "output");

	if (!file && !opts_get(o, "terminal"))
		return err_input(err, "where to? -o NAME.png, .svg or .pdf, or --terminal");
	return !file || figure_may_write(file, opts_get(o, "force") != NULL, err);
}

/* Where it goes */

/** The command that made it, for the script. */
static void tell_command(struct buf *out, const struct opts *o)
{
	buf_puts(out, "offing plot");
	for (size_t i = 0; i < o->n_args; i++)
		buf_printf(out, " %s", o->args[i]);
	for (size_t i = 0; i < o->n_values; i++)
		buf_printf(out, " --%s%s%s%s", o->values[i].name, *o->values[i].value ? " '" : "",
			o->values[i].value, *o->values[i].value ? "'" : "");
}

static unsigned within(unsigned value, unsigned least, unsigned most)
{
	return value < least ? least : value > most ? most : value;
}

static bool print_text(const struct figure *f, struct err *err)
{
	unsigned columns = COLUMNS, lines = LINES;
	struct winsize size;
	struct buf text;
	bool ok;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
		columns = within(size.ws_col, COLUMNS_LEAST, COLUMNS_MOST);
		lines = within(size.ws_row, LINES, LINES_MOST) - 2;
	}
	buf_init(&text);
	ok = figure_text(&text, f, columns, lines, err);
	if (ok)
		fputs(text.s, stdout); /* main() looks whether all went out */
	buf_finish(&text);
	return ok;
}

static bool show(const struct figure *f, const struct opts *o, struct err *err)
{
	const char *file = opts_get(o, "output");
	struct buf about;
	bool ok = true;

	buf_init(&about);
	tell_command(&about, o);
	if (file) {
		ok = figure_write(f, file, about.s, err);
		if (ok)
			say("offing: wrote %s, and its script and data beside it", file);
	}
	buf_finish(&about);
	return ok && (!opts_get(o, "terminal") || print_text(f, err));
}

/* The command */

static bool draw(const struct plot_kind *k, const struct plotted *p, struct err *err)
{
	struct figure f;
	bool ok;

	figure_init(&f);
	ok = k->make(&f, p, err) && show(&f, p->o, err);
	figure_finish(&f);
	return ok;
}

static bool plot(struct plotted *p, struct err *err)
{
	const struct plot_kind *named = kind_of(p->o), *k = named ? named : plot_kinds;
	const size_t n = p->o->n_args - (named ? 1 : 0);

	return check_options(k, p->o, err) && check_output(p->o, err) &&
	       results_open_all(&p->results, &p->n, p->o->args, n, err) && draw(k, p, err);
}

static enum status run(const struct opts *o)
{
	struct arena arena;
	struct plotted p = {.o = o, .arena = &arena};
	struct err err = {0};
	bool ok;

	arena_init(&arena);
	ok = plot(&p, &err);
	results_close_all(p.results, p.n);
	arena_finish(&arena);
	return ok ? STATUS_DONE : command_fail(&err);
}

static const struct opt_spec opts[] = {
	{"x", 0, "KEY", "what lies on the axis: a key of the scenario, or policy"},
	{"by", 0, "KEY", "a line or a bar for each of its values (policy)"},
	{"metric", 0, "NAME", "what is drawn: e2e.p95_s; of cdf e2e (default); of series queues"},
	{"scope", 0, "SCOPE", "of what: group:NAME, instance:NAME, ... (the system)"},
	{"replication", 0, "K", "of series and gantt (1)"},
	{"first", 0, "N", "of gantt: so many requests of each instance (12)"},
	{"where", 0, "KEY=VALUE", "these runs alone; repeatable"},
	{"log", 0, "AXES", "logarithmic axes: x, y or xy"},
	{"title", 0, "TEXT", "above the picture (the name of the scenario)"},
	{"output", 'o', "FILE", "NAME.png, .svg or .pdf, with NAME.gp and NAME.csv beside it"},
	{"force", 0, NULL, "replace what is there"},
	{"terminal", 0, NULL, "draw with letters, on standard output"}, {0}};

const struct command cmd_plot = {
	.name = "plot",
	.args = "DIR... [KIND]",
	.min_args = 1,
	.max_args = SIZE_MAX,
	.summary = "results as a picture, with its script and its data",
	.help = "KIND is one of\n"
		"  line     a metric over a key, a line for each policy (the default)\n"
		"  bar      bars: by policy, or for each value of --x\n"
		"  heat     a metric over two keys, --x and --by\n"
		"  cdf      what requests took: e2e, ttft, tpot, wait, ...; needs record.requests\n"
		"  series   queues, backlog, L or drift over time; needs record.queues;\n"
		"           batch, requests in service, needs record.requests\n"
		"  gantt    the first requests of each instance; needs record.requests\n"
		"  warmup   the pilots of warmup: auto, and where MSER-5 cuts them\n"
		"Change NAME.gp to change the picture; gnuplot draws it. docs/plots.md has a\n"
		"picture of each kind.",
	.words = "line bar heat cdf series gantt warmup",
	.opts = opts,
	.run = run,
};
