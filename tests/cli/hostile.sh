#!/bin/bash
# What people can write into a scenario, an option or the name of a file reaches no shell, no SQL, no
# terminal and no file but as text, or is refused: each hostile string at each place, and all that
# comes out is looked at. The scripts of `check --tc` are run, with tc and ip that do nothing.
#
#	hostile.sh OFFING
set -u
LC_ALL=C
export LC_ALL
offing=$(realpath "$1")
command -v sqlite3 >/dev/null || {
	echo "no sqlite3 here"
	exit 77
}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
mkdir bin work
printf '#!/bin/sh\n' | tee bin/tc bin/ip >/dev/null
chmod +x bin/tc bin/ip
cd work || exit 1

# As a double-quoted text of YAML has them, and as bytes.
yaml=('x\ntouch canary' '$(touch canary)' '`touch canary`' "'; touch canary; '" '\"; touch canary; \"'
	'\e]0;t\a\e[2J' '\u009b31mred' 'a\rb' '\u202ecba' "'); drop table run; --" '%s%n%s' '../../x'
	'-rf' '{\"a\":[' 'a\tb' ' ' '' 'x*\n' '[\n]' 'a\u00a0b')
bytes=($'x\ntouch canary' '$(touch canary)' '`touch canary`' "'; touch canary; '" '"; touch canary; "'
	$'\e]0;t\a\e[2J' $'\xc2\x9b31m' $'a\rb' $'\xe2\x80\xaecba' "'); drop table run; --" '%s%n%s'
	'-rf' '{"a":[' $'\x9b\xff' 'a b*?' ' ')

failed=0
outputs=0
complain() {
	printf '%s: ' "$1"
	printf '%q ' "${@:2}"
	echo
	failed=$((failed + 1))
}

# look WHAT STRING FILE... : nothing a terminal obeys, and nothing has been run
look() {
	local what=$1 string=$2
	shift 2
	outputs=$((outputs + $#))
	# control bytes but the line feed, C1 controls, direction marks
	if grep -qP '[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae\x8e\x8f]' "$@"; then
		complain "$what lets through" "$string"
	fi
	iconv -f utf-8 -t utf-8 "$@" >/dev/null 2>&1 || complain "$what is no UTF-8" "$string"
	if [ -n "$(find "$dir" -name canary -print -quit)" ]; then
		complain "$what ran" "$string"
		find "$dir" -name canary -delete
	fi
}

scenario() {
	cat >s.yaml <<END
name: ${name:-s}
description: ${description:-d}
run: {horizon: 2 s, warmup: 0 s, replications: 1}
sites: {${site:-c}: {tier: edge, gpu: titan-x}, d: {tier: cloud}}
links:
  ${link:-l}: {between: [users, ${ends:-c}], rate: ${rate:-10 Mbps}, burst: 10 kB,
    classes: {${class:-k}: {rate: 1 Mbps}}, qdisc: htb}
models: {${model:-m}: {model: ${shape:-llama2-7b}, precision: ${precision:-int8}}}
instances: {${instance:-i}: {site: ${place:-c}, service: 1 ms}}
users: {${group:-u}: {home: ${home:-c}, arrivals: ${arrivals:-"{process: poisson, rate: 20 /s}"},
  ${key:-delivery}: whole}}
policies: {${label:-p}: {name: ${policy:-fcfs}${parameter:+, $parameter: 3}}}
END
}

try() {
	local string=$1 status
	rm -rf out
	"$offing" check s.yaml >check.out 2>check.err
	status=$?
	look check "$string" check.out check.err
	"$offing" check --tc s.yaml >tc.out 2>tc.err && {
		(
			for v in $(grep -o '\$[A-Za-z_0-9]*' tc.out | tr -d '$' | sort -u); do
				printf '%s=eth0\n' "$v"
			done
			cat tc.out
		) >tc.sh
		PATH=$dir/bin:$PATH sh tc.sh >sh.out 2>&1 || complain "the script of tc fails" "$string"
	}
	look tc "$string" tc.out tc.err
	[ $status -eq 0 ] || return
	"$offing" run s.yaml -q -o out >run.out 2>run.err || complain "run fails" "$string"
	look table "$string" run.out run.err
	"$offing" run s.yaml -q -o out --force --json >run.json 2>run.err
	look json "$string" run.json run.err
	[ "$(sqlite3 :memory: "select json_valid(readfile('run.json'))")" = 1 ] ||
		complain "no JSON" "$string"
	[ "$(sqlite3 out/results.sqlite 'pragma integrity_check; select count(*) from run')" = $'ok\n1' ] ||
		complain "no database" "$string"
}

scenario
try plain
[ -s sh.out ] && complain "the script of tc says" "$(head -1 sh.out)"
grep -q '^tc ' tc.out || complain "there is no script of tc" plain

places='name description site link ends rate class model shape precision instance place group home key
	label policy parameter arrivals'
for string in "${yaml[@]}"; do
	for place in $places; do
		(
			declare "$place=\"$string\""
			[ "$place" = arrivals ] &&
				arrivals="{process: trace, format: csv, file: \"$string\"}"
			scenario
			try "$place=$string"
			echo "$failed $outputs" >../count
		)
		read -r failed outputs <../count
	done
done

# Options, and names of files: of the scenario, a trace, a profile, a plug-in, the folder for results.
unset name
printf 'arrival_s,prompt_tokens,output_tokens\n0.25,5,5\n' >../good.csv
for string in "${bytes[@]}"; do
	scenario
	for option in "--set=name=$string" "--set=$string=3" "--set=links.l.rate=$string" \
		"--seed=$string" "--precision=$string" "--plugin=./$string" "--$string" "-$string"; do
		"$offing" check "$option" s.yaml >check.out 2>check.err
		look option "$option" check.out check.err
	done
	"$offing" "$string" >check.out 2>check.err
	look command "$string" check.out check.err
	"$offing" list "$string" >check.out 2>check.err
	look list "$string" check.out check.err
	mkdir -p "./$string dir"
	cp s.yaml "./$string.yaml"
	cp ../good.csv "./$string dir/t.csv"
	printf 'mine\n1\n' >"./$string dir/wrong.csv"
	"$offing" run "./$string.yaml" -o "./$string dir/out" >run.out 2>run.err
	look "run in" "$string" run.err
	"$offing" run "./$string.yaml" -q -o "./$string dir/out" >run.out 2>run.err
	look "taken" "$string" run.out run.err
	for file in t.csv wrong.csv absent.csv; do
		sed -i 's/^users.*/users: {u: {arrivals: {process: trace, format: csv, file: '"$file"'},/' s.yaml
		cp s.yaml "./$string dir/s.yaml"
		"$offing" check "./$string dir/s.yaml" >check.out 2>check.err
		look "trace in" "$string" check.out check.err
		scenario
	done
	printf 'garbage' >"./$string.so"
	"$offing" check --plugin "./$string.so" s.yaml >check.out 2>check.err
	look plug-in "$string" check.out check.err
	: >"./$string"
done

# What bash completes with: the files lie here.
"$offing" completion >../completion.sh
cat >../complete.sh <<'END'
. ../completion.sh
COMP_WORDS=(offing run '')
COMP_CWORD=2
_offing
printf '%s\n' "${#COMPREPLY[@]}"
END
bash ../complete.sh >complete.out 2>&1
look completion "files here" complete.out

echo "$outputs outputs looked at, $failed complaints"
[ $failed -eq 0 ] && [ "$outputs" -ge 1000 ]
