# Fused kernels with quantised weights on any GPU: an H200's constants, the GPU's own data sheet.
offing-profile: 1
device: *
runtime: fused trt-llm
model: *
precision: int8 q8_0 q4_0
provenance: transferred
method: t0, ec and eb of TensorRT-LLM 1.2 kernels on an H200 (AIConfigurator tables); rates from data sheets
sigma.decode: 0.25
sigma.prefill: 0.15
# root mean square log error of the blind test in docs/validation.md
sigma.attention: 0.4
sigma.latency: 0.6

[constants]
# op               precision  constant        value   mark
linear             *          peak            fp16    published  # weights widened on chip, fp16 arithmetic
linear             *          t0              16e-6   published  # fit to AIConfigurator H200 int8 weight-only GEMM
linear             *          ec              0.85    published
linear             *          eb              0.85    published
head               *          peak            fp16    published
head               *          t0              4e-6    published  # the head stays in fp16
head               *          ec              0.80    published
head               *          eb              0.85    published
decode-attention   *          peak            fp16    assumed
decode-attention   *          t0              12e-6   published  # AIConfigurator H200: 0.47 ms of a 7B step at context 512
decode-attention   *          ec              0.50    assumed    # never the bound
decode-attention   *          eb              0.85    assumed    # as a large GEMM's weights
prefill-attention  *          peak            fp16    published
prefill-attention  *          t0              12e-6   published  # fit to AIConfigurator H200 context attention
prefill-attention  *          ec              0.66    published
prefill-attention  *          cycles_per_key  54      published
small              *          t0              12e-6   published  # AIConfigurator: 3 us an operation, four of them
small              *          eb              0.80    published
layer              *          launch          0       assumed    # one CUDA graph a step
