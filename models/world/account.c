/* Where the time of a request goes between its instance and its user; what happens in an instance
 * that charges itself. */

#include "models/serving/causes.h"
#include "models/world/state.h"

void account_sent(struct world *w, uint32_t slot, double alone_s)
{
	struct sequence *q = world_sequence(w, slot);

	w->requests.at[slot].sent = true;
	sequence_charge(q, CAUSE_SCHEDULER, engine_now_ns(w->engine));
	q->cause_ns[CAUSE_UPLOAD_SEND] = ns_of_s(alone_s); /* until it is there */
}

void account_uploaded(struct world *w, uint32_t slot)
{
	struct sequence *q = world_sequence(w, slot);
	int64_t alone_ns = q->cause_ns[CAUSE_UPLOAD_SEND];

	q->cause_ns[CAUSE_UPLOAD_SEND] = 0;
	sequence_charge_part(
		q, CAUSE_UPLOAD_SEND, alone_ns, CAUSE_UPLOAD_WAIT, engine_now_ns(w->engine));
}

void account_ended(struct world *w, uint32_t slot)
{
	const struct request *r = &w->requests.at[slot];
	struct sequence *q = world_sequence(w, slot);
	enum cause last = CAUSE_DOWNLOAD;

	if (!r->sent)
		last = CAUSE_SCHEDULER;
	else if (r->uploaded_ns == TIME_NONE)
		account_uploaded(w, slot);
	else if (q->started_ns == TIME_NONE)
		last = CAUSE_INSTANCE_WAIT;
	else if (r->finished_ns == TIME_NONE && w->instances[r->instance].spec->synthetic)
		last = CAUSE_SERVICE;
	else if (q->first_token_ns == TIME_NONE)
		last = CAUSE_PREFILL;
	else if (r->prefill != NO_ID && q->joined_ns == TIME_NONE)
		last = CAUSE_KV;
	else if (r->finished_ns == TIME_NONE)
		last = CAUSE_DECODE;
	sequence_charge(q, last, engine_now_ns(w->engine));
}
