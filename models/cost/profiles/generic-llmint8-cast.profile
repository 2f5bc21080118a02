# LLM.int8 below compute capability 7.5: no int8 kernel exists, so each use casts the weights to
# fp16 in memory and multiplies those; 5 bytes move for a weight.
offing-profile: 1
device: *
cc.below: 7.5
runtime: llmint8
model: *
precision: fp16 int8
provenance: transferred
launch: overlapped
method: cast path from the bitsandbytes change log; bandwidth and matrix rate from published kernels on GM200
sigma.step: 0.4

[constants]
# op               precision  constant        value   mark
linear             *          peak            fp16    assumed    # falls to fp32 where the GPU has no fp16
linear             *          t0              10e-6   assumed
linear             *          ec              0.68    assumed    # 8192^3 SGEMM at 4.5 TFLOP/s on a TITAN X (jupyterhub-exec)
linear             int8       weight_bytes    5       assumed    # int8 read, fp16 written, fp16 read: see bitsandbytes CHANGELOG 0.37
linear             *          eb              0.83    assumed    # SGEMV at 239 of 288 GB/s on an M40, also GM200 (m40-llm)
head               *          peak            fp16    assumed
head               *          t0              10e-6   assumed
head               *          ec              0.68    assumed
head               *          eb              0.83    assumed
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
layer              int8       launch          1.36e-3 assumed    # as on the RTX 4090's host; the work is longer
layer              fp16       launch          0.62e-3 assumed    # as on the RTX 4090's host
