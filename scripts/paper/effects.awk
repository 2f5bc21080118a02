# The effects of a 2 x 2 x 2 factorial, replication by replication, on the logarithm of what is observed, from
# lines RUNTIME,LOAD,ATTENTION,DECODING,POLICY,NUMBER,VALUE to RUNTIME/LOAD/EFFECT,VALUE (Montgomery, "Design
# and Analysis of Experiments", 6.3). An effect is the mean over the other switches; an interaction how much
# larger one's effect is where the other is on, of all three how much larger that is where the third is. The gain
# in latency is that it falls: its sign is turned.
BEGIN { FS = "," }
{
	a = $3 == "das"
	b = $4 == "planned"
	c = $5 == "k-p-fcfs"
	y[$1, $2, a, b, c, $6] = $2 == "light" ? -log($7) : log($7)
	if (!(($1, $2) in seen)) {
		seen[$1, $2]
		cases[++n] = $1 SUBSEP $2
	}
	most = $6 > most ? $6 : most
}

# The mean of the eight with the signs that the switches in @of give them, twice for each of those switches
function effect(k, r, of,   a, b, c, sign, sum)
{
	sum = 0
	for (a = 0; a <= 1; a++)
		for (b = 0; b <= 1; b++)
			for (c = 0; c <= 1; c++) {
				sign = 1
				if (of ~ /A/ && !a) sign = -sign
				if (of ~ /B/ && !b) sign = -sign
				if (of ~ /C/ && !c) sign = -sign
				sum += sign * y[cases[k], a, b, c, r]
			}
	return sum * 2 ^ length(of) / 8
}

END {
	split("A B C AB AC BC ABC", which, " ")
	split("attention scheduling offloading attention+scheduling attention+offloading scheduling+offloading all", names, " ")
	for (k = 1; k <= n; k++)
		for (e = 1; e <= 7; e++)
			for (r = 1; r <= most; r++) {
				split(cases[k], at, SUBSEP)
				printf "%s/%s/%s,%.12g\n", at[1], at[2], names[e], effect(k, r, which[e])
			}
}
