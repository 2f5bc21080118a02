# Fig. 3, cloud run time per task, as Markdown: awk -f csv.awk -f page.awk -f fig3_md.awk table1.csv
BEGIN {
	split("one-by-one saturated light", loads, " ")
	title["one-by-one"] = "Saturated, one request at a time on each device"
	title["saturated"] = "Saturated, batches as large as the memory allows"
	title["light"] = "One request at a time in the whole system"
}
f["metric"] == "busy.s_per_request" && f["quantile"] == "median" && f["mean"] != "" {
	at = f["model"] SUBSEP f["dataset"] SUBSEP f["runtime"] SUBSEP f["load"] SUBSEP f["system"]
	mean[at] = f["mean"] + 0
	half[at] = (f["ci_high"] - f["ci_low"]) / 2
	n = f["n"]
}

function cell(at) { return at in mean ? plus_minus(mean[at], half[at], 3) : "-" }

function line(m, d, l, k, at, gone)
{
	printf "| %s | %s |", title[m], title[d]
	for (k = 1; k in runtimes; k++) {
		at = m SUBSEP d SUBSEP runtimes[k] SUBSEP l SUBSEP
		gone = (at "cloud-only") in mean && (at "edge-cloud") in mean
		printf " %s | %s | %s |", cell(at "cloud-only"), cell(at "edge-cloud"), \
			gone ? sprintf("%.0f %%", 100 * (1 - mean[at "edge-cloud"] / mean[at "cloud-only"])) : "-"
	}
	print ""
}

function table(l, i, j)
{
	print "\n## " title[l] "\n"
	print "| model | dataset | fused: cloud only, s | edge + cloud, s | less | llmint8: cloud only, s | edge + cloud, s | less | runtime paper: cloud only, s | edge + cloud, s | less |"
	print "|-------|---------|------:|------:|------:|------:|------:|------:|------:|------:|------:|"
	for (i = 1; i in models; i++)
		for (j = 1; j in datasets; j++)
			if ((models[i] SUBSEP datasets[j] SUBSEP "fused" SUBSEP l SUBSEP "cloud-only") in mean)
				line(models[i], datasets[j], l)
}

END {
	print "# Fig. 3: run time of the cloud per task\n"
	print "Written by `scripts/paper.sh` from [table1.csv](table1.csv); do not edit. Seconds that the cloud's RTX 4090 is busy,"
	print "over all requests that the system answers meanwhile (metric `busy.s_per_request` of the cloud's site), in the"
	print "runs of [table1.md](table1.md). The paper shows a picture; its text says \"approximately 40%\" less \"in all model"
	print "configurations\". Every cell is a prediction, of runtime paper too. In a saturated system the cloud is always busy, so"
	print "that the share saved is the share of tasks that the edge answers; what a task takes in the cloud is the same."
	printf "± is the half-width of the 95 %% interval over %d replications.\n", n
	for (i = 1; i in loads; i++)
		table(loads[i])
}
