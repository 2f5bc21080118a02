"""What a page of the documentation tells people to type is typed, and what it shows is what comes out.

A block fenced as ```console has commands behind "$ " (and "> " where one goes on) and below each what it
prints; "..." stands for what is left out. A block behind <!-- save as NAME --> is that file. A block
behind <!-- not run: WHY --> is told and left out. A command may fail only where "error:" is shown.

usage: pages.py OFFING SOURCE_ROOT PAGE...
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

offing, root = map(os.path.abspath, sys.argv[1:3])


def blocks(page):
    """(kind, comment before it, text, line) of each fenced block."""
    with open(page) as f:
        text = f.read()
    pattern = re.compile(r"(?:^<!-- ([^\n]*) -->\n)?^```(\w*)\n(.*?)^```$", re.M | re.S)
    for m in pattern.finditer(text):
        yield m.group(2), m.group(1) or "", m.group(3), text.count("\n", 0, m.start(3)) + 1


def commands(text, line):
    """(command, what is shown of its output, line) of each."""
    found = []
    for i, row in enumerate(text.splitlines()):
        if row.startswith("$ "):
            found.append([row[2:], [], line + i])
        elif row.startswith("> ") and found and not found[-1][1]:
            found[-1][0] += "\n" + row[2:]
        elif found:
            found[-1][1].append(row)
        else:
            raise SystemExit(f"line {line + i}: output before any command")
    return found


def pattern_of(shown):
    """Lines as they are; ... for anything, on a line of its own for any lines."""
    parts = []
    for row in shown:
        if row.strip() == "...":
            parts.append(r"(?:.*\n)*?")
        else:
            parts.append(re.escape(row.rstrip()).replace(r"\.\.\.", ".*") + r"[ ]*\n")
    return "".join(parts)


def run(page, command, shown, line, env):
    done = subprocess.run(["bash", "-c", command], env=env, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
    out = done.stdout if done.stdout.endswith("\n") or not done.stdout else done.stdout + "\n"
    may_fail = any("error:" in row for row in shown)
    if (done.returncode != 0) != may_fail:
        print(f"{page}:{line}: '{command}' ended with {done.returncode}:\n{out}")
        return False
    if shown and not re.fullmatch(pattern_of(shown), out):
        print(f"{page}:{line}: '{command}' printed\n{out}and not what is shown")
        return False
    return True


def check(page, env):
    n = wrong = 0
    for kind, comment, text, line in blocks(page):
        if comment.startswith("not run: "):
            print(f"{page}:{line}: {comment}")
        elif comment.startswith("save as "):
            with open(comment[len("save as "):], "w") as f:
                f.write(text)
        elif kind == "console":
            for command, shown, at in commands(text, line):
                n += 1
                wrong += not run(os.path.basename(page), command, shown, at, env)
    print(f"{os.path.basename(page)}: {n} commands, {wrong} wrong")
    return n > 0 and wrong == 0


def main():
    env = {"PATH": os.path.dirname(offing) + ":" + os.environ["PATH"], "HOME": os.environ.get("HOME", "/"),
           "LC_ALL": "C.UTF-8", "OFFING": offing}
    env.update({k: v for k, v in os.environ.items() if k.startswith(("ASAN_", "UBSAN_", "LSAN_"))})
    good = True
    for page in [os.path.abspath(name) for name in sys.argv[3:]]:
        for tool in re.findall(r"^<!-- needs (\w+) -->$", open(page).read(), re.M):
            if not shutil.which(tool):
                print(f"{tool} is not here: {page} is not checked")
                sys.exit(77)
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            for name in ("scenarios", "scripts", "results"):
                os.symlink(os.path.join(root, name), name)
            good = check(page, env) and good
            os.chdir("/")
    sys.exit(0 if good else 1)


main()
