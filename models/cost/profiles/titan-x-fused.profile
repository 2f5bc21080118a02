# llama.cpp class kernels on a GTX TITAN X. No token rate was ever published for this GPU with
# Llama 2 in int8: an estimate of 26 to 36 ms a token for 7B.
offing-profile: 1
device: titan-x
runtime: fused
model: *
precision: fp16 int8 q8_0 q4_0
provenance: transferred
method: bandwidth and matrix rate from published single kernels on GM200; the rest assumed
sigma.step: 0.4

[constants]
# op               precision  constant        value   mark
linear             *          peak            fp32    published  # cc 5.2 has no other rate
linear             *          t0              10e-6   assumed
linear             *          ec              0.68    published  # 8192^3 SGEMM at 4.5 TFLOP/s on a TITAN X (jupyterhub-exec)
linear             *          eb              0.83    published  # SGEMV at 239 of 288 GB/s on an M40, also GM200 (m40-llm)
head               *          peak            fp32    published
head               *          t0              10e-6   assumed
head               *          ec              0.68    published
head               *          eb              0.83    published
decode-attention   *          peak            fp32    assumed
decode-attention   *          t0              20e-6   assumed
decode-attention   *          ec              0.30    assumed
decode-attention   *          eb              0.83    assumed    # as SGEMV
prefill-attention  *          peak            fp32    assumed
prefill-attention  *          t0              30e-6   assumed    # not fused: scores, softmax, product
prefill-attention  *          ec              0.30    assumed
prefill-attention  *          cycles_per_key  54      assumed    # as on an H200
small              *          t0              0       assumed    # among the launches
small              *          eb              0.80    assumed
layer              *          launch          140e-6  assumed    # with the t0: 0.2 ms a layer on an old host
