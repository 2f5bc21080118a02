/* Extremes of every key that a scenario can have, one by one and two at a time: each is
 * simulated, refused with its place, or fails in one clear line. The keys are those of the tables
 * that read scenarios, so new ones are drawn as well.
 *
 * usage: test_extremes OFFING SHARE BASE.yaml...     one case of SHARE is tried */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "tests/extremes/keys.h"
#include "tests/extremes/runner.h"

enum { SHARDS = 2, OFTEN = 5 };

/** One value in one place of one scenario. */
struct extreme {
	const char *base, *path, *value;
};

struct extremes {
	struct arena arena;
	size_t n, cap;
	struct extreme *at;
	struct key_list seen; /* paths without the names: keys that an earlier base had */
};

static void add(struct extremes *x, const char *base, const char *path, const char *value)
{
	x->at = mem_grow(x->at, x->n, &x->cap, sizeof *x->at);
	x->at[x->n++] = (struct extreme){base, path, arena_strdup(&x->arena, value)};
}

/* Values */

static const double magnitudes[] = {0, -1, 5e-324, 1e-300, 1e-30, 1e-18, 1e-12, 1e-10, 4.9e-10,
	1e-9, 1.5e-9, 1e-6, 1e-3, 0.3, 1, 1.5, 7, 1e3, 65537, 1e6, 1e9, 4.4e9, 4294967296.0, 9.2e9,
	9.3e9, 1.1e10, 1e12, 9007199254740993.0, 9.3e18, 1e20, 1e30, 1e154, 1e300,
	1.7976931348623157e308};
enum { N_MAGNITUDES = sizeof magnitudes / sizeof magnitudes[0] };

static void add_quantity(
	struct extremes *x, const char *base, const struct scenario_key *k, double si)
{
	add(x, base, k->path, arena_printf(&x->arena, "%.17g%s", si, keys_unit(k->dim)));
}

static void add_quantities(
	struct extremes *x, const char *base, const struct scenario_key *k, size_t every)
{
	const struct schema_key *r = &k->rule;

	for (size_t i = 0; i < N_MAGNITUDES; i += every)
		add_quantity(x, base, k, magnitudes[i]);
	add_quantity(x, base, k, r->min);
	add_quantity(x, base, k, nextafter(r->min, HUGE_VAL));
	if (r->max == 0 || r->max >= HUGE_VAL)
		return;
	add_quantity(x, base, k, r->max);
	add_quantity(x, base, k, nextafter(r->max, -HUGE_VAL));
	add_quantity(x, base, k, nextafter(r->max, HUGE_VAL));
	add_quantity(x, base, k, sqrt(fmax(r->min, 1e-12) * r->max));
}

static void add_whole(
	struct extremes *x, const char *base, const struct scenario_key *k, size_t every)
{
	static const char *const wholes[] = {"0", "-1", "1", "2", "3", "17", "65535", "65536",
		"1000001", "2147483647", "2147483648", "4294967295", "4294967296",
		"9007199254740993", "9223372036854775807", "9223372036854775808",
		"18446744073709551615", "18446744073709551616", "1.5", "1e300"};

	for (size_t i = 0; i < sizeof wholes / sizeof wholes[0]; i += every)
		add(x, base, k->path, wholes[i]);
	if (k->rule.max > 0 && k->rule.max < 1e19) {
		add(x, base, k->path, arena_printf(&x->arena, "%.0f", k->rule.max));
		add(x, base, k->path, arena_printf(&x->arena, "%.0f", k->rule.max + 1));
	}
	if (k->rule.min > 1)
		add(x, base, k->path, arena_printf(&x->arena, "%.0f", k->rule.min));
}

static void add_words(struct extremes *x, const char *base, const struct scenario_key *k)
{
	static const char *const any[] = {"''", "'\\'", "nan", "inf", "-", "[]", "{}", "[[]]",
		"{a: b}", "null", "'../../x'", "\"a\\nb\"", "\"\\e[31m\"", "'$(id)'", "'*'"};

	for (size_t i = 0; i < sizeof any / sizeof any[0]; i++)
		add(x, base, k->path, any[i]);
	for (size_t i = 0; k->rule.kind == SCHEMA_WORD && k->rule.words[i]; i++)
		add(x, base, k->path, k->rule.words[i]);
	if (k->rule.word)
		add(x, base, k->path, k->rule.word);
	if (k->rule.kind == SCHEMA_BOOL) {
		add(x, base, k->path, "true");
		add(x, base, k->path, "false");
	}
}

/** The number that is there, with its unit, becomes others. */
static void add_like(
	struct extremes *x, const char *base, const struct scenario_key *k, size_t every)
{
	char *unit;

	if (!k->text || !isdigit((unsigned char)k->text[0]))
		return;
	strtod(k->text, &unit);
	for (size_t i = 0; i < N_MAGNITUDES; i += every)
		add(x, base, k->path, arena_printf(&x->arena, "%.17g%s", magnitudes[i], unit));
}

/* Keys */

/** The path with the names of sites, links... left out. */
static const char *kind_of_path(struct arena *a, const char *path)
{
	static const char *const named[] = {
		"sites.", "links.", "models.", "instances.", "users.", "policies.", NULL};
	const char *rest;

	for (size_t i = 0; named[i]; i++) {
		if (strncmp(path, named[i], strlen(named[i])) != 0)
			continue;
		rest = strchr(path + strlen(named[i]), '.');
		if (rest && (!strncmp(rest, ".up.", 4) || !strncmp(rest, ".down.", 6)))
			rest = strchr(rest + 1, '.');
		return arena_printf(a, "%s*%s", named[i], rest ? rest : "");
	}
	return path;
}

/** False the first time that a key of this kind comes. */
static bool is_known(struct extremes *x, const char *kind)
{
	for (size_t i = 0; i < x->seen.n; i++)
		if (!strcmp(x->seen.at[i].path, kind))
			return true;
	x->seen.at = mem_grow(x->seen.at, x->seen.n, &x->seen.cap, sizeof *x->seen.at);
	x->seen.at[x->seen.n++].path = kind;
	return false;
}

static void add_key(struct extremes *x, const char *base, const struct scenario_key *k)
{
	bool known = is_known(x, kind_of_path(&x->arena, k->path));
	size_t every = known ? OFTEN : 1;

	if (k->is_loose) {
		add_like(x, base, k, every);
		return;
	}
	if (k->rule.kind == SCHEMA_UNBUILT || (known && !k->is_given))
		return;
	if (!known)
		add_words(x, base, k);
	if (k->rule.kind == SCHEMA_QUANTITY)
		add_quantities(x, base, k, every);
	else if (k->rule.kind == SCHEMA_UNSIGNED || k->rule.kind == SCHEMA_U64)
		add_whole(x, base, k, every);
	else if (k->rule.kind == SCHEMA_OTHER && k->text)
		add_like(x, base, k, every);
	else if (k->rule.kind == SCHEMA_OTHER && k->dim != QUANTITY_NUMBER)
		add_quantities(x, base, k, every);
	else if (known && k->rule.kind == SCHEMA_WORD)
		add_words(x, base, k);
}

static bool add_base(struct extremes *x, const char *base)
{
	struct key_list keys;
	bool ok = keys_read(&keys, &x->arena, base);

	for (size_t i = 0; i < keys.n; i++)
		add_key(x, base, &keys.at[i]);
	keys_finish(&keys);
	return ok;
}

/* Trying */

/** One extreme, or two of the same base. */
struct trial {
	const struct extreme *one, *two; /* @two: NULL */
	const char *offing, *folder;
};

static void complain(const struct trial *t, const struct run *r, const char *what)
{
	printf("%s with %s = %s%s%s%s%s %s (status %d, signal %d, %.0f MB)\n",
		strrchr(t->one->base, '/') + 1, t->one->path, t->one->value, t->two ? " and " : "",
		t->two ? t->two->path : "", t->two ? " = " : "", t->two ? t->two->value : "", what,
		r->status, r->signal, r->max_bytes / 1e6);
	if (r->err[0])
		printf("    %.600s\n", r->err);
	fflush(stdout);
}

static bool run_file(const struct trial *t, const char *file, const char *out)
{
	const char *const argv[] = {
		t->offing, "run", file, "-q", "--json", "-j", "1", "--force", "-o", out, NULL};
	struct run r = {0};
	const char *what;
	char metric[200];

	run_command(&r, argv);
	what = run_complaint(&r);
	if (!what)
		what = run_bad_metric(&r, metric, sizeof metric);
	if (what)
		complain(t, &r, what);
	run_finish(&r);
	return !what;
}

static bool try_one(const struct trial *t)
{
	struct arena a;
	struct yaml_node *root;
	const char *file, *out;
	bool ok = true;

	arena_init(&a);
	file = arena_printf(&a, "%s/s.yaml", t->folder);
	out = arena_printf(&a, "%s/out", t->folder);
	root = keys_tree(&a, t->one->base);
	if (keys_change(&a, root, t->one->path, t->one->value) &&
		(!t->two || keys_change(&a, root, t->two->path, t->two->value))) {
		keys_write(file, root);
		ok = run_file(t, file, out);
	}
	arena_finish(&a);
	return ok;
}

/** The @i-th number of a sequence that looks random. */
static size_t scatter(size_t i)
{
	return (size_t)((i + 1) * UINT64_C(0x9e3779b97f4a7c15) >> 33);
}

/** Another extreme of the same base, or NULL after some looks. */
static const struct extreme *companion(const struct extremes *x, size_t k)
{
	for (size_t look = 0; look < 64; look++) {
		const struct extreme *e = &x->at[scatter(64 * k + look) % x->n];

		if (e->base == x->at[k].base && strcmp(e->path, x->at[k].path) != 0)
			return e;
	}
	return NULL;
}

static int try_shard(const char *offing, const struct extremes *x, size_t shard, size_t share)
{
	char folder[] = "/tmp/offing-extremes-XXXXXX";
	size_t failed = 0, tried = 0;

	if (!mkdtemp(folder))
		abort();
	for (size_t i = shard * share; i < x->n; i += SHARDS * share) {
		/* one of each @share, not always the same one of a key's values */
		size_t k = i + scatter(i) % share;
		struct trial t = {.offing = offing, .folder = folder};

		if (k >= x->n)
			continue;
		t.one = &x->at[k];
		t.two = scatter(k) % 3 == 0 ? companion(x, k) : NULL;
		tried++;
		failed += !try_one(&t);
	}
	printf("%zu extremes tried, %zu answered wrongly\n", tried, failed);
	fflush(stdout);
	run_remove(folder);
	return failed > 0;
}

int main(int argc, char **argv)
{
	struct extremes x = {0};
	size_t share = argc > 3 ? strtoul(argv[2], NULL, 10) : 0, shard;
	int status, failed = 0;

	arena_init(&x.arena);
	if (share == 0)
		return 2;
	for (int i = 3; i < argc; i++)
		if (!add_base(&x, argv[i]))
			return 1;
	printf("%zu extremes of %zu keys\n", x.n, x.seen.n);
	fflush(stdout);
	for (shard = 0; shard < SHARDS; shard++)
		if (fork() == 0)
			_exit(try_shard(argv[1], &x, shard, share));
	while (wait(&status) > 0)
		failed += status != 0;
	free(x.at);
	free(x.seen.at);
	arena_finish(&x.arena);
	return failed > 0;
}
