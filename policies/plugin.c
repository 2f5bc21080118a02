#include "policies/plugin.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "models/offload/guard.h"
#include "policies/all.h"
#include "policies/plugin_parts.h"

enum { PLUGIN_PATIENCE_S = 10 };

static const char symbol[] = "offing_policy_v2", older[] = "offing_policy_v1";

struct plugin_object {
	void *handle;
	struct policy_ops *ops;
};

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

static bool read_table(const struct plugins *p, struct policy_ops *ops, void *handle,
	const char *path, struct err *err)
{
	const struct policy_plugin *table = dlsym(handle, symbol);

	if (!table && dlsym(handle, older))
		return err_input(err,
			"plug-in '%s' was built for an earlier offing (it exports '%s', not '%s'): "
			"build it against this version's offing/policy.h",
			path, older, symbol);
	if (!table)
		return err_input(err, "plug-in '%s' exports no '%s'", path, symbol);
	if (!plugin_check(ops, table, path, err))
		return false;
	if (taken(p, ops->name))
		return err_input(
			err, "plug-in '%s': there is a policy '%s' already", path, ops->name);
	return true;
}

/** Runs the object's code, and reads what it points to. */
static bool load(const struct plugins *p, struct plugin_object *o, const char *path,
	struct guard *g, struct err *err)
{
	bool ok;

	guard_arm(g);
	if (GUARD_HOLDS(g)) {
		guard_enter(g, "dlopen");
		o->handle = plugin_open(path, err);
		guard_enter(g, "its table");
		ok = o->handle && read_table(p, o->ops, o->handle, path, err);
		guard_leave(g);
		guard_disarm(g);
		return ok;
	}
	return err_input(err, "plug-in '%s' %s", path, guard_why(g));
}

bool plugins_load(struct plugins *p, const char *path, struct err *err)
{
	struct plugin_object o = {.ops = mem_zalloc(1, sizeof *o.ops)};
	struct guard *g = guard_create("plug-in", path, PLUGIN_PATIENCE_S, NULL);
	bool ok = load(p, &o, path, g, err);

	guard_destroy(g);
	if (!ok) {
		free(o.ops);
		if (o.handle)
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
