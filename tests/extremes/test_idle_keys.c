/* No key does nothing: with another value the result is another one, or a message says why it
 * cannot be. The keys are those of the tables that read scenarios; each is changed in every base
 * that has it or could have it, and must tell in one of them.
 *
 * usage: test_idle_keys OFFING BASE.yaml... */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "tests/extremes/keys.h"
#include "tests/extremes/runner.h"

/* In order of how much is known. */
enum told { TOLD_REFUSED, TOLD_NOTHING, TOLD_WARNED, TOLD_DIFFERS };

/** A key whatever the names of sites, links... in its path, of all bases; or, where a base
 *  has it, of that base. */
struct kind {
	const char *path, *base; /* NULL: of all */
	enum told told;
};

struct kinds {
	size_t n, cap;
	struct kind *at;
};

/** What a change may leave as it is, and why. */
static const char *const silent[][2] = {
	{"name", "names the folder of the results"},
	{"description", "is kept with the results"},
	{"record.requests", "test_recorder looks for the rows"},
	{"record.queues", "test_recorder looks for the series"},
	{"record.timeline", "tests/timeline.py looks for the file"},
	{"record.timeline_events", "is of a timeline, which --timeline may ask for"},
	{"sites.*.tier", "is for the policies that look at it, and for people"},
};

static struct kind *kind_of(struct kinds *k, const char *path, const char *base)
{
	for (size_t i = 0; i < k->n; i++)
		if (!strcmp(k->at[i].path, path) && k->at[i].base == base)
			return &k->at[i];
	k->at = mem_grow(k->at, k->n, &k->cap, sizeof *k->at);
	k->at[k->n] = (struct kind){path, base, TOLD_REFUSED};
	return &k->at[k->n++];
}

/* Other values */

struct values {
	size_t n;
	const char *at[24];
};

static void add(struct values *v, const char *value)
{
	if (v->n < sizeof v->at / sizeof v->at[0])
		v->at[v->n++] = value;
}

/** The number in @text times @by, with the unit it has. */
static void add_scaled(struct values *v, struct arena *a, const char *text, double by)
{
	char *unit;
	double x = strtod(text, &unit);

	if (unit != text)
		add(v, arena_printf(a, "%.12g%s", by * x, unit));
}

static void add_numbers(struct values *v, struct arena *a, const struct scenario_key *k)
{
	static const double some[] = {0.01, 0.3, 2, 1000, 1e6};
	const char *unit = keys_unit(k->dim), *is = k->text ? k->text : k->rule.dflt;
	bool whole = k->rule.kind == SCHEMA_UNSIGNED || k->rule.kind == SCHEMA_U64;

	if (is) {
		add_scaled(v, a, is, 2.0);
		if (!whole)
			add_scaled(v, a, is, 0.5);
		add_scaled(v, a, is, whole ? 3.0 : 0.1);
		add_scaled(v, a, is, 10.0);
	}
	for (size_t i = whole ? 2 : 0; i < sizeof some / sizeof some[0]; i++)
		add(v, arena_printf(a, "%g%s", some[i], unit));
	add(v, "0");
	add(v, "1");
}

static void add_words(struct values *v, const struct scenario_key *k)
{
	const char *is = k->text ? k->text : k->rule.dflt ? k->rule.dflt : "";
	size_t built = k->rule.n_built ? k->rule.n_built : 99;

	for (size_t i = 0; k->rule.words[i] && i < built; i++)
		if (strcmp(k->rule.words[i], is) != 0)
			add(v, k->rule.words[i]);
}

/** The names in @section: those that have the key @key, which all have. */
static void add_names(struct values *v, struct arena *a, const struct key_list *keys,
	const char *section, const char *key)
{
	size_t n = strlen(section);

	for (size_t i = 0; i < keys->n; i++) {
		const char *path = keys->at[i].path, *dot = strrchr(path, '.');

		if (!strncmp(path, section, n) && dot && !strcmp(dot, key) && dot > path + n)
			add(v, arena_printf(a, "%.*s", (int)(dot - path - (int)n), path + n));
	}
}

/** What a reference could name instead. */
static void add_others(struct values *v, struct arena *a, const struct key_list *keys,
	const struct scenario_key *k)
{
	if (!strcmp(k->rule.name, "home") || !strcmp(k->rule.name, "site"))
		add_names(v, a, keys, "sites.", ".tier");
	if (!strcmp(k->rule.name, "model") && strncmp(k->path, "models.", 7) != 0)
		add_names(v, a, keys, "models.", ".precision");
}

static void others(struct values *v, struct arena *a, const struct key_list *keys,
	const struct scenario_key *k)
{
	switch (k->rule.kind) {
	case SCHEMA_WORD:
		add_words(v, k);
		return;
	case SCHEMA_BOOL:
		add(v, k->text && !strcmp(k->text, "true") ? "false" : "true");
		return;
	case SCHEMA_QUANTITY:
	case SCHEMA_UNSIGNED:
	case SCHEMA_U64:
		add_numbers(v, a, k);
		return;
	case SCHEMA_OTHER:
		if (k->text && isdigit((unsigned char)k->text[0]))
			add_numbers(v, a, k);
		else
			add_others(v, a, keys, k);
		return;
	case SCHEMA_TEXT:
	case SCHEMA_TAG:
	case SCHEMA_UNBUILT:
	case SCHEMA_END:
		return;
	}
}

/* Changing */

struct subject {
	const char *offing, *base, *file, *out;
	char *before[2]; /* what it says unchanged, and the links it has */
	size_t warnings; /* and of what it warns */
};

static size_t count_lines(const char *text)
{
	size_t n = 0;

	while ((text = strchr(text, '\n'))) {
		text++;
		n++;
	}
	return n;
}

/** The metrics, or, should these be the same, the commands that make such links. */
static void run_file(struct run *r, const struct subject *s, bool links)
{
	const char *const run[] = {s->offing, "run", s->file, "-q", "--json", "-j", "1", "--force",
		"-o", s->out, NULL};
	const char *const check[] = {s->offing, "check", "--tc", s->file, NULL};

	run_command(r, links ? check : run);
}

static enum told change(
	const struct subject *s, struct arena *a, const char *path, const char *value)
{
	struct yaml_node *root = keys_tree(a, s->base);
	struct run r = {0};
	enum told told = TOLD_NOTHING;

	if (!keys_change(a, root, path, value))
		return TOLD_REFUSED;
	keys_write(s->file, root);
	for (size_t k = 0; k < 2 && told == TOLD_NOTHING; k++) {
		run_file(&r, s, k);
		if (r.status == 2 && k == 0)
			told = TOLD_REFUSED;
		else if (strcmp(r.out, s->before[k]) != 0)
			told = TOLD_DIFFERS;
		else if (k == 0 && count_lines(r.err) > s->warnings)
			told = TOLD_WARNED;
	}
	run_finish(&r);
	return told;
}

static const char *anonymous(struct arena *a, const char *path)
{
	static const char *const named[] = {
		"sites.", "links.", "models.", "instances.", "users.", "policies.", NULL};

	for (size_t i = 0; named[i]; i++) {
		const char *rest = path + strlen(named[i]);

		if (strncmp(path, named[i], strlen(named[i])) != 0)
			continue;
		rest += strcspn(rest, ".");
		return arena_printf(a, "%s*%s", named[i], rest);
	}
	return path;
}

/** The most that any other value of @k tells, at least @told. */
static enum told try_values(const struct subject *s, struct arena *a, const struct key_list *keys,
	const struct scenario_key *k, enum told told)
{
	struct values v = {0};

	others(&v, a, keys, k);
	for (size_t i = 0; i < v.n && told < TOLD_WARNED; i++) {
		enum told now = TOLD_REFUSED;

		if (!k->text || strcmp(k->text, v.at[i]) != 0)
			now = change(s, a, k->path, v.at[i]);
		if (now > told)
			told = now;
	}
	return told;
}

static bool may_be_silent(const char *path)
{
	for (size_t i = 0; i < sizeof silent / sizeof silent[0]; i++)
		if (!strcmp(silent[i][0], path))
			return true;
	return false;
}

static void try_key(const struct subject *s, struct arena *a, const struct key_list *keys,
	struct kinds *kinds, const struct scenario_key *k)
{
	const char *path = anonymous(a, k->path);
	enum told everywhere = kind_of(kinds, path, NULL)->told, here;

	if (may_be_silent(path) || (!k->is_given && everywhere >= TOLD_WARNED))
		return;
	here = try_values(s, a, keys, k, k->is_given ? TOLD_REFUSED : everywhere);
	if (here > everywhere)
		kind_of(kinds, path, NULL)->told = here;
	if (k->is_given)
		kind_of(kinds, arena_printf(a, "%s", k->path), s->base)->told = here;
}

static bool try_base(struct subject *s, struct arena *a, struct kinds *kinds)
{
	struct key_list keys;
	struct run r = {0};

	if (!keys_read(&keys, a, s->base))
		return false;
	keys_write(s->file, keys_tree(a, s->base));
	run_file(&r, s, true);
	s->before[1] = mem_strdup(r.out);
	run_file(&r, s, false);
	if (r.status != 0)
		return false;
	s->before[0] = mem_strdup(r.out);
	s->warnings = count_lines(r.err);
	run_finish(&r);
	for (size_t i = 0; i < keys.n; i++)
		if (!keys.at[i].is_loose && keys.at[i].rule.kind != SCHEMA_UNBUILT)
			try_key(s, a, &keys, kinds, &keys.at[i]);
	free(s->before[0]);
	free(s->before[1]);
	keys_finish(&keys);
	return true;
}

static size_t report(const struct kinds *kinds)
{
	size_t idle = 0;

	for (size_t i = 0; i < kinds->n; i++) {
		const struct kind *k = &kinds->at[i];

		if (k->told != TOLD_NOTHING)
			continue;
		printf("%s%s%s does nothing and nobody says so\n", k->path, k->base ? " in " : "",
			k->base ? strrchr(k->base, '/') + 1 : "");
		idle++;
	}
	printf("%zu keys, %zu of them idle\n", kinds->n, idle);
	return idle;
}

int main(int argc, char **argv)
{
	char folder[] = "/tmp/offing-idle-XXXXXX";
	struct arena a;
	struct kinds kinds = {0};
	struct subject s;
	size_t idle;

	if (argc < 3 || !mkdtemp(folder))
		return 2;
	arena_init(&a);
	s = (struct subject){.offing = argv[1],
		.file = arena_printf(&a, "%s/s.yaml", folder),
		.out = arena_printf(&a, "%s/out", folder)};
	for (int i = 2; i < argc; i++) {
		s.base = argv[i];
		if (!try_base(&s, &a, &kinds))
			return 1;
	}
	idle = report(&kinds);
	run_remove(folder);
	free(kinds.at);
	arena_finish(&a);
	return idle > 0;
}
