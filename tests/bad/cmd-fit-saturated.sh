# all at once, served one after another
dir=$(mktemp -d)
cp support/fit.yaml "$dir" && cd "$dir" || exit 1
awk 'BEGIN {
	print "arrival_s,prompt_tokens,output_tokens,ttft_s,e2e_s"
	for (i = 0; i < 60; i++)
		printf "%g,100,20,%g,%g\n", i * 0.01, 0.1 + i * 0.3, 0.6 + i * 0.3
}' >saturated.csv
$offing fit --scenario fit.yaml saturated.csv
status=$?
rm -r "$dir"
exit $status
