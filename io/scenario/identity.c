/* What identifies a scenario: its resolved text and the content of its files. */
#include <string.h>

#include "base/str.h"
#include "io/scenario/parts.h"
#include "io/text/sha256.h"

void parts_add_input(struct scenario *s, const char *key, const char *path, const char *file,
	struct yaml_node *node)
{
	const size_t i = s->n_inputs;
	size_t cap = s->cap_inputs;

	for (size_t k = 0; k < i; k++)
		if (!strcmp(s->inputs[k].key, key)) { /* of both directions of a link: read twice */
			s->input_nodes[k] = node;
			return;
		}
	s->inputs = mem_grow(s->inputs, i, &s->cap_inputs, sizeof *s->inputs);
	s->input_nodes = mem_grow(s->input_nodes, i, &cap, sizeof *s->input_nodes);
	s->inputs[i] = (struct input_file){.key = key, .path = path, .file = file};
	s->input_nodes[i] = node;
	s->n_inputs++;
}

void scenario_add_input(struct scenario *s, const char *key, const char *file)
{
	const char *mine = arena_strdup(&s->arena, file);

	parts_add_input(s, arena_strdup(&s->arena, key), mine, mine, NULL);
}

/* Files that are named twice are read once. */
static bool digest(struct scenario *s, size_t i, struct err *err)
{
	struct input_file *in = &s->inputs[i];

	for (size_t k = 0; k < i; k++) {
		if (strcmp(s->inputs[k].file, in->file) != 0)
			continue;
		memcpy(in->sha256, s->inputs[k].sha256, sizeof in->sha256);
		in->bytes = s->inputs[k].bytes;
		return true;
	}
	return sha256_file(in->sha256, &in->bytes, in->file, err);
}

static void print_identity(struct buf *to, struct scenario *s)
{
	size_t i;

	for (i = 0; i < s->n_inputs; i++)
		if (s->input_nodes[i])
			s->input_nodes[i]->text =
				arena_printf(&s->arena, "sha256:%s", s->inputs[i].sha256);
	yaml_print(to, s->root);
	for (i = 0; i < s->n_inputs; i++) {
		if (s->input_nodes[i])
			s->input_nodes[i]->text = s->inputs[i].file;
		else
			buf_printf(to, "%s sha256:%s\n", s->inputs[i].key, s->inputs[i].sha256);
	}
}

bool scenario_identify(struct scenario *s, struct err *err)
{
	struct buf text;

	for (size_t i = 0; i < s->n_inputs; i++)
		if (!digest(s, i, err))
			return false;
	buf_init(&text);
	print_identity(&text, s);
	sha256_hex(s->sha256, text.s, text.n);
	buf_finish(&text);
	return true;
}
