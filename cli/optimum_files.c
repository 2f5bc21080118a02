/* Tables and a picture of a front, in a folder. */
#include "cli/optimum_files.h"

#include "io/record/folder.h"

static bool write_file(const struct optimum_report *r, const char *dir, const char *name,
	void (*print)(FILE *to, const struct optimum_report *r), struct err *err)
{
	struct whole_file *f;

	if (!data_file_open(&f, dir, name, err))
		return false;
	print(whole_file(f), r);
	return whole_file_close(f, err);
}

static const char about[] =
	"# The Pareto front of Eq. 1 and the policies run on the same tasks:\n"
	"#   gnuplot -e \"out='optimum.png'\" optimum.gp     (or optimum.svg), beside front.csv\n"
	"# and policies.csv. Above and to the left of the front is nobody.\n"
	"width = 760\n"
	"height = 520\n";

static const char drawing[] =
	"set key outside right top Left reverse samplen 1.5 spacing 1.25\n"
	"set rmargin 26\n"
	"set xlabel 'T, network time of those in time [ms]'\n"
	"set ylabel 'tasks in time'\n"
	"policy_name(i) = system(sprintf(\"sed -n '%dp' policies.csv | sed "
	"'s/^\\\"\\\\([^\\\"]*\\\\)\\\".*/\\\\1/'\", i+1))\n"
	"stats 'front.csv' skip 1 using (1e3*$3):1 name 'FRONT' nooutput\n"
	"stats 'policies.csv' skip 1 using (1e3*$4):2 name 'POLICY' nooutput\n"
	"right = 1.06 * (exists('POLICY_max_x') && POLICY_max_x > FRONT_max_x ? POLICY_max_x : "
	"FRONT_max_x)\n"
	"set xrange [0 : right > 0 ? right : 1]\n"
	"set yrange [0 : 1.08 * (FRONT_max_y > 0 ? FRONT_max_y : 1)]\n"
	"n = exists('POLICY_records') ? int(POLICY_records) : 0\n"
	"plot '+' using (0):(0) with lines lw 0 lc rgb 'white' notitle, \\\n"
	"	'front.csv' skip 1 using (1e3*$4):1 with steps lw 1 dt (4,4) lc rgb '#888888' "
	"title 'bound', \\\n"
	"	'front.csv' skip 1 using (1e3*$3):1 with steps dt 1 lw 2 lc rgb '#222222' title "
	"'front "
	"of Eq. 1', \\\n"
	"	for [i=1:n] 'policies.csv' skip 1 every ::(i-1)::(i-1) using (1e3*$4):2 with "
	"points lt policy_line(policy_name(i), i) ps marker title policy_name(i)\n";

static void print_script(FILE *to, const struct optimum_report *r)
{
	(void)r;
	fputs(about, to);
	data_folder_style(to, "optimum");
	fputs(drawing, to);
}

static bool write_all(const struct optimum_report *r, const char *dir, const struct data_folder *f,
	struct err *err)
{
	if (*dir == '\0')
		return err_input(err, "the output folder has no name");
	if (data_folder_has(dir, "front.csv") && !f->force)
		return err_input(err, "'%s' holds a front already; use --force to replace it", dir);
	return rec_folder_make(dir, err) &&
	       write_file(r, dir, "front.csv", optimum_print_front_csv, err) &&
	       write_file(r, dir, "policies.csv", optimum_print_policies_csv, err) &&
	       write_file(r, dir, "tasks.csv", optimum_print_tasks_csv, err) &&
	       (!f->plot || (write_file(r, dir, "optimum.gp", print_script, err) &&
				    data_folder_draw(f, dir, err)));
}

bool optimum_files(const struct optimum_report *r, const struct data_folder *f, struct err *err)
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
