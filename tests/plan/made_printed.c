/* Tensors and devices: at random, and the paper's. */
#include "tests/plan/made_printed.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "tests/plan/draw.h"

enum { LAYER_TENSORS = 9, DEVICES = 9 };

static void allocate(struct made_printed *m, size_t tensors, size_t devices)
{
	*m = (struct made_printed){
		.p = {.name = "printed", .n_tensors = tensors, .n_devices = devices}};
	m->p.devices = m->devices = mem_zalloc(devices, sizeof *m->devices);
	m->p.tensors = m->tensors = mem_zalloc(tensors, sizeof *m->tensors);
	m->p.accesses = m->accesses = mem_zalloc(tensors, sizeof *m->accesses);
	m->p.bytes_per_s = m->bytes_per_s = mem_zalloc(devices * devices, sizeof(double));
}

void made_printed_finish(struct made_printed *m)
{
	free(m->devices);
	free(m->tensors);
	free(m->accesses);
	free(m->bytes_per_s);
}

void made_printed_wild(struct made_printed *m, uint64_t *state, int tensors, int devices)
{
	int kinds = draw_from(state, 1, 4);
	double all = 0.0;

	allocate(m, (size_t)draw_from(state, 1, tensors), (size_t)draw_from(state, 1, devices));
	for (size_t t = 0; t < m->p.n_tensors; t++) {
		bool again = (int)t >= kinds && draw_from(state, 0, 3) > 0;
		size_t like = again ? t - (size_t)kinds : t;

		m->tensors[t].name = "tensor";
		m->tensors[t].bytes = again ? m->tensors[like].bytes : draw_from(state, 0, 30);
		m->accesses[t] = again ? m->accesses[like] : draw_real(state, 0.0, 2.0);
		all += m->tensors[t].bytes;
	}
	for (size_t d = 0; d < m->p.n_devices; d++) {
		m->devices[d].name = "device";
		m->devices[d].bytes =
			floor(all * draw_real(state, 0.0, 2.4) / (double)m->p.n_devices);
	}
	for (size_t i = 0; i < m->p.n_devices * m->p.n_devices; i++)
		m->bytes_per_s[i] =
			draw_from(state, 0, 9) == 0 ? HUGE_VAL : draw_real(state, 1.0, 50.0);
	m->p.all_pairs = draw_from(state, 0, 1);
}

/* Attention 4, gate, up, down, two norms in fp16; embedding, head and the last norm. */
static size_t add_model(struct made_printed *m, size_t at, size_t layers, double hidden, double kv,
	double ffn, double accesses)
{
	double bytes[LAYER_TENSORS] = {hidden * hidden, hidden * kv, hidden * kv, hidden * hidden,
		hidden * ffn, hidden * ffn, hidden * ffn, 2.0 * hidden, 2.0 * hidden};
	size_t begin = at;

	for (size_t l = 0; l < layers; l++)
		for (size_t i = 0; i < LAYER_TENSORS; i++)
			m->tensors[at++].bytes = bytes[i];
	m->tensors[at++].bytes = 32000.0 * hidden;
	m->tensors[at++].bytes = 32000.0 * hidden;
	m->tensors[at++].bytes = 2.0 * hidden;
	for (size_t t = begin; t < at; t++) {
		m->tensors[t].name = "tensor";
		m->accesses[t] = accesses;
	}
	m->accesses[at - 3] = accesses / 32000.0; /* one row of the embedding */
	return at;
}

void made_printed_llama(struct made_printed *m, double room, bool all_pairs)
{
	/* TITAN X at two sites, a 4090 at the third; a host for each two, and so on */
	static const double share[DEVICES] = {12, 12, 12, 12, 24, 32, 32, 32, 64};
	static const size_t host[DEVICES] = {0, 0, 1, 1, 2, 0, 1, 2, 3};
	double all = 0.0, shares = 0.0;

	allocate(m, 33 * LAYER_TENSORS - LAYER_TENSORS + 3 + 22 * LAYER_TENSORS + 3, DEVICES);
	add_model(m, add_model(m, 0, 32, 4096.0, 4096.0, 11008.0, 1.0), 22, 2048.0, 256.0, 5632.0,
		1.6);
	for (size_t t = 0; t < m->p.n_tensors; t++)
		all += m->tensors[t].bytes;
	for (size_t d = 0; d < DEVICES; d++)
		shares += share[d];
	for (size_t d = 0; d < DEVICES; d++) {
		m->devices[d].name = "device";
		m->devices[d].bytes = floor(all * room * share[d] / shares);
		for (size_t e = 0; e < DEVICES; e++)
			m->bytes_per_s[d * DEVICES + e] = (host[d] == host[e] ? 12e9 : 1.25e9) /
							  (1.0 + 0.1 * (double)(d + e));
	}
	m->p.all_pairs = all_pairs;
}
