# LLM.int8 on a GPU of compute capability 7.5 or newer and a host nobody measured: published
# layers take 1.36 ms (RTX 4090) and 2.53 ms (H100 SXM); this is their geometric mean.
offing-profile: 1
device: *
cc.from: 7.5
runtime: llmint8
model: *
precision: fp16 int8
provenance: transferred
launch: overlapped
method: launches between two published ones; the work below them assumed
sigma.decode: 0.3
sigma.prefill: 0.3
sigma.attention: 0.25
sigma.latency: 0.4

[constants]
# op               precision  constant        value    mark
layer              int8       launch          1.85e-3  assumed
layer              fp16       launch          0.68e-3  assumed    # between 0.62 and 0.75 ms
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
