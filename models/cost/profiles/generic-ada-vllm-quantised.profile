# vLLM's kernels for quantised weights on Ada and newer, where fp8 has arithmetic of its own. eb and
# ec fitted to two loads of vLLM 0.7.3 on an RTX 4090 D (AccelMark: 8 users, 10 requests/s); the rest
# as generic-vllm-quantised.
offing-profile: 1
device: *
cc.from: 8.9
runtime: vllm-0.7 vllm-v1 sglang
model: *
precision: int8 fp8 w8a16 w4a16
provenance: fitted
method: eb and ec fitted to vLLM 0.7.3 on an RTX 4090 D, 8 users and 10 requests/s
sigma.decode: 0.1
sigma.prefill: 0.1
sigma.attention: 0.4
sigma.latency: 0.6

[constants]
# op               precision  constant        value   mark
linear             int8       peak            int8    published
linear             fp8        peak            int8    published    # fp8 has the same rate; a GeForce sums in fp32 at half of it
linear             w8a16      peak            fp16    published
linear             w4a16      peak            fp16    published
linear             int8       t0              5.7e-6  fitted       # as rtx-4090-vllm-fp16; so the others
linear             fp8        t0              5.7e-6  fitted
linear             w8a16      t0              5.7e-6  fitted
linear             w4a16      t0              5.7e-6  fitted
linear             int8       ec              0.50    fitted
linear             fp8        ec              0.76    fitted
linear             w8a16      ec              0.77    fitted
linear             w4a16      ec              0.90    fitted
linear             int8       eb              0.75    fitted       # quantising activations included
linear             fp8        eb              0.90    fitted
linear             w8a16      eb              0.916   fitted
linear             w4a16      eb              0.83    fitted
head               *          peak            fp16    published    # embedding and head stay in 16 bits
head               *          t0              4e-6    published    # as generic-vllm-fp16
head               *          ec              0.80    published
head               *          eb              0.85    published
decode-attention   *          peak            fp16    assumed
decode-attention   *          t0              12e-6   published
decode-attention   *          ec              0.50    assumed      # never the bound
decode-attention   *          eb              0.86    published
decode-attention   *          mixed           2.0     published    # vLLM 0.19 on an RTX 4090
prefill-attention  *          peak            fp16    published
prefill-attention  *          t0              12e-6   published
prefill-attention  *          ec              0.66    published
prefill-attention  *          cycles_per_key  54      published
small              *          t0              12e-6   published
small              *          eb              0.80    published
layer              *          launch          0       assumed      # one CUDA graph a step
