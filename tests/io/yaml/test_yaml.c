#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "io/yaml/yaml_tree.h"

static const struct src_pos start = {"f", 1, 1};

static int make_arena(void **state)
{
	struct arena *a = malloc(sizeof *a);

	arena_init(a);
	*state = a;
	return 0;
}

static int drop_arena(void **state)
{
	arena_finish(*state);
	free(*state);
	return 0;
}

static struct yaml_node *parse(struct arena *a, const char *text)
{
	struct yaml_node *root;
	struct err err = {0};

	if (!yaml_parse(&root, a, text, strlen(text), start, &err))
		fail_msg("%u:%u: %s", err.at.line, err.at.col, err.msg);
	return root;
}

/** Parse what must be refused, and compare "line:col: message". */
static void refuse(struct arena *a, const char *text, const char *expected)
{
	struct yaml_node *root;
	struct err err = {0};
	char got[400];

	assert_false(yaml_parse(&root, a, text, strlen(text), start, &err));
	snprintf(got, sizeof got, "%u:%u: %s", err.at.line, err.at.col, err.msg);
	assert_string_equal(got, expected);
}

static void values_keep_their_places(void **state)
{
	struct yaml_node *root = parse(*state, "a: 1\nb: {c: [x, \"y z\"]}\n"), *list;
	const struct yaml_item *b;

	assert_int_equal(root->kind, YAML_MAP);
	assert_int_equal(root->n, 2);
	b = yaml_find(root, "b");
	assert_int_equal(b->key_at.line, 2);
	assert_int_equal(b->key_at.col, 1);
	list = yaml_find(b->value, "c")->value;
	assert_int_equal(list->kind, YAML_LIST);
	assert_string_equal(list->items[1].value->text, "y z");
	assert_int_equal(list->items[1].value->at.line, 2);
	assert_int_equal(list->items[1].value->at.col, 12);
}

static void texts_stay_texts(void **state)
{
	struct yaml_node *root = parse(*state, "a: no\nb: 012\nc: null\nd: \"null\"\ne: ~\nf:\n");

	assert_string_equal(yaml_find(root, "a")->value->text, "no");
	assert_string_equal(yaml_find(root, "b")->value->text, "012");
	assert_true(yaml_find(root, "c")->value->is_null);
	assert_false(yaml_find(root, "d")->value->is_null);
	assert_true(yaml_find(root, "e")->value->is_null);
	assert_string_equal(yaml_find(root, "f")->value->text, "");
}

static void an_alias_is_a_copy(void **state)
{
	struct yaml_node *root = parse(*state, "a: &x {k: 2}\nb: *x\n"), *a, *b;

	a = yaml_find(root, "a")->value;
	b = yaml_find(root, "b")->value;
	assert_ptr_not_equal(a, b);
	assert_string_equal(yaml_find(b, "k")->value->text, "2");
	yaml_set(*state, b, "k", start, yaml_new_text(*state, "3", start));
	assert_string_equal(yaml_find(a, "k")->value->text, "2");
}

static void what_is_no_scenario_is_refused_at_its_place(void **state)
{
	refuse(*state, "", "1:1: the file is empty");
	refuse(*state, "# nothing\n", "2:1: the file is empty");
	refuse(*state, "a: 1\nb: 2\na: 3\n", "3:1: key 'a' is given twice in this block");
	refuse(*state, "a: &x [*x]\n", "1:8: alias '*x' contains itself");
	refuse(*state, "a: *x\n", "1:4: alias '*x' has no anchor '&x' before it");
	refuse(*state, "a: !!int 3\n",
		"1:4: tags are not part of a scenario: 'tag:yaml.org,2002:int'");
	refuse(*state, "a: {<<: b}\n",
		"1:5: '<<' is not part of a scenario; name what to start from with 'extends'");
	refuse(*state, "? [a, b]\n: 1\n", "1:3: a key should be a single word");
	refuse(*state, "%YAML 1.1\n---\na: 1\n",
		"1:1: directives ('%') are not part of a scenario");
	refuse(*state, "a: 1\n---\nb: 2\n", "2:1: a scenario is one document, not several");
	refuse(*state, "a: \"x\\0y\"\n", "1:4: a text may not contain a NUL character");
	refuse(*state, "a: 1\nb: @x\n",
		"2:4: while scanning for the next token: found character that cannot start any "
		"token");
}

static void bytes_that_are_no_text_are_refused(void **state)
{
	refuse(*state,
		"\x7f"
		"ELF\x02",
		"1:1: not a text file: the control character U+007F is "
		"not allowed");
	refuse(*state, "a: 1\nb: caf\xe9\n", "2:7: not a text file: byte 0xe9 is not UTF-8");
	refuse(*state, "a: \xc0\xaf\n", "1:4: not a text file: byte 0xc0 is not UTF-8");
	refuse(*state, "a: \xed\xa0\x80\n", "1:4: not a text file: byte 0xed is not UTF-8");
	assert_string_equal(yaml_find(parse(*state, "name: caf\xc3\xa9\n"), "name")->value->text,
		"caf\xc3\xa9");
}

/** @open 33 times is one level too many, and 32 times is not. */
static void depth_is_limited(void **state)
{
	char text[100] = "";
	size_t i;

	for (i = 0; i < 32; i++)
		strcat(text, "[");
	for (i = 0; i < 32; i++)
		strcat(text, "]");
	assert_int_equal(yaml_count(parse(*state, text)), 32);
	memset(text, '[', 33);
	refuse(*state, text, "1:33: nested deeper than 32 levels");
}

/** A line a list of ten of the line before: 10^k values in line k. 11111 values fit in
 *  20 000, those of the fifth line and what stands for them do not. */
static void aliases_count_as_what_they_stand_for(void **state)
{
	refuse(*state,
		"a: &a [x,x,x,x,x,x,x,x,x,x]\n"
		"b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
		"c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
		"d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
		"e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n",
		"5:8: more than 20000 values in the scenario");
}

/** Two lists nested 20 deep: one in the other is 40. */
static void an_alias_cannot_nest_deeper(void **state)
{
	refuse(*state,
		"a: &a [[[[[[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]]]]]\n"
		"b: [[[[[[[[[[[[*a]]]]]]]]]]]]\n",
		"2:16: nested deeper than 32 levels");
}

static void maps_merge_and_all_else_replaces(void **state)
{
	struct yaml_node *base = parse(*state, "m: {a: 1, b: 2}\nl: [1, 2]\ngone: 5\n");
	struct yaml_node *over = parse(*state, "m: {b: 3, c: 4}\nl: [9]\ngone: null\nnew: x\n");
	struct buf text;

	yaml_merge(*state, base, over);
	buf_init(&text);
	yaml_print(&text, base);
	assert_string_equal(text.s, "m:\n  a: 1\n  b: 3\n  c: 4\nl: [9]\nnew: x\n");
	buf_finish(&text);
}

static const char *const awkward[] = {"", " lead", "trail ", "a: b", "a #b", "- x", "-", "---",
	"null", "~", "'q'", "\"q\"", "a,b", "[", "{", "*", "&a", "!t", "%x", "@x", "`x", "|", ">",
	"a\\b", "tab\there", "line\nbreak", "caf\xc3\xa9", "=", "?", ":", "x:", "#", "...", "<<"};

static void printed_text_reads_back_to_the_same_tree(void **state)
{
	struct yaml_node *map = yaml_new_map(*state, start), *list, *back;
	struct buf text;
	char key[20];
	size_t i;

	list = yaml_new_map(*state, start);
	list->kind = YAML_LIST;
	for (i = 0; i < sizeof awkward / sizeof awkward[0]; i++) {
		snprintf(key, sizeof key, "k%zu", i);
		yaml_set(*state, map, arena_strdup(*state, key), start,
			yaml_new_text(*state, awkward[i], start));
		yaml_append(*state, list,
			(struct yaml_item){.value = yaml_new_text(*state, awkward[i], start)});
	}
	yaml_set(*state, map, "a list", start, list);
	buf_init(&text);
	yaml_print(&text, map);
	back = parse(*state, text.s);
	assert_int_equal(back->n, map->n);
	for (i = 0; i < sizeof awkward / sizeof awkward[0]; i++) {
		assert_string_equal(back->items[i].key, map->items[i].key);
		assert_string_equal(back->items[i].value->text, awkward[i]);
		assert_false(back->items[i].value->is_null);
		assert_string_equal(
			yaml_find(back, "a list")->value->items[i].value->text, awkward[i]);
	}
	buf_finish(&text);
}

/** More entries than the index starts at, with removals in between. */
static void large_maps_find_what_they_hold(void **state)
{
	struct yaml_node *map = yaml_new_map(*state, start);
	char key[20];
	size_t i;

	for (i = 0; i < 3000; i++) {
		snprintf(key, sizeof key, "key%zu", i);
		yaml_set(*state, map, arena_strdup(*state, key), start,
			yaml_new_text(*state, key, start));
	}
	for (i = 0; i < 3000; i += 30) {
		snprintf(key, sizeof key, "key%zu", i);
		assert_true(yaml_remove(map, key));
		assert_false(yaml_remove(map, key));
	}
	assert_int_equal(map->n, 2900);
	for (i = 0; i < 3000; i++) {
		snprintf(key, sizeof key, "key%zu", i);
		if (i % 30 == 0)
			assert_null(yaml_find(map, key));
		else
			assert_string_equal(yaml_find(map, key)->value->text, key);
	}
}

#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, make_arena, drop_arena)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_ARENA(values_keep_their_places),
		WITH_ARENA(texts_stay_texts),
		WITH_ARENA(an_alias_is_a_copy),
		WITH_ARENA(what_is_no_scenario_is_refused_at_its_place),
		WITH_ARENA(bytes_that_are_no_text_are_refused),
		WITH_ARENA(depth_is_limited),
		WITH_ARENA(aliases_count_as_what_they_stand_for),
		WITH_ARENA(an_alias_cannot_nest_deeper),
		WITH_ARENA(maps_merge_and_all_else_replaces),
		WITH_ARENA(printed_text_reads_back_to_the_same_tree),
		WITH_ARENA(large_maps_find_what_they_hold),
	};
	return cmocka_run_group_tests_name("yaml", tests, NULL, NULL);
}
