# Fig. 2 as Markdown: awk -f fig2_md.awk fig2.csv
BEGIN {
	FS = ","
	split("llama2-7b llama2-13b", models, " ")
	split("edge-only cloud-only edge-cloud", systems, " ")
	split("fused llmint8 paper", runtimes, " ")
	split("light filled one-by-one saturated", loads, " ")
	title["llama2-7b"] = "Llama 2 7B"
	title["llama2-13b"] = "Llama 2 13B"
	title["fused"] = "fused"
	title["llmint8"] = "llmint8"
	title["paper"] = "runtime paper"
	title["edge-only"] = "edge only"
	title["cloud-only"] = "cloud only"
	title["edge-cloud"] = "edge + cloud"
	title["light"] = "latency, ms/token, one request at a time"
	title["filled"] = "latency, ms/token, one request on each device"
	title["one-by-one"] = "tokens/s, saturated, one request at a time on each device"
	title["saturated"] = "tokens/s, saturated, batches as large as the memory allows"
}
FNR > 1 {
	at = $1 SUBSEP $2 SUBSEP $3 SUBSEP $4 SUBSEP $5
	mean[at] = $7 + 0
	half[at] = ($9 - $8) / 2
	if (!($4 in seen)) {
		seen[$4]
		rates[++n_rates] = $4
	}
	n = $10
}

function cell(m, r, l, rate, s, at, d)
{
	at = m SUBSEP r SUBSEP l SUBSEP rate SUBSEP s
	if (!(at in mean))
		return "-"
	d = half[at] >= 10 ? 0 : half[at] >= 1 ? 1 : 2
	return sprintf("%.*f ± %.*f", d, mean[at], d, half[at])
}

function table(m, l, i, r, s)
{
	print "\n### " title[m] ": " title[l] "\n"
	printf "| Mbps |"
	for (r = 1; r in runtimes; r++)
		for (s = 1; s in systems; s++)
			printf " %s, %s |", title[runtimes[r]], title[systems[s]]
	printf "\n|-----:|"
	for (i = 0; i < 9; i++)
		printf "-----:|"
	print ""
	for (i = 1; i <= n_rates; i++) {
		printf "| %s |", rates[i]
		for (r = 1; r in runtimes; r++)
			for (s = 1; s in systems; s++)
				printf " %s |", cell(m, runtimes[r], l, rates[i], systems[s])
		print ""
	}
}

END {
	print "# Fig. 2: latency and throughput by bandwidth\n"
	print "Written by `scripts/paper.sh` from [fig2.csv](fig2.csv); do not edit. Table 1's testbed and HumanEval, with"
	print "users' links, the cloud's and those among the edge sites all at the same rate. The paper shows this as a"
	print "picture without numbers in the text, so there is nothing to set beside a cell; what it says of the"
	print "picture is in [claims.md](claims.md). Every cell is a prediction, of runtime paper too."
	printf "± is the half-width of the 95 %% interval over %d replications.\n", n
	for (i = 1; i in models; i++)
		for (j = 1; j in loads; j++)
			table(models[i], loads[j])
	print "\nPrompts and answers are 4 bytes a token, so bandwidth hardly matters where a model is whole on its card"
	print "(what is left are delays). It matters where 13B is cut over two edge cards: 10 KB of hidden values go over the link"
	print "for every token of prompt and answer."
}
