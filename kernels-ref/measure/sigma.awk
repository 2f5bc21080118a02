# Standard deviation of log time from one profile to another, of rows that all have: of the same kernels on
# several machines, or of several runs.
#
#	awk -f kernels-ref/measure/sigma.awk FILE.profile FILE.profile...
/^\[/ {
	section = $1
	next
}
section ~ /^\[(decode|prefill|attention)\]$/ && $1 ~ /^[0-9]+$/ {
	row = section " " $1 " " (section == "[attention]" ? sprintf("%.2f", $2) : $2)
	x = log($3)
	n[row]++
	sum[row] += x
	squares[row] += x * x
}
END {
	all = ARGC - 1
	for (row in n)
		if (n[row] == all) {
			split(row, word, " ")
			rows[word[1]]++
			total[word[1]] += (squares[row] - sum[row] * sum[row] / all) / (all - 1)
		}
	split("decode prefill attention", name, " ")
	for (i = 1; i <= 3; i++) {
		s = "[" name[i] "]"
		if (rows[s] > 0)
			printf "sigma.%s: %.2g (%d rows)\n", name[i], sqrt(total[s] / rows[s]), rows[s]
	}
}
