"""Completion in a real bash, zsh and fish: what TAB makes of a line that somebody types in a
terminal. A shell that is not there is skipped, and said to be; without any the test is skipped.

usage: completion.py OFFING SCENARIO
"""
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time

offing, scenario = map(os.path.abspath, sys.argv[1:3])

# What is typed, and what TAB makes of it: {bash, zsh and fish alike}. Where several words begin so,
# what they have in common; where nothing is known, what was typed.
LINES = {
    "offing ch": "offing check ",
    "offing check tin": "offing check tiny.yaml ",
    "offing run tiny.yaml --tim": "offing run tiny.yaml --timeline",
    "offing run tiny.yaml -o fol": "offing run tiny.yaml -o folder/",
    "offing run tiny.yaml --output=fol": "offing run tiny.yaml --output=folder/",
    "offing run tiny.yaml -s run.repl": "offing run tiny.yaml -s run.replications=",
    "offing run tiny.yaml -s sites.edge.ti": "offing run tiny.yaml -s sites.edge.tier=",
    "offing run tiny.yaml -s run.profile_quantile=h": "offing run tiny.yaml -s run.profile_quantile=high ",
    "offing run tiny.yaml --seed 1 -s record.timeline=t": "offing run tiny.yaml --seed 1 -s record.timeline=true ",
    "offing run tiny.yaml -s sites.edge.gpu=rtx-309": "offing run tiny.yaml -s sites.edge.gpu=rtx-3090 ",
    "offing run tiny.yaml -s policy.name=pow": "offing run tiny.yaml -s policy.name=power-of-d ",
    "offing run tiny.yaml -s links.wan.up.bur": "offing run tiny.yaml -s links.wan.up.burst=",
    "offing help scenario run.repl": "offing help scenario run.replications ",
    "offing table results --rows users.office.w": "offing table results --rows users.office.workload",
    "offing table results --rows policy,links.wan.r": "offing table results --rows policy,links.wan.rate",
    "offing plot results --x links.wan.r": "offing plot results --x links.wan.rate ",
    "offing table results --where links.wan.r": "offing table results --where links.wan.rate=",
    "offing run -s record.q": "offing run -s record.queues=",
    "offing design tiny.yaml --vary run.see": "offing design tiny.yaml --vary run.seed=",
    "offing table folder --metric e2e.mean_s,lyapunov.v": "offing table folder --metric e2e.mean_s,lyapunov.verdict",
    "offing run -s record.timeline=qq": "offing run -s record.timeline=qq",
    "offing run tiny.yaml --seed ": "offing run tiny.yaml --seed ",
    "offing list run": "offing list runtimes ",
    "offing list policies max-w": "offing list policies max-weight ",
    "offing compare fol": "offing compare folder/",
    "offing compare folder fol": "offing compare folder folder/",
    "offing compare folder --best lyapunov.v": "offing compare folder --best lyapunov.verdict ",
    "offing compare --best=lyapunov.v": "offing compare --best=lyapunov.verdict ",
    "offing capacity tiny.yaml --policies jsq,max-w": "offing capacity tiny.yaml --policies jsq,max-weight",
    "offing optimum tiny.yaml --solver g": "offing optimum tiny.yaml --solver glpk ",
    "offing help opt": "offing help optimum ",
    "offing completion fi": "offing completion fish ",
    "offing completion fo": "offing completion folder/",
    "offing place tiny.yaml --method=h": "offing place tiny.yaml --method=heuristic ",
}

DUMP = {
    "bash": "bind -x '\"\\C-xd\": printf \"<%s><END>\" \"$READLINE_LINE\"; READLINE_LINE='\nsource script.bash\n",
    "zsh": "autoload -U compinit; compinit -u -D; source script.zsh; "
           "dump() { print -rn \"<$BUFFER><END>\"; BUFFER=; zle -I; zle reset-prompt; }; zle -N dump; bindkey '^Xd' dump; unsetopt list_beep; unsetopt prompt_cr\n",
}


class Terminal:
    """An interactive shell in a terminal of its own."""

    def __init__(self, shell, words):
        pid, self.fd = pty.fork()
        if pid == 0:
            os.environ.update(TERM="dumb", PS1="@ ", HOME=os.getcwd())
            os.execvp(words[0], words)
        os.write(self.fd, DUMP[shell].encode())
        os.write(self.fd, b"echo rea''dy\n")
        self.until(r"ready[^@]*@ ")

    def until(self, pattern, seconds=20):
        got, end = "", time.monotonic() + seconds
        while not re.search(pattern, got):
            if time.monotonic() > end:
                sys.exit(f"no {pattern} in {got!r}")
            if select.select([self.fd], [], [], 0.2)[0]:
                got += os.read(self.fd, 65536).decode(errors="replace")
        return got

    def complete(self, typed):
        os.write(self.fd, typed.encode() + b"\t\x18d")
        return re.search(r"<(.*)><END>", self.until(r"<END>[^@]*@ "), re.S).group(1)


def in_terminal(shell):
    flags = {"bash": ["--norc", "--noprofile", "-i"], "zsh": ["-f", "-i"]}[shell]
    terminal = Terminal(shell, [shell] + flags)
    return terminal.complete


def in_fish(typed):
    """fish tells what it would offer; what they have in common is what TAB puts there."""
    said = subprocess.run(["fish", "--no-config", "-c", f"source script.fish; complete -C {quote(typed)}"],
                          capture_output=True, text=True, check=True)
    assert not said.stderr, said.stderr
    offered = [line.split("\t")[0] for line in said.stdout.splitlines()]
    if not offered:
        return typed
    before = typed[:typed.rfind(" ") + 1]
    last = os.path.commonprefix(offered)
    return before + last + ("" if len(offered) > 1 or last[-1] in "=/" else " ")


def quote(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def check(shell, complete):
    wrong = 0
    for typed, wanted in LINES.items():
        got = complete(typed)
        if shell == "zsh":  # it adds what goes on, and takes it back where a blank is typed
            got = re.sub(r"(--\w+)=$|,$", r"\1", got)
        if got.rstrip() != wanted.rstrip() or got.endswith("= "):
            print(f"{shell}: {typed!r} became {got!r}, not {wanted!r}")
            wrong += 1
    print(f"{shell}: {len(LINES) - wrong} of {len(LINES)}")
    return wrong


def main():
    there = [shell for shell in ("bash", "zsh", "fish") if shutil.which(shell)]
    wrong = 0
    os.environ["PATH"] = os.path.dirname(offing) + ":" + os.environ["PATH"]
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.mkdir("folder")
        shutil.copy(scenario, "tiny.yaml")
        subprocess.run([offing, "run", "tiny.yaml", "-q", "-o", "results"], check=True, stdout=subprocess.DEVNULL)
        for shell in ("bash", "zsh", "fish"):
            with open("script." + shell, "w") as out:
                subprocess.run([offing, "completion", shell], stdout=out, check=True)
            if shell not in there:
                print(f"{shell}: not here, skipped")
            else:
                wrong += check(shell, in_fish if shell == "fish" else in_terminal(shell))
    sys.exit(1 if wrong else 0 if there else 77)


main()
