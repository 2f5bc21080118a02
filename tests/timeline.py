#!/usr/bin/env python3
"""What a timeline shows is whole, and is what the run measured.

usage: timeline.py OFFING
"""
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections import defaultdict
from decimal import Decimal

OFFING = os.path.realpath(sys.argv[1])

HEAD = """name: t
run: {horizon: 60 s, warmup: 0 s, replications: 1, seed: 3}
sites: {edge: {tier: edge, gpu: titan-x}, cloud: {tier: cloud, gpu: rtx-4090}}
models: {chat: {model: llama2-7b, precision: int8}}
"""
LINKS = """links:
  access: {between: [users, edge], rate: 5 Mbps, delay: 2 ms}
  wan: {between: [users, cloud], rate: 50 Mbps, delay: 10 ms}
"""
SHARED = """links:
  access: {between: [users, edge], rate: 200 kbps, delay: 2 ms, sharing: fair}
  wan: {between: [users, cloud], rate: 300 kbps, delay: 10 ms, sharing: fair}
"""
POISSON = "{process: poisson, rate: 2 /s}"
TRACE = "{process: trace, file: trace.csv, format: csv}"


def users(arrivals, more=""):
    lengths = "" if arrivals == TRACE else ", workload: humaneval"
    return f"users: {{office: {{home: edge, model: chat, arrivals: {arrivals}{lengths}{more}}}}}\n"


def instances(more=""):
    return f"""instances:
  edge: {{site: edge, model: chat, max_batch: 4{more}}}
  cloud: {{site: cloud, model: chat, max_batch: 3{more}}}
"""


FCFS = "policy: {name: fcfs}\n"
APART = """instances:
  edge: {site: edge, model: chat, max_batch: 4, role: prefill}
  cloud: {site: cloud, model: chat, max_batch: 6, role: decode}
"""
PIPE = """instances:
  pipe: {sites: [edge, cloud], model: chat, max_batch: 4}
"""
DRAFTS = """instances:
  cloud: {site: cloud, model: chat, max_batch: 6, decoding: speculative, draft: {k: 3, site: edge, acceptance: 0.6}}
"""
DRAFTED = HEAD.replace("precision: int8}", "precision: int8, draft: {model: llama-68m, precision: fp16}}")
BACKBONE = "  core: {between: [edge, cloud], rate: 10 Gbps, delay: 1 ms}\n"
CHUNKED = ", batching: chunked, chunk_tokens: 64"
ANSWERED = ("-s", "run.horizon=trace")

# name: (scenario, options, whether every request is answered)
CASES = {
    "continuous": (HEAD + LINKS + instances() + users(POISSON) + FCFS, (), False),
    "chunked": (HEAD + LINKS + instances(CHUNKED) + users(POISSON) + FCFS, (), False),
    "flows": (HEAD + SHARED + instances() + users(POISSON) + FCFS, (), False),
    "streamed": (HEAD + LINKS + instances() + users(POISSON, ", delivery: stream") + FCFS, (), False),
    "delayed": (HEAD + LINKS + instances() + users(POISSON) + FCFS,
                ("-s", "run.scheduler_delay=7 ms"), False),
    "preempted": (HEAD + "links: {}\n" + instances(", reserve: 3.6 GB") + users(TRACE) + FCFS,
                  ANSWERED + ("-s", "instances.cloud=null", "-s", "instances.edge.max_batch=16"), True),
    "chunked-preempted": (
        HEAD + "links: {}\n" + instances(CHUNKED + ", reserve: 3.6 GB") + users(TRACE) + FCFS,
        ANSWERED + ("-s", "instances.cloud=null", "-s", "instances.edge.max_batch=16"), True),
    "answered": (HEAD + LINKS + instances() + users(TRACE) + FCFS, ANSWERED, True),
    "chunked-answered": (HEAD + LINKS + instances(CHUNKED) + users(TRACE) + FCFS, ANSWERED, True),
    "flows-answered": (HEAD + SHARED + instances() + users(TRACE) + FCFS, ANSWERED, True),
    "apart": (HEAD + LINKS + BACKBONE + APART + users(TRACE) + FCFS, ANSWERED, True),
    "apart-streamed": (HEAD + LINKS + BACKBONE + APART + users(POISSON, ", delivery: stream") + FCFS,
                       ("-s", "instances.edge.kv_overlap=true"), False),
    "apart-preempted": (
        HEAD + LINKS + BACKBONE + APART + users(TRACE) + FCFS,
        ANSWERED + ("-s", "instances.cloud.kv_blocks=40", "-s", "instances.cloud.max_batch=16"), True),
    "pipeline": (HEAD + LINKS + BACKBONE + PIPE + users(TRACE) + FCFS, ANSWERED, True),
    "drafts": (DRAFTED + LINKS + BACKBONE + DRAFTS + users(TRACE) + FCFS, ANSWERED, True),
    "static": (HEAD + LINKS + instances(", batching: static") + users(TRACE) + FCFS, ANSWERED, True),
    "two-policies": (HEAD + LINKS + instances() + users(POISSON)
                     + "policies: {fcfs: {name: fcfs}, home: {name: edge-only}}\n",
                     ("--replications", "3"), False),
    "station": ("""name: t
run: {horizon: 60 s, warmup: 0 s, replications: 1, seed: 3}
sites: {a: {tier: edge}}
instances: {q: {site: a, service: {distribution: exponential, mean: 2 s}, slots: 3}}
users: {u: {arrivals: {process: poisson, rate: 1 /s}}}
policy: {name: fcfs}
""", (), False),
}

failures = []


def check(ok, what):
    if not ok:
        failures.append(f"{case}: {what}")


def run(folder, text, *options, timeline="t.json"):
    with open(os.path.join(folder, "s.yaml"), "w") as f:
        f.write(text)
    with open(os.path.join(folder, "trace.csv"), "w") as f:
        f.write("arrival_s,prompt_tokens,output_tokens\n")
        for i in range(60):
            f.write(f"{0.37 * i + 0.1:.2f},{40 + 97 * i % 300},{1 + 53 * i % 250}\n")
    more = ("--timeline", timeline) if timeline else ()
    return subprocess.run([OFFING, "run", "s.yaml", "-q", "--json", "-o", "out", "--force", *more, *options],
                          cwd=folder, capture_output=True, text=True, timeout=100)


def ns(us):
    """Microseconds with three digits, exactly."""
    value = us * 1000
    assert value == int(value), us
    return int(value)


def load(path):
    with open(path) as f:
        events = json.load(f, parse_float=Decimal)["traceEvents"]
    for e in events:
        if e["ph"] != "M":
            e["ts"] = ns(e["ts"])
            check(e["ts"] >= 0, "an event before the start")
        if "dur" in e:
            e["dur"] = ns(e["dur"])
    return events


def check_tracks(events):
    """No two slices of a track overlap; returns them by track."""
    tracks = defaultdict(list)
    for e in events:
        if e["ph"] == "X":
            tracks[e["pid"], e["tid"]].append(e)
    for track in tracks.values():
        track.sort(key=lambda e: (e["ts"], e["dur"]))
        for a, b in zip(track, track[1:]):
            check(a["ts"] + a["dur"] <= b["ts"], f"slices overlap: {a} {b}")
    return tracks


def check_nesting(events):
    """Slices that may overlap are closed in order; returns [(begin, end, depth)] by process, category, id."""
    open_now, done = defaultdict(list), defaultdict(list)
    last = {}
    for e in events:
        if e["ph"] not in "be":
            continue
        key = e["pid"], e["cat"], e["id2"]["local"]
        check(e["ts"] >= last.get(key, 0), f"back in time: {e}")
        last[key] = e["ts"]
        if e["ph"] == "b":
            open_now[key].append(e)
            continue
        check(open_now[key] and open_now[key][-1]["name"] == e["name"], f"ends what did not begin: {e}")
        done[key].append((open_now[key].pop(), e, len(open_now[key])))
    check(not any(open_now.values()), "a slice does not end")
    return done


def check_requests(nested, rows, process):
    """Phases add up to the end-to-end time, and that is the measured one."""
    seen = 0
    for (pid, category, ident), slices in nested.items():
        if pid != process or category != "request":
            continue
        roots = [(b, e) for b, e, depth in slices if depth == 0]
        inner = sorted((b["ts"], e["ts"], b["name"]) for b, e, depth in slices if depth == 1)
        check(len(roots) == 1, f"{ident} has {len(roots)} roots")
        begin, end = roots[0][0]["ts"], roots[0][1]["ts"]
        check(sum(e - b for b, e, _ in inner) == end - begin, f"phases of {ident} are not its time")
        check(all(a[1] == b[0] for a, b in zip(inner, inner[1:])), f"a gap in {ident}")
        seen += 1
        row = rows.get(int(ident, 16))
        check(row, f"{ident} is no request")
        if row and row["delivered_s"] is not None:
            check(abs(end - begin - 1e9 * (row["delivered_s"] - row["created_s"])) < 50, f"{ident} took another time")
            check(roots[0][0]["args"]["fate"] == "done", f"{ident} is done")
            check(inner[-1][2] in ("download", "decode", "kv", "prefill", "service"), f"{ident} ends with {inner[-1][2]}")
    check(seen == len(rows), f"{seen} requests, measured {len(rows)}")


def check_arrows(events, tracks):
    """Each begins in a decision and ends in a step with prompts, not before it; or it begins in such a step, as its
    KV leaves, and ends in one that decodes."""
    start = {e["id"]: e for e in events if e["ph"] == "s" and e["name"] == "assigned"}
    ends = [e for e in events if e["ph"] == "f" and e["name"] == "assigned"]
    check(len(start) == len(ends), "arrows with one end")
    steps = {(k, e["ts"]): e for k, track in tracks.items() for e in track if e["cat"] == "step"}
    left = {(k, e["ts"] + e["dur"] - 1) for k, track in tracks.items() for e in track if e["cat"] == "step"}
    kv = {phase: {e["id"]: e for e in events if e["ph"] == phase and e["name"] == "kv"} for phase in "sf"}
    check(set(kv["s"]) == set(kv["f"]), "KV that goes nowhere")
    check(bool(kv["s"]) == case.startswith("apart"), f"KV of {len(kv['s'])}")
    for ident, e in kv["f"].items():
        s = kv["s"][ident]
        check(((s["pid"], s["tid"]), s["ts"]) in left and s["tid"] != e["tid"], f"KV from nowhere: {s}")
        # one that was preempted there may be computed again before it decodes
        to = ("decode", "prefill") if case == "apart-preempted" else ("decode",)
        check(steps.get(((e["pid"], e["tid"]), e["ts"]), {}).get("name") in to, f"KV to no step: {e}")
    decisions = {(e["pid"], e["ts"]) for k, track in tracks.items() for e in track if k[1] == 0}
    for e in ends:
        s = start.get(e["id"])
        check(s and s["ts"] <= e["ts"] and (s["pid"], s["ts"]) in decisions, f"an arrow from nowhere: {e}")
        step = steps.get(((e["pid"], e["tid"]), e["ts"]))
        check(step and step["name"] in ("prefill", "chunk"), f"an arrow to no step: {e}")


def check_busy(db, run_id, policy, names, tracks, process, nested):
    """Slices of an instance sum to what it was busy."""
    horizon = db.execute("SELECT horizon_s FROM replication WHERE run=? AND number=1", (run_id,)).fetchone()[0]
    for scope, share in db.execute(
            "SELECT scope, value FROM metric WHERE run=? AND replication=1 AND name='busy.share' "
            "AND scope LIKE 'instance:%'", (run_id,)):
        name = scope.split(":")[1]
        if any(n.startswith(name + ", stage") for n in names.values()):
            continue  # its stages are busy one by one
        shown = sum(e["dur"] for k, track in tracks.items() if k[0] == process and names.get(k) == name
                    for e in track if e["cat"] == "step")
        if case == "station":
            shown = sum(e["ts"] - b["ts"] for key, slices in nested.items() if key[1] == "service"
                        for b, e, _ in slices) / 3
        check(shown > 0 or share == 0 and "fcfs" not in policy, f"{name} never works")
        check(abs(shown * 1e-9 - share * horizon) < 1e-6, f"{name}: {shown * 1e-9} s, measured {share * horizon}")


def check_stages(db, run_id, names, tracks, process):
    horizon = db.execute("SELECT horizon_s FROM replication WHERE run=? AND number=1", (run_id,)).fetchone()[0]
    rows = db.execute("SELECT scope, value FROM metric WHERE run=? AND replication=1 AND name='busy.share' "
                      "AND scope LIKE 'stage:%'", (run_id,)).fetchall()
    for scope, share in rows:
        name, stage = scope.split(":")[1].split("/")
        shown = sum(e["dur"] for k, track in tracks.items()
                    if k[0] == process and names[k].startswith(f"{name}, stage {stage} at ") for e in track)
        check(shown > 0 and abs(shown * 1e-9 - share * horizon) < 1e-6, f"{scope}: {shown * 1e-9} s, {share * horizon}")
    check(len(rows) == (2 if case == "pipeline" else 0), f"{len(rows)} stages")


def check_links(db, run_id, events, tracks, nested, names, process):
    """What links carry, by kind, is what was measured."""
    shown = defaultdict(int)
    for k, track in tracks.items():
        for e in track:
            if k[0] == process and e["cat"] == "link":
                shown[names[k], e["name"]] += e["args"]["bytes"]
    for (pid, category, _), slices in nested.items():
        for b, _, _ in slices:
            if pid == process and category == "link":
                shown[b["name"], b["args"]["carries"]] += b["args"]["bytes"]
    for scope, name, value in db.execute(
            "SELECT scope, name, value FROM metric WHERE run=? AND replication=1 AND scope LIKE 'link:%' "
            "AND name LIKE 'bytes.%' AND name <> 'bytes.wire'", (run_id,)):
        key = scope.split(":", 1)[1], name.split(".")[1]
        check(abs(shown.pop(key, 0) - value) < 1, f"{key} carries {value} bytes")
    check(not shown, f"not measured: {shown}")
    return len(shown)


def check_tokens(tracks, names, rows, preempted):
    own = {k for k, n in names.items() if not n.startswith("drafts at") and (", stage" not in n or ", stage 1 " in n)}
    steps = [e["args"] for k, track in tracks.items() for e in track if e["cat"] == "step" and k in own]
    check(all(a["batch"] > 0 and a["steps"] > 0 for a in steps), "a step of nobody")
    made, asked = sum(a["tok"] for a in steps), sum(r["output_tokens"] for r in rows.values())
    check(made == asked, f"{made} tokens made, {asked} asked for")
    prompts, asked = sum(a.get("prompt_tok", 0) for a in steps), sum(r["prompt_tokens"] for r in rows.values())
    check(prompts > asked if preempted else prompts == asked, f"{prompts} of prompts computed, {asked} came")


def check_counters(events):
    shown = {}
    for e in sorted((e for e in events if e["ph"] == "C"), key=lambda e: e["ts"]):
        check(e["args"]["n"] >= 0, "a negative count")
        shown[e["pid"], e["name"]] = e["args"]["n"]
    check(any(n.endswith("queue") for _, n in shown), "no counter")
    for (_, name), last in shown.items():
        check(last == 0 or name.endswith("queue"), f"{name} ends with {last}")


def rows_of(db, run_id):
    db.row_factory = sqlite3.Row
    rows = {r["id"]: r for r in db.execute("SELECT * FROM request WHERE run=? AND replication=1", (run_id,))}
    db.row_factory = None
    return rows


def check_case(folder, text, options, answered):
    done = run(folder, text, *options)
    check(done.returncode == 0, f"status {done.returncode}: {done.stderr}")
    if done.returncode != 0:
        return
    events = load(os.path.join(folder, "t.json"))
    db = sqlite3.connect(os.path.join(folder, "out/results.sqlite"))
    tracks, nested = check_tracks(events), check_nesting(events)
    names = {(e["pid"], e["tid"]): e["args"]["name"] for e in events if e["name"] == "thread_name"}
    policies = db.execute("SELECT id, policy FROM run ORDER BY id").fetchall()
    for process, (run_id, policy) in enumerate(policies, 1):
        label = [e["args"]["name"] for e in events if e["name"] == "process_name" and e["pid"] == process]
        check(label == [policy], f"process {process} is {label}")
        check_requests(nested, rows_of(db, run_id), process)
        check_busy(db, run_id, policy, names, tracks, process, nested)
        check_stages(db, run_id, names, tracks, process)
    check_arrows(events, tracks)
    check_counters(events)
    kinds = {e["name"] for k, track in tracks.items() for e in track if e["cat"] == "step"}
    if case != "station":
        check(kinds >= {"chunk" if "chunked" in case else "prefill", "verify" if case == "drafts" else "decode"},
              f"only {kinds}")
        check(("draft" in kinds) == (case == "drafts"), f"drafts in {kinds}")
    if answered:
        check_links(db, policies[0][0], events, tracks, nested, names, 1)
        check_tokens(tracks, names, rows_of(db, policies[0][0]), "preempted" in case or case == "static")
    with open(os.path.join(folder, "t.json"), "rb") as f:
        first = f.read()
    tables = db.execute("SELECT * FROM metric ORDER BY 1, 2, 3, 4").fetchall()
    db.close()
    again = run(folder, text, *options, "-j", "2")
    with open(os.path.join(folder, "t.json"), "rb") as f:
        check(f.read() == first, "other bytes with two threads")
    without = run(folder, text, *options, timeline=None)
    db = sqlite3.connect(os.path.join(folder, "out/results.sqlite"))
    check(without.stdout == done.stdout == again.stdout, "another result without a timeline")
    check(db.execute("SELECT * FROM metric ORDER BY 1, 2, 3, 4").fetchall() == tables, "other metrics without one")
    db.close()


def check_limit(folder):
    """A full timeline is whole, says so, and has a part of each policy."""
    text, options, _ = CASES["two-policies"]
    done = run(folder, text, *options, "-s", "record.timeline_events=1000")
    check(done.returncode == 0, done.stderr)
    check(done.stderr.count("the timeline has no room for what ends after") == 2, f"no warning: {done.stderr}")
    events = load(os.path.join(folder, "t.json"))
    check_tracks(events)
    check_nesting(events)
    counted = [e for e in events if e["ph"] != "M"]
    check(900 < len(counted) <= 1010, f"{len(counted)} events")
    check(all(sum(e["pid"] == p for e in counted) > 400 for p in (1, 2)), "a policy is not shown")
    db = sqlite3.connect(os.path.join(folder, "out/results.sqlite"))
    check(db.execute("SELECT count(*) FROM warning WHERE kind='timeline'").fetchone() == (2,), "not in the table")
    db.close()


def check_files(folder):
    """Where it goes, and what it does not replace."""
    text = CASES["continuous"][0]
    kept = os.path.join(folder, "out/timeline.json")
    done = run(folder, text, "-s", "record.timeline=true", timeline=None)
    check(done.returncode == 0 and os.path.exists(kept), f"no timeline with the results: {done.stderr}")
    check(len(load(kept)) > 1000, "nothing in it")
    run(folder, text, timeline=None)
    check(not os.path.exists(kept), "one of an older result stays")

    def refused(status, *options):
        done = subprocess.run([OFFING, "run", "s.yaml", "-q", "-o", "fresh", *options],
                              cwd=folder, capture_output=True, text=True, timeout=60)
        check(done.returncode == status and done.stderr.count("error:") == 1, f"{options}: {done.returncode} {done.stderr}")
        check(not os.path.exists(os.path.join(folder, "fresh/results.sqlite")), f"{options}: a result all the same")

    run(folder, text)
    refused(2, "--timeline", "t.json")
    refused(2, "--timeline", "/dev/null", "--force")
    refused(1, "--timeline", "absent/t.json")
    check(not [f for f in os.listdir(folder) if "unfinished" in f], "something unfinished stays")


for case, (scenario, opts, all_answered) in CASES.items():
    with tempfile.TemporaryDirectory() as where:
        check_case(where, scenario, opts, all_answered)
for case, test in (("limit", check_limit), ("files", check_files)):
    with tempfile.TemporaryDirectory() as where:
        test(where)
for failure in failures[:20]:
    print(failure)
print(f"{len(CASES) + 2} cases, {len(failures)} failures")
sys.exit(1 if failures else 0)
