#!/bin/sh
# What `offing list` shows: 80 columns, the figures of the data sheets, JSON of the same items.
# usage: list.sh OFFING
set -eu
offing=$1
failed=0

complain() {
	echo "$*"
	failed=1
}

# has WHAT TEXT: a line of the list has TEXT, blanks squeezed
has() {
	"$offing" list $1 | tr -s ' ' | grep -qF -- "$2" || complain "list $1: no '$2'"
}

# json WHAT TEXT
json() {
	"$offing" list $1 --json | grep -qF -- "$2" || complain "list $1 --json: no '$2'"
}

# refuses ARGUMENTS MESSAGE
refuses() {
	status=0
	said=$("$offing" list $1 2>&1 >/dev/null) || status=$?
	[ $status = 2 ] || complain "list $1: exit $status, not 2"
	[ "$said" = "offing: error: $2" ] || complain "list $1: said '$said', not '$2'"
}

policies=$("$offing" list policies | sed 's/ .*//' | grep -E '^[a-z]' )
for what in "" policies gpus models runtimes interconnects profiles datasets arrivals metrics; do
	"$offing" list $what | awk -v what="$what" '
		length($0) > 80 { print "list " what ": longer than 80 columns: " $0; bad = 1 }
		/ $/ { print "list " what ": blank at the end: " $0; bad = 1 }
		END { exit bad }' || failed=1
done
for policy in $policies; do
	"$offing" list policies "$policy" | awk '
		length($0) > 80 { print "longer than 80 columns: " $0; bad = 1 }
		END { exit bad }' || failed=1
	"$offing" list policies "$policy" --json | grep -q '^\[' || complain "no JSON of $policy"
done

# NVIDIA's data sheets; what is not known is no number.
has gpus 'rtx-4090 23.6 1008 82.6 165.2 660.6 450 0.34 1599 (2022)'
has gpus 'titan-x 11.9 336.5 6.6 - - 250 - 999 (2015)'
has gpus 't4 14.5 320 8.1 65 130 70 0.35 -'
json gpus '"name":"titan-x"'
json gpus '"fp16_flop_per_s":null,"int8_op_per_s":null,"power_w":250,"usd_per_h":null'
json gpus '"bytes_per_s":336500000000,"fp32_flop_per_s":6600000000000'

# 18 links of 20.6 GB/s.
has interconnects 'nvlink4 370.8 3.4'
has interconnects 'nvlink4-peer 397 20'
json interconnects '"name":"pcie3"'

# 2 x 32 layers x 32 heads x 128 x 2 bytes are 512 KiB; 2 x 16 x 8 x 64 x 2 are 32.
has models 'llama2-7b 6.74 G 32 4096 11008 32/32x128 32000 4096 512'
has models 'llama-3.2-1b 1.24 G 16 2048 8192 32/8x64 *128256 131072 32'
json models '"parameters":1235814400,'
json models '"tied_embeddings":true,"qkv_bias":true,"kv_bytes_per_token":12288}'

# Without a word, what there is to list, and no more.
has '' 'gpus devices and their data sheets'
for what in $("$offing" list | sed -n 's/^\([a-z]*\)  .*/\1/p'); do
	"$offing" list $what >/dev/null || complain "list: '$what' is none"
done
[ "$("$offing" list --json | grep -c '"name"')" = 9 ] || complain 'list: not nine lists'

has metrics 'e2e.p95_s s less system, group'
has metrics 'busy.share 1 - site, instance, link'
json metrics '"unit":"token/s","better":"more","scopes":["system"]'

has profiles 'h200-llama2-7b-int8-fused h200 fused llama2-7b measured 0.014'
has profiles 'rtx-4090-fused rtx-4090 fused any transferred 0.05'
json profiles '"provenance":"measured"'
json profiles '"measured":"decode prefill verify mixed attention prediction host"'

has 'policies k-p-fcfs' 'window 8 1 to 4096'
has 'policies k-p-fcfs' 'lengths known known, mean, quantile'
has 'policies jsq' 'It has no'
json 'policies power-of-d' '"default":"2","range":"1 to 64","min":1,"max":64,"words":null}'
refuses 'policies k-p-fcf' "there is no policy 'k-p-fcf'; did you mean 'k-p-fcfs'?"
refuses 'policies nothing-like-it' \
	"there is no policy 'nothing-like-it'; see \`offing list policies\`"
refuses 'gpus t4' '`offing list gpus` takes no name; policies have one'

exit $failed
