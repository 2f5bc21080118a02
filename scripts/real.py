#!/usr/bin/env python3
"""Servers that others measured, against what offing says of them: the tables of docs/real-servers.md.

	scripts/real.py [--offing FILE] [--check] [--data DIR] [suite-a | suite-c | h100 | pro-6000 | published]...
	scripts/real.py --misses >scripts/real_misses.csv

DIR has the runs as published (../shared/data/real_runs beside a checkout); without it nothing can be
compared, which is exit status 77. --check: no tables, but status 1 where a row that nothing was fitted
to misses its goal and is not told of in scripts/real_misses.csv, or misses it by more than told there.
"""
import argparse
import csv
import itertools
import json
import math
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile

HOME = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SCENARIOS = os.path.join(HOME, "scenarios", "real")
# Goals of rows that nothing was fitted to, in percent.
GOAL = {"ttft": 10, "ttft, light": 20, "tpot": 10, "e2e": 10, "throughput": 6}
WAITS_MS = 1000  # where the mean or the 90 % quantile of first tokens is above, requests stand in line
SEED = 42  # of AccelMark's load generator
SLACK = 2  # points by which a miss may grow before it is a new one
# Answers of AccelMark, at equal steps of probability: at most 512 tokens, on average 343 of Llama 3 and
# 356 of Llama 3.1, as its runs say; the rest of the law is assumed.
LLAMA_3 = (8, 45, 85, 122, 160, 197, 234, 272, 310, 347, 383, 419, 456, 493, 512, 512, 512, 512, 512, 512, 512)
LLAMA_31 = (8, 48, 92, 134, 176, 216, 256, 296, 336, 374, 410, 446, 482, 512, 512, 512, 512, 512, 512, 512, 512)
HOSTS = {"NVIDIA A100-SXM4-40GB": "a100-40gb", "NVIDIA A100-SXM4-80GB": "a100-80gb",
         "NVIDIA GeForce RTX 4090 D": "rtx-4090-d", "NVIDIA GeForce RTX 4090": "rtx-4090"}
AGAIN = {"rtx-4090": "rtx-4090-again"}  # of hosts that changed between the two series
OFFLINE_MS = 0.085  # for a sequence in a step of LLM.generate, which shares its loop with nobody
PRECISION = {"BF16": "fp16", "FP8": "fp8", "W8A8": "int8", "W8A16": "w8a16", "W4A16": "w4a16"}


class Runner:
    def __init__(self, offing, folder):
        self.offing, self.folder = offing, folder

    def run(self, scenario, settings):
        out = os.path.join(self.folder, "out")
        command = [self.offing, "run", os.path.join(SCENARIOS, scenario), "--json", "-q", "--force", "-o", out]
        for s in settings:
            command += ["-s", s]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit("real: %s\n%s" % (" ".join(command), done.stderr))
        return json.loads(done.stdout.splitlines()[0]), os.path.join(out, "results.sqlite")

    def metrics(self, scenario, settings):
        found, _ = self.run(scenario, settings)
        return {m["name"]: m["mean"] for m in found["metrics"] if m["scope"] == ""}

    def requests(self, scenario, group, trace, settings):
        """(TTFT, time per token, end) of each, all in ms; of those of a trace."""
        path = os.path.join(self.folder, "trace.csv")
        with open(path, "w", encoding="ascii") as f:
            f.write("arrival_s,prompt_tokens,output_tokens\n")
            f.writelines("%.9f,%d,%d\n" % row for row in trace)
        arrivals = "users.%s.arrivals={process: trace, trace: {file: '%s', format: csv, clock: exact}}"
        _, base = self.run(scenario, [
            "run={requests: %d, warmup: 0 s, replications: 1, limit: 24 h}" % len(trace), arrivals % (group, path),
            "users.%s.workload=trace" % group, "record={requests: true}"] + settings)
        db = sqlite3.connect(base)
        rows = db.execute("SELECT created_s, first_token_s, finished_s, output_tokens FROM request").fetchall()
        db.close()
        return [((f - c) * 1e3, (e - f) * 1e3 / max(n - 1, 1), e * 1e3) for c, f, e, n in rows]


def quantile(values, p):
    """As numpy has it."""
    values = sorted(values)
    x = (len(values) - 1) * p
    low = int(x)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (x - low)


class Row:
    """What was measured and foretold; @fitted: metrics to which a constant was fitted."""

    def __init__(self, what, name, pairs, fitted=(), light=False):
        self.what, self.name, self.pairs = what, name, pairs
        self.fitted, self.light = fitted, light

    def errors(self):
        for metric, (measured, foretold) in self.pairs.items():
            if measured is not None:
                yield metric, measured, foretold, 100.0 * (foretold / measured - 1.0)

    def goal(self, metric):
        kind = metric.split()[0].strip(",")
        return GOAL["ttft, light" if kind == "ttft" and self.light else kind]


def number(x):
    return "%.3g" % x if x < 1000 else "%.0f" % x


def cell(row, metric):
    for m, measured, foretold, error in row.errors():
        if m != metric:
            continue
        text = "%s, %s (%+.0f %%)" % (number(measured), number(foretold), error)
        if metric in row.fitted:
            return "*%s*" % text
        return "**%s**" % text if abs(error) > row.goal(metric) else text
    return ""


def table(rows):
    columns = []
    for row in rows:
        columns += [m for m in row.pairs if m not in columns]
    print("| run | load | %s |" % " | ".join(columns))
    print("|---|---|%s" % ("---|" * len(columns)))
    for row in rows:
        print("| %s | %s | %s |" % (row.what, row.name, " | ".join(cell(row, c) for c in columns)))


# AccelMark


def answers(law, n, seed):
    r = random.Random(seed)
    out = []
    for i in range(n):
        u = (i + 0.5) / n * (len(law) - 1)
        k = min(len(law) - 2, int(u))
        out.append(round(law[k] + (u - k) * (law[k + 1] - law[k])))
    r.shuffle(out)
    return out


def arrivals(levels):
    """Three runs of 300 at each rate, as its generator draws them: all from one stream."""
    r = random.Random(SEED)
    return {rate: [list(itertools.accumulate(r.expovariate(rate) for _ in range(300))) for _ in range(3)]
            for rate in levels}


class Suite:
    def __init__(self, runner, prompts, levels, law):
        self.runner, self.prompts, self.arrivals, self.law = runner, prompts, arrivals(levels), law

    def online(self, host, rate, settings):
        tokens, firsts, ends = [], [], []
        for k, at in enumerate(self.arrivals[rate]):
            got = self.runner.requests(host + ".yaml", "online", list(zip(at, self.prompts, answers(self.law, 300, k))), settings)
            firsts += [g[0] for g in got]
            tokens += [g[1] for g in got]
            ends.append(max(g[2] for g in got))
        return firsts, tokens, statistics.median(ends) / 1e3

    def alone(self, host):
        trace = [(20.0 * i, p, n) for i, (p, n) in enumerate(zip(self.prompts, answers(self.law, 150, 0)))]
        got = self.runner.requests(host + ".yaml", "online", trace, [])
        return [g[0] for g in got], [g[1] for g in got]

    def offline(self, host, settings):
        """Tokens a second, all at once in one call."""
        trace = [(0.0, p, n) for p, n in zip(self.prompts[:100], answers(self.law, 100, 7))]
        got = self.runner.requests(host + ".yaml", "online", trace, settings + [
            "instances.server.max_batch=512", "instances.server.reserve=2.5 GB",
            "instances.server.host_time.sequence=%g ms" % OFFLINE_MS])
        return sum(t[2] for t in trace) / max(g[2] for g in got) * 1e3

    def users(self, host, n, settings):
        return self.runner.metrics(host + ".yaml", settings + [
            "users.online.arrivals={process: saturated, outstanding: %d}" % n, "run.requests=1200",
            "run.replications=1", "run.warmup=60 s"])["throughput.tok_per_s"]


def value(text):
    return float(text) if text else None


def per_s(elapsed, foretold):
    """Both as requests a second."""
    return (300.0 / elapsed, 300.0 / foretold)


def suite_a(runner, data):
    suite = Suite(runner, prompts_of(data), (5, 25, 100), LLAMA_3)
    rows, offline_seen = [], set()
    for r in csv.DictReader(open(os.path.join(data, "vllm_suite_a_a100_4090.csv"))):
        host = HOSTS[r["gpu"]]
        load, kind = int(r["load"]), r["scenario"]
        if kind == "online300":
            firsts, tokens, end = suite.online(host, load, [])
            pairs = {"ttft p50, ms": (value(r["ttft_p50_ms"]), quantile(firsts, 0.5)),
                     "ttft p90, ms": (value(r["ttft_p90_ms"]), quantile(firsts, 0.9)),
                     "tpot p50, ms": (value(r["tpot_p50_ms"]), quantile(tokens, 0.5)),
                     "throughput, 1/s": per_s(float(r["elapsed_s"]), end)}
            fitted = ("ttft p50, ms", "tpot p50, ms") if load == 5 else ()
            if load == 100 and host == "a100-40gb":
                fitted = ("ttft p50, ms",)  # what of a host's time for prompts is each prompt's
            rows.append(Row(host, "%d /s" % load, pairs, fitted, light=load == 5))
        elif kind == "interactive150":
            firsts, tokens = suite.alone(host)
            rows.append(Row(host, "one at a time", {
                "ttft p50, ms": (value(r["ttft_p50_ms"]), quantile(firsts, 0.5)),
                "ttft p90, ms": (value(r["ttft_p90_ms"]), quantile(firsts, 0.9)),
                "tpot p50, ms": (value(r["tpot_p50_ms"]), quantile(tokens, 0.5))},
                ("ttft p50, ms", "tpot p50, ms"), light=True))
        elif kind == "sustained":
            got = suite.users(host, load, [])
            rows.append(Row(host, "%d users" % load, {"throughput, tok/s": (float(r["out_tok_per_s"]), got)}))
        elif host not in offline_seen:  # all three are the same run
            offline_seen.add(host)
            fitted = ("throughput, tok/s",) if host.startswith("a100") else ()
            rows.append(Row(host, "100 at once", {
                "throughput, tok/s": (float(r["out_tok_per_s"]), suite.offline(host, []))}, fitted))
    return sorted(rows, key=lambda row: row.what)


def suite_c(runner, data):
    suite = Suite(runner, prompts_of(data), (5, 10, 25, 50), LLAMA_31)
    rows, offline_seen = [], set()
    for r in csv.DictReader(open(os.path.join(data, "vllm_suite_c_precisions_a100_4090.csv"))):
        host = AGAIN.get(HOSTS[r["gpu"]], HOSTS[r["gpu"]])
        load, kind, what = int(r["load"]), r["scenario"], "%s %s" % (HOSTS[r["gpu"]], r["precision"])
        settings = ["models.m.precision=" + PRECISION[r["precision"]]]
        kernels = r["precision"] != "BF16" and host in ("a100-40gb", "rtx-4090-d")
        again = r["precision"] == "BF16" and host in AGAIN.values()
        if kind == "online300":
            firsts, tokens, end = suite.online(host, load, settings)
            rows.append(Row(what, "%d /s" % load, {
                "ttft p50, ms": (value(r["ttft_p50_ms"]), quantile(firsts, 0.5)),
                "tpot p50, ms": (value(r["tpot_p50_ms"]), quantile(tokens, 0.5)),
                "throughput, 1/s": per_s(float(r["elapsed_s"]), end)},
                ("ttft p50, ms", "tpot p50, ms") if kernels and load == 10 else
                ("tpot p50, ms",) if again and load == 5 else (), light=load == 5))
        elif kind == "sustained":
            rows.append(Row(what, "%d users" % load, {
                "throughput, tok/s": (float(r["out_tok_per_s"]), suite.users(host, load, settings))},
                ("throughput, tok/s",) if kernels or again else ()))
        elif what not in offline_seen:
            offline_seen.add(what)
            if r["precision"] == "W4A16":
                settings.append("instances.server.profile='%s'" % os.path.join(SCENARIOS, "gptq.profile"))
            rows.append(Row(what, "100 at once", {
                "throughput, tok/s": (float(r["out_tok_per_s"]), suite.offline(host, settings))}))
    return sorted(rows, key=lambda row: row.what)


def prompts_of(data):
    return [int(line) for line in open(os.path.join(data, "suite_prompt_tokens.txt"))]


# inference-sim


def h100(runner, data):
    rows = []
    for r in csv.DictReader(open(os.path.join(data, "h100_vllm015_llama2_stages.csv"))):
        seven, rate = r["tp"] == "1", float(r["rate_per_s"])
        prefix = round(float(r["prompt_tok"])) - 1
        m = runner.metrics("h100-llama2-7b.yaml" if seven else "h100-codellama-34b-tp2.yaml", [
            "users.u.arrivals.rate=%g /s" % rate, "users.u.prefixes.tokens=%d" % prefix,
            "users.u.workload.output_tokens=%d" % round(float(r["output_tok"]))])
        pairs = {"ttft, ms": (float(r["ttft_mean_ms"]), m["ttft.mean_s"] * 1e3),
                 "tpot, ms": (float(r["tpot_mean_ms"]), m["tpot.mean_s"] * 1e3),
                 "e2e, ms": (float(r["e2e_mean_ms"]), m["e2e.mean_s"] * 1e3),
                 "throughput, 1/s": (float(r["req_per_s"]), m["throughput.req_per_s"])}
        fitted = tuple(pairs)[:3] if seven and rate < 10 else ()
        rows.append(Row("Llama 2 7B" if seven else "Code Llama 34B on two", "%g /s" % rate, pairs, fitted,
                        light=rate < 20))
    return rows


# LLMServingSim


def pro_6000(runner, data):
    path = os.path.join(data, "rtx_pro_6000_llama31_8b_vllm019", "requests.jsonl")
    seen = sorted((json.loads(line) for line in open(path)), key=lambda r: r["arrival_time"])
    start = seen[0]["arrival_time"]
    clock = min(r["queued_ts"] - r["arrival_time"] for r in seen)  # from the wall's to the other
    trace = [(r["arrival_time"] - start, r["input_toks"], r["output_toks"]) for r in seen]
    measured = [((r["first_token_ts"] - clock - r["arrival_time"]) * 1e3,
                 (r["last_token_ts"] - r["first_token_ts"]) * 1e3 / max(r["output_toks"] - 1, 1),
                 (r["last_token_ts"] - clock - start) * 1e3, r["arrival_time"] - start) for r in seen]
    got = runner.requests("rtx-pro-6000.yaml", "u", trace, [])
    mean = statistics.mean
    pairs = {"ttft, ms": (mean(m[0] for m in measured), mean(g[0] for g in got)),
             "tpot, ms": (mean(m[1] for m in measured), mean(g[1] for g in got)),
             "e2e, ms": (mean(m[2] - 1e3 * m[3] for m in measured),
                         mean(g[2] for g in got) - 1e3 * mean(t[0] for t in trace)),
             "throughput, 1/s": (300e3 / max(m[2] for m in measured), 300e3 / max(g[2] for g in got))}
    return [Row("Llama 3.1 8B", "10 /s, 300 requests", pairs)]


# Single figures


def published(runner, data):
    rows = []
    for load, tok, first in ((4, 210, 53), (8, 377, 55), (16, 644, 97), (32, 975, 277), (48, 1190, 840)):
        m = runner.metrics("rtx-4090-mistral.yaml", ["users.u.arrivals.outstanding=%d" % load])
        rows.append(Row("vLLM, RTX 4090, Mistral 7B", "%d users" % load, {
            "throughput, tok/s": (tok, m["throughput.tok_per_s"]), "ttft p50, ms": (first, m["ttft.p50_s"] * 1e3)},
            ("throughput, tok/s",) if load in (4, 16) else (), light=load <= 8))
    for n, prompt, answer, tok in ((384, 128, 128, 5586), (60, 128, 2048, 1928), (52, 2048, 128, 591)):
        m = runner.metrics("a100-trt-llm.yaml", [
            "users.u.workload={prompt_tokens: %d, output_tokens: %d}" % (prompt, answer), "run.requests=%d" % n,
            "users.u.arrivals.outstanding=%d" % n, "instances.server.max_batch=%d" % n])
        rows.append(Row("TensorRT-LLM, A100, Llama 2 7B", "%d x %d/%d" % (n, prompt, answer), {
            "throughput, tok/s": (tok, m["throughput.tok_per_s"])}))
    for prompt, first in ((128, 16), (2048, 133)):
        m = runner.metrics("a100-trt-llm.yaml", [
            "users.u.workload={prompt_tokens: %d, output_tokens: 2}" % prompt, "run.requests=20",
            "users.u.arrivals.outstanding=1"])
        rows.append(Row("TensorRT-LLM, A100, Llama 2 7B", "1 x %d" % prompt, {
            "ttft p50, ms": (first, m["ttft.p50_s"] * 1e3)}, ("ttft p50, ms",) if prompt == 128 else (), light=True))
    for load, tok, first, token in ((1, 122.2, 13.98, 6.48), (4, 580.3, 22.75, 6.59), (16, 1384.2, 41.69, 10.94),
                                    (64, 1312.3, 86.92, 46.91)):
        m = runner.metrics("h100-llama3-8b.yaml", ["users.u.arrivals.outstanding=%d" % load])
        rows.append(Row("vLLM, H100, Llama 3.1 8B", "%d users" % load, {
            "throughput, tok/s": (tok, m["throughput.tok_per_s"]), "ttft p50, ms": (first, m["ttft.p50_s"] * 1e3),
            "tpot p50, ms": (token, m["tpot.p50_s"] * 1e3)}, light=load <= 4))
    for rate, e2e, first, token in ((4, 1564.17, 31.98, 13.17), (8, 2175.02, 35.68, 17.85)):
        m = runner.metrics("a100-sharegpt.yaml", ["users.u.arrivals.rate=%d /s" % rate, "run.requests=%d" % (300 * rate)])
        rows.append(Row("SGLang, A100, Llama 3.1 8B", "%d /s" % rate, {
            "e2e p50, ms": (e2e, m["e2e.p50_s"] * 1e3), "ttft p50, ms": (first, m["ttft.p50_s"] * 1e3),
            "tpot p50, ms": (token, m["tpot.p50_s"] * 1e3)},
            ("e2e p50, ms", "ttft p50, ms", "tpot p50, ms") if rate == 8 else (), light=True))
    rows.append(Row("SGLang, A100, Llama 3.1 8B", "5000 at once", {
        "throughput, tok/s": (4281.51, at_once(runner, 5000))}, ("throughput, tok/s",)))
    return rows


def lognormal(r, mean, cv, most):
    """As the scenario has it: drawn again where it is more."""
    sigma = math.sqrt(math.log(1 + cv * cv))
    while True:
        tok = max(1, round(r.lognormvariate(math.log(mean) - sigma * sigma / 2, sigma)))
        if tok <= most:
            return tok


def at_once(runner, n):
    """Tokens a second of @n requests of a100-sharegpt.yaml that are there at time 0, to the last answer."""
    r = random.Random(SEED)
    trace = [(0.0, lognormal(r, 226, 1.2, 1024), lognormal(r, 280, 1.94, 1024)) for _ in range(n)]
    got = runner.requests("a100-sharegpt.yaml", "u", trace, [])
    return sum(t[2] for t in trace) / max(g[2] for g in got) * 1e3


SETS = {"suite-a": suite_a, "suite-c": suite_c, "h100": h100, "pro-6000": pro_6000, "published": published}


def key_of(name, row, metric):
    return "%s: %s: %s: %s" % (name, row.what, row.name, metric)


def misses(name, rows):
    """What misses its goal: key, error, goal."""
    for row in rows:
        for metric, _, _, error in row.errors():
            if metric not in row.fitted and abs(error) > row.goal(metric):
                yield key_of(name, row, metric), error, row.goal(metric)


def misjudged(name, rows):
    """Runs in which many waited, and offing says that nobody did, or the reverse."""
    for row in rows:
        for metric in ("ttft p90, ms", "ttft, ms"):
            measured, foretold = row.pairs.get(metric, (None, None))
            if measured is not None and (measured > WAITS_MS) != (foretold > WAITS_MS):
                yield key_of(name, row, metric)


def judged(rows):
    return sum(1 for row in rows for metric, *_ in row.errors() if metric not in row.fitted)


def check(found, n, told_path):
    told = {r["row"]: abs(float(r["error"])) for r in csv.DictReader(open(told_path))}
    wrong = 0
    for key, error, goal in found:
        if abs(error) > told.get(key, goal) * 1.05 + SLACK:
            print("%s is off by %+.1f %%; %s" % (key, error, "told: %.1f %%" % told[key] if key in told else "goal: %g %%" % goal))
            wrong += 1
    print("%d figures to which nothing was fitted, %d miss their goals, %d of them by more than told" % (n, len(found), wrong))
    return wrong == 0


def main():
    p = argparse.ArgumentParser(usage="real.py [--offing FILE] [--check] [--data DIR] [SET...]")
    p.add_argument("--offing", default=os.environ.get("OFFING", os.path.join(HOME, "build", "cli", "offing")))
    p.add_argument("--data", default=os.path.join(HOME, "..", "shared", "data", "real_runs"))
    p.add_argument("--check", action="store_true")
    p.add_argument("--misses", action="store_true", help="print real_misses.csv as it would be now")
    p.add_argument("sets", nargs="*", choices=[[], *SETS])
    a = p.parse_args()
    if not os.path.isdir(a.data):
        print("real: the runs are not at %s: nothing to compare with" % os.path.normpath(a.data))
        return 77
    found, wrong, n = [], [], 0
    with tempfile.TemporaryDirectory() as folder:
        runner = Runner(os.path.abspath(a.offing), folder)
        for name in a.sets or SETS:
            rows = SETS[name](runner, a.data)
            found += misses(name, rows)
            n += judged(rows)
            wrong += misjudged(name, rows)
            if not a.check and not a.misses:
                print("\n### %s\n" % name)
                table(rows)
    if a.misses:
        print("row,error")
        for key, error, _ in found:
            print('"%s",%.1f' % (key, error))
    if a.check:
        for key in wrong:
            print("%s: saturated there and not here, or the reverse" % key)
        return 0 if check(found, n, os.path.join(HOME, "scripts", "real_misses.csv")) and not wrong else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
