#include "policies/plugin.h"

#include <ctype.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "policies/all.h"

static const char symbol[] = "offing_policy_v1";

struct plugin_object {
	void *handle;
	struct policy_ops *ops;
};

static size_t param_size(const struct param_spec *p)
{
	switch (p->kind) {
	case PARAM_DOUBLE:
		return sizeof(double);
	case PARAM_SIZE:
		return sizeof(size_t);
	case PARAM_ENUM:
		return sizeof(int);
	case PARAM_END:
		break;
	}
	return 0;
}

/** Names stand in scenarios, in tables and in what shells complete. */
static bool is_word(const char *s)
{
	size_t n = 0;

	while (s[n] && (isalnum((unsigned char)s[n]) || (n > 0 && strchr("_-.", s[n]))))
		n++;
	return n > 0 && n <= 64 && !s[n];
}

/** Texts stand in lists, a line each. */
static bool is_line(const char *s)
{
	size_t n = strlen(s), length;
	uint32_t c;

	for (; n > 0; s += length, n -= length) {
		length = utf8_decode(s, n, &c);
		if (length == 0 || !utf8_is_shown(c))
			return false;
	}
	return true;
}

static bool check_words(const struct param_spec *p, const char *path, struct err *err)
{
	if (!p->words || !p->words[0])
		return err_input(err, "plug-in '%s': parameter '%s' has no words", path, p->name);
	for (size_t i = 0; p->words[i]; i++)
		if (!is_word(p->words[i]))
			return err_input(err, "plug-in '%s': parameter '%s' has the word '%s'",
				path, p->name, p->words[i]);
	return true;
}

/** That the table could be used to write past the state is the plug-in's fault, not a crash. */
static bool check_param(
	const struct policy_ops *ops, const struct param_spec *p, const char *path, struct err *err)
{
	size_t size = param_size(p);

	if (size == 0)
		return err_input(err, "plug-in '%s': a parameter has the unknown kind %d", path,
			(int)p->kind);
	if (!p->name || !p->help)
		return err_input(err, "plug-in '%s': a parameter has no name or no help", path);
	if (!is_word(p->name) || !is_line(p->help))
		return err_input(err,
			"plug-in '%s': '%s' cannot name a parameter, or its help is no line of "
			"text",
			path, p->name);
	if (size > ops->state_size || p->offset > ops->state_size - size)
		return err_input(
			err, "plug-in '%s': parameter '%s' lies outside the state", path, p->name);
	if (p->kind == PARAM_ENUM && !check_words(p, path, err))
		return false;
	if (p->kind == PARAM_DOUBLE && (unsigned)p->dim >= QUANTITY_DIMS)
		return err_input(err, "plug-in '%s': parameter '%s' has an unknown dimension", path,
			p->name);
	return true;
}

static bool check_ops(const struct policy_ops *ops, const char *path, struct err *err)
{
	const struct param_spec *p;

	if (!ops->name || ops->name[0] == '\0')
		return err_input(err, "plug-in '%s' gives its policy no name", path);
	if (!is_word(ops->name))
		return err_input(err,
			"plug-in '%s': '%s' cannot name a policy: a name has letters, digits, '_', "
			"'-' and '.', at most 64",
			path, ops->name);
	if (!ops->summary)
		return err_input(err, "plug-in '%s': policy '%s' has no summary", path, ops->name);
	if (!is_line(ops->summary))
		return err_input(err, "plug-in '%s': the summary of policy '%s' is no line of text",
			path, ops->name);
	if (!ops->next)
		return err_input(err, "plug-in '%s': policy '%s' has no next()", path, ops->name);
	for (p = ops->params; p && p->kind != PARAM_END; p++) {
		if (!check_param(ops, p, path, err))
			return false;
	}
	return true;
}

bool plugin_check(struct policy_ops *ops, const struct policy_plugin *table, const char *path,
	struct err *err)
{
	if (table->abi != POLICY_ABI)
		return err_input(err, "plug-in '%s' has ABI %u; this program takes %d", path,
			table->abi, POLICY_ABI);
	if (table->size < offsetof(struct policy_plugin, ops) || table->size > sizeof *table)
		return err_input(err,
			"plug-in '%s' has a table of %u bytes; this program knows %zu: build it "
			"against this version's offing/policy.h",
			path, table->size, sizeof *table);
	*ops = (struct policy_ops){0};
	memcpy(ops, &table->ops, table->size - offsetof(struct policy_plugin, ops));
	return check_ops(ops, path, err);
}

void plugins_init(struct plugins *p)
{
	const struct policy_registry r = policies_all();
	size_t i;

	*p = (struct plugins){0};
	for (i = 0; i < r.n; i++) {
		p->policies = mem_grow(p->policies, i, &p->cap_policies, sizeof *p->policies);
		p->policies[p->n_policies++] = r.all[i];
	}
}

void plugins_finish(struct plugins *p)
{
	size_t i;

	for (i = 0; i < p->n_objects; i++) {
		free(p->objects[i].ops);
		dlclose(p->objects[i].handle);
	}
	free(p->objects);
	free(p->policies);
	*p = (struct plugins){0};
}

static bool taken(const struct plugins *p, const char *name)
{
	size_t i;

	for (i = 0; i < p->n_policies; i++) {
		if (strcmp(p->policies[i]->name, name) == 0)
			return true;
	}
	return false;
}

/** dlopen() searches for what has no slash in it; a file of the current folder is meant. It would
 *  also wait at a FIFO for somebody to write. */
static void *open_object(const char *path, struct err *err)
{
	struct err why = {0};
	int fd = file_open(path, (struct src_pos){0}, &why);
	struct arena a;
	void *handle;

	if (fd < 0) {
		err_input(err, "cannot load plug-in '%s': %s", path, why.msg);
		return NULL;
	}
	close(fd);
	arena_init(&a);
	handle = dlopen(
		strchr(path, '/') ? path : arena_printf(&a, "./%s", path), RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		err_input(err, "cannot load plug-in '%s': %s", path, dlerror());
	arena_finish(&a);
	return handle;
}

static bool read_table(const struct plugins *p, struct policy_ops *ops, void *handle,
	const char *path, struct err *err)
{
	const struct policy_plugin *table = dlsym(handle, symbol);

	if (!table)
		return err_input(err, "plug-in '%s' exports no '%s'", path, symbol);
	if (!plugin_check(ops, table, path, err))
		return false;
	if (taken(p, ops->name))
		return err_input(
			err, "plug-in '%s': there is a policy '%s' already", path, ops->name);
	return true;
}

bool plugins_load(struct plugins *p, const char *path, struct err *err)
{
	struct plugin_object o = {.handle = open_object(path, err)};

	if (!o.handle)
		return false;
	o.ops = mem_zalloc(1, sizeof *o.ops);
	if (!read_table(p, o.ops, o.handle, path, err)) {
		free(o.ops);
		dlclose(o.handle);
		return false;
	}
	p->objects = mem_grow(p->objects, p->n_objects, &p->cap_objects, sizeof *p->objects);
	p->objects[p->n_objects++] = o;
	p->policies = mem_grow(p->policies, p->n_policies, &p->cap_policies, sizeof *p->policies);
	p->policies[p->n_policies++] = o.ops;
	return true;
}

const struct policy_ops *plugins_policy(const struct plugins *p, size_t i)
{
	return p->objects[i].ops;
}

struct policy_registry plugins_registry(const struct plugins *p)
{
	return (struct policy_registry){.n = p->n_policies, .all = p->policies};
}
