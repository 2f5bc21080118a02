#!/usr/bin/env python3
"""A profile of whole steps from tables of single kernels, as LLMServingSim's profiler writes them
for a vLLM on one GPU (layer,tokens,time_us; layer,sequences,time_us; attention by the chunk of a
prompt, what stands before it, sequences that decode and the context of each).

	scripts/step_tables.py PREFIX >models/cost/profiles/rtx-4090-llama3-8b-vllm.profile

PREFIX_dense.csv, PREFIX_per_sequence.csv and PREFIX_attention.csv are read. A step is the sum of
its kernels; what a host takes between them is not in it. Between two rows of a table times are
linear; beyond the last, in proportion (layers, head) or along the last two (attention).
"""
import bisect
import csv
import sys

LAYERS = 32
CONTEXT = 131072
OUTSIDE = ("embedding", "final_layernorm")  # once a step, of all rows
TWICE = ("layernorm",)  # before attention and before the feed-forward layer
DECODE = (1, 2, 4, 8, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192,
          208, 224, 240, 256, 512, 1024)
DECODE_CONTEXT = (16, 256, 1024, 2048, 4096, 8192, 16384)
PREFILL_CONTEXT = (0, 1024, 4096, 16384)
CHUNK = 2048
LONG = (4096, 8192, 16384, 32768, 65536, CONTEXT)


class Curve:
    """Linear between points."""

    def __init__(self, points, beyond):
        self.x, self.y = zip(*sorted(points))
        self.beyond = beyond

    def __call__(self, x):
        if len(self.x) == 1:
            return self.y[0]
        i = min(max(bisect.bisect_right(self.x, x) - 1, 0), len(self.x) - 2)
        x0, x1, y0, y1 = self.x[i], self.x[i + 1], self.y[i], self.y[i + 1]
        if x < self.x[0]:
            return self.y[0]
        if x > self.x[-1] and self.beyond == "proportion":
            return self.y[-1] * x / self.x[-1]
        return y0 + (y1 - y0) * (x - x0) / (x1 - x0)


def curves(path, column):
    points = {}
    for row in csv.DictReader(open(path)):
        points.setdefault(row["layer"], []).append((int(row[column]), float(row["time_us"]) * 1e-6))
    return {layer: Curve(p, "proportion") for layer, p in points.items()}


class Tables:
    def __init__(self, prefix):
        self.dense = curves(prefix + "_dense.csv", "tokens")
        self.head = curves(prefix + "_per_sequence.csv", "sequences")
        names = ("prefill_chunk", "kv_prefill", "n_decode", "kv_decode")
        self.cell = {}
        for row in csv.DictReader(open(prefix + "_attention.csv")):
            self.cell[tuple(int(row[n]) for n in names)] = float(row["time_us"]) * 1e-6
        self.made = {}

    def axis(self, fixed, at):
        """The curve over column @at, the others as in @fixed."""
        key = fixed[:at] + (None,) + fixed[at + 1:]
        if key not in self.made:
            points = [(k[at], t) for k, t in self.cell.items()
                      if k[:at] + (None,) + k[at + 1:] == key]
            self.made[key] = Curve(points, "along") if points else None
        return self.made[key]

    def linear(self, rows):
        """All layers without attention, and what is done once to every row."""
        once = sum(self.dense[d](rows) for d in OUTSIDE)
        layer = sum(c(rows) * (2 if d in TWICE else 1)
                    for d, c in self.dense.items() if d not in OUTSIDE)
        return LAYERS * layer + once

    def ends(self, sequences):
        return sum(c(sequences) for c in self.head.values())

    def decoding(self, n, context):
        """Attention of @n sequences of @context tokens each, all layers."""
        at_n = [(m, self.axis((0, 0, m, 0), 3)(context)) for m in
                (1, 2, 4, 8, 16, 32, 64, 128, 256)]
        return LAYERS * Curve(at_n, "along")(n)

    def prompt(self, new, context):
        """Attention of @new tokens behind @context, in chunks, all layers."""
        total = 0.0
        while new > 0:
            part = min(new, CHUNK)
            at_chunk = [(c, self.axis((c, 0, 0, 0), 1)(context)) for c in
                        (16, 32, 64, 128, 256, 512, 1024, 2048)]
            total += Curve(at_chunk, "along")(part)
            new, context = new - part, context + part
        return LAYERS * total

    def mixed(self, chunk, n, context):
        """Attention of a chunk without context beside @n sequences."""
        at = []
        for c in (16, 32, 64, 128, 256, 512, 1024, 2048):
            curve = self.axis((c, 0, n, 0), 3)
            if curve:
                at.append((c, curve(context)))
        return LAYERS * Curve(at, "along")(chunk)


def row(*columns):
    *whole, seconds = columns
    print(" ".join(str(c) for c in whole), "%.5g" % seconds)


def steps(t):
    print("\n[decode]")
    for n in DECODE:
        for context in DECODE_CONTEXT + ((65536,) if n <= 4 else ()):
            row(n, n * context, t.linear(n) + t.ends(n) + t.decoding(n, context))
    print("\n[prefill]")
    tile = [1, 16, 32] + [x for k in range(64, CHUNK, 64) for x in (k, k + 16)] + [CHUNK]
    for new in tile + list(LONG):
        for context in PREFILL_CONTEXT:
            row(new, context, t.linear(new) + t.ends(1) + t.prompt(new, context))
    print("\n[mixed]")
    for n in (1, 4, 16, 64, 128):
        for context in (64, 512, 2048):
            for chunk in (16, 64, 256, 512, 1024, CHUNK - n):
                if n + chunk <= CHUNK:
                    row(n, n * context, chunk, 0,
                        t.linear(n + chunk) + t.ends(n + 1) + t.mixed(chunk, n, context))
    print("\n[attention]")
    for new in (1, 16, 32, 64, 128, 256, 512, 1024, CHUNK) + LONG:
        row(new, 0, t.prompt(new, 0))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: step_tables.py PREFIX")
    print("""# vLLM 0.19 (eager, one layer) on an RTX 4090, Llama 3.1 8B in bf16: sums of its kernels' times
# as published in casys-kaist/LLMServingSim, made by scripts/step_tables.py. Measured: up to 2048
# rows, 256 sequences, 16 384 tokens of context; beyond that the last measured slope goes on, and
# longer prompts are chunks of 2048.
offing-profile: 1
device: rtx-4090
runtime: vllm-0.7 vllm-v1
model: llama-3.1-8b
precision: fp16
provenance: measured
method: sums over the kernels of a step; no host time, which is the runtime's
kernels: vLLM 0.19.0, CUDA 12.8
date: 2026-08-17
sigma.step: 0.05""")
    steps(Tables(sys.argv[1]))
