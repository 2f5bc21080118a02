#!/bin/sh
# Every path that documents and comments name exists: files by their path or its end (`num.h`,
# `ref/num.h`), folders from the top, with * and {a,b} as a shell has them. In documents what stands
# in `code` or is linked to; in sources what stands in comments.
#
#	paths_exist.sh ROOT
set -eu
cd "$1"


find . \( -path './build*' -o -name '.*' ! -name . -o -path './results/runs' \) -prune -o -type f -print |
	sed 's,^\./,,' | LC_ALL=C sort |
awk '
BEGIN {
	# What is named but need not be there: examples, files that a run or a build writes, and
	# those of other programs.
	n = split("policies/mine.c tests/policies/test_policy_mine.c offing/policy.h a.c " \
		"folder/file.h room/file.c net/sched/sch_netem.c net/sched/sch_tbf.c sch_htb.c " \
		"models.X.model.h tests/kat_vectors benchmarking/README.md", list, " ")
	for (i = 1; i <= n; i++)
		foreign[list[i]]
	code = "\\.(c|h|cc|cu|cuh|awk|gp|py|sh|md|build)$"
}

function note(path,    at, folder) {
	if (path in there)
		return
	there[path]
	for (at = path; at ~ /\//;) { # every end of it
		sub(/^[^\/]*\//, "", at)
		ending[at]
	}
	ending[path]
	for (folder = path; sub(/\/[^\/]*$/, "", folder);)
		folders[folder]
	top = path
	if (sub(/\/.*/, "", top))
		tops[top]
}

function exists(name,    path, pattern) {
	if (name in ending || name in folders || name in foreign)
		return 1
	if ((name ".h") in there || (name ".c") in there)
		return 1
	if (name !~ /[*]/)
		return 0
	pattern = name
	gsub(/\./, "\\.", pattern)
	gsub(/\*/, "[^/]*", pattern)
	for (path in ending)
		if (path ~ ("^" pattern "$"))
			return 1
	return 0
}

# "a/{b,c}.d" is a/b.d and a/c.d.
function expand(file, line, name,    open, shut, middle, word, n, i) {
	open = index(name, "{")
	shut = index(name, "}")
	if (!open || shut < open) {
		one(file, line, name)
		return
	}
	n = split(substr(name, open + 1, shut - open - 1), word, ",")
	for (i = 1; i <= n; i++)
		expand(file, line, substr(name, 1, open - 1) word[i] substr(name, shut + 1))
}

function one(file, line, name,    first) {
	sub(/^\.\//, "", name)
	sub(/[.,:]+$/, "", name)
	sub(/\/$/, "", name)
	first = name
	sub(/\/.*/, "", first)
	if (name ~ /^[\/.-]/ || name ~ /\/\// || name ~ /\.\./ || name ~ /NAME/ ||
		name ~ /^results\/runs(\/|$)/)
		return
	if (!(name ~ /\// && first in tops) && name !~ code)
		return
	if (!exists(name)) {
		print file ":" line ": error: there is no " name
		bad = 1
	}
}

function words(file, line, text,    name) {
	while (match(text, /[A-Za-z0-9_.\/*{},-]+/)) {
		name = substr(text, RSTART, RLENGTH)
		text = substr(text, RSTART + RLENGTH)
		if (name ~ /[.\/]/)
			expand(file, line, name)
	}
}

# `code` and [links](to) of a line that is no block of code.
function document(file, line, text,    rest, folder, to) {
	rest = text
	while (match(rest, /`[^`]+`/)) {
		to = substr(rest, RSTART + 1, RLENGTH - 2)
		rest = substr(rest, RSTART + RLENGTH)
		words(file, line, to)
	}
	folder = file
	if (!sub(/[^\/]*$/, "", folder))
		folder = ""
	rest = text
	while (match(rest, /\]\([^)#]+/)) {
		to = substr(rest, RSTART + 2, RLENGTH - 2)
		rest = substr(rest, RSTART + RLENGTH)
		if (to ~ /^[a-z]+:/)
			continue
		to = folder to
		while (sub(/[^\/]+\/\.\.\//, "", to))
			continue
		if (!(to in there) && !(to in folders)) {
			print file ":" line ": error: there is no " to
			bad = 1
		}
	}
}

# What of a line of C stands in comments; @inside goes on to the next.
function comment(text,    out, at) {
	out = ""
	for (;;) {
		if (!inside) {
			if (!match(text, /\/[*\/]/))
				return out
			if (substr(text, RSTART + 1, 1) == "/")
				return out substr(text, RSTART + 2)
			text = substr(text, RSTART + 2)
			inside = 1
		}
		at = index(text, "*/")
		if (!at)
			return out text
		out = out substr(text, 1, at - 1) " "
		text = substr(text, at + 2)
		inside = 0
	}
}

function look(file,    text, line, fence) {
	line = fence = inside = 0
	while ((getline text < file) > 0) {
		line++
		if (file ~ /\.md$/) {
			if (text ~ /^ *```/)
				fence = !fence
			else if (fence)
				words(file, line, text)
			else
				document(file, line, text)
		} else if (file ~ /\.(c|h|cc|cu|cuh|in)$/) {
			words(file, line, comment(text))
		} else if (match(text, /(^|[ \t])#/)) {
			words(file, line, substr(text, RSTART + RLENGTH))
		}
	}
	close(file)
}

{
	file[NR] = $0
	note($0)
}

END {
	for (i = 1; i <= NR; i++)
		if (file[i] !~ /^tests\/lint\/.*_test\.sh$/ && # they plant trees of their own
			(file[i] ~ /\.(md|c|h|cc|cu|cuh|in|sh|py|gp|awk|profile|yaml)$/ ||
				file[i] ~ /meson\.build$/ || file[i] ~ /^scripts\//))
			look(file[i])
	if (NR == 0)
		bad = 1
	exit bad
}
'
