#!/usr/bin/env python3
"""A browser looks at pages of `offing report`. Skipped, saying so, where there is no Chromium.

No complaint in the console and no request that leaves the page; nothing wider than the window down to 320 pixels; text that
stands out from its ground as WCAG AA asks, in light and dark, by the colours that the browser computes; tables that
sort; and the same text without scripts.

usage: report_view.py OFFING ROOT [FOLDER]    screenshots at 400, 1000 and 1600 pixels go to FOLDER
"""
import os
import subprocess
import sys
import tempfile

import browser

OFFING, ROOT = os.path.realpath(sys.argv[1]), sys.argv[2]
PICTURES = sys.argv[3] if len(sys.argv) > 3 else None
failures = []

SCENARIO = """extends: {}/scenarios/tiny.yaml
description: a sentence that is as long as sentences are when nobody has thought of those who read them on a telephone
run: {{horizon: 20 s, warmup: 5 s, replications: 10}}
record: {{requests: true, queues: 1 s}}
policy: null
policies:
  ours: {{name: k-p-fcfs, window: 4}}
  first-come-first-served-as-everybody-has-it: {{name: fcfs}}
  cloud-only: {{name: cloud-only}}
"""

# Every text that shows, its colour and the first ground behind it that is not clear, as sRGB; and its size.
CONTRAST = """(() => {
	const rgb = text => (text.match(/[0-9.]+/g) || []).map(Number);
	const light = c => {
		const [r, g, b] = c.slice(0, 3).map(x => x / 255).map(x => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const over = (top, below) => top.slice(0, 3).map((x, i) => x * top[3] + below[i] * (1 - top[3]));
	const full = c => c.length === 3 ? [...c, 1] : c;
	const ground = e => {
		if (!e) return [255, 255, 255];
		const c = full(rgb(getComputedStyle(e).backgroundColor));
		return c[3] === 1 ? c : over(c, ground(e.parentElement));
	};
	const bad = new Map();
	let seen = 0;
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let t = walk.nextNode(); t; t = walk.nextNode()) {
		const e = t.parentElement, style = getComputedStyle(e);
		if (!t.data.trim() || e.closest("script,style,title,desc") || !e.getClientRects().length) continue;
		const svg = e.closest("svg");
		const colour = full(rgb(svg ? style.fill : style.color)), behind = ground(svg ? svg.parentElement : e);
		const a = light(over(colour, behind)), b = light(behind);
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		const size = parseFloat(style.fontSize), large = size >= 24 || size >= 18.66 && Number(style.fontWeight) >= 700;
		seen++;
		if (!(ratio >= (large ? 3 : 4.5)))
			bad.set(e.tagName + "." + (e.getAttribute("class") || "") + " " + colour + " on " + behind, ratio.toFixed(2) + " " + t.data.trim().slice(0, 30));
	}
	return [seen, [...bad].map(x => x.join(": "))];
})()"""

# What a click on the heading of column @i makes of the first sorted table: the keys in their order.
SORTED = """(() => {
	const table = document.querySelector("table.sorts"), head = [...table.tHead.rows[0].cells];
	const i = head.findIndex(h => h.dataset.name === "e2e.mean_s");
	const keys = () => [...table.tBodies[0].rows].map(r => Number(r.cells[i].dataset.v));
	const click = () => { head[i].querySelector("button").click(); return [head[i].getAttribute("aria-sort"), keys()]; };
	return [keys(), click(), click(), click()];
})()"""


def complain(*words):
    failures.append(" ".join(str(w) for w in words))


def offing(*args):
    done = subprocess.run([OFFING, *args], capture_output=True, text=True, timeout=100)
    if done.returncode != 0:
        sys.exit(f"offing {args}: {done.stderr}")


def look(b, name, page):
    for scheme in ("light", "dark"):
        for width in (320, 400, 1000, 1600):
            b.look(width, scheme)
            b.open(page)
            for what in b.complaints():
                complain(name, width, scheme, "in the console:", what)
            wide = b.ask("document.documentElement.scrollWidth")
            if wide > width:
                complain(name, "is", wide, "pixels wide in a window of", width)
            if PICTURES and width > 320:
                b.picture(os.path.join(PICTURES, f"{name}-{scheme}-{width}.png"))
        b.ask('document.querySelectorAll("details").forEach(d => { d.open = true; })')
        seen, bad = b.ask(CONTRAST)
        if seen < 100:
            complain(name, "has only", seen, "texts")
        for one in bad:
            complain(name, scheme, "too little contrast:", one)
        if b.ask("document.documentElement.scrollWidth") > 1600:
            complain(name, "is too wide when all is unfolded")


def check_sorting(b, page):
    b.look(1000, "light")
    b.open(page)
    first, (up, ascending), (down, descending), (again, third) = b.ask(SORTED)
    if (up, down, again) != ("ascending", "descending", "ascending") or sorted(first) != ascending or \
            sorted(first, reverse=True) != descending or third != ascending or len(set(first)) < 3:
        complain("a table sorts", first, "to", up, ascending, "and", down, descending)


def check_without_script(b, page):
    b.open(page)
    with_it = b.ask('document.querySelector("main").innerText')
    b.call("Emulation.setScriptExecutionDisabled", value=True)
    b.open(page)
    without = b.ask('document.querySelector("main").innerText')
    buttons = b.ask('document.querySelectorAll("button").length')
    b.call("Emulation.setScriptExecutionDisabled", value=False)
    if without.split() != with_it.split() or buttons != 0:
        complain("without scripts the page reads otherwise, or has buttons that do nothing")


def main(folder):
    scenario = os.path.join(folder, "s.yaml")
    with open(scenario, "w", encoding="utf-8") as f:
        f.write(SCENARIO.format(ROOT))
    out = [os.path.join(folder, name) for name in "abc"]
    for to, rate in zip(out, ("1 /s", "2 /s", "3 /s")):
        offing("run", scenario, "-q", "-o", to, "-s", "users.office.arrivals.rate=" + rate)
    merged = os.path.join(folder, "merged")
    offing("merge", *out, "-o", merged)
    pages = {"comparison": [out[0]], "sweep": [merged], "run": [out[0], "--policy", "ours"]}
    for name, args in pages.items():
        offing("report", *args, "-q", "-o", os.path.join(folder, name + ".html"))
    b = browser.Browser(os.path.join(folder, "profile"))
    try:
        for name in pages:
            look(b, name, os.path.join(folder, name + ".html"))
        check_sorting(b, os.path.join(folder, "comparison.html"))
        check_without_script(b, os.path.join(folder, "comparison.html"))
    finally:
        b.close()


if not browser.PROGRAM:
    print("skipped: there is no chromium")
    sys.exit(77)
with tempfile.TemporaryDirectory() as where:
    main(where)
for line in failures[:40]:
    print(line)
sys.exit(1 if failures else 0)
