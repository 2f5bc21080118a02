/* Which profile has the times of a model on a device. */

#include "io/scenario/parts.h"

bool parts_find_profile(struct scenario_parts *p, const struct instance_entry *e,
	const struct instance_spec *i, struct site_id site, const struct profile **to)
{
	const struct model_spec *model = &p->s->spec.models[i->model.i];
	const struct gpu_spec *gpu = &p->s->spec.sites[site.i].gpu;
	struct err err = {0};

	if (!p->profiles)
		p->profiles = profile_builtin(p->r.arena);
	*to = e->spec.profile;
	if (!*to)
		return profile_find(to, p->profiles, gpu, i->runtime, model->shape.name,
			       model->precision, e->e.at, &err) ||
		       err_list_add(p->r.errs, &err);
	if (profile_covers(*to, gpu, i->runtime, model->shape.name, model->precision))
		return true;
	return err_list_at(p->r.errs, e->profile.at,
		"this profile is not for %s with runtime %s and %s in this precision", gpu->name,
		i->runtime, model->shape.name);
}
