#!/bin/sh
# What drafts at the edge give by round trip and by the cloud's card: drafts.csv and its picture in OUT.
#	scripts/paper/drafts.sh OFFING OUT [--quick]
set -eu
offing=$1
out=$2
# shellcheck source=scripts/paper/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/paper/draw.sh
. "$here/draw.sh"

gpus='rtx-4090 a100 h200' round_trips='0 1 2 3 5 7 10 15 20 30 50 70 100' replications=10 requests=200
[ "${3:-}" != --quick ] || round_trips='0 50' replications=2 requests=20

# decode FOLDER OPTION...
decode()
{
	to=$tmp/$1
	shift
	quietly "$offing" run "$scenarios/drafts.yaml" --quiet --force -o "$to" \
		--replications "$replications" -s "run.requests=$requests" \
		-s "sites.cloud.gpu=$gpu" -s "links.wan.delay=$delay ms" "$@" >/dev/null
}

# gain WHERE: of decoding token by token in the cloud over that with drafts, replication by replication
# (the same arrivals)
gain()
{
	sqlite3 -readonly -csv "$tmp/plain/results.sqlite" "ATTACH '$tmp/$1/results.sqlite' AS b;
		SELECT '$gpu/$1/$round_trip', m.value / n.value
		FROM metric m JOIN b.metric n USING (run, replication, scope, name)
		WHERE m.name = 'latency.mean_ms_per_token' AND m.scope = '' AND m.value IS NOT NULL AND n.value > 0
		ORDER BY m.run, m.replication" | tr -d '\r' | awk -F, -f "$here/interval.awk" |
		sed 's|/|,|g'
}

{
	echo 'gpu,drafts,round_trip_ms,gain,ci_low,ci_high,n'
	for gpu in $gpus; do
		for round_trip in $round_trips; do
			delay=$(awk "BEGIN { print $round_trip / 2 }")
			decode edge
			decode cloud -s instances.cloud.draft.site=null
			decode plain -s instances.cloud.draft=null -s instances.cloud.decoding=autoregressive
			gain edge
			gain cloud
		done
	done
} >"$out/drafts.csv"
draw drafts 760 430
