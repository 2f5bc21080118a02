#!/bin/sh
# A measured run of a server against what offing foretells for the same arrivals, request by request.
#
#	scripts/foretell.sh RUN.csv SCENARIO [-s KEY=VALUE]... [-p PICTURE.png|.svg]
#
# RUN.csv: what kernels-ref/measure/measure.sh serve writes, or any table that begins with arrival_s,
# prompt_tokens,output_tokens,start_s,first_token_s,last_token_s,preemptions. SCENARIO has one
# group, `served`, whose arrivals are replaced by those of the run.
set -eu
LC_ALL=C
export LC_ALL

fail()
{
	echo "foretell: $1" >&2
	exit 2
}

[ $# -ge 2 ] || fail "usage: foretell.sh RUN.csv SCENARIO [-s KEY=VALUE]... [-p PICTURE]"
home=$(cd "$(dirname "$0")/.." && pwd)
offing=${OFFING:-$home/build/cli/offing}
run=$(realpath "$1")
scenario=$2
shift 2
columns=arrival_s,prompt_tokens,output_tokens,start_s,first_token_s,last_token_s,preemptions
[ -r "$run" ] || fail "$run cannot be read"
[ "$(head -n 1 "$run" | tr -d '\r')" = "$columns" ] || fail "$run: the heading should be $columns"
n=$(($(wc -l <"$run") - 1))
[ "$n" -ge 1 ] || fail "$run has no rows"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
picture=
for word; do
	shift
	if [ "$picture" = next ]; then
		picture=$word
	elif [ "$word" = -p ]; then
		picture=next
	else
		set -- "$@" "$word"
	fi
done
[ "$picture" != next ] || fail "-p wants a file"

[ -x "$offing" ] || "$home/scripts/setup.sh" run
"$offing" run "$scenario" -s "users.served.arrivals={process: trace, trace: {file: '$run', format: csv}}" \
	-s run.requests="$n" "$@" --quiet -o "$tmp/run" >"$tmp/table" || { cat "$tmp/table"; exit 1; }

cat >"$tmp/both.sql" <<END
.bail on
ATTACH '$tmp/run/results.sqlite' AS sim;
CREATE TABLE measured(arrival_s REAL, prompt_tokens INT, output_tokens INT, start_s REAL,
	first_token_s REAL, last_token_s REAL, preemptions INT);
.mode csv
.import --skip 1 '$run' measured
CREATE TABLE pair AS
	SELECT m.output_tokens AS n,
		m.first_token_s - m.arrival_s AS ttft, s.first_token_s - s.created_s AS ttft_f,
		m.last_token_s - m.arrival_s AS e2e, s.finished_s - s.created_s AS e2e_f,
		(m.last_token_s - m.first_token_s) / nullif(m.output_tokens - 1, 0) AS tpot,
		(s.finished_s - s.first_token_s) / nullif(s.output_tokens - 1, 0) AS tpot_f,
		m.last_token_s AS end, s.finished_s AS end_f,
		m.preemptions AS pre, s.preemptions AS pre_f
	FROM measured m JOIN sim.request s ON m.rowid = s.id + (SELECT 1 - min(id) FROM sim.request);
END
sqlite3 "$tmp/both.sqlite" <"$tmp/both.sql"

# quantile COLUMN P: the value at rank ceil(P n)
quantile()
{
	echo "(SELECT $1 FROM pair WHERE $1 IS NOT NULL ORDER BY $1 LIMIT 1 OFFSET
		max(0, (SELECT cast($2 * count($1) + 0.999999 AS INT) - 1 FROM pair)))"
}

# line TITLE FORMAT MEASURED FORETOLD
line()
{
	echo "SELECT printf('%-22s %12s %12s %+8.1f %%', '$1', printf('$2', a), printf('$2', b),
		100.0 * (b / a - 1)) FROM (SELECT $3 AS a, $4 AS b);"
}

{
	echo "SELECT printf('%-22s %12s %12s %10s', '$n requests', 'measured', 'foretold', 'error');"
	for q in 'ttft:first token' 'tpot:per token' 'e2e:end to end'; do
		c=${q%%:*}
		line "${q#*:}, mean s" %.4f "(SELECT avg($c) FROM pair)" "(SELECT avg(${c}_f) FROM pair)"
		for p in 0.50 0.99; do
			line "${q#*:}, p${p#0.} s" %.4f "$(quantile "$c" $p)" "$(quantile "${c}_f" $p)"
		done
	done
	line 'makespan s' %.3f '(SELECT max(end) FROM pair)' '(SELECT max(end_f) FROM pair)'
	echo "SELECT printf('%-22s %12d %12d', 'preemptions', sum(pre), sum(pre_f)) FROM pair;"
	echo "SELECT printf('%-22s %34.1f %%', 'median error, e2e', 100 * x) FROM (SELECT
		abs(e2e_f / e2e - 1) AS x FROM pair ORDER BY x LIMIT 1 OFFSET (SELECT count(*) / 2 FROM pair));"
} | sqlite3 "$tmp/both.sqlite"

[ -z "$picture" ] || gnuplot -e "db='$tmp/both.sqlite'; out='$picture'" "$home/scripts/plot/foretell.gp"
