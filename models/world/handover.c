/*
 * From phase to phase: the KV of a request whose prompt was computed by an instance that goes no
 * further, to one that does.
 *
 * It is *computed* when the prefill is done and made the first token: then it stands in line again,
 * now as PHASE_DECODE. When it is *assigned* the instance that is to go on sets blocks aside, at
 * once or when it has them. Once it has, and those who hold the KV were told, the KV is *sent*.
 * When the last byte has *left*, the blocks where it was computed are free. When it has *arrived*
 * it stands in line with its blocks, and decodes from the next step on.
 *
 * With kv_overlap it is in line from the start of its prefill, and all layers but the last are sent
 * when the first is computed: the last follows with the end of the prefill. Over a link in order of
 * arrival that ends at
 *
 *	max(end of the prefill + a layer's transfer, its start + first layer + whole transfer)
 *
 * A place once chosen is kept, whatever becomes better until the KV can go.
 *
 * Nobody waits for ever. Blocks of a prefill instance are held by prompts being computed, which
 * need nothing else, and by KV that waits to go: for a policy, for blocks elsewhere, for links.
 * Blocks elsewhere are held by KV on its way, which arrives, and by those that decode: the oldest
 * of them is never preempted for want of memory, and holds in all of it (can_serve says so), so
 * that it ends. None of these waits for another instance's blocks. What an instance of both roles
 * computed for others to go on with could close a circle: it may go elsewhere only where its blocks
 * are free now, and may always go on where it is, with those it has. So of the instances that hold
 * blocks while they wait for some, all are prefill instances, and those they wait for are none.
 * And in the line they are by age, so that no younger prompt stands before KV.
 */

#include "models/ev.h"
#include "models/world/state.h"

static const struct route *way_of(const struct world *w, const struct request *r)
{
	const struct instance_spec *all = w->spec->instances;

	return kv_route(&w->kv_routes, all[r->prefill].site, all[r->instance].site);
}

/** Within its site, or NULL: over links. */
static const struct kv_local *local_of(const struct world *w, const struct request *r)
{
	const struct instance_spec *all = w->spec->instances;

	return kv_local(&w->kv_routes, all[r->prefill].site, all[r->instance].site);
}

static struct instance *source_of(struct world *w, const struct request *r)
{
	return &w->instances[r->prefill];
}

static double kv_bytes(const struct world *w, const struct request *r, uint32_t slot)
{
	const struct model_spec *m = &w->spec->models[w->spec->groups[r->group].model.i];

	return world_sequence(w, slot)->prompt_tok * llm_kv_bytes_per_tok(&m->shape);
}

static double n_layers(const struct world *w, const struct request *r)
{
	return w->spec->models[w->spec->groups[r->group].model.i].shape.layers;
}

/** Its blocks where it was computed are free; those who wait for them there go on. */
static void release(struct world *w, uint32_t slot)
{
	struct instance *from = source_of(w, &w->requests.at[slot]);

	if (instance_release(from, slot))
		instance_begin(from);
	world_eased(w, from->id);
	w->wanted = true; /* policies see other memory now */
}

static void submit(struct world *w, uint32_t slot)
{
	if (w->spec->run.scheduler_delay_s > 0.0)
		post_submitted(w->engine, w->spec->run.scheduler_delay_s, slot);
	else
		request_submitted(w, slot);
}

/** Nothing moves: it goes on where it is. */
static void stay(struct world *w, uint32_t slot)
{
	instance_resume(source_of(w, &w->requests.at[slot]), slot);
}

/** One after the other, as fast as the interconnect goes. */
static void send_within(struct world *w, uint32_t slot, double bytes)
{
	const struct request *r = &w->requests.at[slot];
	struct instance *from = source_of(w, r);
	int64_t now_ns = engine_now_ns(w->engine);
	int64_t start_ns = from->kv_free_ns > now_ns ? from->kv_free_ns : now_ns;

	from->kv_free_ns = ns_after(start_ns, ns_of_s(bytes / local_of(w, r)->bytes_per_s));
	engine_post_at(w->engine, from->kv_free_ns, ev_kv_left(slot));
}

static void send(struct world *w, uint32_t slot, double bytes)
{
	struct request *r = &w->requests.at[slot];

	source_of(w, r)->kv_sent_bytes += bytes;
	r->kv.n_under_way++;
	if (local_of(w, r))
		send_within(w, slot, bytes);
	else if (net_send_off(w->net, way_of(w, r), bytes, TRANSFER_KV, ev_kv_left(slot)))
		handover_left(w, slot);
}

/** What can go, goes. */
static void go_on(struct world *w, uint32_t slot)
{
	struct request *r = &w->requests.at[slot];
	struct kv_way *k = &r->kv;
	double layers = n_layers(w, r), bytes = kv_bytes(w, r, slot);

	if (!k->told || !k->granted || k->sent)
		return;
	if (world_sequence(w, slot)->stays) {
		k->sent = k->computed;
		if (k->computed)
			stay(w, slot);
	} else if (k->computed) {
		k->sent = true;
		send(w, slot, k->ahead ? bytes / layers : bytes);
	} else if (!k->ahead && layers > 1.0) {
		if (engine_now_ns(w->engine) < k->layer_ns) {
			post_kv_layer(w->engine, k->layer_ns, slot);
			return;
		}
		k->ahead = true;
		send(w, slot, bytes * (layers - 1.0) / layers);
	}
}

void handover_layer(struct world *w, uint32_t slot)
{
	go_on(w, slot);
}

void handover_left(struct world *w, uint32_t slot)
{
	struct request *r = &w->requests.at[slot];
	const struct kv_local *local = local_of(w, r);
	double delay_s = local ? local->delay_s : way_of(w, r)->delay_s;

	if (--r->kv.n_under_way > 0 || !r->kv.sent)
		return;
	release(w, slot);
	if (delay_s > 0.0)
		post_kv(w->engine, delay_s, (struct instance_id){r->instance}, slot);
	else
		handover_arrived(w, slot);
}

void handover_arrived(struct world *w, uint32_t slot)
{
	instance_enqueue(&w->instances[w->requests.at[slot].instance], slot);
}

static void begin(struct world *w, struct instance_id i, uint32_t slot)
{
	struct request *r = &w->requests.at[slot];

	r->prefill = i.i;
	r->kv = (struct kv_way){.layer_ns = TIME_NONE};
}

void handover_computing(
	struct world *w, struct instance_id i, uint32_t slot, int64_t layer_ns, int64_t end_ns)
{
	struct request *r = &w->requests.at[slot];

	begin(w, i, slot);
	r->kv.layer_ns = layer_ns;
	r->kv.ready_ns = end_ns;
	submit(w, slot);
}

void handover_computed(struct world *w, struct instance_id i, uint32_t slot)
{
	struct request *r = &w->requests.at[slot];
	bool in_line = r->prefill != NO_ID; /* or chosen already */

	world_sequence(w, slot)->part = false;
	scheduler_touch(w->scheduler, i);
	if (!in_line)
		begin(w, i, slot);
	r->kv.computed = true;
	r->kv.ready_ns = engine_now_ns(w->engine);
	if (r->kv.dropped)
		handover_drop(w, slot);
	else if (in_line)
		go_on(w, slot);
	else
		submit(w, slot);
}

void handover_assign(struct world *w, uint32_t slot, struct instance_id i)
{
	struct request *r = &w->requests.at[slot];
	struct sequence *q = world_sequence(w, slot);

	r->instance = i.i;
	q->stays = r->prefill == i.i;
	q->brought = !q->stays;
	instance_assign(&w->instances[i.i], slot, request_expected_tok(w, slot));
	r->kv.granted = q->stays || q->reserved_blocks > 0;
	scheduler_touch(w->scheduler, i);
	if (w->spec->run.scheduler_delay_s > 0.0)
		post_dispatch(w->engine, w->spec->run.scheduler_delay_s, slot);
	else
		handover_told(w, slot);
}

void handover_told(struct world *w, uint32_t slot)
{
	w->requests.at[slot].kv.told = true;
	go_on(w, slot);
}

void handover_granted(struct world *w, struct instance_id i, uint32_t slot)
{
	w->requests.at[slot].kv.granted = true;
	scheduler_touch(w->scheduler, i);
	go_on(w, slot);
}

void handover_drop(struct world *w, uint32_t slot)
{
	struct request *r = &w->requests.at[slot];

	r->kv.dropped = true;
	if (!r->kv.computed)
		return; /* it is over when the step in flight is */
	release(w, slot);
	request_end(w, slot, FATE_DROPPED);
}

/** Requests whose KV lies at instance @i and goes on elsewhere. */
static uint64_t lie_at(const struct world *w, uint32_t i)
{
	uint64_t n = 0;

	for (uint32_t slot = 0; slot < w->requests.n; slot++)
		n += request_held(&w->requests.at[slot]) && w->requests.at[slot].prefill == i &&
		     world_sequence(w, slot)->parked_blocks > 0;
	return n;
}

bool handover_check(const struct world *w, struct err *err)
{
	for (uint32_t i = 0; i < w->spec->n_instances; i++) {
		const struct instance *inst = &w->instances[i];
		struct gauge gauge = {0};
		uint64_t there;

		if (!inst->takes_kv || !instance_gauge(inst, &gauge))
			continue;
		there = w->kv_routes.n > 0 || gauge.parked > 0 ? lie_at(w, i) : 0;
		if (gauge.parked != there)
			return err_run(err, "KV was lost: %ju lie at '%s', of %ju requests",
				(uintmax_t)gauge.parked, inst->spec->name, (uintmax_t)there);
		if (inst->assigned == 0 && gauge.parked == 0 && gauge.kv_fill > 0.0)
			return err_run(err, "nobody is at '%s', and its KV memory is not free",
				inst->spec->name);
	}
	return true;
}
