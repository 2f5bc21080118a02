/*
 * The grid of measurements as profile files, in the format of models/cost/profiles/README.md.
 */
#include <algorithm>
#include <cmath>
#include <ctime>

#include "kernels-ref/measure/export.cuh"
#include "kernels-ref/measure/measure.cuh"
#include "kernels-ref/measure/serve.cuh"

/* Where kernels take another turn: at whole tiles of 8 and 16 rows, and at what one kernel takes.
 */
static const size_t decode_batches[] = {
	1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 17, 20, 24, 28, 32, 33, 40, 48, 56, 64};
static const size_t decode_contexts[] = {1, 128, 256, 512, 1024, 2048, 3072, 4096};
/* On either side of where another tile of 128 rows begins, and of what a server tunes. */
static const size_t prefill_tokens[] = {1, 16, 32, 64, 96, 128, 129, 160, 192, 256, 257, 320, 384,
	385, 448, 512, 513, 640, 641, 768, 769, 896, 1024, 1025, 1280, 1536, 1537, 2048, 2049, 3072,
	4096};
static const size_t prefill_contexts[] = {0, 512, 2048};
/* Of all rows of a step, its decodes included: budgets of a server, and what is left of them. */
static const size_t mixed_rows[] = {128, 256, 512, 1024, 2048};
static const size_t mixed_decodes[] = {1, 8, 32, 64};
static const size_t mixed_contexts[] = {128, 512, 2048};
static const size_t mixed_chunk_contexts[] = {0, 1024};
static const unsigned attention_tokens[] = {128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768};
static const double attention_sparsities[] = {0.0, 0.25, 0.5, 0.75, 0.9};

#define MAX_TOK 4096

static void write_header(FILE *to, const llama_shape *shape, const gpu_sheet *sheet)
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
		"provenance: measured\n"
		"sigma.step: 0.03\n"
		"date: %s\n"
		"driver: CUDA %d.%d, runtime %d.%d, %s\n"
		"kernels: %s\n"
		"method: CUDA events, medians of 11 to 200, random weights and data; decode W8A16 "
		"with half KV and head, as graphs, contexts of a batch spread as the sum of two "
		"exponential times; prefill and mixed W8A8, launched kernel by kernel, at the "
		"sizes a server tunes; tokens chosen\n",
		sheet->device, shape->name, date, driver / 1000, driver % 1000 / 10, runtime / 1000,
		runtime % 1000 / 10, gpu_name().c_str(), KERNELS_VERSION);
}

/* Room for keys and values beside what is allocated already, some left over. */
static size_t kv_room_tok(const llama_shape *shape)
{
	size_t free_bytes, total;

	CUDA_TRY(cudaMemGetInfo(&free_bytes, &total));
	return (free_bytes - ((size_t)1 << 30)) / llama_kv_bytes_per_tok(shape);
}

static void write_decode(FILE *to, const gpu_llama *m, gpu_state *s, size_t room)
{
	fprintf(to, "\n[decode]      # batch  context_tok  step_s\n");
	for (size_t batch : decode_batches)
		for (size_t context : decode_contexts) {
			if (batch * context > room)
				continue;
			timing t = measure_served(
				m, s, batch, context, std::min((size_t)MAX_TOK, room / batch));

			fprintf(to, "%zu %zu %.6g\n", batch, batch * context, t.median_s);
			if (context == 512)
				printf("%s decode batch %zu context 512: %.3f ms\n", m->shape.name,
					batch, t.median_s * 1e3);
		}
	fflush(stdout);
}

static void write_verify(FILE *to, const gpu_llama *m, gpu_state *s)
{
	fprintf(to, "\n[verify]      # sequences  rows_each  context_tok  step_s\n");
	for (size_t batch : {1, 2, 4, 8, 16})
		for (size_t rows : {2, 3, 5, 9})
			for (size_t context : {128, 512, 2048})
				if (batch * rows <= STEP_MAX_ROWS)
					fprintf(to, "%zu %zu %zu %.6g\n", batch, rows,
						batch * context,
						measure_verify(m, s, batch, rows, context)
							.median_s);
}

static void write_host(FILE *to, const llama_shape *shape)
{
	host_times h = measure_host(shape);

	fprintf(to, "\n[host]        # step  seconds  sd: of a server, beside the GPU's time\n");
	fprintf(to, "decode %.4g %.2g\nprefill %.4g %.2g\n", h.decode_s, h.decode_sd_s, h.prefill_s,
		h.prefill_sd_s);
}

static void write_prefill(FILE *to, const gpu_llama *m, gpu_state *s, gpu_prefill *p)
{
	fprintf(to, "\n[prefill]     # new_tok  context_tok  step_s\n");
	gpu_prefill_tune_all(p, m, MAX_TOK);
	for (size_t n : prefill_tokens)
		for (size_t context : prefill_contexts) {
			if (n + context > MAX_TOK)
				continue;
			timing t = measure_prefill(m, s, p, n, context, false);

			fprintf(to, "%zu %zu %.6g\n", n, context, t.median_s);
		}
}

/* Contexts are spread as far as @room tokens of cache allow; what they do not hold is left out. */
static void write_mixed(FILE *to, const gpu_llama *m, gpu_state *s, gpu_prefill *p, size_t room)
{
	fprintf(to, "\n[mixed]       # sequences  context_tok  chunk_tok  chunk's context_tok  "
		    "step_s\n");
	for (size_t n : mixed_decodes)
		for (size_t context : mixed_contexts)
			for (size_t rows : mixed_rows)
				for (size_t behind : mixed_chunk_contexts) {
					size_t most = std::min((size_t)MAX_TOK, room / (n + 1));
					mixed_size x = {n, context, most, rows - n, behind};

					if (std::max(context, behind + x.chunk_tok) > most)
						continue;
					fprintf(to, "%zu %zu %zu %zu %.6g\n", n, n * context,
						x.chunk_tok, behind,
						measure_mixed(m, s, p, x).median_s);
				}
	fflush(to);
}

static void write_attention(FILE *to, const llama_shape *shape)
{
	double layers = (double)shape->n_layers, got;

	fprintf(to, "\n[attention]   # new_tok  sparsity  seconds of all layers\n");
	for (unsigned n : attention_tokens) {
		double last = -1.0;

		for (double sparsity : attention_sparsities) {
			timing t = measure_attention(
				(unsigned)shape->n_heads, n, sparsity, &got, true);

			if (got <= last + 1e-3) /* too short to leave that much out */
				continue;
			last = got;
			fprintf(to, "%u %.4g %.6g\n", n, got, layers * t.median_s);
		}
	}
	fprintf(to, "\n[prediction]  # new_tok  seconds of all layers\n");
	for (unsigned n : attention_tokens)
		fprintf(to, "%u %.6g\n", n,
			layers * measure_predict((unsigned)shape->n_heads, n).median_s);
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

/* Steps are carried out as in @like. */
static void state_create_like(
	gpu_state *s, const gpu_state &like, const llama_shape *shape, size_t kv_tok)
{
	gpu_state_create(s, shape, kv_tok);
	std::copy(std::begin(like.way), std::end(like.way), s->way);
}

static bool export_one(
	const char *dir, const llama_shape *shape, const gpu_sheet *sheet, bool draft = false)
{
	char path[1000];
	gpu_llama m;
	gpu_state s, tuned;
	gpu_prefill *p;
	FILE *to;

	snprintf(
		path, sizeof(path), "%s/%s-%s-int8-fused.profile", dir, sheet->device, shape->name);
	to = fopen(path, "w");
	if (!to) {
		perror(path);
		return false;
	}
	write_header(to, shape, sheet);
	gpu_llama_create(&m, shape, 1, GPU_PACKED | GPU_NATURAL, MAX_TOK);
	gpu_state_create(&s, shape, 16 * MAX_TOK);
	tune_steps(&m, &s, 16 * MAX_TOK);
	tuned = s;
	p = gpu_prefill_create(shape, MAX_TOK);
	write_prefill(to, &m, &s, p);
	double ec = gemm_op_per_s(&m, p) / sheet->int8_op_per_s;
	gpu_state_destroy(&s);
	size_t room = kv_room_tok(shape);
	room = room < 65 * MAX_TOK ? room : 65 * MAX_TOK;
	state_create_like(&s, tuned, shape, room);
	if (!draft)
		write_mixed(to, &m, &s, p, room);
	gpu_state_destroy(&s);
	gpu_prefill_destroy(p);
	state_create_like(&s, tuned, shape, 16 * MAX_TOK);
	gpu_llama_drop(&m, GPU_NATURAL);
	write_constants(to, &m, &s, 16 * MAX_TOK, ec, sheet);
	gpu_state_destroy(&s);
	write_attention(to, shape);
	room = kv_room_tok(shape);
	room = room < 64 * MAX_TOK ? room : 64 * MAX_TOK;
	state_create_like(&s, tuned, shape, room);
	write_decode(to, &m, &s, room);
	if (!draft)
		write_verify(to, &m, &s);
	gpu_state_destroy(&s);
	gpu_llama_destroy(&m);
	write_host(to, shape);
	if (fclose(to) != 0) {
		perror(path);
		return false;
	}
	printf("wrote %s\n", path);
	return true;
}

/* NULL after a message. */
static const gpu_sheet *sheet_here(void)
{
	std::string name = gpu_name();
	const gpu_sheet *sheet = gpu_sheet_of(name);

	if (!sheet)
		fprintf(stderr, "error: no data sheet of %s in measure.cu: add its row\n",
			name.c_str());
	return sheet;
}

bool export_profiles(const char *dir)
{
	const gpu_sheet *sheet = sheet_here();

	return sheet && export_one(dir, &llama_7b, sheet) && export_one(dir, &llama_13b, sheet);
}

bool export_draft_profile(const char *dir)
{
	const gpu_sheet *sheet = sheet_here();

	return sheet && export_one(dir, &llama_68m, sheet, true);
}
