#ifndef OFFING_CLI_PAGE_H
#define OFFING_CLI_PAGE_H

#include <stdio.h>

#include "cli/command.h"

/** What `offing help` knows beside commands: pages of the manual of their own. */
struct page {
	const char *name; /* "scenario": the page is offing-scenario */
	int section;
	const char *summary;
	void (*man)(FILE *to, const struct page *page);
	/** On the terminal; @key is what stands behind the name, or NULL. False with @err. */
	bool (*print)(FILE *to, const char *key, struct err *err);
};

/** Ends with NULL. */
extern const struct page *const pages[];
extern const struct page page_policy, page_scenario;

/** Every key of a scenario as a row of a table in Markdown. */
void page_scenario_markdown(FILE *to);

/** Whether @text is, or may mean, a key of a scenario. */
bool page_scenario_has(const char *text);

/** The pages of the program and of a command. */
void page_offing(FILE *to);
void page_command(FILE *to, const struct command *c);

/** Write all of them to the folder @dir, each as NAME.SECTION. */
MUST_CHECK bool pages_write(const char *dir, struct err *err);

#endif
