#!/bin/sh
# Up to which load of two kinds of requests each policy is stable: region.csv and its picture in OUT.
#	scripts/paper/region.sh OFFING OUT [--quick]
# Along each proportion `offing capacity` finds the largest stable scale (docs/capacity.md).
set -eu
offing=$1
out=$2
# shellcheck source=scripts/paper/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/paper/draw.sh
. "$here/draw.sh"

shares='0 0.1 0.25 0.5 0.75 0.9 1' precision=0.02 most=20000000 policies=
[ "${3:-}" != --quick ] || shares='0 0.5' precision=0.2 most=50000 policies=k-p-fcfs,random

# along SHARE OPTION...: of code; the two at 1 request a second together
along()
{
	share=$1
	shift
	quietly "$offing" capacity "$scenarios/region.yaml" --quiet --json --precision $precision \
		--requests $most ${policies:+--policies "$policies"} "$@" >"$tmp/capacity.json"
	sqlite3 -csv :memory: "
		CREATE TABLE c AS SELECT readfile('$tmp/capacity.json') AS j;
		SELECT 'bound', $share, b, b, b, $share * b, (1 - $share) * b
			FROM (SELECT json_extract(j, '\$.bound.scale') AS b FROM c);
		SELECT json_extract(value, '\$.policy'), $share, s, json_extract(value, '\$.scale_low'),
			json_extract(value, '\$.scale_high'), $share * s, (1 - $share) * s
			FROM (SELECT value, json_extract(value, '\$.scale') AS s
				FROM c, json_each(c.j, '\$.policies'))" | tr -d '\r'
}

{
	echo 'policy,code_share,requests_per_s,ci_low,ci_high,code_per_s,news_per_s'
	for share in $shares; do
		case $share in
		0) along 0 -s users.code=null ;;
		1) along 1 -s users.news=null ;;
		*) along "$share" -s "users.code.arrivals.rate=$share /s" \
			-s "users.news.arrivals.rate=$(awk "BEGIN { print 1 - $share }") /s" ;;
		esac
	done
} >"$out/region.csv"
draw region 760 560
