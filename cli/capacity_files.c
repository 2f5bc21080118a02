/* What policies can take, in a folder. */
#include "cli/capacity_files.h"

#include <math.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/record/capacity_base.h"
#include "io/record/folder.h"

static bool write_file(const struct capacity_report *r, const char *dir, const char *name,
	void (*print)(FILE *to, const struct capacity_report *r), struct err *err)
{
	struct whole_file *f;

	if (!data_file_open(&f, dir, name, err))
		return false;
	print(whole_file(f), r);
	return whole_file_close(f, err);
}

/* The data base */

static const struct capacity_seen *points_of(struct arena *a, const struct capacity_answer *x)
{
	struct capacity_seen *out = arena_alloc(a, x->n_points, sizeof *out);

	for (size_t k = 0; k < x->n_points; k++)
		out[k] = (struct capacity_seen){
			x->points[k].scale, x->points[k].value, x->points[k].runs};
	return out;
}

static struct capacity_entry entry_of(
	const struct capacity_report *r, const struct capacity_row *p, struct arena *a)
{
	const struct capacity_answer *x = &p->answer;
	struct capacity_ratio of = capacity_ratio(r, p);
	double scale = *p->failure ? (double)NAN : x->scale;

	return (struct capacity_entry){.policy = p->label,
		.status = capacity_status(p),
		.rule = *p->failure ? NULL : capacity_rule_names[x->rule],
		.scale = scale,
		.low = x->lo,
		.high = x->hi,
		.requests_per_s = scale * r->bound->rate_per_s,
		.of_bound = of.mean,
		.of_bound_low = of.lo,
		.of_bound_high = of.hi,
		.dropped = x->dropped,
		.requests = x->requests,
		.runs = x->runs,
		.n_points = x->n_points,
		.points = points_of(a, x)};
}

static bool write_base(const struct capacity_report *r, const char *path, struct err *err)
{
	struct capacity_base b = {.scenario = r->spec->name,
		.target = r->target,
		.precision = r->precision,
		.bound = r->bound->scale,
		.bound_error = r->bound->error,
		.bound_exact = r->bound->exact,
		.seed = r->spec->run.seed,
		.n = r->n_policies};
	struct capacity_entry *entries;
	struct buf words;
	struct arena a;
	bool ok;

	arena_init(&a);
	buf_init(&words);
	fluid_bound_words(&words, r->bound);
	entries = arena_alloc(&a, r->n_policies, sizeof *entries);
	for (size_t k = 0; k < r->n_policies; k++)
		entries[k] = entry_of(r, &r->policies[k], &a);
	b.entries = entries;
	b.bound_words = words.s;
	ok = capacity_base_write(path, &b, err);
	buf_finish(&words);
	arena_finish(&a);
	return ok;
}

/* The picture */

static const char about[] =
	"# What policies can take, beside the bound that none passes:\n"
	"#   gnuplot -e \"out='capacity.png'\" capacity.gp     (or capacity.svg), beside\n"
	"# capacity.csv.\n"
	"set datafile separator ','\n"
	"stats 'capacity.csv' using 7 skip 1 nooutput\n"
	"n = STATS_records + STATS_invalid\n"
	"width = 760\n"
	"height = 130 + 42 * n\n";

static const char drawing[] =
	"most = STATS_records > 0 ? STATS_max : 1\n"
	"if (bound > most) { most = bound }\n"
	"unset grid\n"
	"set border 1 lw 1 lc rgb '#444444'\n"
	"set xtics nomirror out\n"
	"set ytics nomirror scale 0\n"
	"set xlabel title\n"
	"set xrange [0:1.18 * most]\n"
	"set yrange [n - 0.4:-0.8]\n"
	"set style fill solid 0.85 noborder\n"
	"unset key\n"
	"if (bound > 0) {\n"
	"	set arrow from bound, -0.55 to bound, n - 0.5 nohead lw 2 lc rgb '#D55E00' front\n"
	"	set label bound_name at bound, -0.65 right offset -0.6, 0 tc rgb '#D55E00'\n"
	"}\n"
	"rate = '($7)'\n"
	"low(r, s, l) = r * l / s\n"
	"share(x) = x > 0 ? sprintf('%.2f', x) : ''\n"
	"plot 'capacity.csv' skip 1 using (0):($0):(0):(column(7)):($0 - 0.3):($0 + 0.3):"
	"ytic(1) with boxxyerror lc rgb '#56B4E9', \\\n"
	"     '' skip 1 using 7:($0):(low($7, $4, $5)):(low($7, $4, $6)) with xerrorbars pt -1 dt "
	"1 "
	"lw 2 lc rgb '#222222', \\\n"
	"     '' skip 1 using 7:($0):(strcol(8) eq '' ? '' : share($8)) with labels left offset "
	"1.2, 0 "
	"tc rgb '#222222'\n";

static void print_script(FILE *to, const struct capacity_report *r)
{
	fputs(about, to);
	data_folder_style(to, "capacity");
	fprintf(to, "bound = %.9g\nbound_name = '%s'\ntitle = '%s'\n",
		r->bound->scale < HUGE_VAL ? r->bound->scale * r->bound->rate_per_s : -1.0,
		r->bound->exact ? "boundary of all policies" : "upper bound",
		r->target ? "requests/s at which the target is met" : "requests/s that are stable");
	fputs(drawing, to);
}

/* The folder */

static bool check(const char *dir, bool force, struct err *err)
{
	if (*dir == '\0')
		return err_input(err, "the output folder has no name");
	return !data_folder_has(dir, "capacity.csv") || force ||
	       err_input(err, "'%s' holds capacities already; use --force to replace them", dir);
}

bool capacity_files_check(const struct opts *o, struct err *err)
{
	const char *dir = opts_get(o, "output");

	return !dir || check(dir, opts_get(o, "force") != NULL, err);
}

static bool write_all(const struct capacity_report *r, const char *dir, const struct data_folder *f,
	struct err *err)
{
	struct buf base;
	bool ok;

	buf_init(&base);
	buf_printf(&base, "%s/capacity.sqlite", dir);
	ok = check(dir, f->force || !f->dir, err) && rec_folder_make(dir, err) &&
	     write_base(r, base.s, err) &&
	     write_file(r, dir, "capacity.csv", capacity_print_csv, err) &&
	     write_file(r, dir, "points.csv", capacity_print_points_csv, err) &&
	     (!f->plot || (write_file(r, dir, "capacity.gp", print_script, err) &&
				  data_folder_draw(f, dir, err)));
	buf_finish(&base);
	return ok;
}

bool capacity_files(const struct capacity_report *r, const struct data_folder *f, struct err *err)
{
	struct buf dir;
	bool ok;

	buf_init(&dir);
	data_folder_path(&dir, f);
	ok = write_all(r, dir.s, f, err);
	if (ok)
		data_folder_say(f, dir.s);
	buf_finish(&dir);
	return ok;
}
