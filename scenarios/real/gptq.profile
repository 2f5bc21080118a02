# 4 bits and no Marlin: what vLLM 0.7.3 does when it is told `quantization: gptq`, as AccelMark's
# offline runs do. Beyond 50 rows weights are widened to fp16 in memory (MAX_Q_GEMM_ROWS of
# its gptq kernels): .516 bytes read, 2 written, 2 read. The rest as generic-vllm-quantised.
offing-profile: 1
device: *
runtime: vllm-0.7
model: *
precision: w4a16
provenance: transferred
method: bytes of the kernels, counted
sigma.step: 0.2

[constants]
linear             *          peak            fp16    published
linear             *          t0              8e-6    assumed
linear             *          ec              0.70    assumed
linear             *          eb              0.85    assumed
linear             *          widen_rows      50      published
linear             *          widen_bytes     4.516   published
head               *          peak            fp16    published
head               *          t0              4e-6    published
head               *          ec              0.80    published
head               *          eb              0.85    published
decode-attention   *          peak            fp16    assumed
decode-attention   *          t0              12e-6   published
decode-attention   *          ec              0.50    assumed
decode-attention   *          eb              0.86    published
prefill-attention  *          peak            fp16    published
prefill-attention  *          t0              12e-6   published
prefill-attention  *          ec              0.66    published
prefill-attention  *          cycles_per_key  54      published
small              *          t0              12e-6   published
small              *          eb              0.80    published
layer              *          launch          0       assumed
