#!/bin/sh
# Whatever a command writes is whole or not there, and where it cannot be written that is said in a line, with exit 1:
# a full disk, a folder that may not be written to, standard output that takes nothing. A reader who has seen
# enough is no error.
# usage: output_faults.sh OFFING SOURCE
set -u
offing=$(realpath "$1") source=$(realpath "$2")
dir=$(mktemp -d) && cd "$dir" || exit 1
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
failed=0

complain() {
	echo "$1"
	failed=1
}

cat >small.yaml <<'YAML'
name: small
run: {horizon: 20 s, warmup: 0 s, replications: 2, seed: 5}
sites: {e: {tier: edge}}
links: {}
instances: {q: {site: e, service: {distribution: exponential, mean: 10 ms}}}
users: {u: {arrivals: {process: poisson, rate: 50 /s}}}
policies: {one: {name: fcfs}, two: {name: random}}
record: {queues: 1 s}
YAML
head -n 55 "$source/results/served/h200-13b-load3.csv" >log.csv
bad=$source/tests/bad/support
"$offing" run small.yaml -q -o result >/dev/null || complain "cannot run"
"$offing" run small.yaml -q -s run.seed=6 -o other >/dev/null || complain "cannot run"

# one_line WHAT: what was said is an error, in one line; warnings may come before
one_line() {
	grep -v ': warning: ' err | grep -v '^offing: all replications\|^offing: once there is room' >errors
	if [ "$(wc -l <errors)" != 1 ] || ! grep -q 'error: ' errors; then
		complain "$1: says $(cat err)"
	fi
}

# Commands that print, a line each; what follows `:` is said to be kept.
cat >printing <<LIST
run small.yaml --force -q -o kept
run small.yaml --force -q --json -o kept
check small.yaml
list policies
list metrics --json
design small.yaml --vary run.seed=1,2,3
place $source/scenarios/testbed.yaml
plan $bad/plan.yaml
optimum $source/scenarios/tiny.yaml
capacity small.yaml -s policies.two=null --precision 20%
compare result other
compare result
table result --rows policy --cols run.seed --metric e2e.mean_s
plot result --x policy --metric e2e.mean_s --terminal
report result
export result --format requests
help
help run
help --man run
help scenario
completion bash
--version
LIST
while read -r words; do
	# shellcheck disable=SC2086
	timeout 60 "$offing" $words >out 2>err </dev/null
	status=$?
	if [ $status = 2 ] || [ ! -s out ]; then
		grep -q "unknown command\|needs\|unknown option" err && continue # not in this build
		[ -s out ] || continue
	fi
	head -n 1 out >first
	# shellcheck disable=SC2086
	timeout 60 "$offing" $words >/dev/full 2>err </dev/null
	[ $? = 1 ] || complain "$words: standard output is full, and it ends with $?"
	grep -q '^offing: error: cannot write to standard output' err || complain "$words: says $(cat err)"
	one_line "$words >/dev/full"
	# shellcheck disable=SC2086
	timeout 60 "$offing" $words 2>err </dev/null | head -n 1 >got
	grep -v ': warning: ' err >errors
	[ ! -s errors ] || complain "$words | head: says $(cat errors)"
	[ "$words" = "${words#run}" ] || [ -s got ] || complain "$words | head: nothing came"
	cmp -s got first || [ "$words" = "${words%--json -o kept}" ] || complain "$words | head: not the first line"
done <printing
[ "$(sqlite3 kept/results.sqlite "SELECT group_concat(DISTINCT status) FROM run" 2>/dev/null || echo complete)" = complete ] ||
	complain "run >/dev/full: the result is not whole"

# into FOLDER WORDS: OUT among these is the folder
into() {
	echo "$2" | sed "s,OUT,$1,"
}

# Commands that write files, a line each: what it writes, then how, with OUT for where.
cat >writing <<LIST
results.sqlite run small.yaml -q -o OUT
t.json run small.yaml -q --force -o spare --timeline OUT/t.json
p.yaml place $source/scenarios/testbed.yaml --save OUT/p.yaml
front.csv optimum $source/scenarios/tiny.yaml -o OUT
capacity.csv capacity small.yaml -s policies.two=null --precision 20% -o OUT
f.profile fit log.csv --scenario $source/scenarios/served.yaml -s models.chat.model=llama2-13b -o OUT/f.profile
results.sqlite merge result other -o OUT
picture.svg plot result --x policy --metric e2e.mean_s -o OUT/picture.svg
page.html report result -o OUT/page.html
requests.csv export result --requests OUT/requests.csv
LIST

as_user=
if [ "$(id -u)" = 0 ]; then # who may do everything: as somebody else
	as_user="setpriv --reuid=65534 --clear-groups"
	chmod 755 .
fi
# shellcheck disable=SC2086
$as_user "$offing" --version >/dev/null 2>&1 || as_user=no

while read -r file words; do
	rm -rf able spare
	mkdir able
	# shellcheck disable=SC2046
	if ! "$offing" $(into able "$words") >out 2>err </dev/null; then
		grep -q "unknown command\|unknown option" err || complain "$words: $(cat err)"
		continue
	fi
	[ -s "able/$file" ] || complain "$words: no $file"
	[ -z "$(find able -name '*unfinished*')" ] || complain "$words: leaves $(find able)"

	# a disk that is full at once, and one that is full soon
	sizes='0 1 4'
	[ "$file" != f.profile ] || sizes=1 # which takes two seconds
	for kb in $sizes; do
		rm -rf full spare
		mkdir full
		{
			# shellcheck disable=SC2046
			(ulimit -f $kb && "$offing" $(into full "$words") 2>&1 >/dev/null </dev/null)
			echo $? >status
		} | cat >err
		status=$(cat status)
		if [ "$status" = 0 ]; then
			cmp -s "full/$file" "able/$file" || [ "$file" = results.sqlite ] ||
				complain "$words: $kb kB are enough, but $file is another"
			continue
		fi
		[ "$status" = 1 ] || complain "$words: full at $kb kB, and it ends with $status: $(cat err)"
		one_line "$words: full at $kb kB"
		[ ! -e "full/$file" ] || [ "$file" = results.sqlite ] || cmp -s "full/$file" "able/$file" ||
			complain "$words: full at $kb kB, and half of $file is there"
	done

	# a folder that nobody may write to
	rm -rf closed spare
	mkdir closed
	chmod 555 closed
	if [ "$as_user" != no ] && [ "$file" != f.profile ]; then
		mkdir spare
		chmod 777 spare .
		# shellcheck disable=SC2046
		$as_user "$offing" $(into closed "$words") >/dev/null 2>err </dev/null
		status=$?
		[ $status = 1 ] || complain "$words: closed, and it ends with $status: $(cat err)"
		one_line "$words: closed"
		grep -q 'closed.*: Permission denied' err || complain "$words: closed: says $(cat err)"
	fi
done <writing
[ "$as_user" != no ] || echo "not tried as root: a folder without permission"

exit $failed
