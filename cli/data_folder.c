#include "cli/data_folder.h"

#include <string.h>
#include <unistd.h>

#include "cli/say.h"
#include "io/report/gnuplot.h"
#include "io/report/style.h"

void data_folder_path(struct buf *out, const struct data_folder *f)
{
	if (f->dir)
		buf_puts(out, f->dir);
	else
		buf_printf(out, "results/%s/%s", f->kind, f->name);
}

bool data_folder_has(const char *dir, const char *name)
{
	struct buf path;
	bool has;

	buf_init(&path);
	buf_printf(&path, "%s/%s", dir, name);
	has = access(path.s, F_OK) == 0;
	buf_finish(&path);
	return has;
}

bool data_file_open(struct whole_file **out, const char *dir, const char *name, struct err *err)
{
	struct buf path;
	bool ok;

	buf_init(&path);
	buf_printf(&path, "%s/%s", dir, name);
	ok = whole_file_open(out, path.s, WHOLE_REPLACE, err);
	buf_finish(&path);
	return ok;
}

void data_folder_style(FILE *to, const char *kind)
{
	fprintf(to, "name = '%s'\n\n%s\n", kind, report_style);
}

static bool draw(const struct data_folder *f, const char *dir, const char *form, struct err *err)
{
	struct buf script, setting;
	bool ok;

	buf_init(&script);
	buf_init(&setting);
	buf_printf(&script, "%s.gp", f->kind);
	buf_printf(&setting, "out='%s.%s'", f->kind, form);
	ok = gnuplot_file(dir, script.s, setting.s, err);
	buf_finish(&setting);
	buf_finish(&script);
	return ok;
}

bool data_folder_draw(const struct data_folder *f, const char *dir, struct err *err)
{
	return draw(f, dir, "png", err) && draw(f, dir, "svg", err);
}

void data_folder_say(const struct data_folder *f, const char *dir)
{
	say("offing: %s is in %s", f->plot ? "the picture, with its data," : "the data", dir);
}
