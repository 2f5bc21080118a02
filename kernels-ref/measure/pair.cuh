#ifndef OFFING_KERNELS_REF_PAIR_CUH
#define OFFING_KERNELS_REF_PAIR_CUH

#include <string>

#include "kernels-ref/cuda/llama_q8.cuh"

/**
 * Two GPUs of one host, 0 and 1: keys and values of a prompt from the one to the other, a server
 * whose prompts are computed by the one and whose answers by the other, and one whose answers are
 * drafted by the one and verified by the other.
 */
struct pair_gpus {
	std::string name[2];
	bool peer; /* each may use the other's memory; otherwise copies go through the host */
};

/** What is here; false, after a message, if that is not two GPUs. */
bool pair_open(pair_gpus *p);

/** Ways for keys and values: as one piece, which no cache lays out so but which is the most that a
 *  link gives; by the copy engine, all at once, layer by layer, or block by block of 16 tokens; by
 *  a kernel that stores to the other GPU's memory. */
enum kv_way { KV_PIECE, KV_ENGINE, KV_LAYERS, KV_BLOCKS, KV_KERNEL, KV_WAYS };
extern const char *const kv_way_names[KV_WAYS];

/** From GPU 0's cache to GPU 1's. Only launches, into a stream of GPU 0. */
struct kv_ends {
	const llama_shape *shape;
	const gpu_state *from;
	gpu_state *to;
	size_t from_seq, to_seq;
};
void pair_copy(const kv_ends &e, enum kv_way way, size_t tok, cudaStream_t stream);

/** Those of one layer, by the copy engine or by a kernel. */
void pair_copy_layer(const kv_ends &e, enum kv_way way, size_t l, size_t tok, cudaStream_t stream);

/** What arrives is what was sent, whichever way: the next step is the same. False: it is not. */
bool pair_check(const pair_gpus &p);

/** Times of all that, to @dir/kv.csv, messages.csv and overlap.csv. */
bool pair_measure_kv(const pair_gpus &p, const char *dir);

/** A server whose phases are apart. */
struct phases_spec {
	const llama_shape *shape;
	std::string arrivals, out;
	size_t max_batch; /* on either side */
	enum kv_way way;  /* KV_ENGINE or KV_KERNEL */
	bool overlap;     /* layer by layer, while the prompt is computed */
};

/** Replay the arrivals; to @out a row a request, to @out with ".kv" one of what was sent, with
 *  ".steps" and ".answers" one a step of either side. */
bool pair_phases(const phases_spec &spec);

/** A server whose answers are drafted elsewhere, with a coin in place of probabilities. */
struct drafts_spec {
	std::string arrivals, out;
	size_t max_batch, k;
	double acceptance;
};

/** Replay the arrivals; to @out a row a request, with ".steps" and ".drafts" one a step. */
bool pair_drafts(const drafts_spec &spec);

/** Rounds of 1 to 16 sequences and 1 to 8 tokens, to @dir/rounds.csv. */
bool pair_measure_rounds(const char *dir);

/** The words behind "kernels pair"; the exit status. */
int pair_main(char **words, int n);
extern const char pair_usage[];

#endif
