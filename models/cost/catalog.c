/* The built-in names. Rates are dense data-sheet figures; docs/models.md lists the sources. */
#include "models/cost/catalog.h"

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
		.list_usd = 1599.0,
		.list_year = 2022,
		.summary = "GeForce RTX 4090, AD102, 24 GB GDDR6X, 1008 GB/s",
	},
	{
		/* 114 multiprocessors of the same die at 2.52 GHz. */
		.spec = {.name = "rtx-4090-d",
			.fp32_flop_per_s = 73.5e12,
			.fp16_flop_per_s = 147.1e12,
			.int8_op_per_s = 588.3e12,
			.bytes_per_s = 1008e9,
			.mem_bytes = 23.6 * GIB,
			.pcie_bytes_per_s = 25e9,
			.clock_hz = 2.52e9,
			.tdp_w = 425.0,
			.cc = 8.9},
		.list_usd = 1599.0,
		.list_year = 2023,
		.summary = "GeForce RTX 4090 D, AD102, 24 GB GDDR6X, 1008 GB/s",
	},
	{
		/* RTX PRO 6000 Blackwell Server Edition data sheet: 120 fp32; a quarter of its
		 * sparse 4 PFLOP/s of fp4 is dense fp16 twice over, and int8 twice that. */
		.spec = {.name = "rtx-pro-6000",
			.fp32_flop_per_s = 120e12,
			.fp16_flop_per_s = 503.8e12,
			.int8_op_per_s = 1007.6e12,
			.bytes_per_s = 1597e9,
			.mem_bytes = 94.9 * GIB,
			.pcie_bytes_per_s = 50e9,
			.clock_hz = 2.6e9,
			.tdp_w = 600.0,
			.cc = 12.0},
		.summary = "RTX PRO 6000 Blackwell Server Edition, 96 GB GDDR7, 1597 GB/s",
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
		.list_usd = 999.0,
		.list_year = 2015,
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
		/* A100 data sheet (SXM, 40 GB, dense). */
		.spec = {.name = "a100-40gb",
			.fp32_flop_per_s = 19.5e12,
			.fp16_flop_per_s = 312e12,
			.int8_op_per_s = 624e12,
			.bytes_per_s = 1555e9,
			.mem_bytes = 39.4 * GIB,
			.pcie_bytes_per_s = 25e9,
			.clock_hz = 1.41e9,
			.tdp_w = 400.0,
			.cc = 8.0},
		.summary = "A100 SXM, 40 GB HBM2, 1555 GB/s",
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
		/* L40S data sheet (dense): 91.6, 362, 733. */
		.spec = {.name = "l40s",
			.fp32_flop_per_s = 91.6e12,
			.fp16_flop_per_s = 362e12,
			.int8_op_per_s = 733e12,
			.bytes_per_s = 864e9,
			.mem_bytes = 44.4 * GIB,
			.pcie_bytes_per_s = 25e9,
			.clock_hz = 2.52e9,
			.tdp_w = 350.0,
			.usd_per_h = 0.79,
			.cc = 8.9},
		.summary = "L40S, AD102, 48 GB GDDR6, 864 GB/s",
	},
	{
		/* L4 data sheet, halved where it counts sparsity: 30.3, 242 / 2, 485 / 2. CUDA sees
		 * 22.03 GiB. */
		.spec = {.name = "l4",
			.fp32_flop_per_s = 30.3e12,
			.fp16_flop_per_s = 121e12,
			.int8_op_per_s = 242.5e12,
			.bytes_per_s = 300e9,
			.mem_bytes = 22.0 * GIB,
			.pcie_bytes_per_s = 25e9,
			.clock_hz = 2.04e9,
			.tdp_w = 72.0,
			.usd_per_h = 0.44,
			.cc = 8.9},
		.summary = "L4, AD104, 24 GB GDDR6, 300 GB/s",
	},
	{
		/* T4 data sheet: 8.1, 65, 130; 2560 lanes at 1.59 GHz, PCIe 3.0. CUDA sees 14.56
		   GiB. */
		.spec = {.name = "t4",
			.fp32_flop_per_s = 8.1e12,
			.fp16_flop_per_s = 65e12,
			.int8_op_per_s = 130e12,
			.bytes_per_s = 320e9,
			.mem_bytes = 14.5 * GIB,
			.pcie_bytes_per_s = 12e9,
			.clock_hz = 1.59e9,
			.tdp_w = 70.0,
			.usd_per_h = 0.35,
			.cc = 7.5},
		.summary = "T4, TU104, 16 GB GDDR6, 320 GB/s",
	},
	{
		/* GA102 white paper: 35.6, 71 with fp32 accumulate, 284. CUDA sees 23.69 GiB. */
		.spec = {.name = "rtx-3090",
			.fp32_flop_per_s = 35.6e12,
			.fp16_flop_per_s = 71e12,
			.int8_op_per_s = 284e12,
			.bytes_per_s = 936e9,
			.mem_bytes = 23.6 * GIB,
			.pcie_bytes_per_s = 25e9,
			.clock_hz = 1.695e9,
			.tdp_w = 350.0,
			.usd_per_h = 0.22,
			.cc = 8.6},
		.list_usd = 1499.0,
		.list_year = 2020,
		.summary = "GeForce RTX 3090, GA102, 24 GB GDDR6X, 936 GB/s",
	},
	{
		/* 28 multiprocessors at 1.777 GHz with the GA102 white paper's rates of each (256,
		 * 512 and 2048 a clock); NVIDIA's 101 is fp16, sparse, with fp16 accumulate. CUDA
		 * sees 11.75 GiB. */
		.spec = {.name = "rtx-3060",
			.fp32_flop_per_s = 12.7e12,
			.fp16_flop_per_s = 25.5e12,
			.int8_op_per_s = 101.9e12,
			.bytes_per_s = 360e9,
			.mem_bytes = 11.7 * GIB,
			.pcie_bytes_per_s = 25e9,
			.clock_hz = 1.777e9,
			.tdp_w = 170.0,
			.cc = 8.6},
		.list_usd = 329.0,
		.list_year = 2021,
		.summary = "GeForce RTX 3060, GA106, 12 GB GDDR6, 360 GB/s",
	},
	{
		/* 24 multiprocessors at 2.46 GHz with the Ada white paper's rates of each; NVIDIA's
		 * 242 is int8, sparse. CUDA sees 7.62 GiB; PCIe 4.0 of 8 lanes. */
		.spec = {.name = "rtx-4060",
			.fp32_flop_per_s = 15.1e12,
			.fp16_flop_per_s = 30.2e12,
			.int8_op_per_s = 120.9e12,
			.bytes_per_s = 272e9,
			.mem_bytes = 7.6 * GIB,
			.pcie_bytes_per_s = 12e9,
			.clock_hz = 2.46e9,
			.tdp_w = 115.0,
			.cc = 8.9},
		.list_usd = 299.0,
		.list_year = 2023,
		.summary = "GeForce RTX 4060, AD107, 8 GB GDDR6, 272 GB/s",
	},
	{
		/* AGX Orin technical brief, 64 GB module in MAXN: 16 multiprocessors at 1.3
		 * GHz, 5.3 fp32, GPU alone 170 sparse int8; fp16 is half of the dense 85. CPU and
		 * GPU share the memory, of which CUDA sees 61 GB: what else runs there belongs in
		 * `reserve`. A copy reads and writes it. */
		.spec = {.name = "jetson-agx-orin",
			.fp32_flop_per_s = 5.3e12,
			.fp16_flop_per_s = 42.5e12,
			.int8_op_per_s = 85e12,
			.bytes_per_s = 204.8e9,
			.mem_bytes = 61.0 * GIB,
			.pcie_bytes_per_s = 102.4e9,
			.clock_hz = 1.3e9,
			.tdp_w = 60.0,
			.cc = 8.7},
		.list_usd = 1999.0,
		.list_year = 2023,
		.summary = "Jetson AGX Orin 64 GB, shared LPDDR5, 204.8 GB/s",
	},
	{
		/* Orin Nano data sheet, 8 GB module with the clocks of December 2024 (25 W): 8
		 * multiprocessors at 1.02 GHz, 2.1 fp32, 67 sparse int8, 33 dense, 17 fp16. Linux
		 * sees 7.3 GiB of the shared memory. */
		.spec = {.name = "jetson-orin-nano",
			.fp32_flop_per_s = 2.1e12,
			.fp16_flop_per_s = 17e12,
			.int8_op_per_s = 33e12,
			.bytes_per_s = 102e9,
			.mem_bytes = 7.3 * GIB,
			.pcie_bytes_per_s = 51e9,
			.clock_hz = 1.02e9,
			.tdp_w = 25.0,
			.cc = 8.7},
		.list_usd = 249.0,
		.list_year = 2024,
		.summary = "Jetson Orin Nano 8 GB (Super), shared LPDDR5, 102 GB/s",
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
		.summary = "Llama 2 7B",
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
		.summary = "Llama 2 13B",
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
		.summary = "Llama 3.1 8B, grouped KV heads",
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
		.summary = "TinyLlama 1.1B, a draft for Llama 2",
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
		.summary = "Llama 68M, a draft for Llama 2",
	},
	{
		.shape = {.name = "llama2-70b",
			.hidden = 8192,
			.ffn = 28672,
			.layers = 80,
			.heads = 64,
			.kv_heads = 8,
			.head_dim = 128,
			.vocab = 32000,
			.context = 4096},
		.summary = "Llama 2 70B, grouped KV heads",
	},
	{
		.shape = {.name = "codellama-34b",
			.hidden = 8192,
			.ffn = 22016,
			.layers = 48,
			.heads = 64,
			.kv_heads = 8,
			.head_dim = 128,
			.vocab = 32000,
			.context = 16384},
		.summary = "Code Llama 34B, grouped KV heads",
	},
	{
		.shape = {.name = "llama-3.2-1b",
			.hidden = 2048,
			.ffn = 8192,
			.layers = 16,
			.heads = 32,
			.kv_heads = 8,
			.head_dim = 64,
			.vocab = 128256,
			.context = 131072,
			.tied_embeddings = true},
		.summary = "Llama 3.2 1B, tied embeddings",
	},
	{
		.shape = {.name = "llama-3.2-3b",
			.hidden = 3072,
			.ffn = 8192,
			.layers = 28,
			.heads = 24,
			.kv_heads = 8,
			.head_dim = 128,
			.vocab = 128256,
			.context = 131072,
			.tied_embeddings = true},
		.summary = "Llama 3.2 3B, tied embeddings",
	},
	{
		/* v0.1 has weights of the same sizes and attends to the last 4096 tokens only,
		 * which is not modelled. */
		.shape = {.name = "mistral-7b",
			.hidden = 4096,
			.ffn = 14336,
			.layers = 32,
			.heads = 32,
			.kv_heads = 8,
			.head_dim = 128,
			.vocab = 32000,
			.context = 32768},
		.summary = "Mistral 7B v0.2, attention to the whole context",
	},
	{
		/* Contexts of the Instruct models; longer ones need YaRN. */
		.shape = {.name = "qwen2.5-0.5b",
			.hidden = 896,
			.ffn = 4864,
			.layers = 24,
			.heads = 14,
			.kv_heads = 2,
			.head_dim = 64,
			.vocab = 151936,
			.context = 32768,
			.tied_embeddings = true,
			.qkv_bias = true},
		.summary = "Qwen2.5 0.5B, biases on q, k, v; tied embeddings",
	},
	{
		.shape = {.name = "qwen2.5-1.5b",
			.hidden = 1536,
			.ffn = 8960,
			.layers = 28,
			.heads = 12,
			.kv_heads = 2,
			.head_dim = 128,
			.vocab = 151936,
			.context = 32768,
			.tied_embeddings = true,
			.qkv_bias = true},
		.summary = "Qwen2.5 1.5B, biases on q, k, v; tied embeddings",
	},
	{
		.shape = {.name = "qwen2.5-3b",
			.hidden = 2048,
			.ffn = 11008,
			.layers = 36,
			.heads = 16,
			.kv_heads = 2,
			.head_dim = 128,
			.vocab = 151936,
			.context = 32768,
			.tied_embeddings = true,
			.qkv_bias = true},
		.summary = "Qwen2.5 3B, biases on q, k, v; tied embeddings",
	},
	{
		.shape = {.name = "qwen2.5-7b",
			.hidden = 3584,
			.ffn = 18944,
			.layers = 28,
			.heads = 28,
			.kv_heads = 4,
			.head_dim = 128,
			.vocab = 152064,
			.context = 32768,
			.qkv_bias = true},
		.summary = "Qwen2.5 7B, biases on q, k, v",
	},
	{
		.shape = {.name = "qwen2.5-14b",
			.hidden = 5120,
			.ffn = 13824,
			.layers = 48,
			.heads = 40,
			.kv_heads = 8,
			.head_dim = 128,
			.vocab = 152064,
			.context = 32768,
			.qkv_bias = true},
		.summary = "Qwen2.5 14B, biases on q, k, v",
	},
};
const size_t catalog_n_models = sizeof catalog_models / sizeof catalog_models[0];

const struct catalog_runtime catalog_runtimes[] = {
	{.name = "fused", .summary = "fused kernels as in llama.cpp or TensorRT-LLM"},
	{.name = "llmint8",
		.summary = "bitsandbytes LLM.int8: launch-bound, weights cast below cc 7.5"},
	/* Of four hosts, each fitted on two loads, and what is each prompt's of the time for
	   prompts on one burst (docs/real-servers.md): means, and for what goes with sequences the
	   geometric one. */
	{.name = "vllm-0.7",
		.summary = "vLLM's kernels and the host time of its V0 engine (0.6, 0.7) in a "
			   "server",
		.host = {.step_s = 1.9e-3,
			.sequence_s = 0.131e-3,
			.prefill_s = 6.7e-3,
			.prompt_s = 1.9e-3,
			.late = true,
			.sigma = 0.3},
		.provenance = "fitted"},
	/* Llama 2 7B on an H100 with vLLM 0.15.1, at 5 and 8 requests/s. */
	{.name = "vllm-v1",
		.summary = "vLLM's kernels and the host time of its V1 engine",
		.host = {.step_s = 0.15e-3, .request_s = 6e-3, .ahead = true, .sigma = 0.5},
		.provenance = "fitted"},
	/* Llama 3.1 8B on an A100 with SGLang 0.3.0, at 8 requests/s and offline. */
	{.name = "sglang",
		.summary =
			"vLLM's kernels and the host time of SGLang 0.3, before its scheduler ran "
			"beside the GPU",
		.host = {.step_s = 1.5e-3,
			.sequence_s = 0.039e-3,
			.prefill_s = 9.2e-3,
			.sigma = 0.5},
		.provenance = "fitted"},
	/* First token of one prompt of 128 tokens, Llama 2 7B on an A100 (NVIDIA's performance
	   page); the step assumed. */
	{.name = "trt-llm",
		.summary = "TensorRT-LLM's kernels and in-flight batching",
		.host = {.step_s = 0.1e-3, .request_s = 4e-3, .sigma = 0.5},
		.provenance = "fitted"},
	{.name = "paper",
		.summary = "constants fitted to the paper's edge-only and cloud-only latencies; on "
			   "its two cards alone",
		.provenance = "fitted"},
};
const size_t catalog_n_runtimes = sizeof catalog_runtimes / sizeof catalog_runtimes[0];

/* NCCL reckons with these (its topology and tuning tables): of an NVLink 20.6 of 25 GB/s since
 * Hopper and 20 before, of PCIe 3.0 x16 12 GB/s; 3.4 us a step of a ring over NVLink, 5.7 us over
 * PCIe. An H100 or H200 has 18 links, an A100 12. The peer copies are those of results/pair/kv.csv
 * by the copy engine: least squares of the relative error, 2.5 % at worst. */
const struct catalog_interconnect catalog_interconnects[] = {
	{"nvlink4", 370.8e9, 3.4e-6, "H100, H200: 18 links of 25 GB/s each way"},
	{"nvlink4-peer", 397e9, 20e-6, "H200: copies from gpu to gpu, as measured"},
	{"nvlink3", 240e9, 3.4e-6, "A100: 12 links of 25 GB/s each way"},
	{"pcie5", 48e9, 5.7e-6, "PCIe 5.0 x16, 63 GB/s each way"},
	{"pcie4", 24e9, 5.7e-6, "PCIe 4.0 x16, 31.5 GB/s each way"},
	{"pcie3", 12e9, 5.7e-6, "PCIe 3.0 x16, 15.8 GB/s each way"},
};
const size_t catalog_n_interconnects =
	sizeof catalog_interconnects / sizeof catalog_interconnects[0];

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

const struct catalog_interconnect *catalog_find_interconnect(const char *name)
{
	for (size_t i = 0; i < catalog_n_interconnects; i++)
		if (strcmp(catalog_interconnects[i].name, name) == 0)
			return &catalog_interconnects[i];
	return NULL;
}
