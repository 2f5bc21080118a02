# vLLM 0.19's kernels on an RTX 4090 in 16 bits, for models that the measured table of Llama 3.1 8B
# is not of. Least squares of the log over that table (casys-kaist/LLMServingSim: kernels of one
# layer, 1 to 2048 rows); in parentheses the root mean square of what is left.
offing-profile: 1
device: rtx-4090 rtx-4090-d
runtime: vllm-0.7 vllm-v1 sglang
model: *
precision: fp16
provenance: fitted
method: fitted to the kernels of Llama 3.1 8B in vLLM 0.19
sigma.decode: 0.06
sigma.prefill: 0.06
sigma.attention: 0.15
sigma.latency: 0.2

[constants]
# op               precision  constant        value   mark
linear             *          peak            fp16    published
linear             *          t0              5.7e-6  fitted       # four matrices at 24 numbers of rows (6 %)
linear             *          ec              0.99    fitted
linear             *          eb              0.92    fitted
head               *          peak            fp16    published
head               *          t0              0       fitted       # with the sampler, 1 to 256 sequences (3 %)
head               *          ec              0.92    fitted
head               *          eb              0.886   fitted
decode-attention   *          peak            fp16    published
decode-attention   *          t0              13.5e-6 fitted       # 1 to 256 sequences, 128 to 16 384 tokens each (12 %)
decode-attention   *          ec              0.50    assumed      # never the bound
decode-attention   *          eb              0.86    fitted
decode-attention   *          mixed           2.0     fitted       # 200 steps beside a chunk: 1.5 of few sequences, 3 of 128
prefill-attention  *          peak            fp16    published
prefill-attention  *          t0              8.6e-6  fitted       # chunks of 64 to 2048 behind up to 4096 (15 %)
prefill-attention  *          ec              0.79    fitted
prefill-attention  *          cycles_per_key  42      fitted
small              *          t0              7.5e-6  fitted       # norms, rotary embedding, SiLU: some of it out of the L2 cache (20 %)
small              *          eb              2.15    fitted
layer              *          launch          0       assumed      # one CUDA graph a step; what launches take otherwise is the host's
