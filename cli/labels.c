#include "cli/labels.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/near.h"

bool labels_have(const char *list, const char *label)
{
	size_t n = strlen(label);

	for (const char *at = list; at; at = strchr(at, ','), at = at ? at + 1 : NULL) {
		at += strspn(at, " ");
		if (!strncmp(at, label, n) && (at[n] == ',' || at[n] == '\0'))
			return true;
	}
	return false;
}

bool labels_check(const char *list, const struct scenario_spec *s, struct err *err)
{
	char *copy = mem_strdup(list), *rest = copy, *name;
	bool ok = true;

	while (ok && (name = strsep(&rest, ","))) {
		struct near near;
		bool found = false;

		name += strspn(name, " ");
		near_init(&near, name);
		for (size_t p = 0; p < s->n_policies; p++) {
			found = found || !strcmp(s->policies[p].label, name);
			near_add(&near, s->policies[p].label);
		}
		ok = found || near_refuse(&near, "policy", err);
	}
	free(copy);
	return ok;
}
