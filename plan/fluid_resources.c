/* What there is of which nothing is given out twice, and who takes of it. */
#include <stdlib.h>
#include <string.h>

#include "plan/fluid_parts.h"

uint32_t fluid_resource_add(struct fluid_system *f, uint32_t family)
{
	f->resources =
		mem_grow(f->resources, f->n_resources, &f->cap_resources, sizeof *f->resources);
	f->resources[f->n_resources] = (struct fluid_resource){family, 1.0};
	return (uint32_t)f->n_resources++;
}

uint32_t fluid_family_of(
	struct fluid_system *f, enum fluid_kind kind, const char *name, uint32_t class)
{
	for (uint32_t k = 0; k < f->n_families; k++)
		if (f->families[k].kind == kind && f->families[k].class == class &&
			!strcmp(f->families[k].name, name))
			return k;
	f->families = mem_grow(f->families, f->n_families, &f->cap_families, sizeof *f->families);
	f->families[f->n_families] =
		(struct fluid_family){kind, arena_strdup(f->arena, name), class};
	return (uint32_t)f->n_families++;
}

void fluid_use_add(struct fluid_uses *u, uint32_t r, double seconds)
{
	u->at = mem_grow(u->at, u->n, &u->cap, sizeof *u->at);
	u->at[u->n++] = (struct fluid_use){r, seconds};
}

void fluid_uses_finish(struct fluid_uses *u)
{
	free(u->at);
	*u = (struct fluid_uses){0};
}
