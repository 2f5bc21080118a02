/*
 * The steps of a profile, timed as a server makes them.
 */
#include "kernels-ref/measure/rehearse.cuh"

#include <algorithm>
#include <cmath>
#include <random>

#include "kernels-ref/measure/measure.cuh"
#include "kernels-ref/measure/serve.cuh"

#define DECODES_EACH 3 /* after every step with a prompt */
#define SHORT_TOK \
	512           /* steps with prompts of up to so many rows are timed oftener, \
		       */
#define SHORT_TIMES 3 /* as launching is much of their time */
#define LONG_TIMES 1
/* More rows with prompts, or keys of those that decode, are seldom in a step of a loaded server. */
#define LIGHT_TOK 1024
#define LIGHT_CONTEXT (32 << 10)

/* --- steps ------------------------------------------------------------------------------------ */

/* The rows of @tok, shuffled over the sequences; the longest context. */
static size_t put_contexts(serve_device *d, std::vector<size_t> tok, std::mt19937 *rng)
{
	std::shuffle(tok.begin(), tok.end(), *rng);
	for (size_t i = 0; i < tok.size(); i++) {
		d->rows[i] = (uint32_t)((*rng)() % d->model.shape.vocab);
		d->rows[STEP_MAX_ROWS + i] = d->rows[2 * STEP_MAX_ROWS + i] = (uint32_t)tok[i] - 1;
		d->rows[3 * STEP_MAX_ROWS + i] = (uint32_t)i;
	}
	serve_device_rows(d, tok.size());
	return *std::max_element(tok.begin(), tok.end());
}

static double time_decode(serve_device *d, const decode_row &row, std::mt19937 *rng)
{
	size_t longest = put_contexts(d, served_contexts(row.batch, row.context, row.most), rng);

	serve_device_decode(d, row.batch, longest, true);
	return serve_device_gpu_s(d);
}

/* In a cache of its own shape, launched kernel by kernel. */
static double time_prompt(serve_device *d, const prompt_row &row, std::mt19937 *rng)
{
	size_t tok = row.n_decode + row.chunk_tok;
	gpu_prompt chunk = {row.n_decode, row.chunk_tok, row.chunk_context};
	gpu_mix mix = {row.n_decode, 0, &chunk, 1};

	gpu_state_shape(
		&d->state, row.n_decode + 1, std::max(row.most, row.chunk_context + row.chunk_tok));
	if (row.n_decode > 0)
		mix.max_tok =
			put_contexts(d, served_contexts(row.n_decode, row.context, row.most), rng);
	for (size_t i = 0; i < tok; i++)
		d->prompt[i] = (uint32_t)((*rng)() % d->model.shape.vocab);
	serve_device_prompts(d, mix, tok);
	return serve_device_gpu_s(d);
}

/* --- the order ---------------------------------------------------------------------------------
 */

static size_t rows_of(const prompt_row &row)
{
	return row.n_decode + row.chunk_tok;
}

/* Some order, but the light before the heavy: those warm the GPU more than a server does, and what
 * comes between them takes a hundredth longer. */
template <class F> static void shuffle(std::vector<size_t> *order, std::mt19937 *rng, F light)
{
	std::shuffle(order->begin(), order->end(), *rng);
	std::stable_partition(order->begin(), order->end(), light);
}

/* Every row of @prompts, some several times. */
static std::vector<size_t> prompt_turns(const std::vector<prompt_row> &prompts, std::mt19937 *rng)
{
	std::vector<size_t> turns;

	for (size_t i = 0; i < prompts.size(); i++)
		turns.insert(turns.end(),
			rows_of(prompts[i]) <= SHORT_TOK ? SHORT_TIMES : LONG_TIMES, i);
	shuffle(&turns, rng, [&](size_t i) { return rows_of(prompts[i]) <= LIGHT_TOK; });
	return turns;
}

/* One round over all rows: each decode with its share of @turns. */
static void rehearse_round(serve_device *d, size_t room, std::vector<decode_row> *decodes,
	std::vector<prompt_row> *prompts, const std::vector<size_t> &turns, int round,
	std::mt19937 *rng)
{
	std::vector<size_t> order(decodes->size());
	size_t at = 0;

	for (size_t i = 0; i < order.size(); i++)
		order[i] = i;
	shuffle(&order, rng, [&](size_t i) {
		return (*decodes)[i].batch * (*decodes)[i].context <= LIGHT_CONTEXT;
	});
	for (size_t i = 0; i < order.size(); i++) {
		decode_row &row = (*decodes)[order[i]];
		size_t cap = std::min((size_t)SERVE_MAX_TOK + 128, room / row.batch);

		serve_device_shape(d, row.batch, cap);
		time_decode(d, row, rng); /* makes the graph */
		for (; at < turns.size() * (i + 1) / order.size(); at++) {
			prompt_row &prompt = (*prompts)[turns[at]];

			prompt.time.sample[round].push_back(time_prompt(d, prompt, rng));
			gpu_state_shape(&d->state, row.batch, cap);
			for (int k = 0; k < DECODES_EACH; k++)
				row.time.sample[round].push_back(time_decode(d, row, rng));
		}
	}
}

void rehearse(serve_device *d, size_t room, std::vector<decode_row> *decodes,
	std::vector<prompt_row> *prompts)
{
	std::mt19937 rng(20261128);

	for (int round = 0; round < REHEARSE_ROUNDS; round++)
		rehearse_round(
			d, room, decodes, prompts, prompt_turns(*prompts, &rng), round, &rng);
}

/* --- what comes of it ---------------------------------------------------------------------------
 */

static double middle_mean(std::vector<double> s)
{
	size_t cut = s.size() / 10;
	double sum = 0.0;

	std::sort(s.begin(), s.end());
	for (size_t i = cut; i < s.size() - cut; i++)
		sum += s[i];
	return sum / (double)(s.size() - 2 * cut);
}

double rehearsed_s(const rehearsed &r)
{
	std::vector<double> all;

	for (const std::vector<double> &s : r.sample)
		all.insert(all.end(), s.begin(), s.end());
	return middle_mean(all);
}

double repetition_sigma(const std::vector<const rehearsed *> &rows)
{
	double squares = 0.0;

	for (const rehearsed *r : rows) {
		double sum = 0.0, own = 0.0;

		for (const std::vector<double> &s : r->sample) {
			double x = log(middle_mean(s));

			sum += x;
			own += x * x;
		}
		squares += (own - sum * sum / REHEARSE_ROUNDS) / (REHEARSE_ROUNDS - 1);
	}
	return sqrt(squares / (double)rows.size());
}
