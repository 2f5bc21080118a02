/* Profiles: the built-in set, and files of the user's. */
#include "io/profile/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/text/text_file.h"

enum { MAX_FILE_BYTES = 16000000 };

const struct profile_set *profile_builtin(struct arena *a)
{
	struct profile_set *set = arena_alloc(a, 1, sizeof *set);
	const struct profile **all = arena_alloc(a, profile_n_texts, sizeof(struct profile *));
	struct err err = {0};

	for (size_t i = 0; i < profile_n_texts; i++) {
		const struct profile_text *t = &profile_texts[i];
		char *path = arena_printf(a, "%s.profile", t->name);

		if (!profile_parse(&all[i], a, path, t->text, strlen(t->text), &err)) {
			err_print(&err, stderr);
			abort();
		}
	}
	set->n = profile_n_texts;
	set->all = all;
	return set;
}

bool profile_find(const struct profile **out, const struct profile_set *set,
	const struct gpu_spec *gpu, const char *runtime, const char *model, enum precision p,
	struct src_pos at, struct err *err)
{
	*out = profile_choose(set->all, set->n, gpu, runtime, model, p);
	if (*out)
		return true;
	return err_at(err, at, "no profile of runtime '%s' in %s covers GPU '%s'", runtime,
		llm_precision_names[p], gpu->name ? gpu->name : "?");
}

bool profile_read(const struct profile **out, struct arena *a, const char *path, struct src_pos at,
	struct err *err)
{
	struct arena text_arena;
	char *text;
	size_t len;
	bool ok;

	*out = NULL;
	arena_init(&text_arena);
	ok = text_file_read(&text, &len, &text_arena, path, MAX_FILE_BYTES, at, err) &&
	     profile_parse(out, a, path, text, len, err);
	arena_finish(&text_arena);
	return ok;
}
