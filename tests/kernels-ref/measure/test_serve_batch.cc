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
 * tokens: 2 + 1. After the prefill A has 7, B 4, which the next step reads: no block more. Then 8
 * and 5: B's fifth wants a second block, and A's ninth, a step later, a third: 5 in all. A is done
 * at its fifth token. */
static void two_fill_five_blocks_and_none_is_preempted(void)
{
	std::vector<served> all = {request(6, 5), request(3, 9)};
	serve_batch b;

	serve_batch_init(&b, &all, {2, 5, 4, 100});
	b.line = {0, 1};
	step(&b, 1.0);
	CHECK(b.running.size() == 2 && b.used_blocks == 3);
	step(&b, 2.0);
	CHECK(b.used_blocks == 3);
	step(&b, 3.0);
	CHECK(b.used_blocks == 4);
	step(&b, 4.0);
	CHECK(b.used_blocks == 5);
	step(&b, 5.0);
	CHECK(b.running.size() == 1 && b.running[0] == 1);
	CHECK(all[0].first_token_s == 1.0 && all[0].last_token_s == 5.0);
	CHECK(all[0].preemptions == 0 && all[1].preemptions == 0);
	CHECK(b.used_blocks == 2); /* B: 3 + 5 tokens */
}

/* The same with four blocks: at the fourth step A's third block is B's second. B, the youngest,
 * gives up both, stands first in line, and is computed again with what it had: 3 + 3 tokens. */
static void the_youngest_gives_way_and_keeps_its_tokens(void)
{
	std::vector<served> all = {request(6, 5), request(3, 9), request(1, 1)};
	serve_batch b;

	serve_batch_init(&b, &all, {2, 4, 4, 100});
	b.line = {0, 1, 2};
	step(&b, 1.0);
	step(&b, 2.0);
	step(&b, 3.0);
	CHECK(b.running.size() == 2 && b.used_blocks == 4);
	step(&b, 4.0);
	CHECK(b.running.size() == 1 && b.line.front() == 1 && all[1].preemptions == 1);
	CHECK(all[1].tokens.size() == 3 && all[1].first_token_s == 1.0);
	CHECK(b.used_blocks == 3); /* A alone: 6 + 3 */
	step(&b, 5.0);
	CHECK(b.line.front() == 1); /* in order: the third did not pass it */
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

/* --- chunked -------------------------------------------------------------------------------- */

/* The step that was formed is over. */
static void end_chunked(serve_batch *b, double now_s)
{
	std::vector<size_t> running = b->running, ended = serve_batch_computed(b);

	for (const std::vector<size_t> *who : {&running, &ended})
		for (size_t i : *who)
			serve_batch_token(b, i, 7, now_s);
	serve_batch_settle(b, ended, now_s);
}

static void step_chunked(serve_batch *b, double now_s)
{
	serve_batch_form(b);
	end_chunked(b, now_s);
}

/* A budget of 10 rows, prompts of 6, 9 and 3: 6 and 4 of the second; then one row for the first,
 * the 5 left of the second, 3 of the third, and one row to spare; then all three decode. */
static void decodes_go_first_and_prompts_are_cut_where_the_budget_ends(void)
{
	std::vector<served> all = {request(6, 3), request(9, 2), request(3, 2)};
	serve_batch b;

	serve_batch_init(&b, &all, {4, 100, 4, 100, 10});
	b.line = {0, 1, 2};
	serve_batch_form(&b);
	CHECK((b.prompts == std::vector<size_t>{0, 1}) && b.line.size() == 1);
	CHECK(all[0].chunk_tok == 6 && all[1].chunk_tok == 4);
	CHECK(serve_batch_ends(all[0]) && !serve_batch_ends(all[1]));
	end_chunked(&b, 1.0);
	CHECK((b.running == std::vector<size_t>{0}) && all[1].computed_tok == 4);
	serve_batch_form(&b);
	CHECK((b.prompts == std::vector<size_t>{1, 2}) && all[1].chunk_tok == 5 &&
		all[2].chunk_tok == 3);
	end_chunked(&b, 2.0);
	CHECK((b.running == std::vector<size_t>{0, 1, 2}) && b.prompts.empty());
	step_chunked(&b, 3.0);
	CHECK(b.running.empty() && b.used_blocks == 0 && b.places.size() == 4);
	CHECK(all[0].first_token_s == 1.0 && all[1].first_token_s == 2.0 &&
		all[2].first_token_s == 2.0);
}

/* Blocks of 4 tokens, 7 of them, a budget of 8 rows. A: 6 + 5, B: 18 + 2. Admission wants 2 blocks
 * for A's 7 tokens and 5 for B's 19. Rows: 6 of A and 2 of B; 1 and 7; 1 and 7. Then A's ninth
 * token wants a third block: B, of whose prompt two tokens are left, gives up its five and is
 * computed from the start once A has gone, 8 rows, 8 and 2. */
static void a_prompt_that_is_computed_gives_way_before_any_that_decodes(void)
{
	std::vector<served> all = {request(6, 5), request(18, 2)};
	serve_batch b;

	serve_batch_init(&b, &all, {2, 7, 4, 100, 8});
	b.line = {0, 1};
	step_chunked(&b, 1.0);
	CHECK(b.used_blocks == 7 && all[1].computed_tok == 2);
	step_chunked(&b, 2.0);
	step_chunked(&b, 3.0);
	CHECK(all[1].computed_tok == 16 && all[1].preemptions == 0);
	step_chunked(&b, 4.0);
	CHECK(all[1].preemptions == 1 && b.prompts.empty() && b.line.front() == 1);
	CHECK(all[0].preemptions == 0 && b.used_blocks == 3);
	step_chunked(&b, 5.0);
	CHECK(all[0].last_token_s == 5.0 && b.used_blocks == 0);
	step_chunked(&b, 6.0);
	CHECK(all[1].computed_tok == 8 && all[1].tokens.empty() && b.used_blocks == 5);
	step_chunked(&b, 7.0);
	step_chunked(&b, 8.0);
	CHECK(all[1].first_token_s == 8.0);
	step_chunked(&b, 9.0);
	CHECK(all[1].last_token_s == 9.0 && b.used_blocks == 0);
}

/* Blocks of 4, 4 of them, a budget of 4 rows. A: 6 + 5, B: 3 + 9. Rows: 4 of A; 2 of A and 2 of B;
 * 1 and 1 of B; 1 and 1: A has 9 tokens now, B 5. Both want a block and there is one: B, the
 * youngest that decodes, gives up its own. It comes again with its tokens: 5 + 1 wait for 2 blocks,
 * A has 3 until it is done; then its 5 are computed in two steps, its third token the first of
 * that. */
static void the_youngest_that_decodes_is_computed_again_in_chunks(void)
{
	std::vector<served> all = {request(6, 5), request(3, 9)};
	serve_batch b;

	serve_batch_init(&b, &all, {2, 4, 4, 100, 4});
	b.line = {0, 1};
	step_chunked(&b, 1.0);
	CHECK(b.used_blocks == 2 && b.line.size() == 1); /* the budget was A's alone */
	step_chunked(&b, 2.0);
	CHECK(b.used_blocks == 3 && all[0].tokens.size() == 1 && all[1].computed_tok == 2);
	step_chunked(&b, 3.0);
	CHECK(all[1].tokens.size() == 1 && all[1].first_token_s == 3.0);
	step_chunked(&b, 4.0);
	CHECK(all[1].preemptions == 0 && b.used_blocks == 3);
	step_chunked(&b, 5.0);
	CHECK(all[1].preemptions == 1 && b.line.front() == 1 && b.used_blocks == 3);
	step_chunked(&b, 6.0);
	CHECK(all[0].last_token_s == 6.0);
	step_chunked(&b, 7.0);
	CHECK(all[1].computed_tok == 4 && all[1].tokens.size() == 2);
	step_chunked(&b, 8.0);
	CHECK(all[1].tokens.size() == 3 && all[1].first_token_s == 3.0 && b.used_blocks == 2);
}

/* Of a step formed at random: never more rows than the budget, and none idle while a prompt is cut
 * or one that fits waits; at most the last prompt is cut; blocks are those of the tokens. */
static void check_formed(const serve_batch *b)
{
	size_t rows = b->running.size(), blocks = 0, wanted;
	auto blocks_of = [&](size_t tok) {
		return (tok + b->limits.block_tok - 1) / b->limits.block_tok;
	};

	for (size_t i : b->running)
		blocks += blocks_of((*b->requests)[i].prompt_tok + (*b->requests)[i].tokens.size());
	for (size_t i : b->prompts) {
		const served &r = (*b->requests)[i];

		rows += r.chunk_tok;
		blocks += blocks_of(r.prompt_tok + r.tokens.size() + 1);
		CHECK(r.chunk_tok > 0);
		CHECK(serve_batch_ends(r) || i == b->prompts.back());
	}
	CHECK(rows <= b->limits.chunk_tok && blocks == b->used_blocks);
	if (rows == b->limits.chunk_tok)
		return;
	CHECK(b->prompts.empty() || serve_batch_ends((*b->requests)[b->prompts.back()]));
	if (b->line.empty() || b->places.empty())
		return;
	const served &first = (*b->requests)[b->line.front()];
	wanted = blocks_of(first.prompt_tok + first.tokens.size() + 1);
	CHECK(b->used_blocks + wanted > b->limits.blocks);
}

static void in_chunks_whatever_comes_all_are_answered(void)
{
	uint64_t seed = 88172645463325252u;
	unsigned long preemptions = 0;
	auto draw = [&](uint32_t most) {
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		return (uint32_t)(seed % most) + 1;
	};

	for (int round = 0; round < 300; round++) {
		std::vector<served> all;
		serve_batch b;
		serve_limits limits = {draw(6), 20 + draw(30), draw(16), 0};
		size_t steps = 0, next = 0;

		limits.chunk_tok = limits.max_batch + draw(60);
		for (int i = 0; i < 25; i++) {
			served r = request(draw(40), draw(40));

			serve_batch_init(&b, &all, limits);
			if (serve_batch_can_hold(&b, r))
				all.push_back(r);
		}
		serve_batch_init(&b, &all, limits);
		while (next < all.size() || !b.line.empty() || !b.running.empty() ||
			!b.prompts.empty()) {
			for (uint32_t k = draw(3); k > 1 && next < all.size(); k--)
				b.line.push_back(next++);
			serve_batch_form(&b);
			check_formed(&b);
			end_chunked(&b, (double)++steps);
			CHECK(b.running.size() + b.prompts.size() + b.places.size() ==
				limits.max_batch);
			CHECK(steps < 100000);
		}
		CHECK(b.used_blocks == 0);
		for (const served &r : all) {
			CHECK(r.tokens.size() == r.output_tok && r.last_token_s > 0.0);
			preemptions += r.preemptions;
		}
	}
	CHECK(preemptions > 100); /* or memory never gave out */
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

/* Two sides of blocks of 4 tokens; 3 blocks and a place where it goes on. A: 6 tokens, 2 blocks; B:
 * 3 tokens, 1 block, finds no place until A is done. What was computed is held until it has left.
 */
static void a_prompt_goes_on_elsewhere_when_there_are_place_and_blocks(void)
{
	std::vector<served> here = {request(6, 3), request(3, 2)}, there = here;
	serve_batch from, to;

	serve_batch_init(&from, &here, {2, 9, 4, 100});
	serve_batch_init(&to, &there, {1, 3, 4, 100});
	from.line = {0, 1};
	step(&from, 1.0);
	CHECK(from.running.size() == 2 && from.used_blocks == 3);
	CHECK(serve_batch_reserve(&to, 0) && to.used_blocks == 2);
	CHECK(!serve_batch_reserve(&to, 1));
	serve_batch_leave(&from, 0);
	CHECK(from.used_blocks == 1 && from.places.size() == 1 && from.running[0] == 1);
	there[0].tokens = here[0].tokens;
	serve_batch_join(&to, 0);
	step(&to, 2.0);
	CHECK(to.used_blocks == 2 && !serve_batch_reserve(&to, 1));
	step(&to, 3.0);
	CHECK(to.running.empty() && there[0].last_token_s == 3.0 && to.used_blocks == 0);
	CHECK(serve_batch_reserve(&to, 1) && to.used_blocks == 1);
}

/* A place is free, and blocks are not. */
static void blocks_are_wanted_as_well_as_a_place(void)
{
	std::vector<served> there = {request(6, 3), request(3, 2)};
	serve_batch to;

	serve_batch_init(&to, &there, {2, 2, 4, 100});
	CHECK(serve_batch_reserve(&to, 0));
	CHECK(to.places.size() == 1 && !serve_batch_reserve(&to, 1) && to.places.size() == 1);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return print_arrivals(argv[1]);
	two_fill_five_blocks_and_none_is_preempted();
	the_youngest_gives_way_and_keeps_its_tokens();
	a_prefill_step_has_a_limit_but_one_prompt_may_exceed_it();
	whatever_comes_all_are_answered_and_all_is_given_back();
	decodes_go_first_and_prompts_are_cut_where_the_budget_ends();
	a_prompt_that_is_computed_gives_way_before_any_that_decodes();
	the_youngest_that_decodes_is_computed_again_in_chunks();
	in_chunks_whatever_comes_all_are_answered();
	a_prompt_goes_on_elsewhere_when_there_are_place_and_blocks();
	blocks_are_wanted_as_well_as_a_place();
	puts("10 passed, 0 failed");
	return 0;
}
