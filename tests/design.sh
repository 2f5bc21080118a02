#!/bin/sh
# `offing design`, and one point of its table in run and check: values with anything in them come through,
# and what is wrong is said where it stands.
# usage: design.sh OFFING
set -u
offing=$(realpath "$1")
command -v sqlite3 >/dev/null || { echo "sqlite3 is missing"; exit 77; }
dir=$(mktemp -d) && cd "$dir" || exit 1
trap 'rm -rf "$dir"' EXIT
failed=0

complain() {
	echo "$*"
	failed=1
}

cat >s.yaml <<'YAML'
name: s
run: {requests: 20, warmup: 0 s, replications: 2}
sites: {a: {tier: edge}}
instances: {i: {site: a, slots: 1, discipline: fifo, service: {distribution: exponential, mean: 0.5 s}}}
users: {u: {arrivals: {process: poisson, rate: 1 /s}}}
policy: {name: fcfs}
links: {}
record: {queues: off}
YAML

# refused PATTERN COMMAND ARGUMENT...: with status 2, nothing on standard output
refused() {
	pattern=$1
	shift
	status=0
	"$offing" "$@" >out 2>err || status=$?
	[ "$status" = 2 ] || complain "$*: status $status, not 2"
	[ ! -s out ] || complain "$*: prints though it is refused"
	grep -q -e "$pattern" err || complain "$*: says $(cat err), not $pattern"
}

# rows WANTED ARGUMENT...: the table without its digests, "|" between lines
rows() {
	want=$1
	shift
	got=$("$offing" design s.yaml "$@" 2>err | sed 's/,[^,]*$//' | tr '\n' '|')
	[ "$got" = "$want" ] || complain "design $*: $got, not $want: $(cat err)"
}

# Texts with all that a table, a shell and YAML give a meaning to come through both ways.
n=0
while read -r text; do
	n=$((n + 1))
	quoted=$(printf '%s' "$text" | sed "s/'/''/g")
	"$offing" design s.yaml --vary "description='$quoted',x" >t.csv 2>err ||
		complain "$text: $(cat err)"
	"$offing" run s.yaml --design t.csv --point 1 -q -o "run.$n" >/dev/null 2>err || complain "$text: $(cat err)"
	got=$(sqlite3 "run.$n/results.sqlite" "SELECT value FROM setting WHERE key = 'description'")
	[ "$got" = "$text" ] || complain "'$text' has become '$got'"
	"$offing" design s.yaml --vary "description='$quoted',x" --options >lines
	eval "set -- $(sed -n '1s/^1//p' lines)"
	"$offing" check s.yaml "$@" >checked 2>err || complain "$text, as options: $(cat err)"
	"$offing" check s.yaml --design t.csv --point 1 >wanted
	cmp -s checked wanted || complain "'$text', as options: $*"
done <<'END'
plain
with blanks, commas and more, ,
it's "quoted" with both: ' "
# no comment: and {no: map} [no, list]
$HOME `echo` $(echo) \n \\ %s * ? ~ !
null
10 Mbps
-x
"
''
é ü – 漢字
END
[ $n = 11 ] || complain "only $n texts"

# Lists, and the order of the grid.
rows 'point,run.seed,policy|1,1,{name: fcfs}|2,1,"{name: random, x: 1}"|' --vary seed=1 \
	--vary 'policy={name: fcfs}, {name: random, x: 1}'
rows 'point,run.seed,run.backlog|1,1,5|2,1,6|3,2,5|4,2,6|' --vary seed=1,2 --vary run.backlog=5,6
rows 'point,run.seed|1,1|2,2|3,3|4,9|' --vary seed=int:1..3:3,9
rows 'point,run.limit|1,1 s|2,10 s|3,auto|' --vary 'run.limit=log:1..10:2 s,auto'
rows 'point,users.u.arrivals.rate|1,1 /s|2,2.5 /s|3,4 /s|' --vary 'users.u.arrivals.rate=1,2.5,4 /s'

# Tables: columns in any order, an empty cell leaves the key alone, lines end either way, numbers of
# their own; and each row with each point of the grid.
printf '\357\273\277"run.seed" , point,users.u.arrivals.rate\r\n\r\n 4,7,"2 /s"\r\n5,3,\r\n' >t.csv
rows 'point,run.seed,users.u.arrivals.rate|7,4,2 /s|3,5,|' --design t.csv
rows 'point,run.seed,users.u.arrivals.rate,run.backlog|1,4,2 /s,0|2,4,2 /s,1|3,5,,0|4,5,,1|' --design t.csv \
	--vary run.backlog=0,1
[ "$("$offing" check s.yaml --design t.csv --point 7 | grep -c 'seed: 4\|rate: 2 /s')" = 2 ] ||
	complain "point 7 of a table"

# Drawn: as many points, each value of a list as often, another seed other points.
"$offing" design s.yaml --vary seed=1,2,3,4 --vary 'users.u.arrivals.rate=log:0.1..10 /s' --design sobol:16 >a.csv
"$offing" design s.yaml --vary seed=1,2,3,4 --vary 'users.u.arrivals.rate=log:0.1..10 /s' --design sobol:16:1 >b.csv
"$offing" design s.yaml --vary seed=1,2,3,4 --vary 'users.u.arrivals.rate=log:0.1..10 /s' --design lhs:16:2 >c.csv
cmp a.csv b.csv || complain "the seed of a design is not 1"
for file in a.csv c.csv; do
	[ "$(cut -d, -f2 $file | sort | uniq -c | tr -s ' \n' ' ')" = ' 4 1 4 2 4 3 4 4 1 run.seed ' ] ||
		complain "$file: seeds $(cut -d, -f2 $file | sort | uniq -c)"
	# eight of sixteen below the geometric mean of the ends, 1
	[ "$(awk -F, 'NR > 1 { n += $3 + 0 < 1; bad += $3 + 0 < 0.1 || $3 + 0 > 10 } END { print n, bad + 0 }' $file)" = '8 0' ] ||
		complain "$file: $(cat $file)"
done
cmp -s a.csv c.csv && complain "both kinds of design are the same"

# What is wrong in a table is told at its line and column.
for case in 'run.seed|1,2|:2:1: error: row has 2 fields, not 1' \
	'run.seed,run.seed|1,2|:1:10: error: column .run.seed. is there twice' 'seed,run.seed|1,2|:varied twice' \
	'run.seed,|1,2|:1:10: error: column 2 has no name' 'point|1|:no column is a key' \
	'run.seed|:no points, only a heading' 'run.seed|"1|:2:1: error: a quote does not end' \
	'point,run.seed|x,1|:2:1: error: point should be a whole number' \
	'point,run.seed|2,1|2,2|:two points have the number 2' \
	'run.sede|1|:1:5: error: unknown key .sede.' 'run.seed|one|:2:1: error: seed should be'; do
	text=${case%%:*}
	printf '%s' "$text" | tr '|' '\n' >t.csv
	refused "${case#*:}" design s.yaml --design t.csv
done
: >t.csv
refused 'file is empty' design s.yaml --design t.csv
printf 'point,run.seed\n1,one\n2,2\n' >t.csv
refused 't.csv:2:3: error: seed should be' run s.yaml --design t.csv --point 1 -o new
refused 'has no point 3' check s.yaml --design t.csv --point 3
refused 'wants the row' check s.yaml --design t.csv
refused 'wants the table' check s.yaml --point 1
refused 'cannot open' check s.yaml --design none.csv --point 1
[ ! -e new ] || complain "a point that cannot be read makes a folder"

# Of the design itself.
refused 'nothing is varied' design s.yaml
refused 'wants keys to vary' design s.yaml --design sobol:4
refused 'from 1 to 100000' design s.yaml --vary seed=1,2 --design lhs:0
refused 'from 1 to 100000' design s.yaml --vary seed=1,2 --design lhs:4:x
refused 'standing\|standard input' design - --vary seed=1,2
refused 'no list of values' design s.yaml --vary 'seed=1,,2'
refused 'last comma' design s.yaml --vary 'seed=1,'
refused 'stands in a list' design s.yaml --vary 'seed=1,int:3..9' --design lhs:4
refused 'would undo' design s.yaml --vary replications=1,2 --replications 3

# Numbers are kept by scenario, then by what is written; new points get the next ones.
"$offing" design s.yaml --vary seed=1,2,3 >old.csv
[ "$("$offing" design s.yaml --vary seed=9,3,1,8,2 --keep old.csv | cut -d, -f1,2 | tr '\n' '|')" = \
	'point,run.seed|4,9|3,3|1,1|5,8|2,2|' ] || complain "numbers are not kept"
sed 's/0.5 s/0.25 s/' s.yaml >s2.yaml
"$offing" design s2.yaml --vary seed=3,2 --keep old.csv | cut -d, -f1,2 | tr '\n' '|' >got
[ "$(cat got)" = 'point,run.seed|3,3|2,2|' ] || complain "of an edited file: $(cat got)"
# The digest is that of the run; an edited file has another.
"$offing" run s.yaml --design old.csv --point 2 -q -o digest >/dev/null 2>&1
[ "$(sqlite3 digest/results.sqlite 'SELECT scenario_sha256 FROM run')" = "$(sed -n 's/^2,2,//p' old.csv)" ] ||
	complain "the digest of a point is not that of its run"
refused 'point 2 is another scenario than when old.csv was made' run s2.yaml --design old.csv --point 2 -o new
exit $failed
