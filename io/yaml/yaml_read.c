/* From libyaml's events to a tree with places. */
#include "io/yaml/yaml_tree.h"

#include <string.h>
#include <yaml.h>

#include "base/quote.h"
#include "io/text/text_file.h"

struct anchor {
	const char *name;
	const struct yaml_node *node; /* NULL while it is still open */
	size_t count, depth;
	struct anchor *next;
};

struct parse {
	yaml_parser_t parser;
	struct arena *arena;
	struct src_pos from;
	const char *bytes;
	size_t n;
	struct err *err;
	size_t n_values;
	struct anchor *anchors;
};

static struct src_pos place(const struct parse *p, yaml_mark_t mark)
{
	struct src_pos at = {
		p->from.file, p->from.line + (unsigned)mark.line, (unsigned)mark.column + 1};

	if (mark.line == 0)
		at.col += p->from.col - 1;
	return at;
}

/* Start of line @line (from 0) of the text, or NULL. */
static const char *line_at(const struct parse *p, size_t line)
{
	const char *s = p->bytes, *end = p->bytes + p->n;

	for (; s && line > 0; line--) {
		s = memchr(s, '\n', (size_t)(end - s));
		s = s ? s + 1 : NULL;
	}
	return s;
}

/* YAML takes no tab for indentation, and libyaml says so in riddles. */
static bool names_tab(struct parse *p)
{
	yaml_mark_t mark = p->parser.problem_mark;
	const char *line = line_at(p, mark.line), *s = line;

	while (s && s < p->bytes + p->n && *s == ' ')
		s++;
	if (!s || s == p->bytes + p->n || *s != '\t')
		return false;
	mark.column = (size_t)(s - line);
	err_at(p->err, place(p, mark),
		"a tab (U+0009) stands here; a scenario is indented with blanks");
	return true;
}

/* libyaml's "did not find expected ..." comes with a context, where it began. */
static bool syntax_error(struct parse *p)
{
	const char *context = p->parser.context ? p->parser.context : "";

	if (names_tab(p))
		return false;
	return err_at(p->err, place(p, p->parser.problem_mark), "%s%s%s", context,
		context[0] ? ": " : "", p->parser.problem ? p->parser.problem : "not YAML");
}

static bool next(struct parse *p, yaml_event_t *event)
{
	return yaml_parser_parse(&p->parser, event) ? true : syntax_error(p);
}

static bool count_values(struct parse *p, size_t more, struct src_pos at)
{
	p->n_values += more;
	if (p->n_values <= YAML_MAX_VALUES)
		return true;
	return err_at(p->err, at, "more than %d values in the scenario", YAML_MAX_VALUES);
}

static bool check_depth(struct parse *p, size_t depth, struct src_pos at)
{
	if (depth <= YAML_MAX_DEPTH)
		return true;
	return err_at(p->err, at, "nested deeper than %d levels", YAML_MAX_DEPTH);
}

static bool refuse_tag(struct parse *p, const yaml_char_t *tag, struct src_pos at)
{
	char quoted[QUOTE_SIZE];

	return err_at(p->err, at, "tags are not part of a scenario: '%s'",
		quote(quoted, sizeof quoted, (const char *)tag));
}

static struct anchor *new_anchor(struct parse *p, const yaml_char_t *name)
{
	struct anchor *a;

	if (!name)
		return NULL;
	a = arena_alloc(p->arena, 1, sizeof *a);
	a->name = arena_strdup(p->arena, (const char *)name);
	a->next = p->anchors;
	p->anchors = a;
	return a;
}

static size_t height(const struct yaml_node *n)
{
	size_t most = 0, i, h;

	for (i = 0; i < n->n; i++) {
		h = height(n->items[i].value);
		most = h > most ? h : most;
	}
	return 1 + most;
}

static void close_anchor(struct anchor *a, const struct yaml_node *n)
{
	if (!a)
		return;
	a->node = n;
	a->count = yaml_count(n);
	a->depth = height(n);
}

static bool read_alias(struct parse *p, const yaml_event_t *e, size_t depth, struct yaml_node **out)
{
	const char *name = (const char *)e->data.alias.anchor;
	struct src_pos at = place(p, e->start_mark);
	char quoted[QUOTE_SIZE];
	const struct anchor *a = p->anchors;

	while (a && strcmp(a->name, name) != 0)
		a = a->next;
	quote(quoted, sizeof quoted, name);
	if (!a)
		return err_at(
			p->err, at, "alias '*%s' has no anchor '&%s' before it", quoted, quoted);
	if (!a->node)
		return err_at(p->err, at, "alias '*%s' contains itself", quoted);
	if (!count_values(p, a->count, at) || !check_depth(p, depth + a->depth - 1, at))
		return false;
	*out = yaml_copy(p->arena, a->node);
	return true;
}

static bool read_text(struct parse *p, const yaml_event_t *e, struct yaml_node **out)
{
	const char *text = (const char *)e->data.scalar.value;
	struct src_pos at = place(p, e->start_mark);

	if (e->data.scalar.tag)
		return refuse_tag(p, e->data.scalar.tag, at);
	if (strlen(text) != e->data.scalar.length)
		return err_at(p->err, at, "a text may not contain a NUL character");
	if (!text_check(text, e->data.scalar.length, at, p->err))
		return false;
	*out = yaml_new_text(p->arena, text, at);
	(*out)->is_null = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
			  (!strcmp(text, "null") || !strcmp(text, "~"));
	close_anchor(new_anchor(p, e->data.scalar.anchor), *out);
	return true;
}

static bool read_node(struct parse *p, yaml_event_t *first, size_t depth, struct yaml_node **out);

static bool read_key(
	struct parse *p, const struct yaml_node *map, const yaml_event_t *e, struct yaml_item *item)
{
	struct yaml_node *key;
	char quoted[QUOTE_SIZE];

	item->key_at = place(p, e->start_mark);
	if (e->type != YAML_SCALAR_EVENT)
		return err_at(p->err, item->key_at, "a key should be a single word");
	if (!read_text(p, e, &key))
		return false;
	item->key = key->text;
	quote(quoted, sizeof quoted, item->key);
	if (!strcmp(item->key, "<<"))
		return err_at(p->err, item->key_at,
			"'<<' is not part of a scenario; name what to start from with 'extends'");
	if (yaml_find(map, item->key))
		return err_at(
			p->err, item->key_at, "key '%s' is given twice in this block", quoted);
	return true;
}

static bool read_map(struct parse *p, size_t depth, struct yaml_node *map)
{
	struct yaml_item item;
	yaml_event_t event;
	bool ok;

	for (;;) {
		if (!next(p, &event))
			return false;
		if (event.type == YAML_MAPPING_END_EVENT) {
			yaml_event_delete(&event);
			return true;
		}
		ok = read_key(p, map, &event, &item);
		yaml_event_delete(&event);
		if (!ok || !next(p, &event) || !read_node(p, &event, depth + 1, &item.value))
			return false;
		yaml_append(p->arena, map, item);
	}
}

static bool read_list(struct parse *p, size_t depth, struct yaml_node *list)
{
	struct yaml_item item = {0};
	yaml_event_t event;

	for (;;) {
		if (!next(p, &event))
			return false;
		if (event.type == YAML_SEQUENCE_END_EVENT) {
			yaml_event_delete(&event);
			return true;
		}
		item.key_at = place(p, event.start_mark);
		if (!read_node(p, &event, depth + 1, &item.value))
			return false;
		yaml_append(p->arena, list, item);
	}
}

/* mapping_start and sequence_start have their tag and anchor under different names. */
static bool read_collection(
	struct parse *p, const yaml_event_t *e, size_t depth, struct yaml_node **out)
{
	bool is_map = e->type == YAML_MAPPING_START_EVENT;
	const yaml_char_t *tag = is_map ? e->data.mapping_start.tag : e->data.sequence_start.tag;
	struct src_pos at = place(p, e->start_mark);
	struct anchor *anchor;

	if (tag)
		return refuse_tag(p, tag, at);
	if (!check_depth(p, depth, at) || !count_values(p, 1, at))
		return false;
	anchor = new_anchor(
		p, is_map ? e->data.mapping_start.anchor : e->data.sequence_start.anchor);
	*out = yaml_new_map(p->arena, at);
	(*out)->kind = is_map ? YAML_MAP : YAML_LIST;
	if (!(is_map ? read_map(p, depth, *out) : read_list(p, depth, *out)))
		return false;
	close_anchor(anchor, *out);
	return true;
}

/* Deletes @e. */
static bool read_node(struct parse *p, yaml_event_t *e, size_t depth, struct yaml_node **out)
{
	bool ok;

	if (e->type == YAML_ALIAS_EVENT)
		ok = read_alias(p, e, depth, out);
	else if (e->type == YAML_SCALAR_EVENT)
		ok = count_values(p, 1, place(p, e->start_mark)) && read_text(p, e, out);
	else
		ok = read_collection(p, e, depth, out);
	yaml_event_delete(e);
	return ok;
}

/* Take the next event, which the grammar of libyaml makes one of @wanted or the end. */
static bool expect(struct parse *p, yaml_event_type_t wanted, const char *otherwise)
{
	yaml_event_t event;
	yaml_event_type_t got;
	struct src_pos at;

	if (!next(p, &event))
		return false;
	got = event.type;
	at = place(p, event.start_mark);
	yaml_event_delete(&event);
	return got == wanted ? true : err_at(p->err, at, "%s", otherwise);
}

static bool read_document(struct parse *p, struct yaml_node **root)
{
	yaml_event_t event;

	if (!expect(p, YAML_STREAM_START_EVENT, "not YAML") ||
		!expect(p, YAML_DOCUMENT_START_EVENT, "the file is empty"))
		return false;
	if (!next(p, &event) || !read_node(p, &event, 1, root))
		return false;
	return expect(p, YAML_DOCUMENT_END_EVENT, "not YAML") &&
	       expect(p, YAML_STREAM_END_EVENT, "a scenario is one document, not several");
}

/* libyaml reads all directives before it says a word, which thousands make slow. */
static bool refuse_directives(const char *bytes, size_t n, struct src_pos at, struct err *err)
{
	const char *line = bytes, *end = bytes + n;

	while (line && line < end) {
		if (*line == '%')
			return err_at(err, at, "directives ('%%') are not part of a scenario");
		line = memchr(line, '\n', (size_t)(end - line));
		line = line ? line + 1 : NULL;
		at.line++;
		at.col = 1;
	}
	return true;
}

bool yaml_parse(struct yaml_node **root, struct arena *a, const char *bytes, size_t n,
	struct src_pos from, struct err *err)
{
	struct parse p = {.arena = a, .from = from, .bytes = bytes, .n = n, .err = err};
	bool ok;

	*root = NULL;
	if (!text_check(bytes, n, from, err) || !refuse_directives(bytes, n, from, err))
		return false;
	if (!yaml_parser_initialize(&p.parser))
		return err_run(err, "libyaml has no memory");
	yaml_parser_set_encoding(&p.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&p.parser, (const unsigned char *)bytes, n);
	ok = read_document(&p, root);
	yaml_parser_delete(&p.parser);
	return ok;
}

bool yaml_read_file(struct yaml_node **root, struct arena *a, const char *file,
	struct src_pos asked_at, struct err *err)
{
	struct src_pos at;
	char *bytes;
	size_t n;

	*root = NULL;
	if (!text_file_read(&bytes, &n, a, file, YAML_MAX_BYTES, asked_at, err))
		return false;
	at = (struct src_pos){strcmp(file, "-") ? arena_strdup(a, file) : "stdin", 1, 1};
	return yaml_parse(root, a, bytes, n, at, err);
}
