#ifndef OFFING_KERNELS_REF_SERVE_BATCH_CUH
#define OFFING_KERNELS_REF_SERVE_BATCH_CUH

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <string>
#include <vector>

/**
 * Batching without a clock or a device: who is in the next step. The rules are those of
 * docs/models.md ("Steps of a batch"). Either way prompts are taken in order while the batch has a
 * place and the cache blocks for the prompt and one token.
 *
 * Continuous: prompts before decodes; a sequence whose next token finds no block makes the
 * youngest give up its own and wait, first in line, to be computed again.
 *
 * Chunked: a step has a budget of rows. Those that decode take one each, the rest goes to prompts
 * in order, cut where it ends. A prompt holds all its blocks from its first chunk on, and where a
 * next token finds none, the last prompt that is being computed gives way before any that decodes.
 */

/** A request of an arrivals file, and what became of it. Times in seconds from the start; -1: not
 *  yet. */
struct served {
	double arrival_s;
	uint32_t prompt_tok, output_tok;
	double start_s, first_token_s, last_token_s;
	uint32_t preemptions;
	std::vector<uint32_t> tokens; /* emitted so far */
	size_t place;                 /* its sequence in the cache, */
	size_t blocks;                /* and what it holds of that */
	size_t computed_tok;          /* chunked: of its prompt, in steps before the next; */
	size_t chunk_tok;             /* and in the next */
};

/**
 * Rows `arrival_s,prompt_tokens,output_tokens` under such a heading, times from 0, ascending.
 * Prompt and output together at most @max_tok. Complains as "file:line: error: ..." on standard
 * error and returns false at the first row that is not so.
 */
bool read_arrivals(std::vector<served> *out, const std::string &file, uint32_t max_tok);

/** @file to write to; NULL after a message. */
FILE *open_served(const std::string &file);

/** A row a request. */
bool write_served(const std::string &file, const std::vector<served> &requests);

struct serve_limits {
	size_t max_batch, blocks, block_tok;
	size_t prefill_tok;   /* new tokens in one prefill step, unless one prompt alone has more */
	size_t chunk_tok = 0; /* rows in a step, at least max_batch; 0: continuous */
};

struct serve_batch {
	std::vector<served> *requests;
	serve_limits limits;
	std::deque<size_t> line;     /* oldest first */
	std::vector<size_t> running; /* in order of joining */
	std::vector<size_t> prompts; /* chunked: whose prompt is being computed, in order */
	std::vector<size_t> places;  /* free sequences of the cache */
	size_t used_blocks;
};

void serve_batch_init(serve_batch *b, std::vector<served> *requests, const serve_limits &limits);

/** A request that even an empty cache could not hold to its end. */
bool serve_batch_can_hold(const serve_batch *b, const served &r);

/** Take from the line who is computed in the next step; their places and blocks are set. */
std::vector<size_t> serve_batch_admit(serve_batch *b);

/** Room for the token that the next step reads of every running sequence, by preemption if need be.
 */
void serve_batch_make_room(serve_batch *b);

/** Chunked: form the next step, of all that run and of the @chunk_tok of each of @b->prompts. */
void serve_batch_form(serve_batch *b);

/** Chunked: does the step that was formed end the prompt of @r, which then has a token? */
bool serve_batch_ends(const served &r);

/** Chunked: the step that was formed is over. Those whose prompt it ended, in order; as the
 *  admitted of the functions below. The others' chunks are counted. */
std::vector<size_t> serve_batch_computed(serve_batch *b);

/** Phases apart. @i, which runs here, goes on elsewhere: its place and blocks are free. */
void serve_batch_leave(serve_batch *b, size_t i);

/** A place, and blocks for its prompt and one token, for @i, which comes with its keys and values.
 *  False: they are not free. */
bool serve_batch_reserve(serve_batch *b, size_t i);

/** It is there, and runs from the next step on. */
void serve_batch_join(serve_batch *b, size_t i);

/** @token is the next of request @i, which was admitted or runs, at @now_s. */
void serve_batch_token(serve_batch *b, size_t i, uint32_t token, double now_s);

/** After the tokens of a step: who has all of his leaves; admitted ones join. */
void serve_batch_settle(serve_batch *b, const std::vector<size_t> &admitted, double now_s);

#endif
