/*
 * Who is in the next step of the server of kernels-ref/measure/, by hand and at random. With an
 * argument: read that file of arrivals and print what was read.
 */
#include <cstdio>
#include <cstdlib>

#include "kernels-ref/measure/serve_batch.cuh"

#define CHECK(what) check((what), #what, __LINE__)

static void check(bool good, const char *what, int line)
{
	if (good)
		return;
	fprintf(stderr, "line %d: %s\n", line, what);
	exit(1);
}

static served request(uint32_t prompt_tok, uint32_t output_tok)
{
	served r = {};

	r.start_s = r.first_token_s = r.last_token_s = -1.0;
	r.prompt_tok = prompt_tok;
	r.output_tok = output_tok;
	return r;
}

static void step(serve_batch *b, double now_s)
{
	std::vector<size_t> admitted = serve_batch_admit(b);

	if (admitted.empty())
		serve_batch_make_room(b);
	for (size_t i : admitted.empty() ? b->running : admitted)
		serve_batch_token(b, i, 7, now_s);
	serve_batch_settle(b, admitted, now_s);
}

/* Blocks of 4 tokens, 5 of them, two places. A: 6 + 5, B: 3 + 9. Admission wants blocks of 7 and 4
 * tokens: 2 + 1. After the prefill A stores 7, B 4: B's next token wants a second block. Both
 * decode: A 8, B 5; A wants a third: 5 in all. Then 9 and 6, 10 and 7, and A is done at its
 * fifth token (11 tokens stored, 3 blocks). */
static void two_fill_five_blocks_and_none_is_preempted(void)
{
	std::vector<served> all = {request(6, 5), request(3, 9)};
	serve_batch b;

	serve_batch_init(&b, &all, {2, 5, 4, 100});
	b.line = {0, 1};
	step(&b, 1.0);
	CHECK(b.running.size() == 2 && b.used_blocks == 3);
	step(&b, 2.0);
	CHECK(b.used_blocks == 4);
	step(&b, 3.0);
	CHECK(b.used_blocks == 5);
	step(&b, 4.0);
	step(&b, 5.0);
	CHECK(b.running.size() == 1 && b.running[0] == 1);
	CHECK(all[0].first_token_s == 1.0 && all[0].last_token_s == 5.0);
	CHECK(all[0].preemptions == 0 && all[1].preemptions == 0);
	CHECK(b.used_blocks == 2); /* B: 3 + 5 tokens */
}

/* The same with four blocks: at the third step A's third block is B's second. B, the youngest,
 * gives up both, stands first in line, and is computed again with what it had: 3 + 2 tokens. */
static void the_youngest_gives_way_and_keeps_its_tokens(void)
{
	std::vector<served> all = {request(6, 5), request(3, 9), request(1, 1)};
	serve_batch b;

	serve_batch_init(&b, &all, {2, 4, 4, 100});
	b.line = {0, 1, 2};
	step(&b, 1.0);
	step(&b, 2.0);
	CHECK(b.running.size() == 2 && b.used_blocks == 4);
	step(&b, 3.0);
	CHECK(b.running.size() == 1 && b.line.front() == 1 && all[1].preemptions == 1);
	CHECK(all[1].tokens.size() == 2 && all[1].first_token_s == 1.0);
	CHECK(b.used_blocks == 3); /* A alone: 6 + 3 */
	step(&b, 4.0);
	CHECK(b.line.front() == 1); /* in order: the third does not pass it */
	step(&b, 5.0);
	CHECK(all[0].last_token_s == 5.0);
	std::vector<size_t> admitted = serve_batch_admit(&b);
	CHECK(admitted.size() == 2 && admitted[0] == 1 && b.used_blocks == 3);
}

/* Prompts of 60, 30, 20 under 100 new tokens a step: the third waits; one of 150 alone does not. */
static void a_prefill_step_has_a_limit_but_one_prompt_may_exceed_it(void)
{
	std::vector<served> all = {request(60, 2), request(30, 2), request(20, 2), request(150, 2)};
	serve_batch b;

	serve_batch_init(&b, &all, {4, 1000, 16, 100});
	b.line = {0, 1, 2};
	CHECK(serve_batch_admit(&b).size() == 2);
	serve_batch_init(&b, &all, {4, 1000, 16, 100});
	b.line = {3, 2};
	CHECK(serve_batch_admit(&b).size() == 1);
}

static void whatever_comes_all_are_answered_and_all_is_given_back(void)
{
	uint64_t seed = 88172645463325252u;
	auto draw = [&](uint32_t most) {
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		return (uint32_t)(seed % most) + 1;
	};

	for (int round = 0; round < 300; round++) {
		std::vector<served> all;
		serve_batch b;
		serve_limits limits = {draw(6), 20 + draw(30), draw(16), draw(200)};
		size_t steps = 0;

		for (int i = 0; i < 25; i++) {
			served r = request(draw(40), draw(40));

			serve_batch_init(&b, &all, limits);
			if (serve_batch_can_hold(&b, r))
				all.push_back(r);
		}
		serve_batch_init(&b, &all, limits);
		for (size_t i = 0; i < all.size(); i++)
			b.line.push_back(i);
		while (!b.line.empty() || !b.running.empty()) {
			step(&b, (double)++steps);
			CHECK(b.used_blocks <= limits.blocks);
			CHECK(b.running.size() + b.places.size() == limits.max_batch);
			CHECK(steps < 100000);
		}
		CHECK(b.used_blocks == 0);
		for (const served &r : all)
			CHECK(r.tokens.size() == r.output_tok && r.last_token_s > 0.0);
	}
}

static int print_arrivals(const char *file)
{
	std::vector<served> all;

	if (!read_arrivals(&all, file, 4096))
		return 2;
	for (const served &r : all)
		printf("%g %u %u\n", r.arrival_s, r.prompt_tok, r.output_tok);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return print_arrivals(argv[1]);
	two_fill_five_blocks_and_none_is_preempted();
	the_youngest_gives_way_and_keeps_its_tokens();
	a_prefill_step_has_a_limit_but_one_prompt_may_exceed_it();
	whatever_comes_all_are_answered_and_all_is_given_back();
	puts("4 passed, 0 failed");
	return 0;
}
