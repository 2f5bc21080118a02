# Written by scripts/paper.sh: Llama 2 13B on the card of the paper, so fast that its
# latencies come out as the paper prints them (results/paper/fit.md). Not a
# measurement, and of no use outside that testbed.
offing-profile: 1
device: rtx-4090
runtime: paper
model: llama2-13b
precision: fp16 int8
provenance: fitted
method: least squares over the 8 latencies of cloud-only of Table 1
sigma.step: 0.017

[constants]
# op               precision  constant        value       mark
linear             *          t0              0           assumed    # among the launches
linear             *          peak            fp16        published
linear             *          ec              0.080765146 fitted     # one for all that is computed
linear             *          eb              0.96        published  # as in runtime fused
head               *          t0              0           assumed    # among the launches
head               *          peak            fp16        published
head               *          ec              0.080765146 fitted     # one for all that is computed
head               *          eb              0.96        published  # as in runtime fused
decode-attention   *          t0              0           assumed    # among the launches
decode-attention   *          peak            fp16        published
decode-attention   *          ec              0.080765146 fitted     # one for all that is computed
decode-attention   *          eb              0.96        published  # as in runtime fused
prefill-attention  *          t0              0           assumed    # among the launches
prefill-attention  *          peak            fp16        published
prefill-attention  *          ec              0.080765146 fitted     # one for all that is computed
prefill-attention  *          cycles_per_key  0           assumed
small              *          t0              0           assumed    # among the launches
small              *          eb              0.96        published  # as in runtime fused
layer              *          launch          0.00206601794 fitted     # what a layer takes beside
