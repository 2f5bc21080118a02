# What README shows of the claims: awk -f csv.awk -f page.awk -f summary_md.awk claims.csv verdicts.csv table1_published.csv
BEGIN {
	split("light filled one-by-one saturated", loads, " ")
}
file == "claims" {
	order[++n_claims] = f["id"]
	short[f["id"]] = f["short"]
	next
}
file == "verdicts" {
	if (f["value"] != "" && f["cells"] > 0)
		value[f["id"], f["runtime"], f["load"]] = f["value"]
	if (f["runtime"] == "printed")
		next
	judged[f["id"]] += f["kind"] == "prediction" && f["verdict"] != "cannot be tested"
	yes[f["id"]] += f["kind"] == "prediction" && f["verdict"] == "yes"
	next
}
{ throughput[f["model"], f["dataset"], f["system"]] = f["throughput_tok_per_s"] + 0 }

function both(id, r, j, out)
{
	for (j = 1; j in loads; j++)
		if ((id SUBSEP r SUBSEP loads[j]) in value)
			out = out (out == "" ? "" : " / ") sprintf("%.2f", value[id, r, loads[j]])
	return out
}

END {
	print "| HumanEval | the paper | fused | llmint8 | fitted to the paper | reproduced |"
	print "|-----------|----------:|------:|--------:|--------------------:|------------|"
	for (c = 1; c <= n_claims; c++) {
		id = order[c]
		verdict = judged[id] == 0 ? "cannot" : yes[id] == judged[id] ? "yes" : "no"
		count[verdict]++
		some += verdict == "no" && yes[id] > 0
		if (short[id] == "")
			continue
		printf "| %s | %.2f |", short[id], value[id, "printed", "-"]
		for (k = 1; k in runtimes; k++)
			printf " %s |", both(id, runtimes[k])
		print " " (yes[id] > 0 && verdict == "no" ? sprintf("in %d of %d", yes[id], judged[id]) : verdict) " |"
	}
	print "\nRatios: of tokens/s with one request on each card / with full batches, of ms/token for one request alone / with one on each card."
	for (at in throughput) {
		split(at, part, SUBSEP)
		if (part[3] != "edge-cloud")
			continue
		columns++
		above += throughput[at] > throughput[part[1], part[2], "edge-only"] + \
			throughput[part[1], part[2], "cloud-only"]
	}
	hybrid = yes["hybrid-throughput-cloud"] == judged["hybrid-throughput-cloud"] && \
		yes["hybrid-throughput-edge"] == judged["hybrid-throughput-edge"]
	sparse = yes["abstract-das"] + yes["ablation-da"] + yes["ablation-da-throughput"]
	printf "\nEdge and cloud together %s serve more than either, as much as the two add up to; %d of the %d hybrid throughputs of the paper are above that sum.\n", \
		hybrid ? "always" : "do not always", above, columns
	printf "Of the %d comparisons in its text %d hold under every device model and batch, %d under some, %d under none%s, and %d cannot be tested.\n", \
		n_claims, count["yes"], some, count["no"] - some, \
		sparse ? "" : " (among them all that sparse attention is said to gain)", count["cannot"]
	printf "That a policy which leaves no server idle wastes no capacity holds with one class of requests; with two it can keep as little as %.2f of it.\n", \
		value["stable-any", "-", "-"]
}
