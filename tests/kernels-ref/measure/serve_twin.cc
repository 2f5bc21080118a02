/*
 * The batch of the measured server (kernels-ref/measure/serve_batch.cu) on a clock that the
 * simulator's prices drive: what that server would have written, had each step taken what it is
 * priced at. serve_twin.sh holds offing to it, request by request.
 *
 *	serve_twin ARRIVALS.csv OUT.csv MODEL BLOCKS CHUNK_TOK      CHUNK_TOK 0: continuous
 */
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "kernels-ref/measure/serve_batch.cuh"
#include "tests/kernels-ref/measure/serve_price.h"

#define MAX_TOK 4096
#define BLOCK_TOK 16
#define MAX_BATCH 32

struct twin {
	const serve_price *price;
	std::vector<served> requests;
	serve_batch batch;
	size_t next; /* arrival */
	double now_s;
};

/* A step of those who run, if @decodes, and of @chunks, which end the prompts of @ended. */
static void step(twin *t, bool decodes, const std::vector<serve_chunk> &chunks,
	const std::vector<size_t> &ended)
{
	size_t n = decodes ? t->batch.running.size() : 0;
	double context_tok = 0.0;

	for (size_t k = 0; k < n; k++) {
		const served &r = t->requests[t->batch.running[k]];

		context_tok += r.prompt_tok + (double)r.tokens.size();
	}
	t->now_s += serve_step_s(t->price, n, context_tok, chunks.data(), chunks.size());
	for (size_t k = 0; k < n; k++)
		serve_batch_token(&t->batch, t->batch.running[k], 7, t->now_s);
	for (size_t i : ended)
		serve_batch_token(&t->batch, i, 7, t->now_s);
	serve_batch_settle(&t->batch, ended, t->now_s);
}

static void begins(twin *t, size_t i)
{
	if (t->requests[i].start_s < 0.0)
		t->requests[i].start_s = t->now_s;
}

/* False when there is nobody to make a step for. */
static bool step_continuous(twin *t)
{
	std::vector<size_t> admitted = serve_batch_admit(&t->batch);
	std::vector<serve_chunk> chunks;

	for (size_t i : admitted) {
		const served &r = t->requests[i];

		begins(t, i);
		chunks.push_back({r.prompt_tok + (uint32_t)r.tokens.size(), 0, true});
	}
	if (admitted.empty() && t->batch.running.empty())
		return false;
	if (admitted.empty())
		serve_batch_make_room(&t->batch);
	step(t, admitted.empty(), chunks, admitted);
	return true;
}

static bool step_chunked(twin *t)
{
	std::vector<serve_chunk> chunks;

	serve_batch_form(&t->batch);
	for (size_t i : t->batch.prompts) {
		const served &r = t->requests[i];

		if (r.chunk_tok == 0)
			continue;
		begins(t, i);
		chunks.push_back(
			{(uint32_t)r.chunk_tok, (uint32_t)r.computed_tok, serve_batch_ends(r)});
	}
	if (chunks.empty() && t->batch.running.empty())
		return false;
	step(t, true, chunks, serve_batch_computed(&t->batch));
	return true;
}

static void replay(twin *t, bool chunked)
{
	for (;;) {
		while (t->next < t->requests.size() && t->requests[t->next].arrival_s <= t->now_s)
			t->batch.line.push_back(t->next++);
		if (chunked ? step_chunked(t) : step_continuous(t))
			continue;
		if (t->next == t->requests.size())
			break;
		t->now_s = std::max(t->now_s, t->requests[t->next].arrival_s);
	}
}

int main(int argc, char **argv)
{
	twin t = {};
	serve_limits limits = {MAX_BATCH, 0, BLOCK_TOK, MAX_TOK};
	serve_price *price;

	if (argc != 6 || !read_arrivals(&t.requests, argv[1], MAX_TOK))
		return 2;
	limits.blocks = strtoul(argv[4], NULL, 10);
	limits.chunk_tok = strtoul(argv[5], NULL, 10);
	t.price = price = serve_price_create(argv[3]);
	serve_batch_init(&t.batch, &t.requests, limits);
	replay(&t, limits.chunk_tok > 0);
	serve_price_destroy(price);
	return write_served(argv[2], t.requests) ? 0 : 1;
}
