# vLLM's kernels in 16 bits on a Hopper, with FlashAttention 3.
offing-profile: 1
device: *
cc.from: 9.0
cc.below: 10.0
runtime: vllm-0.7 vllm-v1 sglang
model: *
precision: fp16
provenance: fitted
method: matrix products of TensorRT-LLM on an H200; attention fitted to vLLM 0.15.1 on an H100 at 5 and 8 requests/s
sigma.decode: 0.05
sigma.prefill: 0.15
sigma.attention: 0.4
sigma.latency: 0.6

[constants]
# op               precision  constant        value   mark
linear             *          peak            fp16    published    # tensor cores, fp32 accumulate
linear             *          t0              4e-6    published    # fit to AIConfigurator H200 bf16 GEMM
linear             *          ec              0.77    published    # Vidur, Llama 2 7B on an H100, 1024 rows and more
linear             *          eb              0.85    published
head               *          peak            fp16    published
head               *          t0              4e-6    published
head               *          ec              0.80    published
head               *          eb              0.85    published
decode-attention   *          peak            fp16    assumed
decode-attention   *          t0              12e-6   published    # AIConfigurator H200: 0.47 ms of a 7B step at context 512
decode-attention   *          ec              0.50    assumed      # never the bound
decode-attention   *          eb              0.90    fitted       # with the host time of vllm-v1, Llama 2 7B at 5 and 8 /s (inference-sim)
prefill-attention  *          peak            fp16    published
prefill-attention  *          t0              12e-6   published    # fit to AIConfigurator H200 context attention
prefill-attention  *          ec              0.66    published
prefill-attention  *          cycles_per_key  54      published
small              *          t0              12e-6   published    # AIConfigurator: 3 us an operation, four of them
small              *          eb              0.80    published
layer              *          launch          0       assumed      # one CUDA graph a step
