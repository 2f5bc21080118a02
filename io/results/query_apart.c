/* By which keys runs can be told apart. */
#include <stdlib.h>
#include <string.h>

#include "io/results/keys.h"
#include "io/results/query_parts.h"

/* Classes of runs that have been alike so far. */
struct classes {
	const struct query *q;
	size_t n, *of; /* by run */
};

struct member {
	size_t class, run;
	const char *value; /* "" where there is none, as well as where that is the value */
};

static int by_class_and_value(const void *x, const void *y)
{
	const struct member *a = x, *b = y;

	if (a->class != b->class)
		return a->class < b->class ? -1 : 1;
	return strcmp(a->value, b->value);
}

/** How many there are when @value parts them too; *@of becomes what each run is in then. */
static size_t part(size_t *of, const struct classes *c, const char *const *value)
{
	const size_t n_runs = c->q->n_runs;
	struct member *members = mem_zalloc(n_runs, sizeof *members);
	size_t n = 0;

	for (size_t r = 0; r < n_runs; r++)
		members[r] = (struct member){c->of[r], r, value[r] ? value[r] : ""};
	mem_sort(members, n_runs, sizeof *members, by_class_and_value);
	for (size_t i = 0; i < n_runs; i++) {
		n += i == 0 || by_class_and_value(&members[i - 1], &members[i]) != 0;
		of[members[i].run] = n - 1;
	}
	free(members);
	return n;
}

/** Part them by @key where that makes more of them; *@more says whether it does. */
static bool part_by_key(bool *more, struct classes *c, const char *key, struct err *err)
{
	const char **value = mem_zalloc(c->q->n_runs, sizeof *value);
	size_t *of = mem_zalloc(c->q->n_runs, sizeof *of), n = c->n;
	bool ok = true;

	for (size_t r = 0; r < c->q->n_runs && ok; r++)
		ok = query_value_of(&value[r], c->q->runs[r].of, c->q->runs[r].run, key, err);
	if (ok)
		n = part(of, c, value);
	*more = n > c->n;
	if (*more)
		memcpy(c->of, of, c->q->n_runs * sizeof *of);
	c->n = n > c->n ? n : c->n;
	free(of);
	free(value);
	return ok;
}

/** As many classes as there are different runs. */
static size_t different(const struct query *q)
{
	const char **value = mem_zalloc(q->n_runs, sizeof *value);
	struct classes c = {.q = q, .of = mem_zalloc(q->n_runs, sizeof *c.of)};
	size_t *of = mem_zalloc(q->n_runs, sizeof *of), n = 0;

	for (int what = 0; what < 3; what++) {
		for (size_t r = 0; r < q->n_runs; r++) {
			const struct results_run *run = picked_run(&q->runs[r]);

			value[r] = what == 0 ? run->sha256 : what == 1 ? run->policy : run->version;
		}
		n = part(of, &c, value);
		memcpy(c.of, of, q->n_runs * sizeof *of);
	}
	free(of);
	free(c.of);
	free(value);
	return n;
}

struct chosen {
	size_t n, cap;
	const char **at;
};

static bool try_key(
	struct chosen *out, struct classes *c, size_t enough, const char *key, struct err *err)
{
	bool more = false;

	if (c->n >= enough)
		return true;
	if (!part_by_key(&more, c, key, err))
		return false;
	if (more) {
		out->at = mem_grow(out->at, out->n, &out->cap, sizeof *out->at);
		out->at[out->n++] = key;
	}
	return true;
}

/** What a scenario is called says least of what it is. */
static bool is_word(const char *key)
{
	return strcmp(key, "name") == 0 || strcmp(key, "description") == 0;
}

static bool choose(struct chosen *out, struct classes *c, struct err *err)
{
	const size_t enough = different(c->q);
	struct setting_key *keys;
	size_t n;
	bool ok = keys_all(&n, &keys, c->q->results, c->q->n_results, err) &&
		  try_key(out, c, enough, "policy", err);

	for (int words = 0; words < 2; words++)
		for (size_t k = 0; k < n && ok; k++)
			if (keys[k].differs && is_word(keys[k].name) == (words == 1))
				ok = try_key(out, c, enough, keys[k].name, err);
	free(keys);
	return ok && try_key(out, c, enough, "version", err) &&
	       try_key(out, c, enough, "folder", err);
}

bool query_keys_apart(size_t *n, const char ***out, struct results *const *results,
	size_t n_results, const struct query_spec *spec, struct err *err)
{
	struct query q = {.results = results, .n_results = n_results};
	struct classes c = {.q = &q, .n = 1};
	struct chosen chosen = {0};
	bool more, ok;

	arena_init(&q.arena);
	ok = query_pick(&q, spec->where, spec->n_where, err);
	c.of = mem_zalloc(q.n_runs, sizeof *c.of);
	for (size_t k = 0; k < spec->n_rows && ok; k++)
		ok = part_by_key(&more, &c, spec->rows[k], err);
	for (size_t k = 0; k < spec->n_cols && ok; k++)
		ok = part_by_key(&more, &c, spec->cols[k], err);
	ok = ok && choose(&chosen, &c, err);
	free(c.of);
	free(q.runs);
	arena_finish(&q.arena);
	*n = chosen.n;
	*out = chosen.at;
	return ok;
}
