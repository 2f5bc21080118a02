/* offing report --pages: one page of files of Markdown and their pictures. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/whole_file.h"
#include "cli/report.h"
#include "io/report/markdown.h"

static bool check_options(const struct opts *o, struct err *err)
{
	static const char *const others[] = {"best", "indifference", "policy"};

	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (opts_get(o, others[i]))
			return err_input(err, "--%s is about results, there are none with --pages",
				others[i]);
	return opts_get(o, "output") ||
	       err_input(err, "--pages needs -o FILE.html, or -o - for standard output");
}

static bool print_page(struct page *p, const struct page_head *head, struct err *err)
{
	page_write(p, stdout, head);
	return fflush(stdout) == 0 || err_run(err, "cannot write the page: %s", strerror(errno));
}

static bool write_page(
	struct page *p, const struct page_head *head, const struct opts *o, struct err *err)
{
	const char *file = opts_get(o, "output");
	struct whole_file *f = NULL;

	if (strcmp(file, "-") == 0)
		return print_page(p, head, err);
	if (!whole_file_open(&f, file, opts_get(o, "force") ? WHOLE_REPLACE : WHOLE_FORCE, err))
		return false;
	page_write(p, whole_file(f), head);
	return whole_file_close(f, err);
}

static bool make(struct page *p, struct arena *a, const struct opts *o, struct err *err)
{
	struct markdown_file *files = arena_alloc(a, o->n_args, sizeof *files);
	const char *title = opts_get(o, "title");

	if (!markdown_read(files, o->args, o->n_args, a, err) ||
		!markdown_sections(p, files, o->n_args, a, err))
		return false;
	/* without a version: the same files are the same page */
	return write_page(p,
		&(struct page_head){
			.title = title ? title : files[0].title,
			.over = "Report",
			.lead = "",
			.generator = "offing report",
		},
		o, err);
}

bool report_pages(const struct opts *o, struct err *err)
{
	struct arena a;
	struct page *p;
	bool ok;

	if (!check_options(o, err))
		return false;
	arena_init(&a);
	p = page_create();
	ok = make(p, &a, o, err);
	page_destroy(p);
	arena_finish(&a);
	return ok;
}
