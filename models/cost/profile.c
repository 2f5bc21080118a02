/* Which profile serves which device, runtime, model and precision. */
#include "models/cost/profile.h"

#include <string.h>

const char *const provenance_names[PROVENANCES] = {
	[PROVENANCE_MEASURED] = "measured",
	[PROVENANCE_TRANSFERRED] = "transferred",
	[PROVENANCE_FITTED] = "fitted",
};

const char *const profile_mark_names[MARKS] = {
	[MARK_MEASURED] = "measured",
	[MARK_PUBLISHED] = "published",
	[MARK_FITTED] = "fitted",
	[MARK_ASSUMED] = "assumed",
};

const char *const profile_host_names[HOSTS] = {"decode", "prefill"};
const char *const profile_peak_names[PEAKS] = {
	[PEAK_FP32] = "fp32",
	[PEAK_FP16] = "fp16",
	[PEAK_INT8] = "int8",
};

/* A GPU that does not say is taken for a new one. */
static const double newest_cc = 99.0;

static bool any(const char *word)
{
	return strcmp(word, "*") == 0;
}

/* One of several, with a blank between each two. */
static bool names(const char *words, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = words; (at = strstr(at, name)); at += n)
		if ((at == words || at[-1] == ' ') && (at[n] == '\0' || at[n] == ' '))
			return true;
	return false;
}

static bool matches(const char *pattern, const char *name)
{
	return any(pattern) || (name && names(pattern, name));
}

bool profile_covers(const struct profile *p, const struct gpu_spec *gpu, const char *runtime,
	const char *model, enum precision precision)
{
	double cc = gpu->cc > 0.0 ? gpu->cc : newest_cc;

	if (!matches(p->device, gpu->name) || !matches(p->runtime, runtime) ||
		!matches(p->model, model))
		return false;
	if (any(p->device) && (cc < p->cc_from || cc >= p->cc_below))
		return false;
	return p->precisions >> precision & 1u;
}

static int rank(const struct profile *p)
{
	return (p->kind == PROFILE_GRID ? 2 : 0) + (any(p->device) ? 0 : 1);
}

const struct profile *profile_choose(const struct profile *const *all, size_t n,
	const struct gpu_spec *gpu, const char *runtime, const char *model,
	enum precision precision)
{
	const struct profile *best = NULL;

	for (size_t i = 0; i < n; i++) {
		if (!profile_covers(all[i], gpu, runtime, model, precision))
			continue;
		if (!best || rank(all[i]) > rank(best))
			best = all[i];
	}
	return best;
}

void profile_host(struct host_time *to, const struct profile *p)
{
	if (!p->has_host)
		return;
	to->step_s = p->host.step_s;
	to->sequence_s = p->host.sequence_s;
	to->request_s = p->host.request_s;
}
