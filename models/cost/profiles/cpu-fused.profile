# llama.cpp class kernels on the CPU of a host, for layers that its GPU has no room for. Bandwidth and rate are
# data-sheet figures: channels x transfers x 8 bytes; cores x clock x lanes x 2 x units.
offing-profile: 1
device: cpu
runtime: fused
model: *
precision: fp16 int8 q8_0 q4_0
provenance: transferred
method: shares of bandwidth and rate from published llama.cpp runs on desktop CPUs; the rest assumed
sigma.step: 0.25

[constants]
# op               precision  constant        value   mark
linear             *          peak            fp32    published
linear             *          t0              10e-6   assumed    # threads meet behind each product
linear             *          ec              0.60    assumed    # 8B at 135 prompt tokens/s on a Ryzen 7950X (ik_llama.cpp PR 533) is 2.2 of 2.3 TFLOP/s; older builds less
linear             *          eb              0.75    published  # Mixtral 8x7B at 49.0 of 57.6 GB/s (Ryzen 5900X) and 33.2 of 44.8 (5950X), 7B at 16.6 of 25.6 (i5-6500): llama.cpp issues 4716 and 34
head               *          peak            fp32    assumed
head               *          t0              10e-6   assumed
head               *          ec              0.60    assumed
head               *          eb              0.75    assumed
decode-attention   *          peak            fp32    assumed
decode-attention   *          t0              20e-6   assumed
decode-attention   *          ec              0.30    assumed
decode-attention   *          eb              0.60    assumed
prefill-attention  *          peak            fp32    assumed
prefill-attention  *          t0              20e-6   assumed
prefill-attention  *          ec              0.30    assumed
prefill-attention  *          cycles_per_key  0       assumed    # no latency that grows with length
small              *          t0              20e-6   assumed
small              *          eb              0.60    assumed
layer              *          launch          0       assumed
