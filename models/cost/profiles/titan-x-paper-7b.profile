# Written by scripts/paper.sh: Llama 2 7B on the card of the paper, so fast that its
# latencies come out as the paper prints them (results/paper/fit.md). Not a
# measurement, and of no use outside that testbed.
offing-profile: 1
device: titan-x
runtime: paper
model: llama2-7b llama-68m tinyllama-1.1b
precision: fp16 int8
provenance: fitted
method: least squares over the 8 latencies of edge-only of Table 1
sigma.step: 0.018

[constants]
# op               precision  constant        value       mark
linear             *          t0              0           assumed    # among the launches
linear             *          peak            fp32        published
linear             *          ec              1.08649422  fitted     # one for all that is computed
linear             *          eb              0.83        published  # as in runtime fused
head               *          t0              0           assumed    # among the launches
head               *          peak            fp32        published
head               *          ec              1.08649422  fitted     # one for all that is computed
head               *          eb              0.83        published  # as in runtime fused
decode-attention   *          t0              0           assumed    # among the launches
decode-attention   *          peak            fp32        published
decode-attention   *          ec              1.08649422  fitted     # one for all that is computed
decode-attention   *          eb              0.83        published  # as in runtime fused
prefill-attention  *          t0              0           assumed    # among the launches
prefill-attention  *          peak            fp32        published
prefill-attention  *          ec              1.08649422  fitted     # one for all that is computed
prefill-attention  *          cycles_per_key  0           assumed
small              *          t0              0           assumed    # among the launches
small              *          eb              0.83        published  # as in runtime fused
layer              *          launch          0.00204052686 fitted     # what a layer takes beside
