#ifndef OFFING_KERNELS_REF_REHEARSE_CUH
#define OFFING_KERNELS_REF_REHEARSE_CUH

#include <vector>

#include "kernels-ref/measure/serve_device.cuh"

/**
 * Steps timed as a server meets them: as its device makes them, one after another, each waited for;
 * after every step with a prompt some that decode, so that neither is behind its like, the GPU is
 * as warm and the host as busy as theirs. Rows come in an order drawn anew in each of some rounds,
 * light ones first, which lie as far apart in time as the measurement lets them.
 */
#define REHEARSE_ROUNDS 3

/** A time of one row: its samples of each round. */
struct rehearsed {
	std::vector<double> sample[REHEARSE_ROUNDS];
};

/** Sequences that decode, with contexts of @context on average, none longer than @most. */
struct decode_row {
	size_t batch, context, most;
	rehearsed time;
};

/** A prompt, or its last chunk, of @chunk_tok tokens behind @chunk_context; beside it @n_decode
 *  sequences that decode, as above. */
struct prompt_row {
	size_t n_decode, context, most, chunk_tok, chunk_context;
	rehearsed time;
};

/** Time @decodes and @prompts, which have no samples yet, with a cache of @room tokens. */
void rehearse(serve_device *d, size_t room, std::vector<decode_row> *decodes,
	std::vector<prompt_row> *prompts);

/** The mean of all samples but the least and the largest tenth: a server's load is a matter of
 *  means, and who else was on the host is not. */
double rehearsed_s(const rehearsed &r);

/** Standard deviation of the log time of a row from round to round, over many rows. */
double repetition_sigma(const std::vector<const rehearsed *> &rows);

#endif
