# Table 2 as Markdown: awk -f csv.awk -f page.awk -f table2_md.awk table2_published.csv table2.csv
BEGIN {
	split("full das das-ceiling", attentions, " ")
	split("autoregressive planned", decodings, " ")
	split("random k-p-fcfs", policies, " ")
	title["full"] = "FA"
	title["das"] = "DA"
	title["das-ceiling"] = "ceiling"
	title["autoregressive"] = "Auto"
	title["planned"] = "Sche"
	title["random"] = "Ran"
	title["k-p-fcfs"] = "Dec"
}
{
	row = f["attention"] SUBSEP f["decoding"] SUBSEP f["policy"]
}
file == "table2_published" {
	paper[row, "light"] = f["latency_ms_per_token"] + 0
	paper[row, "saturated"] = f["throughput_tok_per_s"] + 0
	paper[row, "one-by-one"] = f["throughput_tok_per_s"] + 0
	next
}
{
	at = row SUBSEP f["load"] SUBSEP f["runtime"]
	mean[at] = f["mean"] + 0
	half[at] = (f["ci_high"] - f["ci_low"]) / 2
	n = f["n"]
}

function line(row, a, d, p, load, k, at)
{
	printf "| %s | %s | %s | %s |", title[a], title[d], title[p],
		(row SUBSEP load) in paper ? sprintf("%.2f", paper[row, load]) : "-"
	for (k = 1; k in runtimes; k++) {
		at = row SUBSEP load SUBSEP runtimes[k]
		if (!(at in mean)) {
			printf " - | - |"
			continue
		}
		printf " %s | %s |", plus_minus(mean[at], half[at], 2), \
			(row SUBSEP load) in paper ? sprintf("%.2f", mean[at] / paper[row, load]) : "-"
	}
	print ""
}

function table(load, what, i, j, k, pass, row)
{
	print "\n## " what "\n"
	print "| attention | scheduling | offloading | paper | fused | ratio | llmint8 | ratio | runtime paper | ratio |"
	print "|-----------|------------|------------|------:|------:|------:|--------:|------:|--------------:|------:|"
	for (pass = 1; pass <= 2; pass++) # the paper's rows first
		for (i = 1; i in attentions; i++)
			for (k = 1; k in policies; k++)
				for (j = 1; j in decodings; j++) {
					row = attentions[i] SUBSEP decodings[j] SUBSEP policies[k]
					if (((row SUBSEP load) in paper) == (pass == 1) && (row SUBSEP load SUBSEP "fused") in mean)
						line(row, attentions[i], decodings[j], policies[k], load)
				}
}

END {
	print "# Table 2: what each part gives\n"
	print "Written by `scripts/paper.sh` from [table2.csv](table2.csv); do not edit. Llama 2 7B, HumanEval, the testbed of Table 1,"
	print "scenario [scenarios/paper/table2.yaml](../../scenarios/paper/table2.yaml). Every cell is a **prediction**, of runtime"
	print "paper too. The paper's five rows come first, then the combinations that it does not show.\n"
	print "- **FA**, **DA**: full attention, or sparse with the published shares of skipped blocks (none at these lengths);"
	print "  *ceiling* leaves out all that a causal mask of 128 x 64 can, for comparison."
	print "- **Auto**, **Sche**: one token a step; or placement, plan and speculation, with a draft of 68 M weights on"
	print "  every card. The placement is the same either way: a copy on every card."
	print "- **Ran**, **Dec**: random, or k-p-fcfs with a window of 8."
	printf "\n± is the half-width of the 95 %% interval over %d replications, *ratio* ours over the paper's.\n", n
	table("light", "Latency, ms/token: one request at a time")
	table("one-by-one", "Tokens/s, saturated: one request at a time on each device")
	table("saturated", "Tokens/s, saturated: batches as large as the memory allows")
}
