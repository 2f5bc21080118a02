# vLLM's kernels in 16 bits on Ampere and older: matrix products as Vidur measured them on an A100 and an
# A40 (medians of 512 to 4096 rows, .70 of the rate on both), attention as generic-vllm-fp16.
offing-profile: 1
device: *
cc.below: 8.9
runtime: vllm-0.7 vllm-v1 sglang
model: *
precision: fp16
provenance: transferred
method: matrix products of Llama 2 7B on an A100 and an A40 (Vidur), attention of vLLM 0.19 on an RTX 4090
sigma.decode: 0.15
sigma.prefill: 0.15
sigma.attention: 0.4
sigma.latency: 0.6

[constants]
# op               precision  constant        value   mark
linear             *          peak            fp16    published    # tensor cores, fp32 accumulate
linear             *          t0              4e-6    published    # fit to AIConfigurator H200 bf16 GEMM
linear             *          ec              0.70    published    # Vidur, A100 and A40: .65 to .75 from 512 rows on
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
