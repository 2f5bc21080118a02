#!/bin/sh
# The arrivals that the server of kernels-ref/measure/ takes, and what it says of others.
#
#	serve_arrivals.sh TEST_SERVE_BATCH
set -eu
program=$(realpath "$1")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
failed=0
heading=arrival_s,prompt_tokens,output_tokens

# $1: rows behind the heading, $2: what must be said of them
says() {
	# shellcheck disable=SC2059
	printf "$1" >a.csv
	said=$("$program" a.csv 2>&1) || true
	[ "$said" = "$2" ] || {
		echo "expected: $2"
		echo "got:      $said"
		failed=1
	}
}

says "$heading\n0,5,7\n1.5e1,4000,96\n" "0 5 7
15 4000 96"
says "$heading\r\n0.25,5,7\r\n\r\n" '0.25 5 7'
says "arrival,prompt,output\n0,5,7\n" \
	"a.csv:1: error: the heading should be arrival_s,prompt_tokens,output_tokens: 'arrival,prompt,output'"
for row in '0.1,5,x' '-1,5,7' 'nan,5,7' '0,0,7' '0,5' '0,5,7,1' '0,5.5,7' 'x,5,7' '0,-5,7'; do
	says "$heading\n0,5,7\n$row\n" \
		"a.csv:3: error: a row is a time of 0 or more and two counts from 1, by commas: '$row'"
done
says "$heading\n2,5,7\n1,5,7\n" "a.csv:3: error: times must ascend: '1,5,7'"
says "$heading\n2,4000,97\n" "a.csv:2: error: prompt and output exceed the context: '2,4000,97'"
says "$heading\n" 'a.csv:1: error: no arrivals'
says "$heading\n$(printf '%0600d' 1),5,7\n" \
	"a.csv:2: error: a row of more than 510 characters: '$(printf '%080d' 0)'"
exit $failed
