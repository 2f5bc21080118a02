#!/usr/bin/env python3
"""A page of a sweep of 200 points, three policies each, in at most 3 s of processor time and 5 MB.

usage: report_speed.py OFFING ROOT
"""
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile

OFFING, ROOT = os.path.realpath(sys.argv[1]), sys.argv[2]
POINTS, SECONDS, BYTES = 200, 3.0, 5_000_000

SCENARIO = """extends: {}/scenarios/tiny.yaml
run: {{horizon: 20 s, warmup: 5 s, replications: 10}}
policy: null
policies:
  ours: {{name: k-p-fcfs, window: 4}}
  fcfs: {{name: fcfs}}
  cloud-only: {{name: cloud-only}}
"""


def copies(base):
    """The runs again, as of other rates of a link."""
    for point in range(1, POINTS):
        to = 3 * point
        for table in ("run", "setting", "replication", "metric", "summary", "profile"):
            columns = [c[1] for c in base.execute(f"PRAGMA table_info({table})")]
            key = "id" if table == "run" else "run"
            chosen = ", ".join(f"{c} + {to}" if c == key else c for c in columns)
            base.execute(f"INSERT INTO {table} ({', '.join(columns)}) SELECT {chosen} FROM {table} WHERE {key} <= 3")
        base.execute("UPDATE setting SET value = ? WHERE run > ? AND key = 'links.wan.rate'", (f"{50 + point} Mbps", to))
        base.execute("UPDATE run SET scenario = replace(scenario, '50 Mbps', ?) WHERE id > ?", (f"{50 + point} Mbps", to))
    base.commit()


def used():
    u = resource.getrusage(resource.RUSAGE_CHILDREN)
    return u.ru_utime + u.ru_stime


with tempfile.TemporaryDirectory() as folder:
    with open(folder + "/s.yaml", "w", encoding="utf-8") as f:
        f.write(SCENARIO.format(ROOT))
    subprocess.run([OFFING, "run", folder + "/s.yaml", "-q", "-o", folder + "/r"], check=True, capture_output=True)
    base = sqlite3.connect(folder + "/r/results.sqlite")
    copies(base)
    base.close()
    before = used()
    subprocess.run([OFFING, "report", folder + "/r", "-o", folder + "/p.html"], check=True)
    took, size = used() - before, os.path.getsize(folder + "/p.html")
    with open(folder + "/p.html", encoding="utf-8") as f:
        text = f.read()
    print(f"{took:.2f} s of processor time, {size} bytes")
    if "of 200 points" not in text or text.count("<tr") < 1000:
        sys.exit("it is not the page of a sweep of 200 points")
    if took > SECONDS or size > BYTES:
        sys.exit(f"more than {SECONDS} s or {BYTES} bytes")
