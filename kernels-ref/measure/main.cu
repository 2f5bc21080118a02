/*
 * kernels: verify and measure on this machine's GPU.
 *	kernels verify [few|small|prediction]
 *	                            every kernel against the C truth
 *	kernels speed [step|attention|prediction]
 *	                            the figures that goals are set for
 *	kernels profile DIR [7b|13b|draft] [tuned=FILE]
 *	                            the whole grid, as profile files; 7b and 13b, or one of them
 *	kernels serve ARRIVALS OUT [7b|13b] [max-batch=N] [blocks=N] [graphs=no] [tuned=FILE]
 *	        [batching=continuous|chunked] [chunk-tokens=N]
 *	                            a server in real time, a row a request
 *	kernels pair DIR ...        two GPUs of one host: pair.cu has the words
 */
#include <cmath>
#include <cstring>

#include "kernels-ref/measure/export.cuh"
#include "kernels-ref/measure/harness.cuh"
#include "kernels-ref/measure/measure.cuh"
#include "kernels-ref/measure/pair.cuh"
#include "kernels-ref/measure/serve.cuh"
#include "kernels-ref/measure/verify.cuh"
#include "kernels-ref/measure/words.cuh"

#define SPEED_BATCHES 1, 8, 32, 64

/* Where a step's time goes: each kernel alone, and the bandwidth its bytes make of that. */
static void speed_of_parts(const gpu_llama *m, gpu_state *s, size_t batch)
{
	static const char *const name[] = {"qkv", "attention", "out", "gate+up", "down"};
	double h = (double)m->shape.hidden, f = (double)m->shape.ffn;
	const double bytes[] = {
		3.0 * h * h, 4.0 * h * 512.0 * (double)batch, h * h, 2.0 * h * f, h * f};

	printf("  batch %zu, a layer:", batch);
	for (enum step_part part : step_parts) {
		double t = measure_step_part(m, s, part, batch, 512).median_s;

		printf(" %s %.1f us (%.2f TB/s)", name[part], t * 1e6, bytes[part] / t * 1e-12);
	}
	printf(", head %.1f us\n", measure_head(m, s, batch).median_s * 1e6);
	fflush(stdout);
}

#define SPEED_ROOM_TOK (32 * 2048)

/* Steps of few rows in each of the ways that there are; they stay as chosen. */
static void speed_of_ways(const gpu_llama *m, gpu_state *s)
{
	static const char *const name[STEP_WAYS] = {"one kernel", "five a layer"};

	tune_steps(m, s, SPEED_ROOM_TOK);
	for (size_t n = 1; n <= STEP_FEW_ROWS; n++) {
		enum step_way best = s->way[n];

		printf("%s decode batch %zu context 512:", m->shape.name, n);
		for (int way = 0; way < STEP_WAYS; way++) {
			s->way[n] = (enum step_way)way;
			printf(" %s %.3f", name[way], measure_decode(m, s, n, 512).median_s * 1e3);
		}
		s->way[n] = best;
		printf(" ms: %s\n", name[best]);
	}
	fflush(stdout);
}

/* Contexts spread as served ones, with and without more blocks for the longest. */
static void speed_of_spread(const gpu_llama *m, gpu_state *s)
{
	for (size_t n : {9, 16, 17, 20, 24, 32}) {
		double alike = measure_decode(m, s, n, 512).median_s, t[2];

		for (bool spread : {false, true}) {
			s->spread = spread;
			t[spread] = measure_served(m, s, n, 512, SPEED_ROOM_TOK / 32).median_s;
		}
		printf("%s decode batch %zu context 512: alike %.3f, as served: a block a context "
		       "%.3f, longest dealt out %.3f ms\n",
			m->shape.name, n, alike * 1e3, t[false] * 1e3, t[true] * 1e3);
	}
	fflush(stdout);
}

static void speed_of_model(const llama_shape *shape, double copy)
{
	gpu_llama m;
	gpu_state s;
	gpu_prefill *p;

	gpu_llama_create(&m, shape, 1, GPU_PACKED | GPU_NATURAL, 4096);
	gpu_state_create(&s, shape, SPEED_ROOM_TOK);
	speed_of_ways(&m, &s);
	speed_of_spread(&m, &s);
	p = gpu_prefill_create(shape, 2048);
	for (size_t batch : {SPEED_BATCHES}) {
		double head = (double)shape->vocab * (double)shape->hidden * 2.0;
		double weights = (double)(llama_weight_bytes(shape)) - head;
		double kv = (double)llama_kv_bytes_per_tok(shape) * 512.0 * (double)batch;
		double floor_s = (weights + kv) / copy;
		timing t = measure_decode(&m, &s, batch, 512);

		printf("%s decode batch %zu context 512: %.3f ms (p10 %.3f p90 %.3f), floor %.3f, "
		       "ratio %.3f\n",
			shape->name, batch, t.median_s * 1e3, t.p10_s * 1e3, t.p90_s * 1e3,
			floor_s * 1e3, t.median_s / floor_s);
	}
	for (size_t batch : {SPEED_BATCHES})
		speed_of_parts(&m, &s, batch);
	timing g = measure_layer_gemm(&m, p, 2048);
	double op = 2.0 * 2048.0 * (double)shape->hidden *
		    (4.0 * (double)shape->hidden + 3.0 * (double)shape->ffn);
	printf("%s int8 GEMMs of a layer, 2048 tokens: %.3f ms, %.0f TOP/s\n", shape->name,
		g.median_s * 1e3, op / g.median_s * 1e-12);
	for (size_t n : {128, 512, 2048}) {
		timing t = measure_prefill(&m, &s, p, n, 0);

		printf("%s prefill %zu tokens: %.3f ms\n", shape->name, n, t.median_s * 1e3);
	}
	gpu_prefill_destroy(p);
	gpu_state_destroy(&s);
	gpu_llama_destroy(&m);
	fflush(stdout);
}

static void speed_of_attention(void)
{
	for (unsigned n : {2048, 4096, 8192, 16384, 32768}) {
		double flop = 2.0 * 32.0 * 128.0 * (double)n * (double)n, got;
		double dense = measure_attention(32, n, 0.0, &got, true).median_s;
		double mma = measure_attention(32, n, 0.0, &got, false).median_s;
		double predict = measure_predict(32, n).added_s();

		printf("attention 32 x %u causal: dense %.1f us, %.0f TFLOP/s (mma.sync %.0f); "
		       "prediction %.1f us, %.2f %%\n",
			n, dense * 1e6, flop / dense * 1e-12, flop / mma * 1e-12, predict * 1e6,
			100.0 * predict / dense);
		for (double s : {0.25, 0.5, 0.75, 0.9}) {
			double t = measure_attention(32, n, s, &got, true).median_s;

			printf("  sparsity %.3f: %.1f us, ratio %.3f, (1 - s) %+.3f\n", got,
				t * 1e6, t / dense, t / dense - (1.0 - got));
		}
		fflush(stdout);
	}
}

/* What mask prediction adds to a prompt's step, beside what reading K once would take; and alone,
 * beside Q and K once. */
static void speed_of_prediction(double copy)
{
	for (unsigned n : {128, 512, 2048, 4096, 8192, 16384, 32768}) {
		predict_times t = measure_predict(32, n);
		double k_s = 32.0 * n * 128.0 * sizeof(half) / copy;

		printf("prediction 32 x %u: %.1f us (writing %.1f, pooled and mapped %.1f; mapped "
		       "alone %.1f), K once %.1f; of Q and K anew %.1f, both once %.1f\n",
			n, t.added_s() * 1e6, t.store_s * 1e6, t.pooled_s * 1e6, t.tasks_s * 1e6,
			k_s * 1e6, t.alone_s * 1e6, 2e6 * k_s);
	}
	fflush(stdout);
}

static bool speed(const char *what)
{
	bool all = strcmp(what, "all") == 0, step = all || strcmp(what, "step") == 0;
	bool attention = all || strcmp(what, "attention") == 0;
	bool prediction = all || strcmp(what, "prediction") == 0;
	double copy;

	if (!step && !attention && !prediction)
		return false;
	copy = copy_bandwidth();
	printf("copy %.2f TB/s\n", copy * 1e-12);
	if (step) {
		speed_of_model(&llama_7b, copy);
		speed_of_model(&llama_13b, copy);
	}
	if (attention)
		speed_of_attention();
	if (prediction)
		speed_of_prediction(copy);
	return true;
}

static verify_what verify_level(const char *word)
{
	return strcmp(word, "few") == 0          ? VERIFY_FEW
	       : strcmp(word, "small") == 0      ? VERIFY_SMALL
	       : strcmp(word, "prediction") == 0 ? VERIFY_PREDICTION
						 : VERIFY_ALL;
}

#define CHUNK_TOKENS 512 /* as the simulator's chunk_tokens */

/* A model, or the file of what was tuned. */
static bool model_word_read(const llama_shape **shape, std::string *tuned, const char *word)
{
	if (strcmp(word, "7b") == 0 || strcmp(word, "13b") == 0)
		*shape = word[0] == '7' ? &llama_7b : &llama_13b;
	else if (strncmp(word, "tuned=", 6) == 0 && word[6])
		*tuned = word + 6;
	else
		return false;
	return true;
}

static bool serve_word_read(serve_spec *s, bool *chunked, const char *word)
{
	if (model_word_read(&s->shape, &s->tuned, word))
		return true;
	if (strcmp(word, "graphs=no") == 0)
		s->graphs = false;
	else if (strcmp(word, "batching=continuous") == 0 || strcmp(word, "batching=chunked") == 0)
		*chunked = strcmp(word, "batching=chunked") == 0;
	else
		return read_size(&s->max_batch, word, "max-batch=") ||
		       read_size(&s->blocks, word, "blocks=") ||
		       read_size(&s->chunk_tok, word, "chunk-tokens=");
	return true;
}

/* @words after "serve". */
static bool serve_spec_read(serve_spec *s, char **words, int n)
{
	bool chunked = false;

	*s = {&llama_7b, "", "", 32, 0, true, 0, ""};
	if (n < 2)
		return false;
	s->arrivals = words[0];
	s->out = words[1];
	for (int i = 2; i < n; i++)
		if (!serve_word_read(s, &chunked, words[i]))
			return false;
	if (s->chunk_tok > 0 && !chunked)
		return false;
	if (chunked && s->chunk_tok == 0)
		s->chunk_tok = CHUNK_TOKENS;
	return s->max_batch <= STEP_MAX_ROWS &&
	       (!chunked || (s->chunk_tok >= s->max_batch && s->chunk_tok <= SERVE_MAX_TOK));
}

static bool export_what_read(export_what *what, char **words, int n)
{
	for (int i = 0; i < n; i++)
		if (strcmp(words[i], "draft") == 0)
			what->shape = &llama_68m;
		else if (!model_word_read(&what->shape, &what->tuned, words[i]))
			return false;
	return true;
}

int main(int argc, char **argv)
{
	serve_spec server;
	export_what what = {};
	int status;

	if (argc >= 2 && strcmp(argv[1], "verify") == 0)
		return verify_all(verify_level(argc > 2 ? argv[2] : "all")) ? 0 : 1;
	if (argc >= 2 && strcmp(argv[1], "speed") == 0 && speed(argc > 2 ? argv[2] : "all"))
		return 0;
	if (argc >= 3 && strcmp(argv[1], "profile") == 0 &&
		export_what_read(&what, argv + 3, argc - 3))
		return export_profiles(argv[2], what) ? 0 : 1;
	if (argc >= 2 && strcmp(argv[1], "serve") == 0 &&
		serve_spec_read(&server, argv + 2, argc - 2))
		return serve(server) ? 0 : 2;
	if (argc >= 2 && strcmp(argv[1], "pair") == 0 &&
		(status = pair_main(argv + 2, argc - 2)) >= 0)
		return status;
	fprintf(stderr,
		"usage: kernels verify [few|small|prediction] |\n"
		"\tspeed [step|attention|prediction] |\n"
		"\tprofile DIR [7b|13b|draft] [tuned=FILE] |\n"
		"\tserve ARRIVALS OUT [7b|13b] [max-batch=1..%d] [blocks=N] [graphs=no]\n"
		"\t\t[tuned=FILE] [batching=continuous|chunked [chunk-tokens=MAX_BATCH..%d]] |\n"
		"\t%s\n",
		STEP_MAX_ROWS, SERVE_MAX_TOK, pair_usage);
	return 2;
}
