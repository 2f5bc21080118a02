#!/bin/bash
# What identifies a scenario: the same wherever it lies, another for every file whose content differs.
# usage: identity.sh OFFING PLUGIN.so POLICY-OF-IT PROFILE
offing=$(realpath "$1") plugin=$(realpath "$2") policy=$3 profile=$(realpath "$4")
command -v sqlite3 >/dev/null || { echo "sqlite3 is missing"; exit 77; }
dir=$(mktemp -d) && cd "$dir" || exit 1
trap 'rm -rf "$dir"' EXIT
failed=0

complain() {
	echo "$1"
	failed=1
}

mkdir here here/data
cat >here/s.yaml <<'YAML'
name: files
run: {horizon: 20 s, warmup: 0 s, replications: 1}
sites: {a: {tier: edge, gpu: rtx-4090}, b: {tier: cloud}}
links:
  l: {between: [users, a], trace: {file: data/rates.csv, format: rate}}
  m: {between: [users, b], rate: 1 Gbps}
models: {chat: {model: llama2-7b, precision: int8}}
instances: {i: {site: a, model: chat, profile: data/card.profile}}
users: {u: {model: chat, arrivals: {process: trace, file: data/t.csv, format: csv}}}
policy: {name: POLICY}
record: {queues: off, requests: false}
YAML
sed -i "s/POLICY/$policy/" here/s.yaml
printf 't_s,mbit_per_s\n0,1\n10,2\n' >here/data/rates.csv
printf 'arrival_s,prompt_tokens,output_tokens\n1,20,30\n2,10,20\n' >here/data/t.csv
cp "$profile" here/data/card.profile
cp "$plugin" here/data/p.so

# sha FOLDER [OPTION...]: from the folder above; the identity of the scenario in it
sha() {
	local folder=$1
	shift
	rm -rf out
	"$offing" run "$folder/s.yaml" -q -o out --plugin "$folder/data/p.so" "$@" >/dev/null 2>err ||
		complain "$folder: $(cat err)"
	sqlite3 out/results.sqlite 'SELECT scenario_sha256 FROM run'
}

first=$(sha here)
[ ${#first} = 64 ] || complain "no digest: $first"
sqlite3 -separator ' ' out/results.sqlite 'SELECT sha256, path, bytes FROM input ORDER BY path' >told
cat >expected <<EOF
$(sha256sum <here/data/card.profile | cut -d' ' -f1) data/card.profile $(stat -c %s here/data/card.profile)
$(sha256sum <here/data/rates.csv | cut -d' ' -f1) data/rates.csv $(stat -c %s here/data/rates.csv)
$(sha256sum <here/data/t.csv | cut -d' ' -f1) data/t.csv $(stat -c %s here/data/t.csv)
$(sha256sum <here/data/p.so | cut -d' ' -f1) here/data/p.so $(stat -c %s here/data/p.so)
EOF
diff expected told || complain "the table input (above: < expected)"
[ "$(sqlite3 out/results.sqlite 'SELECT group_concat(key) FROM (SELECT key FROM input ORDER BY 1)')" = \
	"instances.i.profile,links.l.trace.file,plugin:$policy,users.u.arrivals.trace.file" ] ||
	complain "keys of input: $(sqlite3 out/results.sqlite 'SELECT key FROM input')"
[ "$(sqlite3 out/results.sqlite 'SELECT instance, profile FROM profile')" = 'i|card' ] ||
	complain "profile: $(sqlite3 out/results.sqlite 'SELECT * FROM profile')"

# Elsewhere, and by another way there.
mkdir -p else/where
cp -r here else/where/it
[ "$(sha else/where/it)" = "$first" ] || complain "another folder: another identity"
[ "$(cd else/where/it && sha ../it)" = "$first" ] || complain "another current folder: another identity"
[ "$(sha here -s users.u.arrivals.file="$dir/else/where/it/data/t.csv")" = "$first" ] ||
	complain "the same file by its full name: another identity"

# Another content of one file, however alike.
for file in rates.csv t.csv card.profile p.so; do
	rm -rf other
	cp -r here other
	case $file in
	p.so) printf '\0' >>other/data/$file ;; # behind all that the loader looks at
	*) sed -i '$s/$/\r/' other/data/$file ;; # the same to a reader
	esac
	[ "$(sha other)" != "$first" ] || complain "$file: another content, the same identity"
done
[ "$(sha here --seed 2)" != "$first" ] || complain "another seed, the same identity"

# A policy from a plug-in that is loaded and not used is nobody's business.
unused=$(sha here -s policy='{name: fcfs}')
[ "$(sqlite3 out/results.sqlite "SELECT count(*) FROM input WHERE key LIKE 'plugin%'")" = 0 ] ||
	complain "an unused plug-in is an input"
[ "$unused" != "$first" ] || complain "another policy, the same identity"

# Without files it is the digest of the text as it is kept.
"$offing" run here/s.yaml -q -o plain -s policy='{name: fcfs}' -s instances.i.profile=null \
	-s links.l='{between: [users, a], rate: 1 Mbps}' \
	-s users.u.arrivals='{process: poisson, rate: 1 /s}' -s users.u.workload=humaneval \
	>/dev/null 2>err || complain "plain: $(cat err)"
kept=$(sqlite3 plain/results.sqlite "SELECT scenario_sha256 FROM run")
text=$(sqlite3 plain/results.sqlite "SELECT writefile('text', scenario) FROM run" >/dev/null &&
	sha256sum <text | cut -d' ' -f1)
[ "$kept" = "$text" ] || complain "without files: $kept is not that of the text, $text"

exit $failed
