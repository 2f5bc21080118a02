#!/usr/bin/env python3
"""A browser opens timelines and finds in them what is there. Skipped, saying so, where there is no Chromium.

usage: timeline_view.py OFFING SCENARIO...
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

OFFING = os.path.realpath(sys.argv[1])
HERE = os.path.dirname(os.path.realpath(__file__))
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def expected(trace):
    """Slices and rows, counted another way: by what opens them."""
    rows, slices, counters = set(), 0, {}
    names = {(e["pid"], e["tid"]): e["args"]["name"] for e in trace if e["name"] == "thread_name"}
    depth = {}
    for e in trace:
        if e["ph"] == "X":
            slices += 1
            rows.add((e["pid"], names[e["pid"], e["tid"]]))
        elif e["ph"] in "be":
            key = e["pid"], e["cat"], e["id2"]["local"]
            depth[key] = depth.get(key, 0) + (1 if e["ph"] == "b" else -1)
            if e["ph"] == "b":
                slices += 1
                if depth[key] == 1:
                    rows.add((e["pid"], e["name"]))
        elif e["ph"] == "C":
            key = e["pid"], e["name"]
            if key in counters:
                slices += 1
                rows.add(key)
            counters[key] = True
    return f"{slices} slices in {len(rows)} rows"


def title_of(page, folder):
    done = subprocess.run(
        [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/profile",
         "--virtual-time-budget=20000", "--dump-dom", f"file://{page}"],
        capture_output=True, text=True, timeout=120)
    found = re.search(r"<title>(.*?)</title>", done.stdout)
    return found.group(1) if found else f"no page: {done.stderr[-300:]}"


def check(scenario, folder):
    timeline, page = os.path.join(folder, "t.json"), os.path.join(folder, "view.html")
    subprocess.run([OFFING, "run", scenario, "-q", "-o", os.path.join(folder, "out"), "--force", "--timeline", timeline,
                    "-s", "run.replications=1", "-s", "run.warmup=0 s", "-s", "run.horizon=15 s"],
                   check=True, capture_output=True, timeout=100)
    with open(timeline) as f:
        text = f.read()
    with open(os.path.join(HERE, "timeline_view.html")) as f:
        viewer = f.read()
    with open(page, "w") as f:
        f.write(viewer.replace(">TRACE<", ">" + text.replace("</", "<\\/") + "<"))
    want, got = expected(json.loads(text)["traceEvents"]), title_of(page, folder)
    print(f"{os.path.basename(scenario)}: {got}")
    if got != want:
        print(f"  not {want}")
    return got == want


if not BROWSER:
    print("skipped: there is no chromium")
    sys.exit(77)
ok = True
for one in sys.argv[2:]:
    with tempfile.TemporaryDirectory() as where:
        ok = check(os.path.realpath(one), where) and ok
sys.exit(0 if ok else 1)
