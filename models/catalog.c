/* The built-in names. Rates are dense data-sheet figures; docs/models.md lists the sources. */
#include "models/catalog.h"

#include <string.h>

#define GIB 1073741824.0

const struct catalog_gpu catalog_gpus[] = {
	{
		/* Ada white paper: 82.6 fp32, 165.2 fp16 with fp32 accumulate, 660.6 int8. */
		.spec = {.name = "rtx-4090",
			.fp32_flop_per_s = 82.6e12,
			.fp16_flop_per_s = 165.2e12,
			.int8_op_per_s = 660.6e12,
			.bytes_per_s = 1008e9,
			.mem_bytes = 23.6 * GIB,
			.pcie_bytes_per_s = 25e9,
			.clock_hz = 2.52e9,
			.tdp_w = 450.0,
			.usd_per_h = 0.34,
			.cc = 8.9},
		.summary = "GeForce RTX 4090, AD102, 24 GB GDDR6X, 1008 GB/s",
	},
	{
		/* GM200 reviews: 3072 lanes at 1.075 GHz boost, 11.9 GiB visible; no int8 dot
		 * product and no fp16 arithmetic at cc 5.2 (CUDA programming guide). */
		.spec = {.name = "titan-x",
			.fp32_flop_per_s = 6.6e12,
			.bytes_per_s = 336.5e9,
			.mem_bytes = 11.9 * GIB,
			.pcie_bytes_per_s = 12e9,
			.clock_hz = 1.075e9,
			.tdp_w = 250.0,
			.cc = 5.2},
		.summary = "GTX TITAN X (Maxwell), GM200, 12 GB GDDR5, 336.5 GB/s",
	},
	{
		/* H200 data sheet (SXM, dense); 139.8 GiB visible. */
		.spec = {.name = "h200",
			.fp32_flop_per_s = 67e12,
			.fp16_flop_per_s = 989e12,
			.int8_op_per_s = 1979e12,
			.bytes_per_s = 4800e9,
			.mem_bytes = 139.8 * GIB,
			.pcie_bytes_per_s = 55e9,
			.clock_hz = 1.98e9,
			.tdp_w = 700.0,
			.usd_per_h = 3.59,
			.cc = 9.0},
		.summary = "H200 SXM, 141 GB HBM3e, 4800 GB/s",
	},
	{
		/* A100 data sheet (SXM, 80 GB, dense). */
		.spec = {.name = "a100",
			.fp32_flop_per_s = 19.5e12,
			.fp16_flop_per_s = 312e12,
			.int8_op_per_s = 624e12,
			.bytes_per_s = 2039e9,
			.mem_bytes = 79.2 * GIB,
			.pcie_bytes_per_s = 25e9,
			.clock_hz = 1.41e9,
			.tdp_w = 400.0,
			.usd_per_h = 1.39,
			.cc = 8.0},
		.summary = "A100 SXM, 80 GB HBM2e, 2039 GB/s",
	},
	{
		/* H100 data sheet (SXM, dense). */
		.spec = {.name = "h100",
			.fp32_flop_per_s = 67e12,
			.fp16_flop_per_s = 989e12,
			.int8_op_per_s = 1979e12,
			.bytes_per_s = 3350e9,
			.mem_bytes = 79.2 * GIB,
			.pcie_bytes_per_s = 55e9,
			.clock_hz = 1.98e9,
			.tdp_w = 700.0,
			.usd_per_h = 2.69,
			.cc = 9.0},
		.summary = "H100 SXM, 80 GB HBM3, 3350 GB/s",
	},
	{
		/* L40S data sheet (dense): 91.6, 362, 733; no price was looked up. */
		.spec = {.name = "l40s",
			.fp32_flop_per_s = 91.6e12,
			.fp16_flop_per_s = 362e12,
			.int8_op_per_s = 733e12,
			.bytes_per_s = 864e9,
			.mem_bytes = 44.4 * GIB,
			.pcie_bytes_per_s = 25e9,
			.clock_hz = 2.52e9,
			.tdp_w = 350.0,
			.cc = 8.9},
		.summary = "L40S, AD102, 48 GB GDDR6, 864 GB/s",
	},
};
const size_t catalog_n_gpus = sizeof catalog_gpus / sizeof catalog_gpus[0];

const struct catalog_model catalog_models[] = {
	/* config.json of each model as published. */
	{
		.shape = {.name = "llama2-7b",
			.hidden = 4096,
			.ffn = 11008,
			.layers = 32,
			.heads = 32,
			.kv_heads = 32,
			.head_dim = 128,
			.vocab = 32000,
			.context = 4096},
		.summary = "Llama 2 7B: 6.74 G parameters, 512 KiB of KV per token",
	},
	{
		.shape = {.name = "llama2-13b",
			.hidden = 5120,
			.ffn = 13824,
			.layers = 40,
			.heads = 40,
			.kv_heads = 40,
			.head_dim = 128,
			.vocab = 32000,
			.context = 4096},
		.summary = "Llama 2 13B: 13.02 G parameters, 800 KiB of KV per token",
	},
	{
		.shape = {.name = "llama-3.1-8b",
			.hidden = 4096,
			.ffn = 14336,
			.layers = 32,
			.heads = 32,
			.kv_heads = 8,
			.head_dim = 128,
			.vocab = 128256,
			.context = 131072},
		.summary = "Llama 3.1 8B: 8.03 G parameters, grouped KV heads, 128 KiB per token",
	},
	{
		.shape = {.name = "tinyllama-1.1b",
			.hidden = 2048,
			.ffn = 5632,
			.layers = 22,
			.heads = 32,
			.kv_heads = 4,
			.head_dim = 64,
			.vocab = 32000,
			.context = 2048},
		.summary = "TinyLlama 1.1B: 1.10 G parameters, a draft for Llama 2",
	},
	{
		.shape = {.name = "llama-68m",
			.hidden = 768,
			.ffn = 3072,
			.layers = 2,
			.heads = 12,
			.kv_heads = 12,
			.head_dim = 64,
			.vocab = 32000,
			.context = 2048},
		.summary = "Llama 68M: 0.07 G parameters, a draft for Llama 2",
	},
};
const size_t catalog_n_models = sizeof catalog_models / sizeof catalog_models[0];

const struct catalog_runtime catalog_runtimes[] = {
	{"fused", "fused kernels as in llama.cpp or TensorRT-LLM", true},
	{"llmint8", "bitsandbytes LLM.int8: launch-bound, weights cast below cc 7.5", true},
	{"paper", "constants fitted to the paper's edge-only and cloud-only rows", false},
};
const size_t catalog_n_runtimes = sizeof catalog_runtimes / sizeof catalog_runtimes[0];

const struct catalog_gpu *catalog_find_gpu(const char *name)
{
	for (size_t i = 0; i < catalog_n_gpus; i++)
		if (strcmp(catalog_gpus[i].spec.name, name) == 0)
			return &catalog_gpus[i];
	return NULL;
}

const struct catalog_model *catalog_find_model(const char *name)
{
	for (size_t i = 0; i < catalog_n_models; i++)
		if (strcmp(catalog_models[i].shape.name, name) == 0)
			return &catalog_models[i];
	return NULL;
}

const struct catalog_runtime *catalog_find_runtime(const char *name)
{
	for (size_t i = 0; i < catalog_n_runtimes; i++)
		if (strcmp(catalog_runtimes[i].name, name) == 0)
			return &catalog_runtimes[i];
	return NULL;
}
