#!/bin/sh
# The same seed gives the same bytes through the whole program: JSON and every table, on repeated
# runs and for any number of threads, wall-clock columns aside. And common random numbers: the
# policy, or one more server, shifts no arrival and no length.
#
#	same_bytes.sh OFFING
set -eu
LC_ALL=C
export LC_ALL
offing=$(realpath "$1")
for tool in sqlite3 h5diff; do
	command -v $tool >/dev/null || {
		echo "no $tool here"
		exit 77
	}
done
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

cat >bed.yaml <<'END'
name: bed
run: {horizon: 200 s, warmup: 20 s, replications: 7, seed: 11}
sites:
  edge: {tier: edge, gpu: titan-x, count: 2}
  cloud: {tier: cloud, gpu: rtx-4090}
links:
  access: {between: [users, edge*], rate: 50 Mbps, delay: 2 ms}
  wan: {between: [users, cloud], rate: 20 Mbps, delay: 10 ms}
models:
  chat: {model: llama2-7b, precision: int8}
instances:
  edge: {site: edge, model: chat, max_batch: 4}
  cloud: {site: cloud, model: chat, max_batch: 8}
users:
  steady: {home: edge1, model: chat, workload: humaneval, deadline: 6 s,
    arrivals: {process: poisson, rate: 0.8 /s}}
  bursts: {home: edge2, model: chat, workload: summeval, deadline: 9 s,
    arrivals: {process: gamma, rate: 0.3 /s, cv: 2}}
  moods: {home: edge1, model: chat, arrivals: {process: mmpp, rates: [1 /s, 0.1 /s],
    sojourns: [5 s, 20 s]}, workload: {prompt_tokens: {distribution: lognormal, mean: 200, cv: 1},
    output_tokens: {distribution: geometric, mean: 40}}}
policies:
  k-p-fcfs: {name: k-p-fcfs, window: 4, priority: slack}
  drops: {name: k-p-fcfs, window: 8, priority: edf, on_infeasible: drop}
  fcfs: {name: fcfs}
  random: {name: random}
  cloud-only: {name: cloud-only}
  edge-only: {name: edge-only}
  jsq: {name: jsq}
  power-of-d: {name: power-of-d}
record: {requests: true, queues: 1 s}
END

failed=0
complain() {
	echo "$1"
	failed=1
}

# All that must be the same, as text; reals by their bits' shortest digits.
tables() {
	sqlite3 "$1/results.sqlite" "
		SELECT id, name, scenario, scenario_sha256, policy, seed, replications, version, status
			FROM run ORDER BY id;
		SELECT * FROM setting ORDER BY run, key;
		SELECT * FROM replication ORDER BY run, number;
		SELECT * FROM metric ORDER BY run, replication, scope, name;
		SELECT * FROM summary ORDER BY run, scope, name;
		SELECT * FROM request ORDER BY run, replication, id;
		SELECT * FROM placement ORDER BY run, model, tensor, site, device;"
}

# $1: name, the rest: more options
simulate() {
	out=$1
	shift
	"$offing" run "$bed" -o "$out" --quiet --json "$@" >"$out.json"
	tables "$out" >"$out.txt"
}

bed=bed.yaml
simulate first -j 1
[ "$(grep -c '"status":"complete"' first.json)" -eq 8 ] || complain 'first run: not complete'
[ "$(wc -l <first.txt)" -gt 8000 ] || complain 'first run: tables too small to tell anything'
for j in 1 2 5; do
	simulate "again$j" -j "$j"
	cmp first.json "again$j.json" || complain "-j $j: other JSON"
	cmp first.txt "again$j.txt" || complain "-j $j: other tables"
	[ ! -f first/series.h5 ] || h5diff first/series.h5 "again$j/series.h5" ||
		complain "-j $j: other series"
	rm -rf "again$j"
done
simulate other -j 2 --seed 12
cmp -s first.txt other.txt && complain 'another seed: the same tables'

# Arrivals and lengths: by replication and number, each must be one and the same in all runs.
arrivals='SELECT replication, id, grp, created_s, prompt_tokens, output_tokens FROM request'
many=$(sqlite3 first/results.sqlite "SELECT count(*) FROM (SELECT DISTINCT * FROM ($arrivals))")
one=$(sqlite3 first/results.sqlite "SELECT count(*) FROM ($arrivals WHERE run = 1)")
[ "$one" -gt 1000 ] || complain "only $one arrivals"
[ "$many" -eq "$one" ] || complain "policies: $many different arrivals, not $one"
differ=$(sqlite3 first/results.sqlite 'SELECT count(*) FROM request a JOIN request b
	ON a.replication = b.replication AND a.id = b.id AND a.run = 1 AND b.run = 4
	AND a.instance <> b.instance')
[ "$differ" -gt 100 ] || complain 'policies: nothing else differed either'

simulate server -s 'instances.more={site: more, model: chat}' \
	-s 'sites.more={tier: cloud, gpu: h100}' -s 'links.wan.between=[users, "[cm]*"]' -j 2
sqlite3 first/results.sqlite "$arrivals WHERE run = 1 ORDER BY 1, 2" >before.txt
sqlite3 server/results.sqlite "$arrivals WHERE run = 3 ORDER BY 1, 2" >after.txt
cmp before.txt after.txt || complain 'one more server: other arrivals'

# Pipelines over links that others are on, too, and within a site; whole instances beside them.
cat >pipes.yaml <<'END'
name: pipes
run: {horizon: 120 s, warmup: 10 s, replications: 4, seed: 5}
sites:
  edge: {tier: edge, gpu: titan-x, count: 4}
  cloud: {tier: cloud, gpu: rtx-4090}
  duo: {tier: edge, gpu: titan-x, gpus: 2, interconnect: pcie3}
links:
  access: {between: [users, edge*], rate: 50 Mbps, delay: 2 ms}
  metro: {between: [edge*, edge*], rate: 50 Mbps, burst: 32 KiB, delay: 3 ms, jitter: 1 ms}
  far: {between: [edge*, cloud], rate: 100 Mbps, delay: 5 ms, sharing: fair}
  near: {between: [users, duo], rate: 50 Mbps, delay: 2 ms}
models: {chat: {model: llama2-7b, precision: int8}}
instances:
  pipe: {sites: [edge1, edge2], model: chat, max_batch: 4, kv_blocks: 80}
  span: {sites: [edge3, cloud], split: balanced, micro_batches: 3, model: chat, max_batch: 4, batching: chunked}
  pair: {sites: [duo, duo], model: chat, max_batch: 4, batching: static}
  whole: {site: edge4, model: chat, max_batch: 8}
users:
  open: {model: chat, workload: humaneval, arrivals: {process: poisson, rate: 1.2 /s}}
  closed: {model: chat, workload: summeval, count: 12, delivery: stream,
    arrivals: {process: closed, think: 2 s}}
policies: {fcfs: {name: fcfs}, jsq: {name: jsq}, k-p-fcfs: {name: k-p-fcfs}}
END
bed=pipes.yaml
simulate pipes1 -j 1
[ "$(grep -c '"status":"complete"' pipes1.json)" -eq 3 ] || complain 'pipes: not complete'
for j in 2 5; do
	simulate "pipes$j" -j "$j"
	cmp pipes1.json "pipes$j.json" || complain "pipes, -j $j: other JSON"
	cmp pipes1.txt "pipes$j.txt" || complain "pipes, -j $j: other tables"
done
exit $failed
