/*
 * The grid of measurements as profile files, in the format of models/cost/profiles/README.md.
 */
#include <algorithm>
#include <cmath>
#include <ctime>
#include <iterator>

#include "kernels-ref/measure/export.cuh"
#include "kernels-ref/measure/measure.cuh"
#include "kernels-ref/measure/rehearse.cuh"
#include "kernels-ref/measure/serve.cuh"

/* Every number that a server is likely to have: steps of neighbouring ones differ by up to a tenth.
 */
static const size_t decode_batches[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17,
	18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 36, 40, 44, 48, 52, 56, 60,
	64};
static const size_t decode_contexts[] = {1, 128, 256, 512, 1024, 2048, 3072, 4096};
/* Beside those on either side of every size that a server tunes. */
static const size_t prefill_contexts[] = {0, 2048};
/* Drafts of 1 to 8 tokens, and one row more. */
static const size_t verify_sequences[] = {1, 2, 3, 4, 6, 8, 12, 16};
static const size_t verify_rows[] = {2, 3, 4, 5, 6, 7, 9};
static const size_t verify_contexts[] = {128, 256, 512, 1024, 2048};
/* Of all rows of a step, its decodes included: budgets of a server, and what is left of them. */
static const size_t mixed_rows[] = {128, 256, 512, 1024, 2048};
static const size_t mixed_decodes[] = {1, 8, 32, STEP_MAX_ROWS - 1}; /* and the prompt itself */
static const size_t mixed_contexts[] = {128, 512, 2048};
static const size_t mixed_chunk_contexts[] = {0, 1024};
static const unsigned attention_tokens[] = {128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768};
static const double attention_sparsities[] = {0.0, 0.25, 0.5, 0.75, 0.9};

#define MAX_TOK SERVE_MAX_TOK

/* What was measured of one model before any of it is written. */
struct grid_times {
	std::vector<decode_row> decode;
	std::vector<prompt_row> prefill_and_mixed; /* those without sequences that decode first */
	rehearsed attention[std::size(attention_tokens)][std::size(attention_sparsities)];
	double sparsity[std::size(attention_tokens)][std::size(attention_sparsities)];
	host_times host;
};

static void write_sigmas(FILE *to, const grid_times &t)
{
	std::vector<const rehearsed *> decode, prefill, attention;

	for (const decode_row &r : t.decode)
		decode.push_back(&r.time);
	for (const prompt_row &r : t.prefill_and_mixed)
		prefill.push_back(&r.time);
	for (const auto &tok : t.attention)
		for (const rehearsed &r : tok)
			attention.push_back(&r);
	fprintf(to, "sigma.decode: %.2g\nsigma.prefill: %.2g\nsigma.attention: %.2g\n",
		repetition_sigma(decode), repetition_sigma(prefill), repetition_sigma(attention));
}

static void write_header(
	FILE *to, const llama_shape *shape, const gpu_sheet *sheet, const grid_times &t)
{
	time_t now = time(NULL);
	char date[32];
	int driver, runtime;

	strftime(date, sizeof(date), "%Y-%m-%d", gmtime(&now));
	CUDA_TRY(cudaDriverGetVersion(&driver));
	CUDA_TRY(cudaRuntimeGetVersion(&runtime));
	fprintf(to,
		"# Measured by kernels-ref/measure/measure.sh; kernels-ref/README.md says how.\n"
		"offing-profile: 1\n"
		"device: %s\n"
		"runtime: fused\n"
		"model: %s\n"
		"precision: int8\n"
		"provenance: measured\n",
		sheet->device, shape->name);
	write_sigmas(to, t);
	fprintf(to,
		"date: %s\n"
		"driver: CUDA %d.%d, runtime %d.%d, %s\n"
		"kernels: %s\n"
		"method: CUDA events, random weights and data; decode (W8A16, half KV "
		"and head, as graphs, contexts of a batch spread as the sum of two "
		"exponential times), prefill and mixed (W8A8, kernel by kernel, at the "
		"sizes a server tunes) by a server's device in turn, tokens chosen: "
		"means of 3 to 24 without the least and largest tenth, decodes the "
		"nearest that do not fall with context; the rest medians of 11 to 200; "
		"sigmas: from repetition to repetition\n",
		date, driver / 1000, driver % 1000 / 10, runtime / 1000, runtime % 1000 / 10,
		gpu_name().c_str(), KERNELS_VERSION);
}

/* --- steps ------------------------------------------------------------------------------------ */

static std::vector<decode_row> decode_rows(size_t room)
{
	std::vector<decode_row> rows;

	for (size_t batch : decode_batches)
		for (size_t context : decode_contexts)
			/* several as long as can be would be all alike */
			if (batch * context <= room && (batch == 1 || context < MAX_TOK))
				rows.push_back({batch, context,
					std::min((size_t)MAX_TOK, room / batch), {}});
	return rows;
}

static std::vector<size_t> prefill_tokens(void)
{
	std::vector<size_t> tok = {1};

	for (size_t n : gpu_prefill_sizes(MAX_TOK)) {
		tok.push_back(n);
		if (n < MAX_TOK)
			tok.push_back(n + 1);
	}
	return tok;
}

/* A draft's steps neither verify nor mix. */
static bool is_draft(const llama_shape *shape)
{
	return shape == &llama_68m;
}

/* Contexts are spread as far as @room tokens of cache allow; what they do not hold is left out. */
static std::vector<prompt_row> prompt_rows(const llama_shape *shape, size_t room)
{
	std::vector<prompt_row> rows;

	for (size_t n : prefill_tokens())
		for (size_t context : prefill_contexts)
			if (n < MAX_TOK || context == 0)
				rows.push_back({0, 0, 0, n, std::min(context, MAX_TOK - n), {}});
	if (is_draft(shape))
		return rows;
	for (size_t n : mixed_decodes)
		for (size_t context : mixed_contexts)
			for (size_t all : mixed_rows)
				for (size_t behind : mixed_chunk_contexts) {
					size_t most = std::min((size_t)MAX_TOK, room / (n + 1));

					if (all > n && std::max(context, behind + all - n) <= most)
						rows.push_back(
							{n, context, most, all - n, behind, {}});
				}
	return rows;
}

/* The nearest times, by least squares, that do not fall: a longer context takes no less, but for
 * noise. */
static std::vector<double> not_falling(const std::vector<double> &s)
{
	std::vector<std::pair<double, size_t>> pools; /* mean, number */
	std::vector<double> out;

	for (double x : s) {
		pools.push_back({x, 1});
		while (pools.size() > 1 && pools[pools.size() - 2].first > pools.back().first) {
			auto last = pools.back();

			pools.pop_back();
			auto &to = pools.back();
			to.first =
				(to.first * (double)to.second + last.first * (double)last.second) /
				(double)(to.second + last.second);
			to.second += last.second;
		}
	}
	for (const auto &p : pools)
		out.insert(out.end(), p.second, p.first);
	return out;
}

/* Of the rows from @first on that have the batch of the first: how many are written. */
static size_t write_decode_batch(
	FILE *to, const llama_shape *shape, const decode_row *first, const decode_row *end)
{
	std::vector<double> s;

	for (const decode_row *r = first; r < end && r->batch == first->batch; r++)
		s.push_back(rehearsed_s(r->time));
	s = not_falling(s);
	for (size_t i = 0; i < s.size(); i++) {
		fprintf(to, "%zu %zu %.6g\n", first->batch, first->batch * first[i].context, s[i]);
		if (first[i].context == 512)
			printf("%s decode batch %zu context 512: %.3f ms\n", shape->name,
				first->batch, s[i] * 1e3);
	}
	return s.size();
}

static void write_decode(FILE *to, const llama_shape *shape, const grid_times &t)
{
	const decode_row *r = t.decode.data(), *end = r + t.decode.size();

	fprintf(to, "\n[decode]      # batch  context_tok  step_s\n");
	while (r < end)
		r += write_decode_batch(to, shape, r, end);
}

static void write_prefill_and_mixed(FILE *to, const grid_times &t)
{
	bool mixed = false;

	fprintf(to, "\n[prefill]     # new_tok  context_tok  step_s\n");
	for (const prompt_row &r : t.prefill_and_mixed) {
		if (r.n_decode > 0 && !mixed)
			fprintf(to, "\n[mixed]       # sequences  context_tok  chunk_tok  chunk's "
				    "context_tok  step_s\n");
		mixed = r.n_decode > 0;
		if (mixed)
			fprintf(to, "%zu %zu ", r.n_decode, r.n_decode * r.context);
		fprintf(to, "%zu %zu %.6g\n", r.chunk_tok, r.chunk_context, rehearsed_s(r.time));
	}
}

static void write_verify(FILE *to, const gpu_llama *m, gpu_state *s, size_t room)
{
	fprintf(to, "\n[verify]      # sequences  rows_each  context_tok  step_s\n");
	for (size_t batch : verify_sequences)
		for (size_t rows : verify_rows)
			for (size_t context : verify_contexts) {
				size_t most = std::min((size_t)MAX_TOK, room / batch);

				if (batch * rows > STEP_MAX_ROWS)
					continue;
				fprintf(to, "%zu %zu %zu %.6g\n", batch, rows, batch * context,
					measure_verify(m, s, {batch, rows, context, most})
						.median_s);
			}
}

static void write_host(FILE *to, const host_times &h)
{
	fprintf(to, "\n[host]        # step  seconds  sd: of a server, beside the GPU's time\n");
	fprintf(to, "decode %.4g %.2g\nprefill %.4g %.2g\n", h.decode_s, h.decode_sd_s, h.prefill_s,
		h.prefill_sd_s);
}

/* --- attention -------------------------------------------------------------------------------- */

static void time_attention(grid_times *t, const llama_shape *shape, int round)
{
	for (size_t i = 0; i < std::size(attention_tokens); i++)
		for (size_t k = 0; k < std::size(attention_sparsities); k++)
			t->attention[i][k].sample[round].push_back(
				measure_attention((unsigned)shape->n_heads, attention_tokens[i],
					attention_sparsities[k], &t->sparsity[i][k], true)
					.median_s);
}

static void write_attention(FILE *to, const llama_shape *shape, const grid_times &t)
{
	double layers = (double)shape->n_layers;

	fprintf(to, "\n[attention]   # new_tok  sparsity  seconds of all layers\n");
	for (size_t i = 0; i < std::size(attention_tokens); i++) {
		double last = -1.0;

		for (size_t k = 0; k < std::size(attention_sparsities); k++) {
			if (t.sparsity[i][k] <= last + 1e-3) /* too short to leave that much out */
				continue;
			last = t.sparsity[i][k];
			fprintf(to, "%u %.4g %.6g\n", attention_tokens[i], last,
				layers * rehearsed_s(t.attention[i][k]));
		}
	}
	fprintf(to, "\n[prediction]  # new_tok  seconds of all layers\n");
	for (unsigned n : attention_tokens)
		fprintf(to, "%u %.6g\n", n,
			layers * measure_predict((unsigned)shape->n_heads, n).added_s());
}

static void write_constants(FILE *to, const gpu_llama *m, gpu_state *s, size_t room, double gemm_ec,
	const gpu_sheet *sheet)
{
	double stream_s, node_s, graph_s;
	size_fit hidden = measure_linear_sweep(m->shape.hidden);
	size_fit ffn = measure_linear_sweep(m->shape.ffn);
	size_fit one = measure_attention_sweep(m, s, 1);
	size_fit many = room >= 16 * MAX_TOK ? measure_attention_sweep(m, s, 16) : one;

	measure_launch(&stream_s, &node_s, &graph_s);
	fprintf(to, "\n[launch]      # name  seconds\n");
	fprintf(to, "kernel-in-stream %.4g\nkernel-in-graph %.4g\ngraph %.4g\n", stream_s, node_s,
		graph_s);
	fprintf(to,
		"\n# Size sweeps at one row; shares of %g TB/s and %g TOP/s, int8.\n"
		"# Worst errors of the fits: %.0f %% (hidden columns), %.0f %% (ffn), %.0f %% and "
		"%.0f %%\n"
		"# (attention, batch 1 and 16).\n"
		"[t0]          # op  t0_s  ec  eb\n",
		sheet->bytes_per_s * 1e-12, sheet->int8_op_per_s * 1e-12, 100.0 * hidden.worst,
		100.0 * ffn.worst, 100.0 * one.worst, 100.0 * many.worst);
	for (const char *op : {"qkv", "attn-out", "gate+up"})
		fprintf(to, "%s %.4g %.3f %.3f\n", op, hidden.t0_s, gemm_ec,
			hidden.bytes_per_s / sheet->bytes_per_s);
	fprintf(to, "down %.4g %.3f %.3f\n", ffn.t0_s, gemm_ec,
		ffn.bytes_per_s / sheet->bytes_per_s);
	fprintf(to, "decode-attention %.4g %.3f %.3f\n", one.t0_s, 1.0,
		many.bytes_per_s / sheet->bytes_per_s);
}

static double gemm_op_per_s(const gpu_llama *m, gpu_prefill *p)
{
	double h = (double)m->shape.hidden, f = (double)m->shape.ffn;
	double op = 2.0 * MAX_TOK * h * (4.0 * h + 3.0 * f);

	return op / measure_layer_gemm(m, p, MAX_TOK).median_s;
}

/* What follows [mixed] in the file. */
static void write_rest(
	FILE *to, serve_device *d, grid_times *t, double gemm_ec, const gpu_sheet *sheet)
{
	const llama_shape *shape = &d->model.shape;

	write_constants(to, &d->model, &d->state, 16 * MAX_TOK, gemm_ec, sheet);
	time_attention(t, shape, 1);
	write_decode(to, shape, *t);
	if (!is_draft(shape))
		write_verify(to, &d->model, &d->state, 16 * MAX_TOK);
	time_attention(t, shape, 2);
	write_attention(to, shape, *t);
	t->host = measure_host(d);
	write_host(to, t->host);
}

/* Everything of one model; the file is written when all of it is there, its deviations first. */
static bool export_one(
	const char *dir, const llama_shape *shape, const gpu_sheet *sheet, const std::string &tuned)
{
	char path[1000], *rest = NULL;
	size_t rest_bytes;
	FILE *to, *body = open_memstream(&rest, &rest_bytes);
	grid_times t = {};
	serve_device d = {};

	snprintf(
		path, sizeof(path), "%s/%s-%s-int8-fused.profile", dir, sheet->device, shape->name);
	time_attention(&t, shape, 0);
	serve_device_create(&d, shape, MAX_TOK, MAX_TOK, tuned);
	double ec = gemm_op_per_s(&d.model, d.prefill) / sheet->int8_op_per_s;
	size_t room = std::min(serve_device_room_tok(shape), (size_t)65 * MAX_TOK);
	serve_device_cache(&d, 1, room);
	t.decode = decode_rows(room);
	t.prefill_and_mixed = prompt_rows(shape, room);
	rehearse(&d, room, &t.decode, &t.prefill_and_mixed);
	write_prefill_and_mixed(body, t);
	gpu_state_destroy(&d.state);
	serve_device_cache(&d, 16, MAX_TOK); /* the rest wants room beside it */
	write_rest(body, &d, &t, ec, sheet);
	serve_device_destroy(&d);
	fclose(body);
	to = fopen(path, "w");
	if (to) {
		write_header(to, shape, sheet, t);
		fputs(rest, to);
	}
	free(rest);
	if (!to || fclose(to) != 0) {
		perror(path);
		return false;
	}
	printf("wrote %s\n", path);
	fflush(stdout);
	return true;
}

bool export_profiles(const char *dir, const export_what &what)
{
	std::string name = gpu_name();
	const gpu_sheet *sheet = gpu_sheet_of(name);

	if (!sheet) {
		fprintf(stderr, "error: no data sheet of %s in measure.cu: add its row\n",
			name.c_str());
		return false;
	}
	if (what.shape)
		return export_one(dir, what.shape, sheet, what.tuned);
	return export_one(dir, &llama_7b, sheet, what.tuned) &&
	       export_one(dir, &llama_13b, sheet, what.tuned);
}
