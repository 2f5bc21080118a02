#!/bin/sh
# Under which assumptions the claims hold that were not reproduced: assume.csv and assume.md in OUT.
#	scripts/paper/assume.sh OFFING OUT [--quick]
# scripts/paper/assumptions.csv has what is searched: each row one assumption (@ in its options) over a list
# of values, how many requests are served at once where more than that are always there, and the two sides whose
# ratio the claim is about, "POLICY OPTION...", with / between a side and what it is over.
set -eu
offing=$1
out=$2
# shellcheck source=scripts/paper/lib.sh
. "$(dirname "$0")/lib.sh"

requests=200 warmup='100 s' horizon='1200 s' replications=5 every=1 only=
[ "${3:-}" != --quick ] || requests=20 warmup='20 s' horizon='100 s' replications=2 every=6 only=fused

# options TEXT: its parts, parted by ';', as -s options of "$@" in $more, one a line; @ is the value
options()
{
	printf "%s\n" "$1" | tr ';' '\n' | sed "/^\$/d; s/@/$value/g"
}

# values_of SIDE FILE: of each replication
values_of()
{
	policy=${1%% *}
	own=${1#"$policy"}
	set -- "$2"
	while IFS= read -r option; do
		set -- "$@" -s "$option"
	done <<-END
		$(options "$common;$fixed;${own# }")
	END
	to=$1
	shift
	run "$scenario" "$@"
	sqlite3 -readonly -csv "$tmp/run/results.sqlite" "
		SELECT m.replication, m.value FROM metric m JOIN run r ON r.id = m.run
		WHERE r.policy = '$policy' AND m.name = '$metric' AND m.scope = '$scope'
		ORDER BY m.replication" | tr -d '\r' >"$to"
	[ -s "$to" ] || {
		echo "assume: no $metric of $policy" >&2
		exit 1
	}
}

# side TEXT FILE: replication by replication, a side over what it is over
side()
{
	values_of "${1%% / *}" "$2"
	case $1 in
	*' / '*)
		values_of "${1#* / }" "$2.under"
		paste -d, "$2" "$2.under" | awk -F, -v OFS=, '{ printf "%s,%.12g\n", $1, $2 / $4 }' >"$2.over"
		mv "$2.over" "$2"
		;;
	esac
}

# what all runs of the row have: the load, and the runtime
fix()
{
	case $scenario in
	table1) fixed="instances.edge.runtime=$runtime;instances.cloud.runtime=$runtime" ;;
	*) fixed="instances.auto.runtime=$runtime" ;;
	esac
	case $load in
	light | filled) fixed="$fixed;run.requests=$requests" ;;
	*) fixed="$fixed;run.requests=null;run.horizon=$horizon;run.warmup=$warmup" ;;
	esac
	# as in the tables, by how many are served at once
	[ "$places" = - ] || {
		served=$(printf '%s\n' "$places" | sed "s/@/$value/g")
		fixed="$fixed;users.all.arrivals=$(saturated "$(awk "BEGIN { print $served }")")"
	}
}

awk -f "$here/csv.awk" -f "$here/assume_rows.awk" "$here/assumptions.csv" >"$tmp/rows"
{
	echo 'claims,assumption,runtime,load,value,ratio,ci_low,ci_high,n'
	while IFS="$(printf '\t')" read -r claims assumption values scenario of load metric scope places common left right; do
		[ "$scope" != - ] || scope=
		for runtime in ${only:-$of}; do
			tried=0
			for value in $values; do
				tried=$((tried + 1))
				[ $(((tried - 1) % every)) -eq 0 ] || continue
				fix
				side "$left" "$tmp/left"
				side "$right" "$tmp/right"
				paste -d, "$tmp/left" "$tmp/right" | awk -F, '{ printf "x,%.12g\n", $2 / $4 }' |
					awk -F, -f "$here/interval.awk" |
					sed "s/^x/$claims,\"$assumption\",$runtime,$load,$value/"
			done
		done
	done <"$tmp/rows"
} >"$out/assume.csv"
awk -f "$here/csv.awk" -f "$here/agree.awk" -f "$here/assume_md.awk" "$here/claims.csv" "$out/assume.csv" >"$out/assume.md"
