#!/bin/sh
# Drift against backlog, from the results of a scenario with record.queues:
#	scripts/plot/drift.sh DIR [POLICY] [OUT.png|OUT.svg]
# of the first policy, into DIR/drift-POLICY.png by default.
set -eu
export LC_ALL=C
fail() {
	echo "drift.sh: $*" >&2
	exit 2
}

[ $# -ge 1 ] && [ $# -le 3 ] || fail "usage: scripts/plot/drift.sh DIR [POLICY] [OUT.png|OUT.svg]"
db=$1/results.sqlite
[ -f "$db" ] || fail "$1 holds no results.sqlite"
ask() {
	sqlite3 -readonly "$db" "$1" || fail "$db cannot be read"
}
[ "$(ask "SELECT count(*) FROM sqlite_master WHERE name = 'drift'")" = 1 ] ||
	fail "$db is of an older version: it has no drift"
policy=${2:-$(ask "SELECT policy FROM run ORDER BY id LIMIT 1")}
quoted=$(printf %s "$policy" | sed "s/'/''/g")
run=$(ask "SELECT id FROM run WHERE policy = '$quoted'")
[ -n "$run" ] || fail "no policy '$policy' in $db: it has $(ask "SELECT group_concat(policy, ', ') FROM run")"
[ "$(ask "SELECT count(*) FROM drift WHERE replication IS NULL AND run = $run")" != 0 ] ||
	fail "no slots were recorded: set record.queues, as -s record.queues='1 s'"
[ "$(ask "SELECT count(*) FROM drift WHERE replication IS NULL AND drift_low IS NOT NULL AND run = $run")" != 0 ] ||
	fail "too few slots for an interval at any backlog: run longer, or more replications"
out=${3:-$1/drift-$policy.png}
gnuplot -e "db='$db'; run=$run; out='$out'" "$(dirname "$0")/drift.gp"
echo "$out"
