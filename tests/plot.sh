#!/bin/sh
# `offing plot`: what is drawn is what was measured, every kind is drawn without a word from gnuplot,
# and what cannot be drawn is told in one line.
# usage: plot.sh OFFING ROOT
set -eu
LC_ALL=C.UTF-8
export LC_ALL
offing=$(realpath "$1")
root=$(realpath "$2")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
failed=0

complain() {
	echo "$*"
	failed=1
}

for program in gnuplot sqlite3; do
	command -v $program >/dev/null || {
		echo "$program is missing"
		exit 77
	}
done

ask() {
	sqlite3 -readonly "$1/results.sqlite" "$2"
}

# near A B: equal but for rounding
near() {
	awk -v a="$1" -v b="$2" 'BEGIN { d = a - b; if (d < 0) d = -d; m = b < 0 ? -b : b
		exit !(a != "" && b != "" && d <= 2e-9 + 1e-8 * m) }'
}

# draw NAME ARG...: the picture, the data, the script, of which gnuplot says nothing
draw() {
	name=$1
	shift
	"$offing" plot "$@" -o "$name.svg" 2>said || complain "plot $*: $(cat said)"
	[ -s "$name.svg" ] || complain "plot $*: no picture"
	gnuplot -d "$name.gp" >said 2>&1 || complain "$name.gp fails"
	[ ! -s said ] || complain "plot $*: gnuplot says $(cat said)"
}

run() {
	to=$1
	shift
	"$offing" run "$root/scenarios/tiny.yaml" -q -o "$to" -s run.warmup='20 s' -s run.horizon='60 s' \
		-s record.requests=true -s record.queues='500 ms' "$@" >/dev/null 2>said || complain "run: $(cat said)"
}

run one --replications 1
policy=$(ask one 'SELECT policy FROM run WHERE id = 1')

# the mean of a distribution is the metric that the run measured by itself
for time in e2e ttft tpot wait network latency time.decode time.prefill time.upload_send; do
	draw "cdf-$time" one cdf --metric $time --where policy="$policy"
	case $time in
	latency) metric=latency.mean_ms_per_token ;;
	time.*) metric=${time}_s ;;
	*) metric=$time.mean_s ;;
	esac
	mean=$(awk -F, 'NR > 2 { n++; s += $1 } END { printf "%.15g", s / n }' "cdf-$time.csv")
	near "$mean" "$(ask one "SELECT value FROM metric WHERE run = 1 AND scope = '' AND name = '$metric'")" ||
		complain "$time: the mean of the distribution is $mean"
	[ "$(awk -F, 'END { print $2 }' "cdf-$time.csv")" = 1 ] || complain "$time does not end at 1"
done
group=$(ask one 'SELECT grp FROM request LIMIT 1')
draw cdf-group one cdf --scope "group:$group" --where policy="$policy"
near "$(awk -F, 'NR > 2 { n++; s += $1 } END { printf "%.15g", s / n }' cdf-group.csv)" \
	"$(ask one "SELECT value FROM metric WHERE run = 1 AND scope = 'group:$group' AND name = 'e2e.mean_s'")" ||
	complain "the distribution of a group has another mean"

# L is half the sum of the squared queues, the backlog their sum, the drift the change of L
for series in queues backlog L drift; do
	draw $series one series --metric $series --where policy="$policy"
done
awk -F, 'FNR == 1 { f++; next }
	f == 1 { L[$1] += $2 * $2 / 2; sum[$1] += $2; slots += !($1 in seen); seen[$1] }
	f == 2 { n++; bad += $2 != sum[$1] }
	f == 3 { n++; bad += $2 != L[$1]; at[++k] = $2 }
	f == 4 { n++; bad += $2 != at[FNR] - at[FNR - 1] }
	END { exit bad || slots < 100 || n != 3 * slots - 1 }' queues.csv backlog.csv L.csv drift.csv ||
	complain "queues, backlog, L and drift do not belong together"
[ "$(awk -F, 'NR > 1 { print $3 }' queues.csv | sort -u | tail -1)" = scheduler ] ||
	complain "the scheduler's queue has no curve"

# what is in service, over time, is what requests spent there
draw batch one series --metric batch --where policy="$policy"
near "$(awk -F, 'NR > 1 { if ($3 == was) s += level * ($1 - at); was = $3; at = $1; level = $2
	} END { printf "%.15g", s }' batch.csv)" \
	"$(ask one "SELECT sum(coalesce(finished_s, (SELECT max(max(ifnull(started_s, 0), ifnull(finished_s, 0))) FROM request r
		WHERE r.instance = request.instance AND r.run = 1)) - started_s)
		FROM request WHERE run = 1 AND started_s IS NOT NULL")" || complain "batches are not what requests spent"

# every bar is a request, no two of a line overlap
draw gantt one gantt --first 7 --where policy="$policy"
awk -F, 'NR > 1 { if ($1 in end && $2 < end[$1] || $3 < $2 || $4 < $3 || $5 < $4) bad++
	end[$1] = $5; n[$8]++ } END { for (i in n) bad += n[i] > 7; exit bad || NR < 8 }' gantt.csv ||
	complain "bars of the Gantt chart overlap, or are too many"
ask one "SELECT id FROM request WHERE run = 1 AND instance IS NOT NULL GROUP BY instance
	HAVING uploaded_s = min(uploaded_s) ORDER BY id" >first
awk -F, 'NR > 1 && !($8 in seen) { seen[$8]; print $6 }' gantt.csv | sort -n | cmp -s - first ||
	complain "the first bars are not the first requests"

# the cut of the pilot is where MSER-5 of its means is least, and half the warm-up
"$offing" run "$root/scenarios/tiny.yaml" -q -o auto --replications 1 --seed 5 -s run.warmup=auto \
	-s run.horizon='200 s' -s users.office.arrivals.rate='1.6 /s' >/dev/null 2>said || complain "run: $(cat said)"
draw warmup auto warmup
cut=$(awk -F, 'NR > 1 { t[++k] = $1; z[k] = $2 }
	END {
		for (d = 0; d < k - 5; d++) {
			n = k - d; sum = squares = 0
			for (i = d + 1; i <= k; i++) sum += z[i]
			for (i = d + 1; i <= k; i++) squares += (z[i] - sum / n) ^ 2
			if (d == 0 || squares / n / n < least) { least = squares / n / n; best = d }
		}
		printf "%.15g", best ? t[best] : 0
	}' warmup.csv)
near "$(awk -v c="$cut" 'BEGIN { printf "%.15g", 2 * c }')" \
	"$(ask auto "SELECT warmup_s FROM replication WHERE run = 1 AND number = 1")" ||
	complain "MSER-5 of what is drawn cuts at $cut"
[ "$(grep -c "set arrow from first $(awk -v c="$cut" 'BEGIN { printf "%.9g", c }')," warmup.gp)" = 1 ] ||
	complain "the cut is not marked at $cut"

# a metric over a key: what the summaries say, in the unit of the scenario
key=links.$(ask one "SELECT key FROM setting WHERE key LIKE 'links.%.rate' LIMIT 1" | cut -d. -f2).rate
run slow --replications 2 -s "$key=500 kbps"
run fast --replications 2 -s "$key=8 Mbps"
draw line slow fast --x "$key" --metric e2e.p95_s --log x
head -n 1 line.csv | grep -q "^$key,e2e.p95_s,ci_low,ci_high,n,policy$" || complain "line.csv: $(head -n 1 line.csv)"
near "$(awk -F, -v p="$policy" 'NR > 1 && $6 == p && $1 == 0.5 { print $2 }' line.csv)" \
	"$(ask slow "SELECT mean FROM summary WHERE run = 1 AND scope = '' AND name = 'e2e.p95_s'")" ||
	complain "line.csv does not have the summary"
grep -q "$key \[Mbps\]" line.svg || complain "the axis has no unit"
draw bar one bar --metric qos.share
draw heat slow fast heat --x "$key" --by policy --metric latency.mean_ms_per_token
[ "$(wc -l <heat.csv)" = "$(wc -l <line.csv)" ] || complain "the heat map has not all fields"
"$offing" plot slow fast --x "$key" --metric e2e.p95_s --terminal >text || complain "--terminal fails"
grep -q '^ *tiny *$' text || complain "--terminal has no title"

# colours belong to policies, whatever their labels are; to labels of the same policy others
"$offing" run "$root/scenarios/tiny.yaml" -q -o labels --replications 1 -s policy=null \
	-s 'policies={k-p-fcfs: {name: cloud-only}, b: {name: k-p-fcfs}, c: {name: k-p-fcfs}}' >/dev/null 2>&1
draw label-cdf labels cdf
draw label-bar labels bar --metric e2e.p50_s
draw label-line labels --x run.seed --by policy --metric e2e.p50_s
for picture in label-cdf label-line; do
	for want in "2 .*'k-p-fcfs'" "1 .*'b'" "3 .*'c'"; do
		grep -q "linetype $want" $picture.gp || complain "$picture.gp: no linetype $want"
	done
done
grep -c 'boxes linetype [213] ' label-bar.gp | grep -q 3 || complain "bars have other colours than lines"

# refused, in one line and with status 2, before anything is written
refused() {
	want=$1
	shift
	status=0
	said=$("$offing" plot "$@" 2>&1 >/dev/null) || status=$?
	[ $status = 2 ] || complain "plot $*: status $status"
	[ "$(echo "$said" | wc -l)" = 1 ] || complain "plot $*: more than a line: $said"
	echo "$said" | grep -q -F -- "$want" || complain "plot $*: '$want' is not in: $said"
	[ ! -e x.gp ] || complain "plot $*: something was written"
}
refused 'where to?' one bar --metric qos.share
refused '--metric is missing' one bar -o x.png
refused '--x is missing' one --metric qos.share -o x.png
refused 'takes two keys' one heat --x policy --metric qos.share -o x.png
refused 'ends in .png, .svg or .pdf' one bar --metric qos.share -o x.jpg
refused '--first is of no use to bar' one bar --metric qos.share --first 3 -o x.png
refused 'two runs are in one cell' slow fast bar --metric qos.share -o x.png
refused "no request of 'group:x' was answered" one cdf --scope group:x -o x.png
refused "there is no time 'x' of a request" one cdf --metric x -o x.png
refused "there is no series 'x'" one series --metric x -o x.png
refused 'has nothing of replication 5' one series --replication 5 -o x.png
refused 'no requests of replication 5' one gantt --replication 5 --where "policy=$policy" -o x.png
refused 'goes down to 0' one series --metric L --log y --where "policy=$policy" -o x.png
refused '--log takes x, y or xy' one bar --metric qos.share --log z -o x.png
refused "holds no result" nowhere bar --metric qos.share -o x.png
refused "line.gp' is there already" slow fast --x "$key" --metric e2e.p95_s -o line.png
rm line.csv
"$offing" plot slow fast --x "$key" --metric e2e.p95_s -o line.png --force 2>said || complain "--force does not replace"

"$offing" run "$root/scenarios/tiny.yaml" -q -o bare --replications 1 -s record.requests=false -s record.queues=off >/dev/null 2>&1
refused 'record.requests' bare cdf -o x.png
refused 'record.requests' bare gantt --where "policy=$policy" -o x.png
refused 'run.warmup is not auto' bare warmup -o x.png
refused 'record.queues' bare series -o x.png

# without gnuplot the script and the data are there
mkdir bin
status=0
PATH=$dir/bin "$offing" plot one bar --metric qos.share -o x.png 2>said || status=$?
[ $status = 1 ] || complain "without gnuplot the status is $status"
grep -q 'gnuplot is not installed' said || complain "without gnuplot: $(cat said)"
[ -s x.gp ] || complain "without gnuplot there is no script"
[ -s x.csv ] || complain "without gnuplot there are no data"
[ ! -e x.png ] || complain "without gnuplot there is a picture"

exit $failed
