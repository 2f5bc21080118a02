/* Keys, and what a run has for one. */
#include <stdlib.h>
#include <string.h>

#include "base/near.h"
#include "io/results/keys.h"
#include "io/results/query_parts.h"

static const char *const own[] = {"policy", "folder", "version"};
enum { OWN = sizeof own / sizeof *own };

bool query_value_of(
	const char **out, struct results *r, size_t run, const char *key, struct err *err)
{
	const struct results_run *of = results_run(r, run);

	if (strcmp(key, "policy") == 0)
		*out = of->policy;
	else if (strcmp(key, "folder") == 0)
		*out = results_dir(r);
	else if (strcmp(key, "version") == 0)
		*out = of->version;
	else
		return results_setting(out, r, run, key, err);
	return true;
}

/** False, with the key that is meant, where @key is the end of one alone: "wan.rate". */
static bool ends_with(const struct setting_key *keys, size_t n, const char *key, struct err *err)
{
	const size_t size = strlen(key);
	const char *found = NULL;
	size_t times = 0;

	for (size_t i = 0; i < n; i++) {
		const size_t whole = strlen(keys[i].name);
		const char *end = keys[i].name + whole - size;

		if (whole > size && strcmp(end, key) == 0 && end[-1] == '.') {
			found = keys[i].name;
			times++;
		}
	}
	return times != 1 || err_input(err, "there is no key '%s'; did you mean '%s'?", key, found);
}

bool query_no_key(const struct query *q, const char *key, struct err *err)
{
	struct setting_key *keys;
	struct near near;
	size_t n;
	bool ok = keys_all(&n, &keys, q->results, q->n_results, err);

	near_init(&near, key);
	for (size_t i = 0; i < OWN; i++)
		near_add(&near, own[i]);
	for (size_t i = 0; i < n && ok; i++) {
		if (strcmp(keys[i].name, key) == 0)
			ok = err_input(err, "none of the runs asked about has a key '%s'", key);
		else
			near_add(&near, keys[i].name);
	}
	ok = ok && (near_best(&near) || ends_with(keys, n, key, err)) &&
	     near_refuse(&near, "key", err);
	free(keys);
	return ok;
}
