# Under which assumptions claims hold: awk -f csv.awk -f agree.awk -f assume_md.awk claims.csv assume.csv
BEGIN {
	title["light"] = "latency of one request at a time"
	title["filled"] = "latency"
	title["one-by-one"] = "one request at a time on each device"
	title["saturated"] = "batches as large as the memory allows"
}
file == "claims" {
	sentence[f["id"]] = f["sentence"]
	relation[f["id"]] = f["relation"]
	said[f["id"]] = f["said"] + 0
	next
}

{
	n_ids = split(f["claims"], ids, " ")
	for (i = 1; i <= n_ids; i++) {
		id = ids[i]
		row = id SUBSEP f["assumption"] SUBSEP f["load"]
		if (!(row in at)) {
			at[row]
			if (!(id in rows)) {
				order[++n_claims] = id
				rows[id] = 0
			}
			which[id, ++rows[id]] = row
		}
		case_ = row SUBSEP f["runtime"]
		k = ++points[case_]
		value[case_, k] = f["value"]
		ratio[case_, k] = f["ratio"] + 0
		holds[case_, k] = agrees(relation[id], said[id], f["ci_low"] + 0, f["ci_high"] + 0)
	}
}

# The values at which it holds, as runs of neighbours.
function range(c, k, n, from, out)
{
	n = points[c]
	for (k = 1; k <= n; k++) {
		if (!holds[c, k])
			continue
		from = k
		while (k < n && holds[c, k + 1])
			k++
		out = out (out == "" ? "" : ", ") (k == from ? "at " value[c, k] : value[c, from] " to " value[c, k])
	}
	if (out != "")
		return "**" out "**"
	return sprintf("nowhere (%.3g at %s, %.3g at %s)", ratio[c, 1], value[c, 1], ratio[c, n], value[c, n])
}

function want(id)
{
	if (relation[id] == "more")
		return "more than 1"
	if (relation[id] == "less")
		return "less than 1"
	if (said[id] > 1)
		return sprintf("%.3g to %.3g", short_of(said[id]), beyond(said[id]))
	return sprintf("%.3g to %.3g", beyond(said[id]), short_of(said[id]))
}

END {
	print "# Under which assumptions claims hold that were not reproduced\n"
	print "Written by `scripts/paper.sh` from [assume.csv](assume.csv); do not edit. For each claim of [claims.md](claims.md) that some runtime"
	print "does not reproduce, one assumption at a time is moved over the values of"
	print "[assumptions.csv](../../scripts/paper/assumptions.csv), all else as in the table or figure it is about. A range is of values tried at which the"
	print "95 % interval of the ratio agrees with the claim; *nowhere* has the ratios at both ends. That a claim holds somewhere says what the"
	print "paper's system would have had to be like, not that it was."
	for (i = 1; i <= n_claims; i++) {
		id = order[i]
		print "\n## " id "\n"
		print "> " sentence[id] "\n"
		print "The ratio it is about has to be " want(id) ".\n"
		print "| assumption | measured as | fused | llmint8 | runtime paper |"
		print "|------------|-------------|-------|---------|---------------|"
		for (k = 1; k <= rows[id]; k++) {
			row = which[id, k]
			split(row, part, SUBSEP)
			printf "| %s | %s |", part[2], title[part[3]]
			split("fused llmint8 paper", runtimes, " ")
			for (r = 1; r <= 3; r++)
				printf " %s |", (row SUBSEP runtimes[r]) in points ? range(row SUBSEP runtimes[r]) : "-"
			print ""
		}
	}
}
