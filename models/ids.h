#ifndef OFFING_MODELS_IDS_H
#define OFFING_MODELS_IDS_H

#include <stdint.h>

/**
 * Ids are indexes into the arrays of the scenario, in file order, wrapped so
 * that one kind cannot be passed for another. NO_ID marks "none".
 */
#define NO_ID UINT32_MAX

struct site_id {
	uint32_t i;
};
struct group_id {
	uint32_t i;
};
/** Where messages come from and go to: the groups first, then the sites. */
struct end_id {
	uint32_t i;
};
struct model_id {
	uint32_t i;
};
struct instance_id {
	uint32_t i;
};
struct class_id {
	uint32_t i;
};
/** Requests are numbered from 0 in order of creation within a replication. */
struct request_id {
	uint64_t n;
};

/** What a request waits for: its prompt to be computed, or, where that was done apart, its answer
 * to be made. Sets of phases have a bit for each. */
enum phase { PHASE_PREFILL, PHASE_DECODE, PHASE_KINDS };
enum { PHASES_PREFILL = 1 << PHASE_PREFILL, PHASES_DECODE = 1 << PHASE_DECODE, PHASES_BOTH = 3 };

/** What a transfer over a link carries. */
enum transfer_kind {
	TRANSFER_PROMPT,
	TRANSFER_ANSWER,
	TRANSFER_HIDDEN, /* hidden states between the stages of a pipeline */
	TRANSFER_KV,     /* a KV cache */
	TRANSFER_DRAFT,  /* draft tokens and verdicts */
	TRANSFER_KINDS,
};

/** Which side of the network a site stands on. */
enum tier { TIER_EDGE, TIER_CLOUD };

#endif
