# The ledger of claims: which of the paper's comparisons ours make, too.
#	awk -f csv.awk -f agree.awk -f claims.awk claims.csv table1_published.csv table2_published.csv \
#		table1.csv table2.csv fig2.csv stability.csv
# Writes one row a claim, runtime and load: a verdict from an interval, nothing typed. Columns:
#	id,runtime,load,kind,cells,value,low,high,at,verdict
# with rows of the printed ratio (runtime: printed), low and high its least and its most.
#
# A claim is about a ratio: the product of cells in column `left`, `/` between numerator and
# denominators, over the same of `right`, for every cell of `over` (* is every value there is). Its
# interval is that of independent means (relative half-widths add in squares), which is too long
# where both ran on the same arrivals. Relations:
#	more, less   above 1, below 1 in every cell; shown: the worst
#	as said      the change, ratio - 1, within a fifth of the one said, in every cell; shown: the worst
#	most         the largest change of all cells as said
#	whole        the value itself, at least 0.98
#	none         nothing to compare
BEGIN {
	metric["latency"] = "latency.mean_ms_per_token"
	metric["throughput"] = "throughput.tok_per_s"
	metric["busy"] = "busy.s_per_request"
	metric["of_bound"] = "of_bound"
	loads["table1", "latency"] = loads["fig2", "latency"] = "light filled"
	loads["table2", "latency"] = "light"
	loads["table1", "throughput"] = loads["fig2", "throughput"] = "one-by-one saturated"
	loads["table2", "throughput"] = loads["table1", "busy"] = "one-by-one saturated"
	loads["stability", "of_bound"] = "-"
	runtimes["table1"] = runtimes["table2"] = runtimes["fig2"] = "fused llmint8 paper"
	runtimes["stability"] = "-"
	dims["table1"] = "model dataset system"
	dims["table2"] = "attention decoding policy"
	dims["fig2"] = "model rate_mbps system"
	dims["stability"] = "scenario policy"
}

file == "claims" {
	order[++n_claims] = f["id"]
	for (i = 1; i <= n_names; i++)
		claim[f["id"], name[i]] = f[name[i]]
	next
}

# of F: the values of the dimensions of @artefact, in their order
function where(artefact, list, n, i, at)
{
	n = split(dims[artefact], list, " ")
	for (i = 1; i <= n; i++) {
		at = at SUBSEP f[list[i]]
		if (!((artefact, list[i], f[list[i]]) in known)) {
			known[artefact, list[i], f[list[i]]]
			values[artefact, list[i]] = values[artefact, list[i]] " " f[list[i]]
		}
	}
	return at
}

file ~ /_published$/ {
	sub(/_published$/, "", file)
	artefact = file
	file = file "_published"
	at = where(artefact)
	printed[artefact, "latency", at] = f["latency_ms_per_token"] + 0
	printed[artefact, "throughput", at] = f["throughput_tok_per_s"] + 0
	next
}
file == "stability" {
	at = "stability" SUBSEP "of_bound" SUBSEP "-" SUBSEP "-" where("stability")
	mean[at] = f["of_bound"] + 0
	half[at] = (f["of_bound_high"] - f["of_bound_low"]) / 2
	next
}
("quantile" in f) && f["quantile"] != "median" { next }
f["mean"] != "" {
	at = file SUBSEP f["metric"] SUBSEP f["runtime"] SUBSEP f["load"] where(file)
	mean[at] = f["mean"] + 0
	half[at] = (f["ci_high"] - f["ci_low"]) / 2
}

# The value of dimension @dim in "a=x,b=y"; "" when it is not there.
function said_of(text, dim, list, n, i)
{
	n = split(text, list, ",")
	for (i = 1; i <= n; i++)
		if (index(list[i], dim "=") == 1)
			return substr(list[i], length(dim) + 2)
	return ""
}

# The cell that the factor @text names where the rest is @cell.
function cell_of(artefact, text, cell, list, n, i, at, v)
{
	n = split(dims[artefact], list, " ")
	for (i = 1; i <= n; i++) {
		v = said_of(text, list[i])
		at = at SUBSEP (v != "" ? v : said_of(cell, list[i]))
	}
	return at
}

# Sets ratio and variance (relative) of both sides at @cell; false when a cell is not there.
function compare(id, runtime, load, cell, artefact, what, side, sign, list, n, i, at)
{
	artefact = claim[id, "artefact"]
	what = metric[claim[id, "metric"]]
	ratio = 1
	variance = 0
	for (side = 1; side <= 2; side++) {
		n = split(claim[id, side == 1 ? "left" : "right"], list, "/")
		if (claim[id, "relation"] == "whole" && side == 1)
			list[n = 1] = ""
		for (i = 1; i <= n; i++) {
			at = artefact SUBSEP what SUBSEP runtime SUBSEP load cell_of(artefact, list[i], cell)
			if (!(at in mean) || mean[at] == 0)
				return 0
			sign = (side == 1) == (i == 1) ? 1 : -1
			ratio *= sign > 0 ? mean[at] : 1 / mean[at]
			variance += (half[at] / mean[at]) ^ 2
		}
	}
	return 1
}

# The same of the printed figures; 0 where they are not printed.
function printed_ratio(id, cell, artefact, side, sign, list, n, i, at, out)
{
	artefact = claim[id, "artefact"]
	out = 1
	for (side = 1; side <= 2; side++) {
		n = split(claim[id, side == 1 ? "left" : "right"], list, "/")
		for (i = 1; i <= n; i++) {
			at = artefact SUBSEP claim[id, "metric"] SUBSEP cell_of(artefact, list[i], cell)
			if (!(at in printed))
				return 0
			out *= ((side == 1) == (i == 1)) ? printed[at] : 1 / printed[at]
		}
	}
	return out
}

# All cells of "a=*,b=x y": into cells[1..n].
function cells_of(artefact, over, cells, list, n, i, k, m, dim, v, all, more, n_cells)
{
	n_cells = 1
	cells[1] = ""
	n = split(over, list, ",")
	for (i = 1; i <= n; i++) {
		dim = list[i]
		sub(/=.*/, "", dim)
		v = substr(list[i], length(dim) + 2)
		m = split(v == "*" ? values[artefact, dim] : v, all, " ")
		delete more
		for (k = 1; k <= n_cells * m; k++)
			more[k] = cells[int((k - 1) / m) + 1] (i > 1 ? "," : "") dim "=" all[(k - 1) % m + 1]
		n_cells *= m
		for (k = 1; k <= n_cells; k++)
			cells[k] = more[k]
	}
	return n_cells
}

# How far the cell is from what is said: that with the most is shown.
function off(relation, said, r, gap)
{
	if (relation == "more" || relation == "whole")
		return -r
	if (relation == "less" || relation == "most") # of the latter the largest counts
		return r
	gap = log((r > 0 ? r : 1e-9) / said)
	return gap < 0 ? -gap : gap
}

function judge(id, runtime, load, cells, n, i, relation, said, r, h, worst, lo, hi, v, count, ok, is_input, there)
{
	relation = claim[id, "relation"]
	said = claim[id, "said"] + 0
	n = cells_of(claim[id, "artefact"], claim[id, "over"], cells)
	ok = 1
	for (i = 1; i <= n; i++) {
		if (claim[id, "artefact"] == "stability")
			cells[i] = cells[i] ",policy=" (cells[i] ~ /window/ ? "window-8" : "k-p-fcfs")
		if (!compare(id, runtime, load, cells[i]))
			continue
		count++
		h = ratio * sqrt(variance)
		if (!agrees(relation, said, ratio - h, ratio + h))
			ok = 0
		if (count == 1 || off(relation, said, ratio) > worst) {
			worst = off(relation, said, ratio)
			v = ratio
			lo = ratio - h
			hi = ratio + h
			there = cells[i]
		}
	}
	if (relation == "most")
		ok = agrees("as said", said, lo, hi)
	is_input = runtime == "paper" && claim[id, "artefact"] == "table1" && load ~ /light|filled/ && \
		claim[id, "left"] claim[id, "right"] !~ /edge-cloud/
	gsub(/,/, " ", there)
	print id "," runtime "," load "," (is_input ? "input" : "prediction") "," count + 0 "," \
		(count ? sprintf("%.6g,%.6g,%.6g", v, lo, hi) : ",,") "," there "," \
		(count == 0 ? "cannot be tested" : ok ? "yes" : "no")
}

# What the paper prints: the ratio of the claim, its least and its most over the cells that are there.
function of_print(id, cells, n, i, r, lo, hi)
{
	n = cells_of(claim[id, "artefact"], claim[id, "over"], cells)
	for (i = 1; i <= n; i++) {
		r = printed_ratio(id, cells[i])
		if (r == 0)
			continue
		lo = lo == "" || r < lo ? r : lo
		hi = r > hi ? r : hi
	}
	print id ",printed,-,input," n "," (lo == "" ? ",," : sprintf("%.6g,%.6g,%.6g", lo, lo, hi)) ",,-"
}

END {
	print "id,runtime,load,kind,cells,value,low,high,at,verdict"
	for (c = 1; c <= n_claims; c++) {
		id = order[c]
		if (claim[id, "relation"] == "none") {
			print id ",-,-,-,0,,,,,cannot be tested"
			continue
		}
		if (claim[id, "relation"] != "whole")
			of_print(id)
		nr = split(runtimes[claim[id, "artefact"]], r, " ")
		nl = split(loads[claim[id, "artefact"], claim[id, "metric"]], l, " ")
		for (i = 1; i <= nr; i++)
			for (j = 1; j <= nl; j++)
				judge(id, r[i], l[j])
	}
}
