#!/usr/bin/env python3
"""What PyTorch does with the same shapes on the same GPU, measured as kernels-ref does.

    peers.py [--quick]

Prints: copy bandwidth; attention by FlashAttention-2 and cuDNN; the int8 GEMMs of a layer by
torch._int_mm; a decode step of Llama2-7B and 13B shapes, compiled layer by layer and replayed
as one CUDA graph, in bf16 and with int8 weights. Random weights and data, buffers that together
are several times the L2 cache, medians of graph replays timed by CUDA events.
"""

import statistics
import sys

import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

SHAPES = {  # name: hidden, ffn, layers, heads, vocabulary
    "llama2-7b": (4096, 11008, 32, 32, 32000),
    "llama2-13b": (5120, 13824, 40, 40, 32000),
}
SEVERAL_L2_BYTES = 400 << 20


def replay_s(run, copies=1, rounds=21):
    """Median seconds of run(i), i < copies, replayed as one graph; divided by copies."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            for i in range(copies):
                run(i)
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for i in range(copies):
            run(i)
    at = [torch.cuda.Event(enable_timing=True) for _ in range(rounds + 1)]
    for _ in range(3):
        graph.replay()
    at[0].record()
    for event in at[1:]:
        graph.replay()
        event.record()
    torch.cuda.synchronize()
    ms = [a.elapsed_time(b) for a, b in zip(at, at[1:])]
    return statistics.median(ms) * 1e-3 / copies


def copies_for(byte_count):
    return max(1, min(64, -(-SEVERAL_L2_BYTES // byte_count)))


def copy(rounds=11):
    """Not in a graph: there a copy becomes a node for the copy engines, at two thirds of this."""
    source = torch.randn(1 << 30, dtype=torch.float32, device="cuda")
    target = torch.empty_like(source)
    at = [torch.cuda.Event(enable_timing=True) for _ in range(rounds + 1)]
    for _ in range(3):
        target.copy_(source)
    at[0].record()
    for event in at[1:]:
        target.copy_(source)
        event.record()
    torch.cuda.synchronize()
    ms = [a.elapsed_time(b) for a, b in zip(at, at[1:])]
    print(f"copy {2 * source.nbytes / statistics.median(ms) * 1e-9:.2f} TB/s")


def attention(tokens, heads=32, dim=128):
    n = copies_for(3 * 2 * heads * tokens * dim)
    q, k, v = torch.randn(3, n, 1, heads, tokens, dim, dtype=torch.float16, device="cuda")
    flop = 2.0 * heads * dim * tokens * tokens  # causal: half of 4 heads dim tokens^2
    for name, backend in (
        ("FlashAttention-2", SDPBackend.FLASH_ATTENTION),
        ("cuDNN", SDPBackend.CUDNN_ATTENTION),
    ):

        def run(i):
            with sdpa_kernel(backend):
                F.scaled_dot_product_attention(q[i], k[i], v[i], is_causal=True)

        try:
            s = replay_s(run, n)
        except RuntimeError as problem:
            print(f"attention {heads} x {tokens} causal, {name}: left out: {problem}")
            continue
        print(
            f"attention {heads} x {tokens} causal, {name}: {s * 1e6:.1f} us, "
            f"{flop / s * 1e-12:.0f} TFLOP/s"
        )


def int8_gemms(name, tokens=2048, layers=8):
    hidden, ffn, *_ = SHAPES[name]
    sizes = ((3 * hidden, hidden), (hidden, hidden), (2 * ffn, hidden), (hidden, ffn))

    def int8(*shape):
        return torch.randint(-127, 128, shape, dtype=torch.int8, device="cuda")

    weights = [[int8(rows, cols) for rows, cols in sizes] for _ in range(layers)]
    inputs = [int8(tokens, cols) for _, cols in sizes]

    def run(i):
        for x, w in zip(inputs, weights[i]):
            torch._int_mm(x, w.t())

    s = replay_s(run, layers)
    op = 2.0 * tokens * sum(rows * cols for rows, cols in sizes)
    print(
        f"{name} int8 GEMMs of a layer, {tokens} tokens, torch._int_mm: {s * 1e3:.3f} ms, "
        f"{op / s * 1e-12:.0f} TOP/s"
    )


def norm(x, gain):
    return F.rms_norm(x, (x.shape[-1],), gain, 1e-5)


def linear(x, w):
    """w: a matrix, or int8 and its scale by output."""
    if isinstance(w, tuple):
        return F.linear(x, w[0].to(x.dtype)) * w[1]
    return F.linear(x, w)


def layer(x, w, k, v, cos, sin, heads):
    """One new token of each sequence; k, v [batch, heads, context, dim], the last row ours."""
    batch, hidden = x.shape
    dim = hidden // heads
    q, key, value = linear(norm(x, w["norm_attn"]), w["qkv"]).view(batch, 3, heads, dim).unbind(1)

    def rope(y):
        a, b = y[..., 0::2], y[..., 1::2]
        return torch.stack((a * cos - b * sin, a * sin + b * cos), -1).flatten(-2)

    k[:, :, -1] = rope(key)
    v[:, :, -1] = value
    att = F.scaled_dot_product_attention(rope(q)[:, :, None], k, v)
    x = x + linear(att.reshape(batch, hidden), w["o"])
    gate, up = linear(norm(x, w["norm_ffn"]), w["gu"]).chunk(2, -1)
    return x + linear(F.silu(gate) * up, w["down"])


def decode(name, batch, context, int8):
    hidden, ffn, layers, heads, vocab = SHAPES[name]
    dim = hidden // heads
    kind = {"dtype": torch.bfloat16, "device": "cuda"}

    def matrix(rows, cols):
        if int8:
            w = torch.randint(-127, 128, (rows, cols), dtype=torch.int8, device="cuda")
            return w, torch.rand(rows, **kind) / (73.6 * cols**0.5)
        return torch.randn(rows, cols, **kind) / cols**0.5

    weights = [
        {
            "qkv": matrix(3 * hidden, hidden),
            "o": matrix(hidden, hidden),
            "gu": matrix(2 * ffn, hidden),
            "down": matrix(hidden, ffn),
            "norm_attn": torch.ones(hidden, **kind),
            "norm_ffn": torch.ones(hidden, **kind),
        }
        for _ in range(layers)
    ]
    head = torch.randn(vocab, hidden, **kind) * 0.02
    last = torch.ones(hidden, **kind)
    cache = torch.randn(layers, 2, batch, heads, context, dim, **kind)
    cos, sin = torch.randn(2, dim // 2, **kind)
    first = torch.randn(batch, hidden, **kind)
    step = torch.compile(layer, dynamic=False)

    def run(_):
        x = first
        for i, w in enumerate(weights):
            x = step(x, w, cache[i, 0], cache[i, 1], cos, sin, heads)
        return F.linear(norm(x, last), head)

    with torch.no_grad():
        s = replay_s(run)
    print(
        f"{name} decode batch {batch} context {context}, PyTorch compiled "
        f"{'int8 weights' if int8 else 'bf16'}: {s * 1e3:.3f} ms",
        flush=True,
    )
    torch._dynamo.reset()


def main():
    quick = "--quick" in sys.argv[1:]
    print(f"torch {torch.__version__}, {torch.cuda.get_device_name()}")
    copy()
    for tokens in (8192,) if quick else (2048, 4096, 8192, 16384, 32768):
        attention(tokens)
    for name in SHAPES:
        int8_gemms(name)
    for name in SHAPES:
        for batch, int8 in ((1, False), (32, False), (1, True)):
            decode(name, batch, 512, int8)
            torch.cuda.empty_cache()


if __name__ == "__main__":
    main()
