#include "cli/known_keys.h"

#include <stdlib.h>
#include <string.h>

#include "cli/key_text.h"
#include "io/results/keys.h"

struct lines {
	FILE *to;
	const char *text, *end;
};

static void say(const struct lines *l, const char *key)
{
	if (!strncmp(key, l->text, strlen(l->text)))
		fprintf(l->to, "%s%s\n", key, l->end);
}

static void say_explained(const struct lines *l)
{
	const struct scenario_key *all;
	struct arena a;
	size_t n;

	arena_init(&a);
	all = key_all(&n, &a);
	for (size_t i = 0; i < n; i++)
		if (!all[i].again && (i == 0 || strcmp(all[i].path, all[i - 1].path) != 0))
			say(l, all[i].path);
	arena_finish(&a);
}

/* Those in which the runs differ, and, once somebody has begun to write one, the others too. */
static bool say_given(const struct lines *l, struct results *r)
{
	static const char *const others[] = {"policy", "folder", "version"};
	struct setting_key *keys;
	struct err err = {0};
	size_t n;

	if (!keys_all(&n, &keys, &r, 1, &err))
		return false;
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		say(l, others[i]);
	for (size_t i = 0; i < n; i++)
		if (*l->text || keys[i].differs)
			say(l, keys[i].name);
	free(keys);
	return true;
}

bool known_keys_print(FILE *to, const char *dir, const char *text, const char *end)
{
	struct lines l = {to, text, end};
	struct results *r;
	struct err err = {0};
	bool ok;

	if (!dir) {
		say_explained(&l);
		return true;
	}
	if (!results_open(&r, dir, &err))
		return false;
	ok = say_given(&l, r);
	results_close(r);
	return ok;
}
