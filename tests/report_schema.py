#!/usr/bin/env python3
"""`offing export --format benchmark-report`: the structure of llm-d's Benchmark Report 0.2.1, restated
here from its schema, and numbers that are those of the database. Where a copy of that schema is at
hand (BENCHMARK_REPORT_SCHEMA=FILE, and the module jsonschema), the report is held to it whole.
usage: report_schema.py OFFING; exit status 77 where there is no PyYAML"""

import os
import sqlite3
import subprocess
import sys
import tempfile

try:
    import yaml
except ImportError:
    print("no PyYAML: skipped")
    sys.exit(77)

SCENARIO = """
name: reported
run: {horizon: 30 s, warmup: 2 s, replications: 3}
instances: {a: {site: c, model: chat}, b: {site: e, model: chat}}
models: {chat: {model: llama2-7b, precision: int8}}
sites: {c: {tier: cloud, gpu: rtx-4090}, e: {tier: edge, gpu: rtx-4090}}
links: {}
users: {u: {model: chat, arrivals: {process: poisson, rate: 1.5 /s}, workload: humaneval}}
policies: {one: {name: fcfs}, two: {name: random}}
record: {requests: true}
"""

UNITS = {"count", "percent", "ms", "s", "ms/token", "s/token", "tokens/s", "queries/s"}
TIME, PER_TOKEN = {"ms", "s"}, {"ms/token", "s/token"}
NUMBERS = {"mean", "mode", "stddev", "min", "p0p1", "p1", "p5", "p10", "p25", "p50", "p75", "p90",
           "p95", "p99", "p99p9", "max"}


def statistics(units):
    def check(path, x):
        assert isinstance(x, dict) and {"units", "mean"} <= x.keys(), path
        assert x["units"] in units & UNITS, (path, x["units"])
        assert x.keys() <= NUMBERS | {"units"}, (path, x.keys())
        for name in x.keys() - {"units"}:
            assert isinstance(x[name], (int, float)) and not isinstance(x[name], bool), (path, name)
        assert x.get("stddev", 0) >= 0, path
    return check


def text(path, x):
    assert isinstance(x, str), path


def count(path, x):
    assert isinstance(x, int) and x >= 0, path


def anything(path, x):
    assert x is not None, path


def one_of(*words):
    def check(path, x):
        assert x in words, (path, x)
    return check


def table(needed, optional):
    """An object with these members alone."""
    def check(path, x):
        assert isinstance(x, dict), path
        for name, inner in needed.items():
            assert name in x, f"{path} lacks {name}"
        for name, value in x.items():
            inner = needed.get(name) or optional.get(name)
            assert inner, f"{path} has {name}"
            inner(f"{path}.{name}", value)
    return check


def many(inner):
    def check(path, x):
        assert isinstance(x, list), path
        for i, value in enumerate(x):
            inner(f"{path}[{i}]", value)
    return check


def number(path, x):
    assert isinstance(x, (int, float)), path


LENGTH = table({"distribution": one_of("fixed", "gaussian", "uniform", "other"), "value": number},
               {"std_dev": number, "min": count, "max": count})
NATIVE = table({}, {"args": anything, "envars": anything, "config": anything})
REPORT = table({
    "run": table({"uid": text}, {"eid": text, "description": text, "time": table({}, {
        "start": text, "end": text, "duration": text})}),
    "results": table({}, {
        "request_performance": table({}, {"aggregate": table({}, {
            "requests": table({"total": count}, {
                "failures": count, "incomplete": count, "input_length": statistics({"count"}),
                "output_length": statistics({"count"})}),
            "latency": table({}, {
                "time_to_first_token": statistics(TIME), "request_latency": statistics(TIME),
                "normalized_time_per_output_token": statistics(PER_TOKEN),
                "time_per_output_token": statistics(PER_TOKEN),
                "inter_token_latency": statistics(PER_TOKEN)}),
            "throughput": table({}, {
                "output_token_rate": statistics({"tokens/s"}),
                "request_rate": statistics({"queries/s"})})})}),
        "observability": table({}, {"components": many(table({"component_label": text}, {
            "aggregate": table({}, {
                "gpu_utilization": statistics({"percent"}), "cache_hit_rate": statistics({"percent"}),
                "preemptions": statistics({"count"})})}))})})}, {
    "version": one_of("0.2.1"),
    "scenario": table({}, {"load": table({
        "metadata": table({}, {"cfg_id": text, "description": text}),
        "standardized": table({"tool": text, "tool_version": text,
                               "source": one_of("random", "sampled", "unknown"),
                               "input_seq_len": LENGTH}, {"output_seq_len": LENGTH}),
        "native": NATIVE}, {})})})


def whole_schema(report):
    file = os.environ.get("BENCHMARK_REPORT_SCHEMA")
    if not file:
        return
    import json
    import jsonschema
    with open(file) as f:
        jsonschema.Draft202012Validator(json.load(f)).validate(report)
    print("held to", file)


def near(got, want, what):
    assert abs(got - want) <= 1e-12 * max(abs(got), abs(want)), f"{what}: {got}, not {want}"


def numbers(report, db, value):
    """@value(metric, scope) is what the database has."""
    aggregate = report["results"]["request_performance"]["aggregate"]
    latency, rates = aggregate["latency"], aggregate["throughput"]
    for name, metric in (("time_to_first_token", "ttft"), ("time_per_output_token", "tpot"),
                         ("request_latency", "e2e")):
        for part, kind in (("mean", "mean"), ("stddev", "sd"), ("p50", "p50"), ("p90", "p90"),
                           ("p95", "p95"), ("p99", "p99")):
            near(latency[name][part], value(f"{metric}.{kind}_s", ""), name)
    near(latency["normalized_time_per_output_token"]["mean"], value("latency.mean_ms_per_token", ""),
         "ntpot")
    near(rates["output_token_rate"]["mean"], value("throughput.tok_per_s", ""), "tokens")
    near(rates["request_rate"]["mean"], value("throughput.req_per_s", ""), "requests")
    for c in report["results"]["observability"]["components"]:
        near(c["aggregate"]["gpu_utilization"]["mean"],
             100 * value("busy.share", "instance:" + c["component_label"]), "busy")


def main():
    offing = os.path.realpath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        with open("s.yaml", "w") as f:
            f.write(SCENARIO)
        subprocess.run([offing, "run", "s.yaml", "-q", "-o", "r"], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        db = sqlite3.connect("r/results.sqlite")

        def export(*more):
            out = subprocess.run([offing, "export", "r", "--format", "benchmark-report", *more],
                                 check=True, capture_output=True, text=True).stdout
            report = yaml.safe_load(out)
            REPORT("report", report)
            whole_schema(report)
            return report

        report = export("--policy", "two")
        numbers(report, db, lambda name, scope: db.execute(
            "SELECT mean FROM summary WHERE run = 2 AND scope = ? AND name = ?",
            (scope, name)).fetchone()[0])
        requests = report["results"]["request_performance"]["aggregate"]["requests"]
        total, prompt = db.execute("SELECT count(*), avg(prompt_tokens) FROM request WHERE run = 2 "
                                   "AND measured").fetchone()
        assert requests["total"] == total, "total"
        near(requests["input_length"]["mean"], prompt, "input_length")
        config = report["scenario"]["load"]["native"]["config"]
        assert config == db.execute("SELECT scenario FROM run WHERE id = 2").fetchone()[0], "config"
        report = export("--run", "1", "--replication", "3")
        numbers(report, db, lambda name, scope: db.execute(
            "SELECT value FROM metric WHERE run = 1 AND replication = 3 AND scope = ? AND name = ?",
            (scope, name)).fetchone()[0])


main()
