#ifndef OFFING_MODELS_SERVING_SEQUENCE_H
#define OFFING_MODELS_SERVING_SEQUENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/cause.h"
#include "models/content.h"
#include "models/ids.h"

struct draft_line; /* drafter.h */

/** Where a sequence stands whose tokens are drafted elsewhere; all zero: nowhere yet. */
struct drafting {
	const struct draft_line *line; /* to who drafts; NULL: nobody, it decodes as others do */
	enum {
		DRAFT_NOWHERE,
		DRAFT_AWAITED,
		DRAFT_HERE,
		DRAFT_JOINED, /* in the batch, to be verified by its next round */
	} where;              /* of its instance */
	uint32_t turn;        /* of what was told last */
	bool won; /* the last round: all were accepted, and so would the next have been */
	/* of the drafter */
	bool ready, told;             /* its prompt is computed; it knows what to go on from */
	bool bets;                    /* it drafts ahead of what it was told */
	uint32_t epoch, prompt_epoch; /* of what it wants: steps made for others are in vain */
	uint32_t made, want;          /* tokens since its last draft left, and of the next */
	uint32_t tok;                 /* of context */
};

/** A request as an instance sees it. One array beside the world's requests, the same slot. */
struct sequence {
	uint64_t id; /* the number of the request in its replication: what random draws go by */
	uint32_t prompt_tok, output_tok; /* what is asked; not written here */
	uint32_t emitted_tok;            /* made so far */
	uint32_t preemptions;
	int64_t started_ns, first_token_ns; /* TIME_NONE: not yet */

	/* of the instance that holds it */
	double expected_tok;      /* its share of the expected context there */
	uint64_t joined_step;     /* decode steps the batch had made */
	uint32_t reserved_blocks; /* of KV, set aside before it joins */
	uint32_t swapped_blocks;  /* of KV, in the host's memory; 0: it is not swapped out */
	/* while its prompt, and what it emitted before, are computed */
	uint32_t computed_tok, chunk_tok; /* in earlier steps, and in the one in flight */
	uint32_t cached_tok; /* of its prompt, found in the prefix cache when it started */
	uint32_t pad_tok;    /* before its prompt, in a static batch */
	bool again;          /* it was in the batch before, and was preempted */
	/* where the phases are apart; while one instance computes the prompt, another may set
	 * memory aside already */
	bool part;         /* the instance that has it computes its prompt alone */
	bool brought;      /* its KV comes from elsewhere, or lies here: nothing to compute */
	bool stays;        /* it goes on where its prompt was computed */
	uint32_t round;    /* verifications of drafts it has been through */
	int64_t joined_ns; /* when it went on; TIME_NONE: not yet, or not apart */

	/* where its time went (causes.h) */
	int64_t charged_ns;    /* up to here it is accounted for */
	int64_t stall_mark_ns; /* the batch's running total of stalls when it joined */
	int64_t cause_ns[CAUSES];

	/* what not every sequence needs: sequence_prefetch() leaves it where it is */
	uint32_t lane;          /* its micro-batch in a pipeline */
	uint32_t parked_blocks; /* of KV, where its prompt was computed, until they are released */
	int64_t arrived_ns;     /* in line; of static batches that wait */
	/* where drafts are verified */
	double acceptance;     /* of a drafted token */
	double won, tried;     /* of late: accepted, and looked at */
	uint32_t held_blocks;  /* of KV, while it decodes */
	struct group_id group; /* of its user */
	struct drafting drafting;
	/* in the prefix cache (prefix.h): how far it holds its blocks there */
	uint32_t prefix_run, prefix_blocks;
	uint32_t parked_run, parked_prefix_blocks; /* of parked_blocks, where its KV lies still */
	uint32_t known_tok; /* so many may be there before it comes; UINT32_MAX: all of them */
};

/** It is far away where many instances have many: ask for its lines side by side. */
static inline void sequence_prefetch(const struct sequence *q)
{
	const char *at = (const char *)q;

	for (size_t k = 0; k < offsetof(struct sequence, lane); k += 64)
		__builtin_prefetch(at + k);
}

struct sequences {
	struct sequence *at;
	struct content *contents; /* the same slots, where somebody has a prefix cache */
	size_t contents_cap;
	bool has_contents;
	size_t n, cap;
};

#endif
