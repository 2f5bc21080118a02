/*
 * Two GPUs of one host: what they are, ways for keys and values from one to the other, and the
 * words of "kernels pair".
 */
#include "kernels-ref/measure/pair.cuh"

#include <cstring>

#include "kernels-ref/measure/words.cuh"

#define BLOCK_TOK 16

const char *const kv_way_names[KV_WAYS] = {"piece", "engine", "layers", "blocks", "kernel"};

/* --- what is here --------------------------------------------------------------------------- */

static bool may_use(int from, int to)
{
	int can = 0;

	CUDA_TRY(cudaDeviceCanAccessPeer(&can, from, to));
	if (!can)
		return false;
	CUDA_TRY(cudaSetDevice(from));
	CUDA_TRY(cudaDeviceEnablePeerAccess(to, 0));
	return true;
}

bool pair_open(pair_gpus *p)
{
	int n = 0;

	if (cudaGetDeviceCount(&n) != cudaSuccess)
		n = 0;
	if (n < 2) {
		fprintf(stderr,
			"pair: error: two GPUs of one host are wanted, and this one has %d\n", n);
		return false;
	}
	for (int i : {0, 1}) {
		cudaDeviceProp prop;

		CUDA_TRY(cudaGetDeviceProperties(&prop, i));
		p->name[i] = prop.name;
	}
	p->peer = may_use(0, 1) && may_use(1, 0);
	CUDA_TRY(cudaSetDevice(0));
	printf("%s and %s, %s\n", p->name[0].c_str(), p->name[1].c_str(),
		p->peer ? "each with the other's memory" : "copies through the host");
	fflush(stdout);
	return true;
}

/* --- keys and values -------------------------------------------------------------------------- */

/* As the copy engines see a cache: lines of a head's tokens, as many as heads of all sequences, and
 * layers of those. */
static cudaPitchedPtr as_pitched(const llama_shape *shape, const gpu_state *s, half *cache)
{
	size_t line = s->cap_tok * 128 * sizeof(half);

	return make_cudaPitchedPtr(cache, line, line, s->n_seq * shape->n_heads);
}

static void engine_copy(const kv_ends &e, const kv_extent &what, size_t layer, cudaStream_t stream)
{
	const size_t tok_bytes = 128 * sizeof(half);
	cudaMemcpy3DPeerParms c = {};

	c.srcDevice = 0;
	c.dstDevice = 1;
	c.srcPos = make_cudaPos(what.from_tok * tok_bytes, e.from_seq * e.shape->n_heads, layer);
	c.dstPos = make_cudaPos(what.from_tok * tok_bytes, e.to_seq * e.shape->n_heads, layer);
	c.extent = make_cudaExtent(what.n_tok * tok_bytes, e.shape->n_heads, what.n_layers);
	for (bool values : {false, true}) {
		c.srcPtr = as_pitched(e.shape, e.from, values ? e.from->v : e.from->k);
		c.dstPtr = as_pitched(e.shape, e.to, values ? e.to->v : e.to->k);
		CUDA_TRY(cudaMemcpy3DPeerAsync(&c, stream));
	}
}

static void kernel_copy(const kv_ends &e, const kv_extent &what, size_t layer, cudaStream_t stream)
{
	gpu_kv_copy(e.shape, e.to, {layer, e.to_seq}, e.from, {layer, e.from_seq}, what, stream);
}

/* As many bytes as one piece: half of them from the keys, half from the values. */
static void piece_copy(const kv_ends &e, size_t tok, cudaStream_t stream)
{
	size_t bytes = llama_kv_bytes_per_tok(e.shape) * tok / 2;

	CUDA_TRY(cudaMemcpyPeerAsync(e.to->k, 1, e.from->k, 0, bytes, stream));
	CUDA_TRY(cudaMemcpyPeerAsync(e.to->v, 1, e.from->v, 0, bytes, stream));
}

void pair_copy_layer(const kv_ends &e, enum kv_way way, size_t l, size_t tok, cudaStream_t stream)
{
	(way == KV_KERNEL ? kernel_copy : engine_copy)(e, {1, 0, tok}, l, stream);
}

void pair_copy(const kv_ends &e, enum kv_way way, size_t tok, cudaStream_t stream)
{
	size_t layers = e.shape->n_layers;

	switch (way) {
	case KV_PIECE:
		piece_copy(e, tok, stream);
		break;
	case KV_LAYERS:
		for (size_t l = 0; l < layers; l++)
			pair_copy_layer(e, KV_ENGINE, l, tok, stream);
		break;
	case KV_BLOCKS:
		for (size_t t = 0; t < tok; t += BLOCK_TOK)
			engine_copy(
				e, {layers, t, std::min((size_t)BLOCK_TOK, tok - t)}, 0, stream);
		break;
	default:
		(way == KV_KERNEL ? kernel_copy : engine_copy)(e, {layers, 0, tok}, 0, stream);
	}
}

/* --- the words -------------------------------------------------------------------------------- */

const char pair_usage[] = "pair DIR [check] [kv] [rounds] |\n"
			  "\tpair DIR phases ARRIVALS [7b|13b] [max-batch=1..64] "
			  "[copy=engine|kernel] [overlap=yes|no] |\n"
			  "\tpair DIR drafts ARRIVALS [max-batch=N] [k=1..8] [acceptance=0..1]";

static std::string out_of(const char *dir, const char *arrivals)
{
	const char *name = strrchr(arrivals, '/');

	return std::string(dir) + "/" + (name ? name + 1 : arrivals);
}

static bool phases_word(phases_spec *s, const char *word)
{
	if (strcmp(word, "7b") == 0 || strcmp(word, "13b") == 0)
		s->shape = word[0] == '7' ? &llama_7b : &llama_13b;
	else if (strcmp(word, "copy=engine") == 0 || strcmp(word, "copy=kernel") == 0)
		s->way = word[5] == 'e' ? KV_ENGINE : KV_KERNEL;
	else if (strcmp(word, "overlap=yes") == 0 || strcmp(word, "overlap=no") == 0)
		s->overlap = word[8] == 'y';
	else
		return read_size(&s->max_batch, word, "max-batch=");
	return true;
}

/* @words: ARRIVALS and what follows. -1: they are none. */
static int run_phases(const pair_gpus &p, const char *dir, char **words, int n)
{
	phases_spec s = {&llama_7b, words[0], out_of(dir, words[0]), 32, KV_ENGINE, false};

	for (int i = 1; i < n; i++)
		if (!phases_word(&s, words[i]))
			return -1;
	if (s.max_batch > STEP_MAX_ROWS)
		return -1;
	if (s.way == KV_KERNEL && !p.peer) {
		fprintf(stderr, "pair: error: copy=kernel wants the other GPU's memory\n");
		return 2;
	}
	return pair_phases(s) ? 0 : 2;
}

static int run_drafts(const char *dir, char **words, int n)
{
	drafts_spec s = {words[0], out_of(dir, words[0]), 8, 4, 0.7};

	for (int i = 1; i < n; i++)
		if (!read_size(&s.max_batch, words[i], "max-batch=") &&
			!read_size(&s.k, words[i], "k=") &&
			!read_share(&s.acceptance, words[i], "acceptance="))
			return -1;
	if (s.k > 8 || s.max_batch * (s.k + 1) > STEP_MAX_ROWS)
		return -1;
	return pair_drafts(s) ? 0 : 2;
}

/* @words: of check, kv and rounds. */
static int run_steps(const pair_gpus &p, const char *dir, char **words, int n)
{
	bool ok = true;

	for (int i = 0; i < n; i++)
		if (strcmp(words[i], "check") == 0)
			ok = pair_check(p) && ok;
		else if (strcmp(words[i], "kv") == 0)
			ok = pair_measure_kv(p, dir) && ok;
		else if (strcmp(words[i], "rounds") == 0)
			ok = pair_measure_rounds(dir) && ok;
		else
			return -1;
	return ok ? 0 : 1;
}

int pair_main(char **words, int n)
{
	static char check[] = "check", kv[] = "kv", rounds[] = "rounds";
	static char *all[] = {check, kv, rounds};
	pair_gpus p;

	if (n < 1)
		return -1;
	if (!pair_open(&p))
		return 2;
	if (n >= 3 && strcmp(words[1], "phases") == 0)
		return run_phases(p, words[0], words + 2, n - 2);
	if (n >= 3 && strcmp(words[1], "drafts") == 0)
		return run_drafts(words[0], words + 2, n - 2);
	return n == 1 ? run_steps(p, words[0], all, 3) : run_steps(p, words[0], words + 1, n - 1);
}
