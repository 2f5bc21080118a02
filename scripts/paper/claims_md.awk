# The ledger of claims as Markdown:
#	awk -f csv.awk -f page.awk -f claims_md.awk claims.csv verdicts.csv table1_published.csv table2_published.csv table1.csv
# What the prose counts is counted here.
BEGIN {
	split("light filled one-by-one saturated -", loads, " ")
	title["llama2-7b"] = "7B"
	title["llama2-13b"] = "13B"
	title["autoregressive"] = "Auto"
	title["planned"] = "Sche"
	title["random"] = "Ran"
	title["k-p-fcfs"] = "Dec"
	title["full"] = "FA"
	title["das"] = "DA"
	title["das-ceiling"] = "ceiling"
	word["light"] = "one request: "
	word["filled"] = "one on each: "
	word["one-by-one"] = "one on each: "
	word["saturated"] = "full batches: "
}

file == "claims" {
	order[++n_claims] = f["id"]
	for (i = 1; i <= n_names; i++)
		claim[f["id"], name[i]] = f[name[i]]
	next
}
file == "verdicts" {
	at = f["id"] SUBSEP f["runtime"] SUBSEP f["load"]
	for (i = 1; i <= n_names; i++)
		v[at, name[i]] = f[name[i]]
	there[at]
	if (f["runtime"] == "printed")
		next
	judged[f["id"]] += f["kind"] == "prediction" && f["verdict"] != "cannot be tested"
	yes[f["id"]] += f["kind"] == "prediction" && f["verdict"] == "yes"
	next
}
file == "table1_published" {
	at = f["model"] SUBSEP f["system"] SUBSEP f["dataset"]
	latency[at] = f["latency_ms_per_token"] + 0
	throughput[at] = f["throughput_tok_per_s"] + 0
	next
}
file == "table2_published" {
	at = f["attention"] SUBSEP f["decoding"] SUBSEP f["policy"]
	latency2[at] = f["latency_ms_per_token"] + 0
	throughput2[at] = f["throughput_tok_per_s"] + 0
	next
}
f["metric"] == "throughput.tok_per_s" && f["quantile"] == "median" && f["load"] == "saturated" {
	ours[f["model"], f["system"], f["dataset"], f["runtime"]] = f["mean"] + 0
}

function verdict(id)
{
	if (!judged[id])
		return "cannot be tested"
	return yes[id] == judged[id] ? "reproduced" : "not reproduced"
}

# "model=llama2-7b rate_mbps=1" as people say it.
function place(text, list, n, i, out, x)
{
	n = split(text, list, " ")
	for (i = 1; i <= n; i++) {
		x = list[i]
		sub(/^[^=]*=/, "", x)
		if (list[i] ~ /^rate/)
			x = x " Mbps"
		out = out (i > 1 ? ", " : "") (x in title ? title[x] : x)
	}
	return out
}

function number(x, h, d)
{
	h /= 2
	d = h >= 0.1 ? 1 : h >= 0.01 ? 2 : 3
	return h < 0.0005 ? sprintf("%.3f", x) : sprintf("%.*f ± %.*f", d, x, d, h)
}

# Of a number that is not as said: on which side of it.
function which_way(id, at, said, is)
{
	if (claim[id, "relation"] !~ /^(as said|most)$/ || v[at, "verdict"] != "no")
		return ""
	said = claim[id, "said"] - 1
	is = v[at, "value"] - 1
	if (v[at, "low"] <= 1 && v[at, "high"] >= 1)
		return ": no change"
	if (said * is < 0)
		return ": the other way"
	return is / said > 1 ? ": more" : ": less"
}

function evidence(id, r, j, at, out)
{
	for (j = 1; j in loads; j++) {
		at = id SUBSEP r SUBSEP loads[j]
		if (!(at in there) || v[at, "cells"] + 0 == 0)
			continue
		out = out (out == "" ? "" : "; ") word[loads[j]] \
			number(v[at, "value"], v[at, "high"] - v[at, "low"]) \
			(v[at, "cells"] > 1 ? " (" place(v[at, "at"]) ")" : "") ", " \
			(v[at, "kind"] == "input" ? "**input**" : v[at, "verdict"] which_way(id, at))
	}
	return out == "" ? "-" : out
}

function of_paper(id, at)
{
	at = id SUBSEP "printed" SUBSEP "-"
	if (claim[id, "relation"] == "whole")
		return "1"
	if (v[at, "value"] == "")
		return "-"
	if (v[at, "low"] == v[at, "high"])
		return sprintf("%.2f", v[at, "low"])
	return sprintf("%.2f to %.2f", v[at, "low"], v[at, "high"])
}

# In how many of those judged, where they do not agree.
function share(id)
{
	if (yes[id] == 0 || yes[id] == judged[id])
		return ""
	return sprintf(" (yes in %d of %d)", yes[id], judged[id])
}

function ledger(c, k, id)
{
	print "| section | the paper | its figure | fused | llmint8 | runtime paper | verdict | why |"
	print "|---------|-----------|-----------:|-------|---------|---------------|---------|-----|"
	for (c = 1; c <= n_claims; c++) {
		id = order[c]
		printf "| %s | \"%s\" | %s |", claim[id, "section"], claim[id, "sentence"], of_paper(id)
		if (claim[id, "artefact"] == "stability")
			printf " %s (synthetic servers) | | |", evidence(id, "-")
		else
			for (k = 1; k in runtimes; k++)
				printf " %s |", evidence(id, runtimes[k])
		printf(" **%s**%s | %s |\n", verdict(id), share(id), claim[id, "why"])
	}
}

# All 24 latencies times one constant per dataset, in halves of a millisecond, within rounding.
function whole(i, j, d, x, hits, scale)
{
	scale["humaneval"] = 1.001
	scale["ceval"] = 0.998
	scale["summeval"] = 1.002
	scale["wikitext-2"] = 1.02
	for (d in scale)
		for (i = 1; i in models; i++)
			for (j = 1; j in systems; j++) {
				x = 2 * scale[d] * latency[models[i], systems[j], d]
				x -= int(x + 0.5)
				hits += (x < 0 ? -x : x) <= 2 * scale[d] * 0.005
			}
	return hits
}

# The largest relative difference between edge + cloud and the sum of the two, of ours.
function beside_sum(i, j, k, of, x, most, m)
{
	for (i = 1; i in models; i++)
		for (j = 1; j in datasets; j++)
			for (k = 1; k in runtimes; k++) {
				m = models[i]
				of = SUBSEP datasets[j] SUBSEP runtimes[k]
				if (!((m SUBSEP "edge-cloud" of) in ours))
					continue
				x = ours[m, "edge-cloud" of] / \
					(ours[m, "cloud-only" of] + ours[m, "edge-only" of]) - 1
				x = x < 0 ? -x : x
				most = x > most ? x : most
			}
	return most
}

# Throughput times latency, in requests: the least or the most of the 24 pairs.
function at_once(sign, i, j, k, at, x, best)
{
	best = sign * 1e9
	for (i = 1; i in models; i++)
		for (j = 1; j in systems; j++)
			for (k = 1; k in datasets; k++) {
				at = models[i] SUBSEP systems[j] SUBSEP datasets[k]
				x = throughput[at] * latency[at] / 1000
				best = sign * x < sign * best ? x : best
			}
	return best
}

# The share of requests at the edge that makes the latency of edge + cloud: the least or the most.
function mix(sign, i, k, m, c, x, best)
{
	best = sign * 1e9
	for (i = 1; i in models; i++)
		for (k = 1; k in datasets; k++) {
			m = models[i]
			c = latency[m, "cloud-only", datasets[k]]
			x = (latency[m, "edge-cloud", datasets[k]] - c) / \
				(latency[m, "edge-only", datasets[k]] - c)
			best = sign * x < sign * best ? x : best
		}
	return best
}

function sums(i, j, m, d, c, e, h)
{
	print "| model | dataset | cloud only | edge only | their sum | edge + cloud | of the sum |"
	print "|-------|---------|-----------:|----------:|----------:|-------------:|-----------:|"
	for (i = 1; i in models; i++)
		for (j = 1; j in datasets; j++) {
			m = models[i]
			d = datasets[j]
			c = throughput[m, "cloud-only", d]
			e = throughput[m, "edge-only", d]
			h = throughput[m, "edge-cloud", d]
			columns++
			more += h > c + e
			if (h / c > most) {
				most = h / c
				where = sprintf("%s, %s: %.2f over %.2f", title[m], title[d], h, c)
			}
			slower += latency[m, "edge-cloud", d] > latency[m, "cloud-only", d]
			printf "| %s | %s | %.2f | %.2f | %.2f | %.2f | %.2f |\n", title[m], title[d],
				c, e, c + e, h, h / (c + e)
		}
}

function percents(c, id, at, p, s)
{
	print "| the text | its figures give |"
	print "|----------|-----------------:|"
	for (c = 1; c <= n_claims; c++) {
		id = order[c]
		at = id SUBSEP "printed" SUBSEP "-"
		if (claim[id, "relation"] != "as said" || v[at, "value"] == "" || v[at, "cells"] > 1)
			continue
		p = 100 * (v[at, "value"] - 1)
		s = claim[id, "sentence"]
		printf "| \"%s\" | %+.1f %% |\n", s, p
	}
}

function inconsistencies(d, mixed)
{
	print "\n## The paper's figures among themselves\n"
	print "Arithmetic on what is printed. Why it is so the text does not tell, and we do not guess.\n"
	print "**Edge + cloud against its parts** (throughput, Table 1, tokens/s):\n"
	sums()
	printf "\n- In %d of %d columns edge + cloud exceeds cloud only plus edge only. Ours is their sum, within %.2f %%: nothing else\n  adds capacity.\n", more, columns, 100 * beside_sum()
	printf "- \"Up to 1.86 times\" is not the largest gain in the table: it is %.2f (%s).\n", most, where
	printf "- Latency of edge + cloud is above that of cloud only in %d of %d columns at the 50 Mbps of the testbed; of Fig. 2 the text\n  says that it \"consistently outperforms\" cloud only, latency among what is shown.\n", slower, columns
	printf "- %d of the 24 latencies are whole or half milliseconds once multiplied by one constant per dataset (HumanEval 1.001,\n  C-Eval 0.998, SummEval 1.002, WikiText-2 1.020), within the rounding of the print.\n", whole()
	printf "- Throughput times latency is how many requests are served at once (Little's law): %.1f to %.1f in the table, of one\n  card or five. The text says that the batch was the largest supported.\n", at_once(1), at_once(-1)
	printf "- Latency of edge + cloud lies between those of its parts, as that of a mix with %.0f to %.0f %% of the requests on edge cards.\n", \
		100 * mix(1), 100 * mix(-1)
	d = latency["llama2-7b", "edge-only", "humaneval"]
	mixed = (4 * d + latency["llama2-7b", "cloud-only", "humaneval"]) / 5
	printf "- Table 2 has %.2f ms/token for random offloading with full attention. The slowest system of Table 1 has %.2f; random\n  offloading over four such cards and the cloud's would take %.2f on average. With DA it is %.2f.\n", latency2["full", "autoregressive", "random"], d, mixed, latency2["das", "autoregressive", "random"]
	printf "- Full attention is 3 to 15 %% of the time at HumanEval's lengths (measured kernels, several GPUs). Without any attention\n  at all %.2f would be at least %.2f ms/token; Table 2 has %.2f.\n", latency2["full", "autoregressive", "random"], 0.85 * latency2["full", "autoregressive", "random"], latency2["das", "autoregressive", "random"]
	printf "- Table 2 repeats a cell of Table 1, throughput of the whole system on HumanEval: %.2f there, %.2f here.\n", throughput["llama2-7b", "edge-cloud", "humaneval"], throughput2["das", "planned", "k-p-fcfs"]
	print "\n**Percentages**, said and reckoned from the figures beside them:\n"
	percents()
}

END {
	for (c = 1; c <= n_claims; c++) {
		count[verdict(order[c])]++
		some += verdict(order[c]) == "not reproduced" && yes[order[c]] > 0
	}
	print "# The paper's claims, judged\n"
	print "Written by `scripts/paper.sh` from [verdicts.csv](verdicts.csv) and `scripts/paper/claims.csv`; do not edit. Every"
	print "comparative sentence of the abstract, sections 4.2, 4.3 and 5, and the stability claim of 3.3, as a relation between cells of"
	print "[table1.md](table1.md), [fig2.md](fig2.md), [fig3.md](fig3.md), [table2.md](table2.md) and `stability.csv`. Verdicts are computed from"
	print "intervals, none is typed.\n"
	printf "**%d reproduced, %d not reproduced (%d of them under some runtimes or batches), %d cannot be tested.**\n\n", \
		count["reproduced"], count["not reproduced"], some, count["cannot be tested"]
	print "All figures are ratios of the two sides of a sentence, ± the half-width of their 95 % interval (that of independent means; common"
	print "arrivals make the true one shorter). A sentence that gives a number agrees if the interval reaches within a fifth of the change that"
	print "it says: 1.45 from 1.36 to 1.54. A sentence that says faster, higher or better agrees if the whole interval is beyond 1. Where it is about several"
	print "models, datasets or rates the worst is shown and all must agree (of \"up to\", the largest). Throughput is judged twice: with one request"
	print "at a time on each device (*one on each*), as the paper's own figures suggest, and with batches as large as the memory allows (*full batches*),"
	print "as its text says. Latency of Table 1 and Fig. 2 is judged twice as well: of *one request* in the whole system, and with *one on each* device of it. **Reproduced** means yes under every runtime and both; what is made of cells that runtime paper was fitted to"
	print "(**input**) does not count.\n"
	ledger()
	inconsistencies()
}
