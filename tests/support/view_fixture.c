#include "tests/support/view_fixture.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "models/offload/params.h"
#include "models/offload/spec.h"

static const struct view_fixture *of(const struct view *v)
{
	return (const struct view_fixture *)v;
}

static const struct fixture_class *class_of(const struct view *v, struct instance_id i)
{
	return &of(v)->of_class[of(v)->of_instance[i.i].cls];
}

static bool has_model(const struct view *v, const struct waiting *w, const struct fixture_class *c)
{
	uint32_t model = of(v)->of_group[w->group.i].model;

	return c->model == NO_ID || model == NO_ID || c->model == model;
}

static bool goes_on(const struct view *v, const struct waiting *w, const struct fixture_class *c)
{
	return (c->phases & PHASES_DECODE) && has_model(v, w, c) &&
	       (uint64_t)w->prompt_tok + w->output_tok <= c->context_tok;
}

/** Does it compute the prompt of @w and nothing more? */
static bool only_prompt(const struct waiting *w, const struct fixture_class *c)
{
	return w->phase == PHASE_PREFILL && c->phases == PHASES_PREFILL && w->output_tok > 1;
}

static bool can_serve(const struct view *v, const struct waiting *w, struct instance_id i)
{
	const struct fixture_class *c = class_of(v, i);

	if (w->phase == PHASE_DECODE)
		return goes_on(v, w, c);
	if (!(c->phases & PHASES_PREFILL) || !has_model(v, w, c))
		return false;
	if (!only_prompt(w, c))
		return (uint64_t)w->prompt_tok + w->output_tok <= c->context_tok;
	for (size_t k = 0; k < v->n_instances; k++)
		if (goes_on(v, w, class_of(v, (struct instance_id){(uint32_t)k})))
			return (uint64_t)w->prompt_tok + 1 <= c->context_tok;
	return false;
}

static bool stays(const struct view *v, const struct waiting *w, struct instance_id i)
{
	return w->phase == PHASE_DECODE && w->from.i == i.i && can_serve(v, w, i);
}

static bool fits(const struct view *v, const struct waiting *w, struct instance_id i)
{
	const struct fixture_instance *x = &of(v)->of_instance[i.i];

	return stays(v, w, i) || (can_serve(v, w, i) && x->room > 0 && x->kv_tok > w->prompt_tok);
}

/** Whether @a goes before @b by @r; file order is the caller's. */
static bool goes_before(
	const struct view *v, enum rank r, struct instance_id a, struct instance_id b)
{
	const struct instance_view *x = &v->instances[a.i], *y = &v->instances[b.i];

	if (r == RANK_STEP)
		return of(v)->of_instance[a.i].step_s < of(v)->of_instance[b.i].step_s;
	if ((r == RANK_LOAD || r == RANK_QUEUE) && x->assigned != y->assigned)
		return x->assigned < y->assigned;
	return x->idle_since_s < y->idle_since_s;
}

static bool best(const struct view *v, const struct waiting *w, struct class_id c, enum rank r,
	struct instance_id *out)
{
	const struct class_view *cls = &v->classes[c.i];
	bool found = false;
	size_t m;

	for (m = 0; m < cls->n_members; m++) {
		if (r != RANK_QUEUE && stays(v, w, cls->members[m])) {
			*out = cls->members[m];
			return true;
		}
		if (r == RANK_QUEUE ? !can_serve(v, w, cls->members[m])
				    : !fits(v, w, cls->members[m]))
			continue;
		if (!found || goes_before(v, r, cls->members[m], *out))
			*out = cls->members[m];
		found = true;
	}
	return found;
}

static double least_later_s(const struct view *v, const struct waiting *w, double output_tok)
{
	double least_s = HUGE_VAL;

	for (size_t k = 0; k < v->n_instances; k++) {
		const struct fixture_class *c = class_of(v, (struct instance_id){(uint32_t)k});

		if (goes_on(v, w, c))
			least_s = fmin(least_s,
				c->kv_s + output_tok * c->decode_s_per_tok + c->download_s);
	}
	return least_s;
}

static struct prediction idle(
	const struct view *v, const struct waiting *w, struct instance_id i, double output_tok)
{
	const struct fixture_class *c = class_of(v, i);
	struct prediction p = {.upload_s = c->upload_s, .download_s = c->download_s};

	p.prefill_s = w->prompt_tok * c->prefill_s_per_tok;
	p.decode_s = output_tok * c->decode_s_per_tok;
	if (w->phase == PHASE_DECODE) {
		p.upload_s = stays(v, w, i) ? 0.0 : c->kv_s;
		p.prefill_s = 0.0;
	}
	if (only_prompt(w, c)) {
		p.decode_s = p.download_s = 0.0;
		p.later_s = least_later_s(v, w, output_tok);
	}
	p.total_s = p.upload_s + p.prefill_s + p.decode_s + p.download_s + p.later_s;
	return p;
}

static struct prediction predict_idle(
	const struct view *v, const struct waiting *w, struct instance_id i, double output_tok)
{
	if (of(v)->predictions)
		++*of(v)->predictions;
	return idle(v, w, i, output_tok);
}

static struct prediction predict(
	const struct view *v, const struct waiting *w, struct instance_id i, double output_tok)
{
	struct prediction p = idle(v, w, i, output_tok);

	p.wait_s = of(v)->of_instance[i.i].wait_s;
	p.total_s += p.wait_s;
	return p;
}

uint64_t fixture_random(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

static size_t draw(const struct view *v, size_t n)
{
	assert(n > 0);
	return fixture_random(of(v)->draws) % n;
}

static double uniform(const struct view *v)
{
	return (double)(fixture_random(of(v)->draws) >> 11) * 0x1p-53;
}

static double kv_fill(const struct view *v, struct instance_id i)
{
	return of(v)->of_instance[i.i].kv_fill;
}

static struct path path(const struct view *v, struct group_id g, struct instance_id i, bool back)
{
	const struct fixture_class *c = class_of(v, i);

	(void)g;
	return (struct path){.delay_s = back ? c->download_s : c->upload_s,
		.bytes_per_s = HUGE_VAL,
		.share_bytes_per_s = HUGE_VAL};
}

static struct path kv_path(const struct view *v, struct instance_id a, struct instance_id b)
{
	double bytes_per_s = a.i == b.i ? HUGE_VAL : class_of(v, b)->kv_bytes_per_s;

	return (struct path){.bytes_per_s = bytes_per_s, .share_bytes_per_s = bytes_per_s};
}

static struct upkeep upkeep(const struct view *v, struct instance_id i)
{
	return class_of(v, i)->upkeep;
}

void fixture_class(struct view_fixture *f, struct fixture_class c)
{
	assert(f->v.n_classes < FIXTURE_MOST);
	c.phases = c.phases ? c.phases : PHASES_BOTH;
	f->of_class[f->v.n_classes] = c;
	f->classes[f->v.n_classes].phases = c.phases;
	f->classes[f->v.n_classes++].tier = c.tier;
}

void fixture_group(struct view_fixture *f, struct fixture_group g)
{
	assert(f->v.n_groups < FIXTURE_MOST);
	f->of_group[f->v.n_groups] = g;
	f->groups[f->v.n_groups++] = (struct group_view){
		.name = "users",
		.home = {NO_ID},
		.output_mean_tok = g.output_mean_tok,
		.output_q90_tok = g.output_q90_tok,
	};
}

void fixture_instance(struct view_fixture *f, struct fixture_instance i)
{
	struct instance_id id = {(uint32_t)f->v.n_instances++};
	struct class_view *c = &f->classes[i.cls];

	assert(id.i < FIXTURE_MOST && i.cls < f->v.n_classes);
	f->of_instance[id.i] = i;
	f->instances[id.i] = (struct instance_view){
		.name = "instance",
		.site = {id.i},
		.cls = {i.cls},
		.tier = c->tier,
		.phases = c->phases,
		.assigned = i.assigned,
		.room = i.room,
		.idle_since_s = i.assigned > 0 ? HUGE_VAL : i.idle_since_s,
	};
	f->members[i.cls][c->n_members++] = id;
	c->n_free += i.room > 0;
	f->v.n_free += i.room > 0;
}

void fixture_wait(struct view_fixture *f, struct waiting w)
{
	assert(f->v.n_waiting < FIXTURE_MOST && w.group.i < f->v.n_groups);
	f->waiting[f->v.n_waiting++] = w;
}

const struct view *fixture_view(struct view_fixture *f)
{
	size_t c;

	f->v.waiting = f->waiting;
	f->v.instances = f->instances;
	f->v.classes = f->classes;
	f->v.groups = f->groups;
	for (c = 0; c < f->v.n_classes; c++)
		f->classes[c].members = f->members[c];
	f->v.can_serve = can_serve;
	f->v.fits = fits;
	f->v.best = best;
	f->v.predict = predict;
	f->v.predict_idle = predict_idle;
	f->v.draw = draw;
	f->v.uniform = uniform;
	f->v.kv_fill = kv_fill;
	f->v.path = path;
	f->v.kv_path = kv_path;
	f->v.upkeep = upkeep;
	return &f->v;
}

size_t fixture_find(const struct view *v, struct request_id id)
{
	size_t i;

	for (i = 0; i < v->n_waiting && v->waiting[i].id.n != id.n; i++)
		;
	return i;
}

static void fill(struct view_fixture *f, struct instance_id i, uint32_t prompt_tok)
{
	struct fixture_instance *x = &f->of_instance[i.i];
	bool was_free = x->room > 0;

	x->assigned++;
	x->room -= was_free;
	x->kv_tok -= x->kv_tok > prompt_tok ? prompt_tok + 1 : x->kv_tok;
	f->instances[i.i].assigned = x->assigned;
	f->instances[i.i].room = x->room;
	f->instances[i.i].idle_since_s = HUGE_VAL;
	if (was_free && x->room == 0) {
		f->classes[x->cls].n_free--;
		f->v.n_free--;
	}
}

void fixture_apply(struct view_fixture *f, const struct assignment *a)
{
	size_t at = fixture_find(&f->v, a->request);

	assert(at < f->v.n_waiting);
	if (!a->drop)
		fill(f, a->instance, f->waiting[at].prompt_tok);
	f->v.n_waiting--;
	memmove(&f->waiting[at], &f->waiting[at + 1], (f->v.n_waiting - at) * sizeof f->waiting[0]);
}

struct policy_state *fixture_state(
	const struct policy_ops *ops, const struct param_text *texts, size_t n)
{
	struct policy_state *st = mem_zalloc(1, ops->state_size);
	struct err err = {0};

	if (!params_read(st, ops->params, ops->name, texts, n, &err)) {
		err_print(&err, stderr);
		abort();
	}
	return st;
}
