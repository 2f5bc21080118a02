/* Arrivals, and who is in the next step. Host code alone: tests compile it without a GPU. */
#include "kernels-ref/measure/serve_batch.cuh"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <errno.h>

/* --- arrivals ------------------------------------------------------------------------------- */

static bool complain(const std::string &file, unsigned line, const char *what, const char *row)
{
	fprintf(stderr, "%s:%u: error: %s: '%.80s'\n", file.c_str(), line, what, row);
	return false;
}

static bool read_count(const char **at, uint32_t *out)
{
	char *end;
	unsigned long x;

	if (**at < '0' || **at > '9')
		return false;
	x = strtoul(*at, &end, 10);
	*out = (uint32_t)x;
	*at = end;
	return x >= 1 && x <= 1000000000;
}

static bool read_row(served *r, const char *row)
{
	char *end;

	*r = {};
	r->start_s = r->first_token_s = r->last_token_s = -1.0;
	r->arrival_s = strtod(row, &end);
	if (end == row || !(r->arrival_s >= 0.0) || !(r->arrival_s < HUGE_VAL) || *end != ',')
		return false;
	row = end + 1;
	if (!read_count(&row, &r->prompt_tok) || *row++ != ',')
		return false;
	return read_count(&row, &r->output_tok) && *row == '\0';
}

static bool read_rows(
	std::vector<served> *out, FILE *from, const std::string &file, uint32_t max_tok)
{
	static const char heading[] = "arrival_s,prompt_tokens,output_tokens";
	char row[512];
	served r;

	for (unsigned line = 1; fgets(row, sizeof(row), from); line++) {
		if (!strchr(row, '\n') && !feof(from))
			return complain(file, line, "a row of more than 510 characters", row);
		row[strcspn(row, "\r\n")] = '\0';
		if (line == 1 && strcmp(row, heading) != 0)
			return complain(file, line,
				"the heading should be arrival_s,prompt_tokens,output_tokens", row);
		if (line == 1 || row[0] == '\0')
			continue;
		if (!read_row(&r, row))
			return complain(file, line,
				"a row is a time of 0 or more and two counts from 1, by commas",
				row);
		if (!out->empty() && r.arrival_s < out->back().arrival_s)
			return complain(file, line, "times must ascend", row);
		if ((uint64_t)r.prompt_tok + r.output_tok > max_tok)
			return complain(file, line, "prompt and output exceed the context", row);
		out->push_back(r);
	}
	if (out->empty())
		fprintf(stderr, "%s:1: error: no arrivals\n", file.c_str());
	return !out->empty();
}

bool read_arrivals(std::vector<served> *out, const std::string &file, uint32_t max_tok)
{
	FILE *from = fopen(file.c_str(), "r");
	bool ok;

	if (!from) {
		fprintf(stderr, "%s: error: %s\n", file.c_str(), strerror(errno));
		return false;
	}
	ok = read_rows(out, from, file, max_tok);
	fclose(from);
	return ok;
}

FILE *open_served(const std::string &file)
{
	FILE *to = fopen(file.c_str(), "w");

	if (!to)
		fprintf(stderr, "%s: error: cannot be written\n", file.c_str());
	return to;
}

bool write_served(const std::string &file, const std::vector<served> &requests)
{
	FILE *to = open_served(file);

	if (!to)
		return false;
	fprintf(to, "arrival_s,prompt_tokens,output_tokens,start_s,first_token_s,last_token_s,"
		    "preemptions\n");
	for (const served &r : requests)
		fprintf(to, "%.9g,%u,%u,%.6f,%.6f,%.6f,%u\n", r.arrival_s, r.prompt_tok,
			r.output_tok, r.start_s, r.first_token_s, r.last_token_s, r.preemptions);
	return fclose(to) == 0;
}

/* --- the batch ------------------------------------------------------------------------------ */

static size_t blocks_of(const serve_batch *b, size_t tok)
{
	return (tok + b->limits.block_tok - 1) / b->limits.block_tok;
}

static size_t stored_tok(const served &r)
{
	return r.prompt_tok + r.tokens.size();
}

void serve_batch_init(serve_batch *b, std::vector<served> *requests, const serve_limits &limits)
{
	*b = {};
	b->requests = requests;
	b->limits = limits;
	for (size_t i = limits.max_batch; i-- > 0;)
		b->places.push_back(i);
}

bool serve_batch_can_hold(const serve_batch *b, const served &r)
{
	return blocks_of(b, (size_t)r.prompt_tok + r.output_tok) <= b->limits.blocks;
}

static void take(serve_batch *b, served *r, size_t blocks)
{
	b->used_blocks += blocks;
	r->blocks += blocks;
}

static void give_back(serve_batch *b, served *r)
{
	b->used_blocks -= r->blocks;
	r->blocks = 0;
	b->places.push_back(r->place);
}

std::vector<size_t> serve_batch_admit(serve_batch *b)
{
	std::vector<size_t> admitted;
	size_t new_tok = 0;

	while (!b->line.empty() && !b->places.empty()) {
		served &r = (*b->requests)[b->line.front()];
		size_t tok = stored_tok(r), blocks = blocks_of(b, tok + 1);

		if (!admitted.empty() && new_tok + tok > b->limits.prefill_tok)
			break;
		if (b->used_blocks + blocks > b->limits.blocks)
			break;
		take(b, &r, blocks);
		new_tok += tok;
		r.place = b->places.back();
		b->places.pop_back();
		admitted.push_back(b->line.front());
		b->line.pop_front();
	}
	return admitted;
}

/* A step writes keys and values of the last token emitted, for which there must be room; that of a
 * prompt's first token has been there from admission on. */
static size_t wanted(const serve_batch *b, const served &r)
{
	return blocks_of(b, stored_tok(r)) - r.blocks;
}

static size_t blocks_wanted(const serve_batch *b)
{
	size_t n = 0;

	for (size_t i : b->running)
		n += wanted(b, (*b->requests)[i]);
	return n;
}

static void preempt_last(serve_batch *b)
{
	std::vector<size_t> &from = b->prompts.empty() ? b->running : b->prompts;
	size_t i = from.back();
	served &r = (*b->requests)[i];

	give_back(b, &r);
	from.pop_back();
	r.preemptions++;
	b->line.push_front(i);
}

void serve_batch_make_room(serve_batch *b)
{
	while (b->used_blocks + blocks_wanted(b) > b->limits.blocks)
		preempt_last(b);
	for (size_t i : b->running)
		take(b, &(*b->requests)[i], wanted(b, (*b->requests)[i]));
}

/* --- chunked -------------------------------------------------------------------------------- */

bool serve_batch_ends(const served &r)
{
	return r.computed_tok + r.chunk_tok == stored_tok(r);
}

/* As much of a prompt as the budget allows; what is left of that. */
static size_t cut(served *r, size_t budget)
{
	r->chunk_tok = std::min(stored_tok(*r) - r->computed_tok, budget);
	return budget - r->chunk_tok;
}

static bool admit_chunked(serve_batch *b)
{
	served &r = (*b->requests)[b->line.front()];
	size_t blocks = blocks_of(b, stored_tok(r) + 1);

	if (b->used_blocks + blocks > b->limits.blocks)
		return false;
	take(b, &r, blocks);
	r.place = b->places.back();
	r.computed_tok = 0;
	b->places.pop_back();
	b->prompts.push_back(b->line.front());
	b->line.pop_front();
	return true;
}

void serve_batch_form(serve_batch *b)
{
	size_t budget;

	serve_batch_make_room(b);
	budget = b->limits.chunk_tok - b->running.size();
	for (size_t i : b->prompts)
		budget = cut(&(*b->requests)[i], budget);
	while (budget > 0 && !b->line.empty() && !b->places.empty() && admit_chunked(b))
		budget = cut(&(*b->requests)[b->prompts.back()], budget);
}

std::vector<size_t> serve_batch_computed(serve_batch *b)
{
	std::vector<size_t> ended, rest;

	for (size_t i : b->prompts) {
		served &r = (*b->requests)[i];

		(serve_batch_ends(r) ? ended : rest).push_back(i);
		r.computed_tok += r.chunk_tok;
	}
	b->prompts = rest;
	return ended;
}

void serve_batch_token(serve_batch *b, size_t i, uint32_t token, double now_s)
{
	served &r = (*b->requests)[i];

	r.tokens.push_back(token);
	if (r.first_token_s < 0.0)
		r.first_token_s = now_s;
}

static bool is_done(const served &r)
{
	return r.tokens.size() == r.output_tok;
}

void serve_batch_settle(serve_batch *b, const std::vector<size_t> &admitted, double now_s)
{
	std::vector<size_t> stay;

	for (const std::vector<size_t> *who : {(const std::vector<size_t> *)&b->running, &admitted})
		for (size_t i : *who) {
			served &r = (*b->requests)[i];

			if (is_done(r)) {
				r.last_token_s = now_s;
				give_back(b, &r);
			} else {
				stay.push_back(i);
			}
		}
	b->running = stay;
}

/* --- phases apart --------------------------------------------------------------------------- */

void serve_batch_leave(serve_batch *b, size_t i)
{
	b->running.erase(std::find(b->running.begin(), b->running.end(), i));
	give_back(b, &(*b->requests)[i]);
}

bool serve_batch_reserve(serve_batch *b, size_t i)
{
	served &r = (*b->requests)[i];
	size_t blocks = blocks_of(b, (size_t)r.prompt_tok + 1);

	if (b->places.empty() || b->used_blocks + blocks > b->limits.blocks)
		return false;
	take(b, &r, blocks);
	r.place = b->places.back();
	b->places.pop_back();
	return true;
}

void serve_batch_join(serve_batch *b, size_t i)
{
	b->running.push_back(i);
}
