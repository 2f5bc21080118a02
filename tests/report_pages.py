#!/usr/bin/env python3
"""Pages of `offing report --pages`: what Markdown means comes out, well-formed and complete by itself, and what is not
read is refused at its line.

usage: report_pages.py OFFING ROOT
"""
import base64
import html.parser
import os
import re
import resource
import subprocess
import sys
import tempfile
import xml.etree.ElementTree
import zlib

OFFING, ROOT = os.path.realpath(sys.argv[1]), sys.argv[2]
failures = []
FIRST = """# First `file` & *others*

A paragraph with **bold**, *emphasis*, _more_, `a|b <c>`, 2 * 3, a_b_c, \\*plain\\*, &, < 5 and "é".
It goes on in
13. its third line.

## A heading

- one, which
  goes on
- [second](second.md#x), [elsewhere](https://example.org/a?b=1&c=2), [file](no/where.csv)

2. two
3. three

> Quoted **text
> over lines**
>
> - with an item

```
<raw> & *as it is*
```

| name | value | `c` |
|------|------:|-----|
| b | 10.5 ± 0.1 | x \\| y |
| **a** | **-2.5 %** | - |
| c | 1e-3 (0 to 1) | 1 to 2 |

![a picture of it](p/a.svg)

In text ![small](p/dot.png).

![once more](p/a.svg)

![with a script](p/evil.svg)
"""
SVG = """<?xml version="1.0"?>
<!-- [drawn] by hand, no <svg> --><!DOCTYPE svg><svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9">
<defs><circle id='dot' r='1'/><filter id="f"/></defs><use xlink:href='#dot' filter="url(#f)" color="#dot"/><text>a &lt; b</text></svg>
"""
CHUNK = b"IHDR\0\0\0\1\0\0\0\1\x08\0\0\0\0"
PNG = b"\x89PNG\r\n\x1a\n" + b"".join(
    (len(c) - 4).to_bytes(4, "big") + c + zlib.crc32(c).to_bytes(4, "big")
    for c in (CHUNK, b"IDAT" + zlib.compress(b"\0\0"), b"IEND"))
# SVG that a page must not have as its own: each is a picture for itself
EVIL = ["<script>alert(1)</script>", "<g onload='alert(1)'/>", "<use href='http://e.org/#a'/>", "<style>* {color: red}</style>",
        "<rect fill='url(http://e.org/a)'/>", "<foreignObject/>", "<g>", "</g>", "<text>&nbsp;</text>", "<rect x=1/>",
        "<![CDATA[x]]>", "<g x='<'/>", "<a href='#b'/>", "<animate attributeName='x'/>"]
REFUSED = [  # text, line, words
    ("a\n\n<b>x</b>", 3, "HTML"), ("a &nbsp; b", 1, "HTML"), ("a\n===", 2, "underlined"), ("a\n\n---", 3, "rules"),
    ("a | b\n--|--\n1 | 2", 2, "without |"), ("    code", 1, "indented"), ("- a\n  - b", 2, "within"),
    ("- a\n\n  more", 3, "one paragraph"), ("[a]: b", 1, "reference"), ("x\n\n```\ncode", 3, "not closed"),
    ("~~~\ncode\n~~~", 1, "```"), ("| a | b |\n|---|---|\n| 1 |", 3, "a row of 1"), ("| a |\n|---|---|", 2, "2 cells"),
    ("| a |\n| 1 |", 2, "|---|"), ("> > a", 1, "quotes"), ("a\n[x](javascript:alert(1))", 2, "a link goes"),
    ("[x](a \"title\")", 1, "a link goes"), ("x\n\n![a](none.svg)", 3, "cannot be read"), ("![a](a.gif)", 1, "neither"),
    ("![a](https://e.org/a.png)", 1, "nothing from elsewhere"), ("![a](bad.png)", 1, "is no PNG"), ("![a](bad.svg)", 1, "is no SVG"),
    ("> a\n> <i>", 2, "HTML"), ("a\n\n\0", 3, "not a text file"), ("\xff", 1, "not a text file"),
    ("[" * 40 + "a" + "](b)" * 40, 1, "within one another")]


def complain(*words):
    failures.append(" ".join(str(w) for w in words))


def spent():
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime


def report(*args, status=0):
    done = subprocess.run([OFFING, "report", "--pages", *args], capture_output=True, timeout=60)
    said = done.stderr.decode()
    if done.returncode != status or (status and len(said.splitlines()) != 1):
        complain(args, "ends with", done.returncode, "and", said)
    return done.stdout.decode() if status == 0 else said


def put(file, text):
    os.makedirs(os.path.dirname(file), exist_ok=True)
    with open(file, "wb") as f:
        f.write(text if isinstance(text, bytes) else text.encode("latin-1" if text == "\xff" else "utf-8"))
    return file


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.ids, self.refers, self.loads = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name == "id":
                self.ids.append(value)
            elif name in ("href", "xlink:href", "src"):
                (self.refers if value.startswith("#") else self.loads).append(value.lstrip("#") if value[0] == "#" else (tag, value))
            elif name.startswith("on"):
                complain("an attribute", name)
            self.refers += re.findall(r"url\(#([^)]*)\)", value or "")


def check(where, text):
    """The tree of a page that is whole, by itself, and has nothing twice."""
    try:
        tree = xml.etree.ElementTree.fromstring(text.replace("<!DOCTYPE html>", "", 1))
    except xml.etree.ElementTree.ParseError as e:
        complain(where, "is not well-formed:", e)
        sys.exit("\n".join(failures))
    page = Page(text)
    for i in page.ids:
        if page.ids.count(i) > 1:
            complain(where, "has twice the id", i)
    for to in page.refers:
        if to not in page.ids:
            complain(where, "has no", to)
    for tag, to in page.loads:
        if not to.startswith("data:") and not (tag == "a" and to.startswith("http")):
            complain(where, "loads", to[:60])
    if text.count("<script") != 1:
        complain(where, "has another script")
    return tree


def main_of(tree):
    x = "{http://www.w3.org/1999/xhtml}"
    return tree, x, [e for e in tree.iter(x + "main")][0]


def text_of(e):
    return " ".join("".join(e.itertext()).split())


def check_content(tree):
    _, x, main = main_of(tree)
    texts = [text_of(e) for e in main.iter() if e.tag in (x + "p", x + "h2", x + "h3", x + "li", x + "pre", x + "figcaption")]
    for want in ("First file & others", 'A paragraph with bold, emphasis, more, a|b <c>, 2 * 3, a_b_c, *plain*, &, < 5 and "é". '
                 'It goes on in 13. its third line.', "A heading", "one, which goes on", "second, elsewhere, file", "two", "three",
                 "Quoted text over lines", "with an item", "<raw> & *as it is*", "In text .", "a picture of it", "Second"):
        if want not in texts:
            complain("the page lacks", want, "but has", texts)
    marked = {tag: [text_of(e) for e in main.iter(x + tag)] for tag in ("strong", "em", "code", "blockquote", "ol", "a", "th")}
    want = {"strong": ["bold", "text over lines", "a", "-2.5 %"], "em": ["emphasis", "more"], "code": ["a|b <c>", "c"],
            "blockquote": ["Quoted text over lines with an item"], "ol": ["two three"], "a": ["second", "elsewhere", "first"],
            "th": ["name", "value", "c"]}
    if marked != want:
        complain("marked is", marked, "and not", want)
    cells = [(text_of(c), c.get("data-v"), c.get("class")) for c in main.iter(x + "td")]
    if cells != [("b", None, None), ("10.5 ± 0.1", "10.5", "n"), ("x | y", None, None), ("a", None, None), ("-2.5 %", "-2.5", "n"),
                 ("–", None, None), ("c", None, None), ("1e-3 (0 to 1)", "0.001", "n"), ("1 to 2", None, None)]:
        complain("a table has", cells)
    links = {text_of(a): a.get("href") for a in main.iter(x + "a")}
    if links != {"second": "#file2-second", "elsewhere": "https://example.org/a?b=1&c=2", "first": "#file1-first"}:
        complain("links go to", links)
    svg = "{http://www.w3.org/2000/svg}"
    uses = [(u.get("{http://www.w3.org/1999/xlink}href"), u.get("filter"), u.get("color")) for u in main.iter(svg + "use")]
    if uses != [(f"#picture{i}-dot", f"url(#picture{i}-f)", "#dot") for i in (1, 2)]:
        complain("pictures refer to", uses)
    data = [i.get("src").split(",", 1) for i in main.iter(x + "img")]
    if [d[0] for d in data] != ["data:image/png;base64", "data:image/svg+xml;base64"] or base64.b64decode(data[0][1]) != PNG:
        complain("pictures as data are", [d[0] for d in data])


def main(folder):
    put(folder + "/p/a.svg", SVG)
    put(folder + "/p/dot.png", PNG)
    put(folder + "/p/evil.svg", SVG.replace("<defs>", EVIL[0] + "<defs>"))
    first, second = put(folder + "/first.md", FIRST), put(folder + "/second.md", "# Second\n\nBack to [first](first.md).\n")
    text = report(first, second, "-o", "-")
    check_content(check("a page", text))
    if report(first, second, "-o", "-") != text:
        complain("two pages of the same files differ")
    put(first, FIRST.replace("\n", "\r\n"))
    if report(first, second, "-o", "-").replace("\r", "") != text:
        complain("lines that end otherwise make another page")
    put(first, FIRST)
    out = folder + "/page.html"
    report(first, second, "-o", out, "-q", "--title", "<T>")
    if open(out, encoding="utf-8").read().count("&lt;T&gt;") != 2:
        complain("--title is not the title")
    if "--force" not in report(first, "-o", out, status=2) or open(out, encoding="utf-8").read().count("&lt;T&gt;") != 2:
        complain("a page is replaced without --force")

    figure = put(folder + "/figure.md", "![a](evil.svg)\n")
    for part in EVIL:
        put(folder + "/evil.svg", SVG.replace("<defs>", part + "<defs>"))
        text = report(figure, "-o", "-")
        check("a picture with " + part, text)
        if "<svg" in text:
            complain("a picture with", part, "is part of the page")

    put(folder + "/long.svg", SVG.replace("<defs>", "<circle r='1' fill='#0072B2'/>\n" * 50_000 + "<defs>"))
    before = spent()
    text = report(put(folder + "/long.md", "![a](long.svg)\n"), "-o", "-")
    if text.count("<circle") != 50_001 or spent() - before > 3.0:
        complain("a picture of 1.6 MB takes", spent() - before, "s")

    put(folder + "/bad.png", "GIF")
    put(folder + "/bad.svg", "a picture")
    bad = folder + "/bad.md"
    for text, line, words in REFUSED:
        put(bad, text)
        said = report(bad, "-o", folder + "/no.html", status=2)
        if not said.startswith(f"{bad}:{line}:") or words not in said or os.path.exists(folder + "/no.html"):
            complain(repr(text), "says", said)
    for args, words in (((folder + "/none.md", "-o", "-"), "none.md"), ((first,), "needs -o"), ((folder, "-o", "-"), folder),
                        ((first, "-o", "-", "--best", "qos.share"), "--best")):
        if words not in report(*args, status=2):
            complain(args, "does not say", words)

    done = subprocess.run([OFFING, "report", folder, "--title", "x"], capture_output=True, text=True)
    if done.returncode != 2 or "--title is for --pages" not in done.stderr:
        complain("--title of results is taken")
    done = subprocess.run([ROOT + "/scripts/paper/page.sh", OFFING, folder, "--quick"], capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        complain("scripts/paper/page.sh ends with", done.returncode, done.stderr)
        return
    text = open(folder + "/paper.html", encoding="utf-8").read()
    tree, x, inside = main_of(check("the paper's page", text))
    pictures = [f for f in os.listdir(ROOT + "/results/paper") if f.endswith(".svg")]
    sections = [e.get("id").split("-", 1)[1] for e in inside.iter(x + "section")]
    if text.count("<svg") != len(pictures) or sections[0] != "claims" or len(sections) < 10 or "<img" in text:
        complain("the paper's page has", sections, "and", text.count("<svg"), "of", len(pictures), "pictures")


with tempfile.TemporaryDirectory() as where:
    main(os.path.realpath(where))
for line in failures[:40]:
    print(line)
sys.exit(1 if failures else 0)
