# llama.cpp of December 2023 on an RTX 4090, before CUDA graphs.
offing-profile: 1
device: rtx-4090
runtime: fused
model: *
precision: fp16 int8 q8_0 q4_0
provenance: transferred
method: t0 and eb anchored at published token rates, ec at published prompt rates; attention from an L40S of the same die
sigma.decode: 0.05
sigma.prefill: 0.15
sigma.attention: 0.25
sigma.latency: 0.4

[constants]
# XD = XiongjieDai/GPU-Benchmarks-on-LLM-Inference, LLaMA 2 logs: three runs each of 7B F16,
# 7B Q4_0 and 13B Q4_0. Together they give 83 us a layer and 0.96 of the bandwidth; the
# launches below are what the t0 leave of the 83 us.
# op               precision  constant        value   mark
linear             *          peak            fp16    published
linear             *          t0              6e-6    published  # fit to AIConfigurator L40S GEMM, same die
linear             fp16       ec              0.65    published  # XD: 494 tokens of 7B F16 in 67.2 ms
linear             int8       ec              0.65    assumed    # as fp16: weights widened on chip
linear             q8_0       ec              0.50    assumed    # as q4_0
linear             q4_0       ec              0.50    published  # XD: 494 tokens of 7B Q4_0 in 89.3 ms, of 13B in 156.3 ms
linear             *          eb              0.96    published  # XD
head               *          peak            fp16    published
head               *          t0              6e-6    assumed
head               *          ec              0.62    assumed
head               *          eb              0.96    published  # XD
decode-attention   *          peak            fp16    published
decode-attention   *          t0              8e-6    assumed    # as in prefill
decode-attention   *          ec              0.50    assumed    # never the bound
decode-attention   *          eb              0.96    published  # XD, keys and values among the bytes
prefill-attention  *          peak            fp16    published
prefill-attention  *          t0              8e-6    published  # fit to AIConfigurator L40S context attention
prefill-attention  *          ec              0.95    published  # FlashAttention-2 on a 4090: 155 to 161 TFLOP/s of 165
prefill-attention  *          cycles_per_key  39      published  # fit to AIConfigurator L40S context attention
small              *          t0              0       assumed    # among the launches
small              *          eb              0.80    assumed
layer              *          launch          51e-6   published  # XD: 83 us less 4 x 6 and 8
