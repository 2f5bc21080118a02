# The same on an H100 SXM and the host it was published with, slower than a desktop's.
offing-profile: 1
device: h100
runtime: llmint8
model: *
precision: fp16 int8
provenance: transferred
launch: overlapped
method: launches anchored at published token rates; the work below them assumed
sigma.decode: 0.1
sigma.prefill: 0.25
sigma.attention: 0.25
sigma.latency: 0.4

[constants]
# bnb = bitsandbytes benchmarking/README.md, Llama-3.1-8B (32 layers), less its head.
# op               precision  constant        value    mark
layer              int8       launch          2.53e-3  published  # bnb: 81.7 ms
layer              fp16       launch          0.75e-3  published  # bnb: BF16 in 24.4 ms
linear             fp16       peak            fp16     published
linear             int8       peak            int8     published
linear             *          t0              4e-6     assumed
linear             fp16       ec              0.80     assumed    # as the fused runtime
linear             int8       ec              0.30     assumed    # outliers split off and multiplied in fp16
linear             *          eb              0.85     assumed
head               *          peak            fp16     assumed
head               *          t0              6e-6     assumed
head               *          ec              0.80     assumed
head               *          eb              0.85     assumed    # as the fused runtime
decode-attention   *          peak            fp16     assumed
decode-attention   *          t0              12e-6    assumed
decode-attention   *          ec              0.50     assumed
decode-attention   *          eb              0.85     assumed
prefill-attention  *          peak            fp16     assumed
prefill-attention  *          t0              12e-6    assumed
prefill-attention  *          ec              0.66     assumed    # as the fused runtime
prefill-attention  *          cycles_per_key  54       assumed
small              *          t0              0        assumed    # among the launches
small              *          eb              0.80     assumed
