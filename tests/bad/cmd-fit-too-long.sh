# one prompt does not fit the server's max_len
dir=$(mktemp -d)
cp support/fit.yaml "$dir" && cd "$dir" || exit 1
awk 'BEGIN {
	print "arrival_s,prompt_tokens,output_tokens,ttft_s,e2e_s"
	for (i = 0; i < 60; i++)
		printf "%g,%d,20,0.1,0.6\n", i, i == 40 ? 590 : 100
}' >long.csv
$offing fit --scenario fit.yaml long.csv
status=$?
rm -r "$dir"
exit $status
