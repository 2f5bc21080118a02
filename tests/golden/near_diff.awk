# Compare two texts: numbers to 1e-9 (or @rel) of their size or three ticks of the clock (3 ns),
# whatever is more, the rest to the letter.
#   awk [-v rel=1e-4] -f near_diff.awk EXPECTED GOT
# Prints what differs, at most ten lines, and then exits 1.
function differ(what)
{
	if (++differences <= 10)
		print FILENAME ":" FNR ": " what
}

# Splits @s into part[1..n], texts and numbers in turn, and returns n.
function parts(s, part, n)
{
	while (match(s, /-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?/)) {
		part[++n] = substr(s, 1, RSTART - 1)
		part[++n] = substr(s, RSTART, RLENGTH)
		s = substr(s, RSTART + RLENGTH)
	}
	part[++n] = s
	return n
}

function abs(a) { return a < 0 ? -a : a }

function near(a, b, slack)
{
	slack = 0.5 * (rel ? rel : 1e-9) * (abs(a) + abs(b))
	return abs(a - b) <= (slack > 3e-9 ? slack : 3e-9)
}

NR == FNR {
	expected[FNR] = $0
	lines = FNR
	next
}
{
	if (FNR > lines) {
		differ("one line more: " $0)
		next
	}
	n = parts(expected[FNR], x)
	if (parts($0, y) != n) {
		differ("expected " expected[FNR] "\n\tgot " $0)
		next
	}
	for (i = 1; i <= n; i++)
		if (i % 2 ? x[i] != y[i] : !near(x[i] + 0, y[i] + 0)) {
			differ("expected " x[i] ", got " y[i] " in " $0)
			break
		}
	seen = FNR
}
END {
	if (seen < lines) {
		print "expected " lines " lines, got " seen + 0
		exit 1
	}
	exit differences > 0
}
