# vLLM's kernels in 16 bits on any GPU with FlashAttention 2: matrix products as in
# generic-fused-fp16, attention of decode steps as on an RTX 4090 (rtx-4090-vllm-fp16).
offing-profile: 1
device: *
runtime: vllm-0.7 vllm-v1 sglang
model: *
precision: fp16
provenance: transferred
method: matrix products of TensorRT-LLM on an H200, attention of vLLM 0.19 on an RTX 4090
sigma.decode: 0.15
sigma.prefill: 0.15
sigma.attention: 0.4
sigma.latency: 0.6

[constants]
# op               precision  constant        value   mark
linear             *          peak            fp16    published    # tensor cores, fp32 accumulate
linear             *          t0              4e-6    published    # fit to AIConfigurator H200 bf16 GEMM
linear             *          ec              0.80    published
linear             *          eb              0.85    published
head               *          peak            fp16    published
head               *          t0              4e-6    published
head               *          ec              0.80    published
head               *          eb              0.85    published
decode-attention   *          peak            fp16    assumed
decode-attention   *          t0              12e-6   published    # AIConfigurator H200: 0.47 ms of a 7B step at context 512
decode-attention   *          ec              0.50    assumed      # never the bound
decode-attention   *          eb              0.86    published    # vLLM 0.19 on an RTX 4090
decode-attention   *          mixed           2.0     published    # the same
prefill-attention  *          peak            fp16    published
prefill-attention  *          t0              12e-6   published    # fit to AIConfigurator H200 context attention
prefill-attention  *          ec              0.66    published
prefill-attention  *          cycles_per_key  54      published
small              *          t0              12e-6   published    # AIConfigurator: 3 us an operation, four of them
small              *          eb              0.80    published
layer              *          launch          0       assumed      # one CUDA graph a step
