#!/usr/bin/env python3
"""Pages of `offing report`: well-formed, complete by themselves, and every number on them is in the database.

usage: report.py OFFING ROOT
"""
import csv
import functools
import html
import html.parser
import json
import math
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import urllib.parse
import xml.etree.ElementTree

OFFING, ROOT = os.path.realpath(sys.argv[1]), sys.argv[2]
failures = []


def complain(*words):
    failures.append(" ".join(str(w) for w in words))


def offing(*args, status=0, draws=False):
    """Pictures take gnuplot's time: most pages are made as where there is none."""
    env = dict(os.environ) if draws else {**os.environ, "PATH": "/nowhere"}
    done = subprocess.run([OFFING, *args], capture_output=True, text=True, timeout=60, env=env)
    if done.returncode != status:
        complain("offing", *args, "ends with", done.returncode, "and", done.stderr)
    return done.stdout if status == 0 else done.stderr


# Statistics, another way: Student's t from the continued fraction of the incomplete beta function

def beta_share(a, b, x):
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - beta_share(b, a, 1 - x)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)) / a
    f = 1.0
    for m in range(150, 0, -1):  # from the inside out
        k = m // 2
        d = k * (b - k) * x / ((a + 2 * k - 1) * (a + 2 * k)) if m % 2 == 0 else \
            -(a + k) * (a + b + k) * x / ((a + 2 * k) * (a + 2 * k + 1))
        f = 1 + d / f
    return front / f


@functools.cache
def student(p, degrees):
    """The quantile of p > 1/2."""
    low, high = 0.0, 1e6
    for _ in range(90):
        t = (low + high) / 2
        if 1 - 0.5 * beta_share(degrees / 2, 0.5, degrees / (degrees + t * t)) < p:
            low = t
        else:
            high = t
    return low


assert abs(student(0.975, 9) - 2.262157) < 1e-6 and abs(student(0.995, 4) - 4.604095) < 1e-6  # any table


def mean_and_half(values, level):
    n = len(values)
    mean = math.fsum(values) / n
    if n < 2:
        return mean, None
    sd = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (n - 1))
    return mean, student(0.5 + level / 2, n - 1) * sd / math.sqrt(n)


# The page as it is read

class Page(html.parser.HTMLParser):
    """Cells of numbers, and numbers within text, with the attributes of their row and column."""
    VOID = {"meta", "link", "br", "img", "hr"}

    def __init__(self, text):
        super().__init__()
        self.stack, self.ids, self.links, self.numbers, self.columns = [], [], [], [], []
        self.row, self.cell, self.place, self.words, self.classes = {}, None, 0, [], []
        self.feed(text)
        self.close()
        if self.stack:
            complain("not closed:", self.stack)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag not in self.VOID:
            self.stack.append(tag)
        if "id" in attrs:
            self.ids.append(attrs["id"])
        if attrs.get("href", "").startswith("#"):
            self.links.append(attrs["href"][1:])
        for name in ("src", "href", "action", "data"):
            if not attrs.get(name, "#").startswith(("#", "data:")):
                complain("a link out of the page:", tag, attrs)
        data = {k[5:]: v for k, v in attrs.items() if k.startswith("data-")}
        if tag == "table":
            self.columns = []
        if tag == "tr":
            self.row, self.place = data, -1
        if tag in ("td", "th"):
            self.place += 1
        if tag == "th" and attrs.get("scope") == "col":
            self.columns.append(data)
        if tag == "td":
            of_column = self.columns[self.place] if self.place < len(self.columns) else {}
            if "n" in attrs.get("class", "").split():
                self.cell = {**self.row, **of_column, **data, "text": "", "cell": True}
            else:
                self.cell = None
        if tag == "data":
            self.cell = {**data, "v": attrs.get("value"), "text": "", "cell": False}
        if tag == "span" and attrs.get("class", "").startswith("word") and self.cell:
            self.cell = {**self.cell, "in_word": True}

    def handle_endtag(self, tag):
        while self.stack and self.stack.pop() != tag:
            complain("closed out of order:", tag)
        if tag == "span" and self.cell:
            self.cell.pop("in_word", None)
        if tag in ("td", "data") and self.cell is not None:
            self.numbers.append(self.cell)
            self.cell = None

    def handle_data(self, data):
        if self.cell is not None and not self.cell.get("in_word"):
            self.cell["text"] += data
        elif self.cell is not None and data.strip():
            self.cell["word"] = data


class Database:
    def __init__(self, folders):
        self.folders = folders
        self.bases = [sqlite3.connect("file:" + urllib.parse.quote(f + "/results.sqlite") + "?mode=ro", uri=True) for f in folders]

    def one(self, folder, sql, *args):
        row = self.bases[int(folder) - 1].execute(sql, args).fetchone()
        return row if row else (None,) * 3

    def values(self, at, name, scope=""):
        folder, run = at
        return dict(self.bases[int(folder) - 1].execute(
            "SELECT replication, value FROM metric JOIN replication r ON r.run = metric.run AND number = replication "
            "WHERE metric.run = ? AND scope = ? AND name = ? AND status = 'complete' AND value IS NOT NULL", (run, scope, name)))


MORE = {"qos.share", "goodput.req_per_s", "throughput.tok_per_s", "throughput.req_per_s"}


def ranked(base, x):
    """What is worked out of several runs: (value, half-width)."""
    runs = [tuple(a.split(":")) for a in x["among"].split()]
    all_values = {a: base.values(a, x["name"]) for a in runs}
    common = sorted(set.intersection(*[set(v) for v in all_values.values()]))
    columns = {a: [all_values[a][k] for k in common] for a in runs}
    means = {a: math.fsum(c) / len(c) for a, c in columns.items()}
    sign = -1 if x["name"] in MORE else 1
    best = min(runs, key=lambda a: sign * means[a])

    def behind(a):
        pairs = len(runs) * (len(runs) - 1) / 2
        return mean_and_half([v - w for v, w in zip(columns[a], columns[best])], 1 - 0.025 / pairs)

    me = (x["folder"], x["run"]) if "run" in x else best
    if x["column"] == "rank-mean":
        return mean_and_half(columns[me], 0.95)
    if x["column"] == "rank-behind":
        return behind(me)
    if x["column"] == "rank-indifference":
        return 0.01 * abs(means[best]), None
    edges = [sign * d - h for d, h in map(behind, [a for a in runs if a != best])]
    return min(edges), None


def differences(base, x):
    b, a = [tuple(side.split(":")) for side in x["column"].split(" - ")]
    of_a, of_b = base.values(a, x["name"]), base.values(b, x["name"])
    return mean_and_half([of_b[k] - of_a[k] for k in sorted(set(of_a) & set(of_b))], 0.95)


def expected(base, x):
    """(value, half-width) of the number, from the tables; a text where it is one."""
    column, folder, run = x.get("column"), x.get("folder"), x.get("run")
    if column and column.startswith("rank-"):
        return ranked(base, x)
    if column and " - " in column:
        return differences(base, x)
    if column == "complete":
        rows = [base.one(f + 1, "SELECT count(*) FROM replication WHERE status = 'complete' AND run = ?", r)[0]
                for f, r in all_runs(base)] if run is None else [
            base.one(folder, "SELECT count(*) FROM replication WHERE status = 'complete' AND run = ?", run)[0]]
        return pick(rows, x), None
    if column in ("warmup_s", "horizon_s"):
        return pick([v for f, r in all_runs(base) if run is None or (str(f + 1), str(r)) == (folder, run)
                     for v, in base.bases[f].execute(f"SELECT {column} FROM replication WHERE run = ?", (r,))], x), None
    if column == "wall_s" and base.one(folder, "SELECT host FROM run WHERE id = ?", run)[0] is None:
        with open(base.folders[int(folder) - 1] + "/provenance.csv", newline="", encoding="utf-8") as f:
            return [float(row["wall_s"]) for row in csv.DictReader(f) if row["run"] == run][0], None
    if column in ("seed", "wall_s"):
        return base.one(folder, f"SELECT {column} FROM run WHERE id = ?", run)[0], None
    if column == "bytes":
        return base.one(folder, "SELECT bytes FROM input WHERE run = ? AND key = ?", run, x["name"])[0], None
    if column and column.startswith("sigma_"):
        return base.one(folder, f"SELECT {column} FROM profile WHERE run = ? AND instance = ? AND profile = ?",
                        run, x["scope"], x["name"])[0], None
    if column:
        return base.one(folder, "SELECT value FROM setting WHERE run = ? AND key = ?", run, column)[0], None
    mean, low, high = base.one(folder, "SELECT mean, ci_low, ci_high FROM summary WHERE run = ? AND scope = ? AND name = ?",
                               run, x["scope"], x["name"])
    if mean is None and base.one(folder, "SELECT status FROM run WHERE id = ?", run)[0] != "complete":
        values = list(base.values((folder, run), x["name"], x["scope"]).values())
        return mean_and_half(values, 0.95) if values and x["name"] != "lyapunov.verdict" else (None, None)
    return mean, None if low is None else (high - low) / 2


def pick(values, x):
    """The one that is printed, of several runs the least and the most."""
    near = [v for v in values if v is not None and x["v"] is not None and v == float(x["v"])]
    return near[0] if near else None


def all_runs(base):
    return [(f, r) for f, b in enumerate(base.bases) for r, in b.execute("SELECT id FROM run")]


def decimals(text):
    digits = re.fullmatch(r"(-?\d+)(?:\.(\d+))?(?:e([+-]\d+))?", text)
    if not digits:
        return None
    return len(digits.group(2) or "") - int(digits.group(3) or 0)


def same(text, value):
    """Is @text what @value is at its precision?"""
    places = decimals(text)
    return places is not None and abs(float(text) - value) <= 0.5000001 * 10.0 ** -places + 1e-12 * abs(value)


def check_number(where, base, x):
    text = x["text"].replace("\u2212", "-").strip()
    value, half = expected(base, x)
    if isinstance(value, str):
        if text != value:
            complain(where, x, "is not", value)
        return
    if value is None:
        if text != "\u2013":
            complain(where, x, "is not in the database")
        return
    scale = float(x.get("scale", 1))
    main, _, width = text.partition(" ± ")
    if not same(main, value * scale):
        complain(where, x, "is not", value * scale)
    if x["v"] is None or abs(float(x["v"]) - value) > 1e-9 * abs(value) + 1e-15:
        complain(where, x, "sorts by", x["v"], "and not by", value)
    if width and (half is None or not (same(width, half * scale) or
                                       (half * scale < float(width) == 10.0 ** -decimals(width)))):
        complain(where, x, "has a half-width that is not", half and half * scale)
    if not width and half is not None and half * scale > 1e-9 * abs(value * scale) and "±" not in text:
        complain(where, x, "lacks its interval,", half * scale)


def check(where, file, folders, least):
    with open(file, encoding="utf-8") as f:
        text = f.read()
    try:
        xml.etree.ElementTree.fromstring(text.replace("<!DOCTYPE html>", "", 1))
    except xml.etree.ElementTree.ParseError as e:
        complain(where, "is not well-formed:", e)
        return None
    page, base = Page(text), Database(folders)
    for i in set(page.ids):
        if page.ids.count(i) > 1:
            complain(where, "has twice the id", i)
    for link in page.links:
        if link not in page.ids:
            complain(where, "has no", link)
    for x in page.numbers:
        check_number(where, base, x)
    if len(page.numbers) < least:
        complain(where, "has only", len(page.numbers), "numbers")
    return text


SCENARIO = """extends: {}/scenarios/tiny.yaml
description: {}
run: {{horizon: 25 s, warmup: 5 s}}
record: {{requests: true, queues: 1 s}}
policy: null
policies:
  ours: {{name: k-p-fcfs, window: 4}}
  fcfs: {{name: fcfs}}
  cloud-only: {{name: cloud-only}}
"""


def spoil(text):
    """Another last digit in every number of a cell, and how many there are."""
    count = 0

    def other(found):
        nonlocal count
        count += 1
        return found.group(1) + str((int(found.group(2)) + 3) % 10) + found.group(3)

    return re.sub(r'(<td class="n[^>]*>[^<]*)(\d)((?:<| <))', other, text), count


def check_check(text, folders, file):
    """Does check() find wrong numbers?"""
    text, count = spoil(text)
    with open(file, "w", encoding="utf-8") as f:
        f.write(text)
    before = len(failures)
    check("spoiled", file, folders, 0)
    found = len(failures) - before
    del failures[before:]
    if count < 50 or found < count:
        complain("of", count, "wrong numbers", found, "are found")


def in_shell(commands, folder):
    """As a user would, with the program under its name."""
    os.makedirs(folder + "/bin", exist_ok=True)
    if not os.path.exists(folder + "/bin/offing"):
        os.symlink(OFFING, folder + "/bin/offing")
    done = subprocess.run(["sh", "-e"], input=commands, cwd=folder, capture_output=True, text=True, timeout=60,
                          env={**os.environ, "PATH": folder + "/bin:" + os.environ["PATH"]})
    if done.returncode != 0:
        complain("the commands of the page end with", done.returncode, done.stderr)


def check_again(text, result, folder, least):
    """The commands on the page make the same results again."""
    commands = [html.unescape(c) for c in re.findall(r'<pre class="commands"[^>]*>(.*?)</pre>', text, re.S)]
    if len(commands) != 2:
        complain("there are", len(commands), "blocks of commands")
        return
    in_shell("rm -rf again* page.html\n" + "".join(commands), folder)
    made = re.search(r"-o (again\S*)", commands[0]).group(1)
    content = "SELECT run.policy, metric.* FROM metric JOIN run ON run.id = run ORDER BY 1, 2, 3, 4, 5"
    first, second = (sqlite3.connect(d + "/results.sqlite").execute(content).fetchall()
                     for d in (result, os.path.join(folder, made)))
    if first != second or len(first) < least:
        complain("done again it has other metrics:", len(first), len(second))


def check_pictures(text, folder):
    if not shutil.which("gnuplot"):
        return
    commands = [html.unescape(c) for c in re.findall(r"<code>(offing plot .*?)</code>", text)]
    if text.count("<svg") != len(commands) or len(commands) < 5 or "not drawn" in text:
        complain("the page has", text.count("<svg"), "pictures by", len(commands), "commands")
    if re.search(r'(fill|stroke)\s*=\s*["\']rgb\(\s*0, 114, 178\)', text):
        complain("a colour does not follow the page")
    in_shell(commands[0].replace("FILE", "first"), folder)


def run(out, *args, description="three policies"):
    scenario = os.path.join(os.path.dirname(out), "three.yaml")
    with open(scenario, "w", encoding="utf-8") as f:
        f.write(SCENARIO.format(ROOT, json.dumps(description, ensure_ascii=False)))
    offing("run", scenario, "-q", "-o", out, *args)


def main(folder):
    at = {name: os.path.join(folder, name) for name in ("a", "b", "c", "one", "few", "d'\"<&>")}
    run(at["a"], "--replications", "12")
    run(at["b"], "--replications", "11", "-s", "users.office.arrivals.rate=0.5 /s")
    run(at["c"], "--replications", "10", "-s", "users.office.arrivals.rate=0.9 /s")
    hostile = "</script><script>alert('1')&amp;\"\u00e9 -->"
    run(at["d'\"<&>"], "--replications", "3", description=hostile)
    page = os.path.join(folder, "told.html")

    offing("report", at["a"], "-o", page, "--force", draws=True)
    check_pictures(check("a comparison", page, [at["a"]], 80), folder)
    offing("report", at["a"], "-o", page, "--force")
    text = check("a page without pictures", page, [at["a"]], 80)
    if "not drawn" not in text or "<svg" in text:
        complain("a page without gnuplot does not say so")
    check_again(text, at["a"], folder, 1000)
    check_check(text, [at["a"]], os.path.join(folder, "spoiled.html"))
    offing("report", at["a"], "-o", page, status=2)
    offing("report", at["a"], "-o", page, "--force")
    if open(page, encoding="utf-8").read() != text:
        complain("two pages of one result differ")
    if offing("report", at["a"], "-o", "-") != text:
        complain("the page on standard output is another")
    offing("report", at["a"], "-o", page, "--force", "--best", "qos.share")
    check("by what should be more", page, [at["a"]], 80)
    offing("report", at["a"], "--policy", "ours")
    check("a run", at["a"] + "/report.html", [at["a"]], 60)

    offing("report", at["a"], at["b"], "-o", page, "--force")
    check("two results", page, [at["a"], at["b"]], 150)
    merged = os.path.join(folder, "merged")
    offing("merge", at["a"], at["b"], at["c"], "-o", merged)
    offing("report", merged, "-o", page, "--force")
    text = check("a sweep", page, [merged], 60)
    if "users.office.arrivals.rate" not in text:
        complain("the swept key is not on the page")

    offing("report", at["d'\"<&>"], "-o", page, "--force")
    text = check("hostile names", page, [at["d'\"<&>"]], 50)
    check_again(text, at["d'\"<&>"], folder, 300)
    if "alert('1')" in text or "&lt;/script&gt;&lt;script&gt;" not in text:
        complain("a name is not escaped")
    if sorted(re.findall(r"<script", text)) != ["<script"]:
        complain("there is another script")

    killed = sqlite3.connect(at["b"] + "/results.sqlite")
    killed.executescript("UPDATE run SET status = 'interrupted' WHERE id = 2; DELETE FROM summary WHERE run = 2;"
                         "UPDATE replication SET status = 'interrupted' WHERE run = 2 AND number > 6")
    killed.close()
    offing("report", at["b"], "-o", page, "--force")
    text = check("a run that was killed", page, [at["b"]], 80)
    if "1 of 3 runs is not complete" not in text or "Not ranked" not in text:
        complain("the page does not tell of a run that was killed")

    for args, words in (((folder,), "holds no result"), ((at["a"], "--best", "e2e.mena_s"), "did you mean 'e2e.mean_s'"),
                        ((at["a"], "--policy", "none"), "no result has a policy 'none'"),
                        ((at["a"], "--indifference", "200 %"), "--indifference")):
        if words not in offing("report", *args, "-o", os.path.join(folder, "no.html"), status=2):
            complain("report", args, "does not say", words)
        if os.path.exists(os.path.join(folder, "no.html")):
            complain("report", args, "leaves a page")


with tempfile.TemporaryDirectory() as where:
    try:
        main(where)
    except (OSError, sqlite3.Error) as e:
        complain(repr(e))
for line in failures[:40]:
    print(line)
sys.exit(1 if failures else 0)
