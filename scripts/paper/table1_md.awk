# Table 1 as Markdown: awk -f csv.awk -f page.awk -f table1_md.awk table1_published.csv table1.csv
# What the prose counts is counted here.
file == "table1_published" {
	at = f["model"] SUBSEP f["system"] SUBSEP f["dataset"]
	paper[at, "light"] = paper[at, "filled"] = f["latency_ms_per_token"] + 0
	paper[at, "saturated"] = f["throughput_tok_per_s"] + 0
	paper[at, "one-by-one"] = f["throughput_tok_per_s"] + 0
	next
}
f["metric"] !~ /^(latency|throughput)/ { next }
{
	at = f["model"] SUBSEP f["system"] SUBSEP f["dataset"] SUBSEP f["runtime"] SUBSEP \
		f["load"] SUBSEP f["quantile"]
	mean[at] = f["mean"] + 0
	half[at] = (f["ci_high"] - f["ci_low"]) / 2
	n = f["n"]
	if (f["preemptions"] + 0 > 0)
		preempted++
	if (f["load"] == "saturated") {
		edge_batch[f["model"], f["dataset"]] = f["edge_batch"]
		cloud_batch[f["model"], f["dataset"]] = f["cloud_batch"]
	}
}

function ratio(x) { return sprintf(x >= 10 ? "%.1f" : "%.2f", x) }

# printf counts bytes, and "±" has two.
function left(s, w) { return sprintf("%-" (w + gsub(/±/, "±", s)) "s", s) }
function right(s, w) { return sprintf("%" (w + gsub(/±/, "±", s)) "s", s) }

function kind(s, load)
{
	return (load == "light" || s == "cloud-only" && load == "filled") && s != "edge-cloud" ? \
		"input" : "prediction"
}

function line(m, s, d, load, k, at, text)
{
	text = "| " left(title[d], 10) " | " left(title[s], 12) " | "
	text = text right(sprintf("%.2f", paper[m, s, d, load]), 6) " | "
	for (k = 1; k in runtimes; k++) {
		at = m SUBSEP s SUBSEP d SUBSEP runtimes[k] SUBSEP load SUBSEP "median"
		text = text right(plus_minus(mean[at], half[at], 2), 15) " | " \
			right(ratio(mean[at] / paper[m, s, d, load]), 5) " | "
	}
	print text left(kind(s, load), 10) " |"
}

function table(m, load, unit, i, j)
{
	print "\n### " title[m] ", " unit "\n"
	print "| dataset    | system       |  paper |           fused | ratio |" \
		"         llmint8 | ratio |   runtime paper | ratio | kind       |"
	print "|------------|--------------|-------:|----------------:|------:|" \
		"----------------:|------:|----------------:|------:|------------|"
	for (i = 1; i in datasets; i++)
		for (j = 1; j in systems; j++)
			if ((m SUBSEP systems[j] SUBSEP datasets[i] SUBSEP "fused" SUBSEP load SUBSEP "median") in mean)
				line(m, systems[j], datasets[i], load)
}

function tables(load, unit, i)
{
	for (i = 1; i in models; i++)
		table(models[i], load, unit)
}

function batches(i, j, m, d)
{
	print "\n| model       | dataset    | max_batch TITAN X | max_batch RTX 4090 |"
	print "|-------------|------------|------------------:|-------------------:|"
	for (i = 1; i in models; i++)
		for (j = 1; j in datasets; j++) {
			m = models[i]
			d = datasets[j]
			printf "| %-11s | %-10s | %17s | %18d |\n", title[m], title[d],
				edge_batch[m, d] (m == "llama2-13b" ? " x 2 x 2" : " x 4"), cloud_batch[m, d]
		}
}

function over(m, s, of, d, load, k, x, y)
{
	x = m SUBSEP s SUBSEP d SUBSEP runtimes[k] SUBSEP load SUBSEP "median"
	y = m SUBSEP of SUBSEP d SUBSEP runtimes[k] SUBSEP load SUBSEP "median"
	return mean[x] / mean[y]
}

function gain_table(what, s, load, i, j, m, d)
{
	print "\n| " what " | dataset    | paper | fused | llmint8 | runtime paper |"
	gsub(/./, "-", what)
	print "|-" what "-|------------|------:|------:|--------:|--------------:|"
	for (i = 1; i in models; i++)
		for (j = 1; j in datasets; j++) {
			m = models[i]
			d = datasets[j]
			printf "| %-" length(what) "s | %-10s | %5.2f | %5.2f | %7.2f | %13.2f |\n",
				title[m], title[d],
				paper[m, s, d, load] / paper[m, "cloud-only", d, load],
				over(m, s, "cloud-only", d, load, 1),
				over(m, s, "cloud-only", d, load, 2),
				over(m, s, "cloud-only", d, load, 3)
		}
}

function gains()
{
	print "\n## What the edge adds\n"
	print "Cells over those of cloud only: these depend less on how fast a runtime is taken to be."
	gain_table("edge + cloud, tokens/s, saturated", "edge-cloud", "saturated")
	gain_table("edge + cloud, tokens/s, one at a time", "edge-cloud", "one-by-one")
	gain_table("edge only, ms/token", "edge-only", "light")
}

function band(m, s, r, load, at)
{
	at = m SUBSEP s SUBSEP "humaneval" SUBSEP r SUBSEP load SUBSEP
	return sprintf("%.4g / %.4g / %.4g", mean[at "low"], mean[at "median"], mean[at "high"])
}

function sure(i, j, k)
{
	print "\n## How sure the profiles are\n"
	print "An interval above says how much chance there is in a mean, not how right the profile"
	print "is. Every profile carries a log-normal sigma (of runtime paper: what the fit leaves); the same"
	print "runs with all times at its 5 % quantile (low), median and 95 % quantile (high), HumanEval:\n"
	print "| model       | system       | runtime | ms/token, low / median / high | tok/s, low / median / high  |"
	print "|-------------|--------------|---------|-------------------------------|-----------------------------|"
	for (i = 1; i in models; i++)
		for (j = 1; j in systems; j++)
			for (k = 1; k in runtimes; k++)
				printf "| %-11s | %-12s | %-7s | %-29s | %-27s |\n",
					title[models[i]], title[systems[j]], runtimes[k],
					band(models[i], systems[j], runtimes[k], "light"),
					band(models[i], systems[j], runtimes[k], "saturated")
}

END {
	if (preempted)
		print "preemptions in " preempted " rows" > "/dev/stderr"
	print "# Table 1: latency and throughput on the paper's testbed\n"
	print "Written by `scripts/paper.sh` from [table1.csv](table1.csv); do not edit. How each figure is"
	print "measured: [results/README.md](../README.md).\n"
	print "Four TITAN X at the edge, one RTX 4090 in the cloud, int8, 50 Mbps links. *fused* stands for"
	print "kernels as in llama.cpp or TensorRT-LLM, *llmint8* for bitsandbytes LLM.int8: no constant of theirs"
	print "was fitted to the paper, so all their cells are **predictions**. *runtime paper* has three constants"
	print "a card, fitted to the 16 latencies of edge only and cloud only ([fit.md](fit.md)); *kind* says"
	print "which of its cells were **inputs** and which are predictions. Edge only uses all four edge cards,"
	print "edge + cloud is k-p-fcfs, *ratio* is ours over the paper's. Llama 2 13B has no room on a TITAN X: as"
	print "the placement of Eq. 2 has it, each two of them share a copy, 20 layers on either."
	printf "± is the half-width of the 95 %% interval over %d replications; it is 0 where the lengths of\n", n
	print "prompts and answers are fixed, since then nothing is random."
	print "\n## Latency: one request at a time\n"
	print "From the request to the last byte of the answer, per output token, mean over requests. A"
	print "lone request goes to the cloud under k-p-fcfs, which expects to finish it there first; so edge +"
	print "cloud equals cloud only, whatever the runtime."
	tables("light", "ms/token")
	print "\n## Latency: one request on each device\n"
	print "As many users as the system has devices (of 13B at the edge: places, two in each pipeline), each of whom asks"
	print "again when answered, and no batch above one. In the cloud that is the table above; edge + cloud now has four"
	print "of five requests on slower cards."
	tables("filled", "ms/token")
	print "\n## Throughput: saturated\n"
	print "Output tokens a second while twice as many requests as fit the batches wait, the batches as"
	print "large as the memory allows (x 4 cards; of 13B x 2 micro-batches x 2 pipelines):"
	batches()
	tables("saturated", "tokens/s")
	print "\n## Throughput: one request at a time on each device\n"
	print "As before, but every batch holds one request. The paper's throughputs lie nearer to these than to"
	print "those of full batches. It does not say whether edge only means one card or four; ours is four."
	tables("one-by-one", "tokens/s")
	gains()
	sure()
	print "\nWhat the paper says of its table, and its figures among themselves: [claims.md](claims.md)."
}
