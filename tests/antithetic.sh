#!/bin/sh
# Antithetic replications are no sample, the means of their pairs are: whatever makes an interval, a test or a ranking
# of a result says of pairs what it says of as many replications that came to their means.
# usage: antithetic.sh OFFING
set -eu
offing=$(realpath "$1")
command -v sqlite3 >/dev/null || { echo "sqlite3 is missing"; exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
failed=0

complain() {
	echo "$*"
	failed=1
}

# One of three servers is drawn, of which the second is the slower one: u and 1 - u choose alike, so both of a pair
# come to the same, and a pair is a replication and its copy. Nobody waits.
cat >copies.yaml <<'YAML'
name: copies
run: {requests: 30, replications: 4000, seed: 1, antithetic: true}
sites: {s1: {tier: edge}, s2: {tier: edge}, s3: {tier: cloud}}
instances:
  i1: {site: s1, service: {distribution: deterministic, mean: 1 s}}
  i2: {site: s2, service: {distribution: deterministic, mean: 2 s}}
  i3: {site: s3, service: {distribution: deterministic, mean: 1 s}}
users: {u: {arrivals: {process: deterministic, rate: 0.1 /s}}}
policies: {chance: {name: random}}
record: {queues: off, requests: false}
YAML

run() {
	"$offing" run copies.yaml -q "$@" >/dev/null 2>run.err || complain "run $*: $(cat run.err)"
}

# Of the 4000 of a folder, 200 policies of 20 each: block j is a run of its own.
cut_up() {
	sqlite3 "$1/results.sqlite" "
		CREATE TEMP TABLE block AS WITH RECURSIVE b(j) AS (SELECT 2 UNION ALL SELECT j + 1 FROM b WHERE j < 200) SELECT j FROM b;
		DELETE FROM metric WHERE scope != '' OR name != 'e2e.mean_s';
		DELETE FROM warning;
		INSERT INTO run SELECT j, name, scenario, scenario_sha256, policy || j, seed, 20, version, host, started_utc, wall_s, status
			FROM run, block;
		INSERT INTO setting SELECT j, key, value FROM setting, block WHERE key = 'run.antithetic';
		UPDATE replication SET run = (number - 1) / 20 + 1, number = (number - 1) % 20 + 1 WHERE number > 20;
		UPDATE metric SET run = (replication - 1) / 20 + 1, replication = (replication - 1) % 20 + 1 WHERE replication > 20;
		UPDATE run SET replications = 20"
}

# A third of the requests meet the second server, so 2.3 s in the place of 2 s are 0.1 s more in the mean. Of 200
# intervals of 95 %, 190 have it in, with a standard deviation of 3; of copies taken for replications 83 %, 166.
run -o slow
run -o slower -s instances.i2.service.mean='2.3 s'
cut_up slow
cut_up slower
"$offing" compare slow slower --json >all.json || complain "200 pairs of runs are not compared"
covered=$(tr '{' '\n' <all.json |
	sed -n 's/.*"name": "e2e.mean_s",.*"ci95": \[\([^,]*\), \([^]]*\)\].*"n": [0-9]*}.*/\1 \2/p' |
	awk '{ n++; in_it += $1 <= 0.1 && 0.1 <= $2 } END { print n + 0, in_it + 0 }')
echo "$covered" | awk '{ exit !($1 == 200 && $2 >= 181 && $2 <= 198) }' ||
	complain "of intervals, and such with the difference of 0.1 s in: $covered"

# twin FOLDER INTO: replications that came to what the pairs of FOLDER did, the incomplete ones left out
twin() {
	mkdir "$2"
	cp "$1/results.sqlite" "$2"
	sqlite3 "$2/results.sqlite" "
		UPDATE setting SET value = 'false' WHERE key = 'run.antithetic';
		DELETE FROM metric WHERE (run, replication) IN (SELECT run, number FROM replication WHERE status != 'complete');
		CREATE TEMP TABLE pair AS SELECT run, (replication + 1) / 2 AS number, scope, name, unit,
			CASE WHEN count(value) = 2 THEN (min(value) + max(value)) / 2 END AS value
			FROM metric GROUP BY 1, 2, 3, 4, 5 HAVING count(*) = 2;
		DELETE FROM metric;
		INSERT INTO metric SELECT run, number, scope, name, unit, value FROM pair;
		DELETE FROM replication WHERE number % 2 = 0 OR (run, (number + 1) / 2) NOT IN (SELECT run, number FROM pair);
		UPDATE replication SET number = (number + 1) / 2;
		UPDATE run SET replications = replications / 2"
}

# What a program reads of both is the same, but for what is counted; $1 names it.
same() {
	sed 's/"dir": "[^"]*"//g; s/"counted": "[^"]*"//g; s/"left_out": [0-9]*//g; s/twin of //g
		s/antithetic pairs/replications/g; s/one antithetic pair /one replication /' one >one.seen
	sed 's/"dir": "[^"]*"//g; s/"counted": "[^"]*"//g; s/"left_out": [0-9]*//g' two >two.seen
	[ -s one.seen ] || complain "$1: nothing is said"
	diff one.seen two.seen >different || complain "$1: pairs say otherwise than what they come to: $(cat different)"
}

# Times that one of a pair has and the other has the opposite of, two policies, of two seeds; one replication of `p` was not
# complete, and another had nothing to measure.
cat >queue.yaml <<'YAML'
name: queue
run: {requests: 60, replications: 26, seed: 1, antithetic: true}
sites: {s1: {tier: edge}, s2: {tier: cloud}}
instances:
  i1: {site: s1, service: {distribution: exponential, mean: 1 s}}
  i2: {site: s2, service: {distribution: exponential, mean: 1.2 s}}
users: {u: {home: s1, arrivals: {process: poisson, rate: 1 /s}}}
policies: {chance: {name: random}, short: {name: jsq}, turn: {name: round-robin}}
record: {queues: off, requests: false}
YAML
for seed in 1 2; do
	"$offing" run queue.yaml -q --seed "$seed" -o "p$seed" >/dev/null 2>run.err || complain "run: $(cat run.err)"
done
sqlite3 p1/results.sqlite "UPDATE replication SET status = 'interrupted' WHERE run = 1 AND number = 26;
	UPDATE metric SET value = NULL WHERE run = 1 AND replication = 3 AND name = 'e2e.mean_s'"
for seed in 1 2; do
	twin "p$seed" "t$seed"
done
"$offing" compare p1 --policy chance --policy short --all --json >one
"$offing" compare t1 --policy chance --policy short --all --json >two
same 'common random numbers'
grep -q '"counted": "antithetic pairs", "left_out": 1}' one || complain "one left out is not told: $(head -c 400 one)"
"$offing" compare p1 p2 --policy short --json >one
"$offing" compare t1 t2 --policy short --json >two
same 'two seeds'
for metric in e2e.mean_s throughput.req_per_s; do
	"$offing" compare p1 --best "$metric" --json >one
	"$offing" compare t1 --best "$metric" --json >two
	same "--best $metric"
done
grep -q '"counted": "antithetic pairs", "replications": 12, "left_out": 1' one || complain "--best does not tell of the one left out: $(cat one)"
"$offing" compare p1 --best e2e.mean_s >out
grep -q '; 11 antithetic pairs that all have; left out: 1 replication whose antithetic one is not complete$' out ||
	complain "--best says $(head -1 out)"
"$offing" compare p1 --policy chance --policy short >out
tr '\n' ' ' <out | grep -q 'A and B are antithetic: the mean of a pair counts as one replication here; left out: 1 replication whose antithetic one is not complete' ||
	complain "compare says $(head -6 out)"

# Pairs of the one and replications of the other have streams of one number, so they are compared one by one.
"$offing" compare p1 t1 --policy turn --json >one
"$offing" compare t1 t1 --policy turn --json >two 2>/dev/null || "$offing" compare t1 t1 --policy turn --json >two
same 'pairs with replications'

# The page ranks and compares as they do.
for of in p t; do
	"$offing" report "${of}1" -o "$of.html" >/dev/null 2>&1 || complain "no page of ${of}1"
	sed -n '/id="comparison"/,/<\/section>/p' "$of.html" |
		sed 's/ Antithetic replications count as the means of their pairs[^.]*\.//; s/; left out: [^.<]*complete//; s/[pt]1\b/x/g' >"$of.part"
done
cp p.part one
cp t.part two
same 'the page'

# Of a run that was killed before it had a summary, the intervals of tables and plots are of its metrics by themselves.
for of in p t; do
	sqlite3 "${of}1/results.sqlite" "UPDATE run SET status = 'interrupted'; DELETE FROM summary"
	"$offing" table "${of}1" --rows policy --metric e2e.mean_s,e2e.p95_s,throughput.req_per_s --format csv >"$of.csv" ||
		complain "no table of ${of}1"
	"$offing" table "${of}1" --rows policy --metric e2e.mean_s >"$of.text" || complain "no table of ${of}1"
done
cp p.csv one
cp t.csv two
same 'a table of a run that was killed'
grep -q 'over 11 to 13 antithetic pairs' p.text || complain "the table says $(cat p.text)"
grep -q 'both of a pair are' p.text || complain "the table does not tell of pairs left out: $(cat p.text)"

# A capacity is where the line through two scales meets the target, and its interval the jackknife over what is independent:
# of the runs that it made at these scales, made again, the means of pairs. u and 1 - u change the first and the third
# server for each other, so that pairs are copies once more, now with lines. t by degrees of freedom at 97.5 %.
sed 's/^name: .*/name: lines/; s/^run: .*/run: {requests: 300, warmup: 0 s, seed: 1, replications: 2, antithetic: true}/
	s/rate: 0.1/rate: 1/' copies.yaml >lines.yaml
"$offing" capacity lines.yaml --target 'e2e.mean <= 2.5 s' --precision '6 %' -o capacity >/dev/null 2>run.err ||
	complain "no capacity: $(cat run.err)"
tail -2 capacity/points.csv | while IFS=, read -r _ scale _ runs; do
	run_of="scale$scale"
	"$offing" run lines.yaml -q -o "$run_of" -s "users.u.arrivals.rate=$scale /s" -s "run.replications=$runs" >/dev/null 2>&1
	sqlite3 -separator ' ' "$run_of/results.sqlite" "SELECT (replication + 1) / 2, $scale, avg(value) - 2.5 FROM metric
		WHERE scope = '' AND name = 'e2e.mean_s' GROUP BY 1 ORDER BY 1"
done >misses
awk 'function root(a, b) { return x[1] - a * (x[2] - x[1]) / (b - a) }
	BEGIN { t[5] = 2.776445; t[10] = 2.262157; t[20] = 2.093024; t[40] = 2.022691; t[80] = 1.990450 }
	!($2 in k) { k[$2] = ++scales; x[scales] = $2 }
	{ y[k[$2], $1] = $3; sum[k[$2]] += $3; n = $1 }
	END {
		all = root(sum[1] / n, sum[2] / n)
		for (i = 1; i <= n; i++) {
			p[i] = n * all - (n - 1) * root((sum[1] - y[1, i]) / (n - 1), (sum[2] - y[2, i]) / (n - 1))
			mean += p[i] / n
		}
		for (i = 1; i <= n; i++)
			squares += (p[i] - mean) ^ 2
		half = t[n] * sqrt(squares / (n - 1) / n)
		printf "%d %.12g %.12g %.12g\n", n, mean, mean - half, mean + half
	}' misses >jackknife
awk -F, 'NR == 2 { print $4, $5, $6 }' capacity/capacity.csv | paste -d ' ' jackknife - |
	awk '{ exit !($1 >= 5 && $4 > $2 && ($2 / $5 - 1) ^ 2 < 1e-10 && ($3 / $6 - 1) ^ 2 < 1e-8 && ($4 / $7 - 1) ^ 2 < 1e-8) }' ||
	complain "a capacity by pairs is $(cat jackknife), not $(tail -1 capacity/capacity.csv)"
exit "$failed"
