#!/bin/sh
# `offing table`: known means laid out by keys, in each format, and what is refused.
# usage: table.sh OFFING ROOT
set -eu
offing=$(realpath "$1")
root=$(realpath "$2")
command -v sqlite3 >/dev/null || { echo "sqlite3 is missing"; exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
failed=0

complain() {
	echo "$*"
	failed=1
}

# prints WHAT ARGUMENT... <EXPECTED
prints() {
	what=$1
	shift
	cat >expected
	"$offing" table "$@" >out 2>err || complain "$what: $(cat err)"
	diff expected out >differs || complain "$what: $(cat differs)"
}

# refused PATTERN ARGUMENT...: in one line, with status 2
refused() {
	pattern=$1
	shift
	status=0
	"$offing" table "$@" >out 2>err || status=$?
	[ "$status" = 2 ] || complain "table $*: status $status, not 2"
	[ ! -s out ] || complain "table $*: prints though it is refused"
	if [ "$(wc -l <err)" != 1 ] || ! grep -q -e "$pattern" err; then
		complain "table $*: says $(cat err), not $pattern"
	fi
}

cat >two.yaml <<'YAML'
name: two
run: {horizon: 1 s, warmup: 0 s, replications: 3, seed: 5}
sites: {e: {tier: edge}}
instances: {q_1: {site: e, service: {distribution: exponential, mean: 10 ms}}}
users: {u: {arrivals: {process: poisson, rate: 50 /s}}}
policies: {ours: {name: jsq}, "a_b": {name: random}}
record: {requests: false}
YAML
"$offing" run two.yaml -q -s instances.q_1.service.mean='2 ms' -o fast >/dev/null 2>&1
"$offing" run two.yaml -q -s instances.q_1.service.mean='10 ms' -o slow >/dev/null 2>&1
"$offing" run two.yaml -q -s instances.q_1.service.mean='500 us' -o faster >/dev/null 2>&1
"$offing" merge -q slow fast faster -o all
# runs 1, 2: 10 ms; 3, 4: 2 ms; 5, 6: 0.5 ms; ours first
sqlite3 all/results.sqlite "
	UPDATE summary SET mean = run * 1.5, ci_low = run * 1.5 - 0.375, ci_high = run * 1.5 + 0.375, sd = 0.125
		WHERE name = 'e2e.mean_s' AND scope = '';
	UPDATE summary SET mean = 1.25e10 * run, ci_low = 1.2e10 * run, ci_high = 1.3e10 * run
		WHERE name = 'e2e.p95_s' AND scope = '';
	UPDATE summary SET mean = NULL, sd = NULL, ci_low = NULL, ci_high = NULL, n = 0
		WHERE name = 'e2e.mean_s' AND scope = '' AND run = 3;
	DELETE FROM run WHERE id = 6;
	UPDATE run SET status = 'interrupted' WHERE id = 1;
	UPDATE replication SET status = 'interrupted' WHERE run = 1 AND number = 3;
	UPDATE summary SET n = 2 WHERE run = 1"

prints 'rows by columns' all --rows policy --cols instances.q_1.service.mean --metric e2e.mean_s <<'EOF'
e2e.mean_s (s), mean ± half-width of the 95 % interval over 2 to 3 replications

         instances.q_1.service.mean
policy      500 us        2 ms        10 ms
ours     7.5 ± 0.4           -   1.5 ± 0.4*
a_b         no run   6.0 ± 0.4   3.0 ± 0.4

1 of 6 combinations has no run: a_b, 500 us.
-: the run had nothing to measure there.
*: the run is not complete; of the replications that are.
EOF
prints 'Markdown' all --rows policy --cols instances.q_1.service.mean --metric e2e.mean_s --format markdown <<'EOF'
e2e.mean_s (s), mean ± half-width of the 95 % interval over 2 to 3 replications; columns: instances.q_1.service.mean

| policy | 500 us | 2 ms | 10 ms |
|:---|---:|---:|---:|
| ours | 7.5 ± 0.4 | - | 1.5 ± 0.4\* |
| a_b | no run | 6.0 ± 0.4 | 3.0 ± 0.4 |

1 of 6 combinations has no run: a_b, 500 us.

-: the run had nothing to measure there.

\*: the run is not complete; of the replications that are.
EOF
prints 'LaTeX' all --rows instances.q_1.service.mean --cols policy --metric e2e.mean_s,e2e.p95_s --format latex \
	--where instances.q_1.service.mean=2000us --where instances.q_1.service.mean=0.01s <<'EOF'
% mean ± half-width of the 95 % interval over 2 to 3 replications
% -: the run had nothing to measure there.
% *: the run is not complete; of the replications that are.
% \usepackage{booktabs}
\begin{tabular}{rrrrr}
\toprule
 & \multicolumn{4}{c}{policy} \\
\cmidrule(lr){2-5}
 & \multicolumn{2}{c}{ours} & \multicolumn{2}{c}{a\_b} \\
\cmidrule(lr){2-3}\cmidrule(lr){4-5}
instances.q\_1.service.mean & e2e.mean\_s & e2e.p95\_s & e2e.mean\_s & e2e.p95\_s \\
\midrule
2 ms & -- & $3.75 \times 10^{10} \pm 1.5 \times 10^{9}$ & $6.0 \pm 0.4$ & $5 \times 10^{10} \pm 2 \times 10^{9}$ \\
10 ms & $1.5 \pm 0.4$$^{*}$ & $1.25 \times 10^{10} \pm 5 \times 10^{8}$$^{*}$ & $3.0 \pm 0.4$ & $2.5 \times 10^{10} \pm 1 \times 10^{9}$ \\
\bottomrule
\end{tabular}
EOF
prints 'CSV' all --rows policy --cols instances.q_1.service.mean --metric e2e.mean_s --format csv <<'EOF'
policy,instances.q_1.service.mean,instances.q_1.service.mean [s],metric,scope,unit,mean,ci_low,ci_high,sd,n,status
ours,500 us,0.0005,e2e.mean_s,,s,7.5,7.125,7.875,0.125,3,complete
ours,2 ms,0.002,e2e.mean_s,,s,,,,,0,complete
ours,10 ms,0.01,e2e.mean_s,,s,1.5,1.125,1.875,0.125,2,interrupted
a_b,2 ms,0.002,e2e.mean_s,,s,6,5.625,6.375,0.125,3,complete
a_b,10 ms,0.01,e2e.mean_s,,s,3,2.625,3.375,0.125,3,complete
EOF
cat expected >once

# Lists and repeated options, in any order of folders; what is there twice counts once.
"$offing" table all --metric e2e.mean_s --cols instances.q_1.service.mean --format csv >out
cmp once out || complain "rows are not chosen by what tells runs apart"
"$offing" table all --rows policy --rows instances.q_1.service.mean --metric e2e.mean_s --format csv >out
"$offing" table all --rows policy,instances.q_1.service.mean --metric e2e.mean_s --format csv >again
cmp out again || complain "a list is not what it is one by one"
"$offing" table slow fast slow --metric e2e.mean_s >out 2>err
grep -q '2 of 6 runs are the same as others and count once' err || complain "twice: $(cat err)"
[ "$(grep -c ' ± ' out)" = 5 ] || complain "not four runs: $(cat out)"
"$offing" table fast >out
grep -q '^policy .*e2e.mean_s .*qos.share$' out || complain "one folder alone: $(cat out)"
"$offing" table fast --metric busy.share --scope 'instance:*','link:*' >/dev/null 2>err && complain "a scope of nothing is taken"
"$offing" table fast --metric busy.share,e2e.mean_s --scope 'instance:*',system >out
grep -q 'busy.share of instance:q_1   e2e.mean_s of system' out || complain "scopes: $(cat out)"
"$offing" table fast --metric requests.done --rows policy,run.seed --where policy=ours >out
grep -q '^ours    5 ' out || complain "two keys of a row: $(cat out)"

refused "they differ in instances.q_1.service.mean;" all --rows policy --metric e2e.mean_s
refused "there is no key 'instances.q1.service.mean'; did you mean 'instances.q_1.service.mean'" all --rows instances.q1.service.mean
refused "there is no key 'polcy'; did you mean 'policy'" all --cols polcy
refused "there is no metric 'e2e.mean'; did you mean 'e2e.mean_s'" all --metric e2e.mean
refused "of 'instance:q_2'; did you mean 'instance:q_1'" all --metric busy.share --scope instance:q_2
refused "no run has policy=our; did you mean 'ours'" all --where policy=our
refused "there is no format 'tex'; did you mean 'text'" all --format tex
refused "'none' holds no result" all none
refused "no run here measured cost.usd$" all --metric cost.usd

# What docs/tables.md shows is what is printed.
sed 's/^policy: .*/policies: {ours: {name: k-p-fcfs, window: 4}, cloud: {name: cloud-only}}/' "$root/scenarios/tiny.yaml" >shown.yaml
for rate in 0.5 2 10; do
	"$offing" run shown.yaml -q -s run.horizon='300 s' -s run.warmup='30 s' --replications 10 \
		-s links.wan.rate="$rate Mbps" -o "shown/$rate" >/dev/null 2>&1
done
"$offing" merge -q shown/* -o shown/all
"$offing" table shown/all --rows policy --cols links.wan.rate --metric latency.mean_ms_per_token >out
tr -d '\t' <"$root/docs/tables.md" >page
[ "$(grep -c . out)" = 5 ] || complain "the shown table has $(grep -c . out) lines"
grep . out | while IFS= read -r line; do
	grep -qxF -- "$line" page || echo "docs/tables.md lacks: $line"
done >lacks
[ ! -s lacks ] || complain "$(cat lacks)"
exit $failed
