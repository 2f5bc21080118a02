# bitsandbytes 0.45 LLM.int8 with decomposition under Hugging Face transformers: a layer takes as
# long as its launches, whatever its width, until the work outgrows them.
offing-profile: 1
device: rtx-4090
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
# bnb = bitsandbytes benchmarking/README.md: a step of Llama-3.1-8B (32 layers) takes 44.9 ms, of
# Qwen2.5-14B (48 layers) 64.8 ms; 1.37 and 1.31 ms a layer once the head is taken off.
# op               precision  constant        value    mark
layer              int8       launch          1.36e-3  published  # bnb, see above
layer              fp16       launch          0.62e-3  published  # bnb: Llama-3.1-8B BF16 in 21.1 ms
linear             fp16       peak            fp16     published
linear             int8       peak            int8     published
linear             *          t0              6e-6     assumed
linear             fp16       ec              0.62     assumed    # as the fused runtime
linear             int8       ec              0.30     assumed    # outliers split off and multiplied in fp16
linear             *          eb              0.85     assumed
head               *          peak            fp16     assumed
head               *          t0              6e-6     assumed
head               *          ec              0.62     assumed
head               *          eb              0.96     assumed    # as the fused runtime
decode-attention   *          peak            fp16     assumed
decode-attention   *          t0              8e-6     assumed
decode-attention   *          ec              0.50     assumed
decode-attention   *          eb              0.85     assumed
prefill-attention  *          peak            fp16     assumed
prefill-attention  *          t0              8e-6     assumed
prefill-attention  *          ec              0.95     assumed    # as the fused runtime
prefill-attention  *          cycles_per_key  39       assumed
small              *          t0              0        assumed    # among the launches
small              *          eb              0.80     assumed
