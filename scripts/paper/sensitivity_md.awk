# Verdicts by the quantile of device times, as Markdown:
#	awk -f csv.awk -f sensitivity_md.awk claims.csv sensitivity.csv
BEGIN {
	split("low median high", quantiles, " ")
	word["light"] = "one request"
	word["filled"] = "one on each"
	word["one-by-one"] = "one on each"
	word["saturated"] = "full batches"
}
file == "claims" {
	sentence[f["id"]] = f["sentence"]
	next
}
f["runtime"] == "printed" || f["kind"] == "input" || f["verdict"] == "cannot be tested" || f["runtime"] == "-" { next }
{
	id = f["id"]
	row = id SUBSEP f["runtime"] SUBSEP f["load"]
	if (!(row in seen)) {
		seen[row]
		if (!(id in rows))
			order[++n_claims] = id
		which[id, ++rows[id]] = row
	}
	verdict[row, f["quantile"]] = f["verdict"]
	value[row, f["quantile"]] = f["value"] + 0
}

function shown(row, k, out)
{
	for (k = 1; k <= 3; k++)
		out = out (k > 1 ? " / " : "") sprintf("%.3g", value[row, quantiles[k]]) " " verdict[row, quantiles[k]]
	return out
}

END {
	for (i = 1; i <= n_claims; i++)
		for (k = 1; k <= rows[order[i]]; k++) {
			row = which[order[i], k]
			cases_++
			if (verdict[row, "low"] != verdict[row, "high"] || verdict[row, "low"] != verdict[row, "median"]) {
				moved[order[i]] = moved[order[i]] (moved[order[i]] == "" ? "" : "; ") row
				n_moved++
			}
		}
	print "# Do verdicts hang on the profiles, or on the load\n"
	print "Written by `scripts/paper.sh` from [sensitivity.csv](sensitivity.csv); do not edit. Every claim of [claims.md](claims.md) judged again with"
	print "all times of devices at their 5 % quantile (fast), as they are, and at their 95 % quantile (slow), under each runtime and load. The"
	print "stability claims have no profile in them, and what runtime paper was fitted to is left out.\n"
	printf "**%d of %d verdicts are the same at all three.** ", cases_ - n_moved, cases_
	print "The others, and the ratios of all, fast / as it is / slow:\n"
	print "| claim | under | ratio and verdict |"
	print "|-------|-------|-------------------|"
	for (pass = 1; pass <= 2; pass++)
		for (i = 1; i <= n_claims; i++)
			for (k = 1; k <= rows[order[i]]; k++) {
				row = which[order[i], k]
				same = verdict[row, "low"] == verdict[row, "high"] && verdict[row, "low"] == verdict[row, "median"]
				if (same == (pass == 1))
					continue
				split(row, part, SUBSEP)
				printf "| %s | %s, %s | %s |\n", same ? part[1] : "**" part[1] "**", part[2], word[part[3]], shown(row)
			}
}
