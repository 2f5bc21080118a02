/* The tables of a scenario say what reading it does: what is heard when scenarios are read is what
 * is explained, each default changes nothing where it is written down, and each range ends where a
 * value just outside is refused.
 * usage: test_keys SCENARIO... */
#include "tests/support/check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/scenario/keys.h"
#include "io/scenario/scenario.h"
#include "io/trace/arrival_trace.h"
#include "policies/all.h"

/* A key that a scenario has or could have, where it would stand. */
struct place {
	const char *path;
	enum quantity_dim dim;
	enum schema_kind kind;
};

struct heard {
	struct schema_listener base; /* first */
	struct arena *arena;
	struct place *at;
	size_t n, cap;
};

struct fixture {
	struct arena arena;
	size_t n_files, n_keys;
	char **files;
	const struct scenario_key *keys;
	bool *seen; /* of the keys: by a listener, or tried */
};

static void hear(struct schema_listener *l, const char *path, const struct schema_key *key,
	enum quantity_dim dim)
{
	struct heard *h = (struct heard *)l;
	const char *whole = arena_printf(h->arena, "%s%s%s", path, *path ? "." : "", key->name);

	for (size_t i = 0; i < h->n; i++)
		if (!strcmp(h->at[i].path, whole) && h->at[i].kind == key->kind)
			return;
	h->at = mem_grow(h->at, h->n, &h->cap, sizeof *h->at);
	h->at[h->n++] = (struct place){whole, dim, key->kind};
}

static bool read_with(struct scenario **s, const char *file, const char *set,
	struct schema_listener *listener, struct err_list *errs)
{
	struct scenario_request req = {.file = file,
		.sets = &set,
		.n_sets = set != NULL,
		.policies = policies_all(),
		.traces = &arrival_trace_opener,
		.listener = listener};

	err_list_init(errs);
	return scenario_read(s, &req, errs);
}

/* The resolved text of @file with @set, in the arena; NULL with what is wrong in *@why. */
static const char *resolved(struct fixture *f, const char *file, const char *set, const char **why)
{
	struct scenario *s;
	struct err_list errs;
	const char *text = NULL;

	*why = "";
	if (read_with(&s, file, set, NULL, &errs)) {
		text = arena_strdup(&f->arena, s->text);
		scenario_destroy(s);
	} else {
		*why = arena_strdup(&f->arena, errs.items[0].msg);
	}
	err_list_finish(&errs);
	return text;
}

static struct heard listen(struct fixture *f, const char *file)
{
	struct heard h = {{hear}, &f->arena, NULL, 0, 0};
	struct err_list errs;
	struct scenario *s;

	if (!read_with(&s, file, NULL, &h.base, &errs)) {
		err_list_print(&errs, stderr);
		fail();
	}
	err_list_finish(&errs);
	scenario_destroy(s);
	return h;
}

static int setup(void **state)
{
	struct fixture *f = *state;

	arena_init(&f->arena);
	f->keys = scenario_keys(&f->n_keys, &f->arena, policies_all());
	f->seen = arena_alloc(&f->arena, f->n_keys, sizeof *f->seen);
	return 0;
}

static int drop(void **state)
{
	arena_finish(&((struct fixture *)*state)->arena);
	return 0;
}

static void every_key_is_explained_by_a_sentence(void **state)
{
	const struct fixture *f = *state;

	assert_true(f->n_keys > 250);
	for (size_t i = 0; i < f->n_keys; i++) {
		const struct schema_key *key = &f->keys[i].key;
		bool param = !strncmp(f->keys[i].path, "policy.", 7);

		if (!key->help || strlen(key->help) < 8 ||
			(!param && key->help[strlen(key->help) - 1] != '.'))
			fail_msg("%s is explained by '%s'", f->keys[i].path, key->help);
		if (key->kind == SCHEMA_OTHER && !key->takes && !key->map)
			fail_msg("it is not said what %s takes", f->keys[i].path);
		if (!key->dflt && !key->required && !key->without)
			fail_msg("it is not said what holds without %s", f->keys[i].path);
	}
}

/* Which of the keys the place is; several, where one form stands for the values of many. */
static size_t explained(struct fixture *f, const struct place *p)
{
	const struct scenario_key **found =
		arena_alloc(&f->arena, f->n_keys, sizeof(const struct scenario_key *));
	size_t n = scenario_keys_find(found, f->keys, f->n_keys, p->path);

	for (size_t i = 0; i < n; i++)
		f->seen[found[i] - f->keys] = true;
	return n;
}

/* `policies.LABEL.x` is a parameter of policy, too. */
static bool is_elsewhere(const char *path)
{
	return !strncmp(path, "policies.", 9) && strchr(path + 9, '.');
}

static void what_is_read_is_what_is_explained(void **state)
{
	struct fixture *f = *state;
	size_t missing = 0;

	for (size_t k = 0; k < f->n_files; k++) {
		struct heard h = listen(f, f->files[k]);

		for (size_t i = 0; i < h.n; i++)
			if (!is_elsewhere(h.at[i].path) && explained(f, &h.at[i]) == 0)
				fail_msg("%s: nothing explains %s", f->files[k], h.at[i].path);
		free(h.at);
	}
	for (size_t i = 0; i < f->n_keys; i++)
		if (!f->seen[i] && !f->keys[i].again && strncmp(f->keys[i].path, "policy.", 7)) {
			print_message("no scenario reads %s\n", f->keys[i].path);
			missing++;
		}
	assert_int_equal(missing, 0);
}

/* No -s leads to an entry of a list, or to a time of a schedule. */
static bool is_out_of_reach(const char *path)
{
	return strstr(path, ".TIME.") || strstr(path, ".K.");
}

/* A law of its own has another range under the same name. */
static bool is_twofold(const struct fixture *f, const struct scenario_key *k)
{
	for (size_t i = 0; i < f->n_keys; i++)
		if (&f->keys[i] != k && !strcmp(f->keys[i].path, k->path))
			return true;
	return false;
}

/* The key that explains @p alone; NULL where several might. */
static const struct scenario_key *key_of(struct fixture *f, const struct place *p)
{
	const struct scenario_key **found =
		arena_alloc(&f->arena, f->n_keys, sizeof(const struct scenario_key *));
	size_t n = scenario_keys_find(found, f->keys, f->n_keys, p->path);

	return n == 1 && found[0]->key.kind == p->kind && !is_out_of_reach(found[0]->path)
		       ? found[0]
		       : NULL;
}

/* The text of `X` when that is all of @without. */
static const char *literal(struct fixture *f, const char *without)
{
	size_t n = without ? strlen(without) : 0;

	if (n < 3 || without[0] != '`' || strchr(without + 1, '`') != without + n - 1)
		return NULL;
	return arena_printf(&f->arena, "%.*s", (int)(n - 2), without + 1);
}

/* Whether @changed is @text with lines more. */
static bool has_lines_more(const char *text, const char *changed)
{
	while (*text && *changed) {
		size_t n = strcspn(text, "\n") + 1;

		if (!strncmp(text, changed, n))
			text += n;
		changed += strcspn(changed, "\n") + 1;
	}
	return !*text;
}

/* The key is not for what this scenario has. */
static bool is_not_here(const char *why)
{
	static const char *const words[] = {
		" does not go with ", " goes with ", " is for ", "leave out", " needs the key "};

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strstr(why, words[i]))
			return true;
	return false;
}

enum answer { YES, NO, NOT_HERE };

static enum answer is_unchanged(struct fixture *f, const char *file, const char *path,
	const char *value, const char *text, bool may_add)
{
	const char *why,
		*changed = resolved(f, file, arena_printf(&f->arena, "%s=%s", path, value), &why);

	if (changed && (!strcmp(changed, text) || (may_add && has_lines_more(text, changed))))
		return YES;
	if (is_not_here(why))
		return NOT_HERE;
	print_message("%s: %s=%s is no default: %s\n", file, path, value, why);
	return NO;
}

static bool is_given(const struct scenario *s, const char *path)
{
	size_t n = strlen(path);

	for (size_t i = 0; i < s->n_settings; i++)
		if (!strncmp(s->settings[i].key, path, n) &&
			(!s->settings[i].key[n] || s->settings[i].key[n] == '.'))
			return true;
	return false;
}

/* Where the base says something else its own value is not the default. */
static bool says_other(const struct scenario *s, const char *path, const char *dflt)
{
	for (size_t i = 0; i < s->n_settings; i++)
		if (!strcmp(s->settings[i].key, path))
			return strcmp(s->settings[i].value, dflt) != 0;
	return is_given(s, path);
}

static size_t check_defaults(struct fixture *f, const char *file, size_t *wrong)
{
	struct heard h = listen(f, file);
	struct err_list errs;
	struct scenario *s;
	size_t tried = 0;

	assert_true(read_with(&s, file, NULL, NULL, &errs));
	err_list_finish(&errs);
	for (size_t i = 0; i < h.n; i++) {
		const struct scenario_key *k = key_of(f, &h.at[i]);
		const char *text = k ? literal(f, k->key.without) : NULL;
		bool stands = k && k->key.dflt;
		enum answer answer;

		if (!k || (!stands && !text) || k->key.map || f->seen[k - f->keys])
			continue;
		if (stands ? !is_given(s, h.at[i].path) : is_given(s, h.at[i].path))
			continue; /* of another variant; or it is given */
		if (stands && says_other(s, h.at[i].path, k->key.dflt))
			continue;
		answer = is_unchanged(
			f, file, h.at[i].path, stands ? k->key.dflt : text, s->text, !stands);
		*wrong += answer == NO;
		tried += answer != NOT_HERE;
		f->seen[k - f->keys] = answer != NOT_HERE;
	}
	scenario_destroy(s);
	free(h.at);
	return tried;
}

static void a_default_that_is_written_down_changes_nothing(void **state)
{
	struct fixture *f = *state;
	size_t tried = 0, wrong = 0;

	for (size_t k = 0; k < f->n_files; k++)
		tried += check_defaults(f, f->files[k], &wrong);
	for (size_t i = 0; i < f->n_keys; i++) {
		const struct scenario_key *k = &f->keys[i];

		if (f->seen[i] || k->again || !(k->key.dflt || literal(f, k->key.without)) ||
			k->key.map || is_out_of_reach(k->path) || !strncmp(k->path, "policy.", 7))
			continue;
		print_message("no scenario tries the default of %s\n", k->path);
		wrong++;
	}
	print_message("%zu defaults\n", tried);
	assert_true(tried > 80);
	assert_int_equal(wrong, 0);
}

/* A value of @dim as a scenario spells it in SI, exactly. */
static const char *spell(struct fixture *f, double x, enum quantity_dim dim, bool whole)
{
	static const char *const units[QUANTITY_DIMS] = {[QUANTITY_TIME] = " s",
		[QUANTITY_BYTES] = " B",
		[QUANTITY_BIT_RATE] = " B/s",
		[QUANTITY_FREQUENCY] = " /s",
		[QUANTITY_FLOP_RATE] = " FLOP/s",
		[QUANTITY_BYTE_RATE] = " B/s",
		[QUANTITY_CLOCK] = " Hz",
		[QUANTITY_POWER] = " W",
		[QUANTITY_PRICE] = " USD/h"};

	if (whole)
		return arena_printf(&f->arena, "%.0f", x);
	return arena_printf(&f->arena, "%.17g%s", x, units[dim] ? units[dim] : "");
}

/* What is said of @path=@value, up to the value; "" when nothing is, NULL where the key is not for
 * such a scenario. */
static const char *complaint(struct fixture *f, const char *file, const struct place *p,
	const char *name, const char *value)
{
	const char *why, *set = arena_printf(&f->arena, "%s=%s", p->path, value);

	if (resolved(f, file, set, &why))
		return "";
	if (is_not_here(why))
		return NULL;
	if (strncmp(why, name, strlen(name)) != 0)
		return "";
	return arena_printf(&f->arena, "%.*s", (int)(strlen(why) - strlen(value)), why);
}

struct edge {
	double in, out; /* the last value inside, the first outside; out NaN: there is none */
};

static struct edge lower_edge(const struct schema_range *r, bool whole)
{
	if (r->above)
		return (struct edge){(double)NAN, r->least};
	if (whole)
		return (struct edge){r->least, r->least > 0 ? r->least - 1 : (double)NAN};
	/* where 0 is allowed though the least is more, it is not outside */
	return (struct edge){r->least, r->least > 0 ? r->least * (1 - 1e-9) : -1e-3};
}

static struct edge upper_edge(const struct schema_range *r, bool whole)
{
	if (!(r->most < HUGE_VAL) || (whole && r->most > 0x1p53))
		return (struct edge){(double)NAN, (double)NAN};
	return (struct edge){r->most, whole ? r->most + 1 : r->most * (1 + 1e-9)};
}

static size_t check_edge(struct fixture *f, const char *file, const struct place *p,
	const struct scenario_key *k, struct edge e, size_t *wrong)
{
	bool whole = k->key.kind == SCHEMA_UNSIGNED || k->key.kind == SCHEMA_U64;
	const char *in = spell(f, e.in, p->dim, whole), *out = spell(f, e.out, p->dim, whole);
	const char *of_out, *of_in;

	if (isnan(e.out))
		return 0;
	of_out = complaint(f, file, p, k->key.name, out);
	if (!of_out)
		return 0;
	if (!*of_out) {
		print_message("%s: %s=%s should be out of range\n", file, p->path, out);
		++*wrong;
	}
	of_in = isnan(e.in) ? "" : complaint(f, file, p, k->key.name, in);
	if (*of_out && of_in && !strncmp(of_in, of_out, strlen(k->key.name) + 14)) {
		print_message("%s: %s=%s should be in range: %s\n", file, p->path, in, of_in);
		++*wrong;
	}
	return 1;
}

static size_t check_ranges(struct fixture *f, const char *file, size_t *wrong)
{
	struct heard h = listen(f, file);
	size_t tried = 0;

	for (size_t i = 0; i < h.n; i++) {
		const struct scenario_key *k = key_of(f, &h.at[i]);
		struct schema_range r;
		size_t before = tried;
		bool whole;

		if (!k || f->seen[k - f->keys] || k->key.dim == QUANTITY_DIMS ||
			!schema_range_of(&r, &k->key, k->key.dim))
			continue;
		whole = k->key.kind == SCHEMA_UNSIGNED || k->key.kind == SCHEMA_U64;
		tried += check_edge(f, file, &h.at[i], k, lower_edge(&r, whole), wrong);
		tried += check_edge(f, file, &h.at[i], k, upper_edge(&r, whole), wrong);
		f->seen[k - f->keys] = tried > before;
	}
	free(h.at);
	return tried;
}

static void a_range_ends_where_it_says(void **state)
{
	struct fixture *f = *state;
	size_t tried = 0, wrong = 0;

	for (size_t k = 0; k < f->n_files; k++)
		tried += check_ranges(f, f->files[k], &wrong);
	for (size_t i = 0; i < f->n_keys; i++) {
		const struct scenario_key *k = &f->keys[i];
		struct schema_range r;

		if (f->seen[i] || k->again || k->key.dim == QUANTITY_DIMS ||
			is_out_of_reach(k->path) || is_twofold(f, k) ||
			!schema_range_of(&r, &k->key, k->key.dim) ||
			!strncmp(k->path, "policy.", 7))
			continue;
		print_message("no scenario tries the range of %s\n", k->path);
		wrong += r.least > 0 || r.above || r.most < 0x1p53;
	}
	print_message("%zu edges\n", tried);
	assert_true(tried > 200);
	assert_int_equal(wrong, 0);
}

int main(int argc, char **argv)
{
	struct fixture f = {.n_files = (size_t)argc - 1, .files = argv + 1};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate_setup_teardown(
			every_key_is_explained_by_a_sentence, setup, drop, &f),
		cmocka_unit_test_prestate_setup_teardown(
			what_is_read_is_what_is_explained, setup, drop, &f),
		cmocka_unit_test_prestate_setup_teardown(
			a_default_that_is_written_down_changes_nothing, setup, drop, &f),
		cmocka_unit_test_prestate_setup_teardown(
			a_range_ends_where_it_says, setup, drop, &f),
	};

	return cmocka_run_group_tests_name("keys", tests, NULL, NULL);
}
