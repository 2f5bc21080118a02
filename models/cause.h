#ifndef OFFING_MODELS_CAUSE_H
#define OFFING_MODELS_CAUSE_H

/**
 * Where the time of a request goes, in whole nanoseconds: at every moment of its life it is in
 * one of these, so their sum is its end-to-end time.
 */
enum cause {
	CAUSE_SCHEDULER,     /* from its creation until it is sent off, delays included */
	CAUSE_UPLOAD_WAIT,   /* what its prompt takes longer than alone */
	CAUSE_UPLOAD_SEND,   /* what its prompt would take alone on idle links */
	CAUSE_INSTANCE_WAIT, /* in line at its instance, before its first step */
	CAUSE_PREFILL,       /* its prompt is computed */
	CAUSE_DECODE,        /* steps that make its tokens, one a step */
	CAUSE_STALLED,       /* its decoding is held up by the prompts of others */
	CAUSE_PREEMPTED,   /* put back: waiting again, and what must be computed or loaded again */
	CAUSE_SPECULATION, /* drafting and verification, where they make its tokens */
	CAUSE_KV,          /* its KV cache crosses to another instance, or waits for room there */
	CAUSE_SERVICE,     /* in service at a synthetic instance, which has no steps */
	CAUSE_DOWNLOAD,    /* its answer is on the way */
	CAUSES,
};

#endif
