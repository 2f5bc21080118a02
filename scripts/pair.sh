#!/bin/sh
# What was measured between two GPUs of one host against what offing makes of it.
#
#	scripts/pair.sh kv DIR [WAY]       keys and values of a prompt: bytes over the interconnect and its latency
#	scripts/pair.sh overlap DIR [WAY]  the same layer by layer, while the prompt is computed
#	scripts/pair.sh rounds DIR [-s KEY=VALUE]...
#		rounds of drafts made on one GPU and verified on the other, simulated; tokens a round beside their law
#
# DIR: of the tables that kernels-ref/measure/measure.sh OUT pair writes, as results/pair. WAY: engine (default),
# blocks, kernel, ...: the column `way`. The interconnect is PAIR_INTERCONNECT, or nvlink4-peer.
set -eu
LC_ALL=C
export LC_ALL

fail()
{
	echo "pair: $1" >&2
	exit 2
}

[ $# -ge 2 ] || fail "usage: pair.sh kv|overlap DIR [WAY] | rounds DIR [-s KEY=VALUE]..."
home=$(cd "$(dirname "$0")/.." && pwd)
offing=${OFFING:-$home/build/cli/offing}
what=$1
dir=$2
shift 2
way=${1:-engine}
name=${PAIR_INTERCONNECT:-nvlink4-peer}
[ -x "$offing" ] || "$home/scripts/setup.sh" run

# What offing reckons with: bytes a second, seconds.
wire=$("$offing" list interconnects --json | tr '{' '\n' | sed -n "s/^\"name\":\"$name\".*\"bytes_per_s\":\([^,]*\),\"latency_s\":\([^}]*\)}.*/\1 \2/p")
[ -n "$wire" ] || fail "no interconnect is called $name"

# table FILE HEADING: is it such a table?
table()
{
	[ -r "$dir/$1" ] || fail "$dir/$1 cannot be read"
	[ "$(head -n 1 "$dir/$1" | tr -d '\r')" = "$2" ] || fail "$dir/$1: the heading should be $2"
}

kv()
{
	table kv.csv model,prompt_tokens,way,bytes,gpu_s,gpu_p10_s,gpu_p90_s,host_s
	awk -F, -v way="$way" -v wire="$wire" '
		BEGIN {
			split(wire, w, " ")
			printf "%-12s %8s %10s %12s %12s %9s\n", "model", "tokens", "MB", "measured us", "foretold us", "error"
		}
		$3 == way {
			t = w[2] + $4 / w[1]
			printf "%-12s %8d %10.1f %12.1f %12.1f %+8.1f %%\n", $1, $2, $4 / 1e6, 1e6 * $5, 1e6 * t, 100 * (t / $5 - 1)
			n++
		}
		END { exit n == 0 }' "$dir/kv.csv" || fail "$dir/kv.csv has no rows of way $way"
}

# end = max(prefill end + one layer, prefill start + first layer + all), of a prefill that nothing is sent beside
overlap()
{
	table kv.csv model,prompt_tokens,way,bytes,gpu_s,gpu_p10_s,gpu_p90_s,host_s
	table overlap.csv model,prompt_tokens,way,when,first_layer_s,computed_s,arrived_s
	awk -F, -v way="$way" -v wire="$wire" '
		BEGIN {
			split(wire, w, " ")
			layers["llama2-7b"] = 32
			layers["llama2-13b"] = 40
			printf "%-12s %8s %12s %12s %12s %9s %12s %12s %9s\n", "model", "tokens", "prefill ms",
				"by layers", "foretold", "error", "after it", "foretold", "error"
		}
		FNR == 1 { next }
		FILENAME ~ /kv.csv$/ { bytes[$1, $2] = $4; next }
		$3 != way { next }
		$4 == "alone" { alone = $6 }
		$4 == "after" { after = $7 }
		$4 == "layers" {
			all = w[2] + bytes[$1, $2] / w[1]
			one = w[2] + bytes[$1, $2] / layers[$1] / w[1]
			end = alone + one
			if (end < alone / layers[$1] + all)
				end = alone / layers[$1] + all
			printf "%-12s %8d %12.3f %12.3f %12.3f %+8.1f %% %12.3f %12.3f %+8.1f %%\n", $1, $2, 1e3 * alone,
				1e3 * $7, 1e3 * end, 100 * (end / $7 - 1),
				1e3 * after, 1e3 * (alone + all), 100 * ((alone + all) / after - 1)
			n++
		}
		END { exit n == 0 }' "$dir/kv.csv" "$dir/overlap.csv" || fail "$dir/overlap.csv has no rows of way $way"
}

# arrivals N PROMPT OUTPUT: N together, during the prefill of one that is over with it
arrivals()
{
	awk -v n="$1" -v prompt="$2" -v output="$3" 'BEGIN {
		print "arrival_s,prompt_tokens,output_tokens\n0,16,1"
		for (i = 0; i < n; i++)
			print "0.001," prompt "," output
	}'
}

# round N K ACCEPTANCE PROMPT OUTPUT ...: seconds of a round, as simulated
round()
{
	n=$1 k=$2 acceptance=$3
	arrivals "$n" "$4" "$5" >"$tmp/arrivals.csv"
	shift 5
	"$offing" run "$home/scenarios/pair-drafts.yaml" -s sites.lab.interconnect="$name" \
		-s "users.served.arrivals={process: trace, trace: {file: '$tmp/arrivals.csv', format: csv}}" \
		-s run.requests=$((n + 1)) -s run.replications=8 -s instances.server.max_batch="$n" \
		-s instances.server.draft.k="$k" -s instances.server.draft.acceptance="$acceptance" "$@" \
		--quiet -o "$tmp/$n-$k-$acceptance" >"$tmp/said" || { cat "$tmp/said" >&2; exit 1; }
	sqlite3 "$tmp/$n-$k-$acceptance/results.sqlite" "SELECT
		(SELECT sum(finished_s - first_token_s) FROM request WHERE output_tokens > 1) /
		(SELECT sum(value) FROM metric WHERE name = 'speculation.rounds' AND scope = '')"
}

# tokens a round are min(L, k) + 1, P(L >= j) = acceptance^j: their mean, and how many standard errors off
rounds()
{
	heading=sequences,k,acceptance,waves,prompt_tokens,output_tokens,rounds,accepted,looked_at,emitted,round_s,verify_s
	heading=$heading,verify_gpu_s,verify_context_tokens,draft_s,draft_gpu_s,up_s,up_gpu_s,down_s,down_gpu_s
	table rounds.csv "$heading"
	tmp=$(mktemp -d)
	trap 'rm -rf "$tmp"' EXIT
	printf '%9s %3s %10s %8s %12s %12s %9s %8s %8s %7s\n' sequences k acceptance rounds 'measured ms' 'foretold ms' error \
		tokens law 'off, se'
	tail -n +2 "$dir/rounds.csv" | tr -d '\r' | cut -d, -f1-3,5-8,11 | tr , ' ' |
		while read -r n k a prompt output rounds accepted s; do
			round "$n" "$k" "$a" "$prompt" "$output" "$@" |
				awk -v n="$n" -v k="$k" -v a="$a" -v rounds="$rounds" -v accepted="$accepted" -v s="$s" '{
					for (j = 1; j <= k; j++) {
						mean += a ^ j
						square += (2 * j - 1) * a ^ j
					}
					got = accepted / rounds
					se = sqrt((square - mean * mean) / rounds)
					printf "%9d %3d %10s %8d %12.3f %12.3f %+8.1f %% %7.3f %8.3f %+7.1f\n", n, k, a, rounds,
						1e3 * s, 1e3 * $1, 100 * ($1 / s - 1), got + 1, mean + 1, (got - mean) / se
				}'
		done
}

case $what in
kv | overlap | rounds) $what "$@" ;;
*) fail "no table is called $what" ;;
esac
