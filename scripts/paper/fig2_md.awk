# Fig. 2 as Markdown: awk -f csv.awk -f page.awk -f fig2_md.awk fig2.csv
BEGIN {
	split("light filled one-by-one saturated", loads, " ")
	title["fused"] = "fused"
	title["llmint8"] = "llmint8"
	title["paper"] = "runtime paper"
	title["light"] = "latency, ms/token, one request at a time"
	title["filled"] = "latency, ms/token, one request on each device"
	title["one-by-one"] = "tokens/s, saturated, one request at a time on each device"
	title["saturated"] = "tokens/s, saturated, batches as large as the memory allows"
}
{
	at = f["model"] SUBSEP f["runtime"] SUBSEP f["load"] SUBSEP f["rate_mbps"] SUBSEP f["system"]
	mean[at] = f["mean"] + 0
	half[at] = (f["ci_high"] - f["ci_low"]) / 2
	if (!(f["rate_mbps"] in seen)) {
		seen[f["rate_mbps"]]
		rates[++n_rates] = f["rate_mbps"]
	}
	n = f["n"]
}

function cell(m, r, l, rate, s, at)
{
	at = m SUBSEP r SUBSEP l SUBSEP rate SUBSEP s
	return at in mean ? plus_minus(mean[at], half[at], 2) : "-"
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
