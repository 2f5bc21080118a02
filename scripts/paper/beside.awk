# Table 1 beside the paper's, as rows for a picture:
#	awk -f csv.awk -f beside.awk table1_published.csv table1.csv
# Latency is that of one request on each device, throughput too; runtime `printed` is the paper.
BEGIN {
	print "model,dataset,system,metric,runtime,value,ci_low,ci_high"
	split("edge-only cloud-only edge-cloud", systems, " ")
}

function add(metric, runtime, value, low, high, at)
{
	at = f["model"] SUBSEP metric SUBSEP runtime SUBSEP f["dataset"]
	if (!(at in seen)) {
		seen[at]
		order[++n] = at
	}
	row[at, f["system"]] = value "," low "," high
}

file == "table1_published" {
	add("latency", "printed", f["latency_ms_per_token"], f["latency_ms_per_token"], f["latency_ms_per_token"])
	add("throughput", "printed", f["throughput_tok_per_s"], f["throughput_tok_per_s"], f["throughput_tok_per_s"])
	next
}
f["quantile"] != "median" { next }
f["load"] == "filled" { add("latency", f["runtime"], f["mean"], f["ci_low"], f["ci_high"]) }
f["load"] == "one-by-one" && f["metric"] ~ /^throughput/ { add("throughput", f["runtime"], f["mean"], f["ci_low"], f["ci_high"]) }

END {
	for (i = 1; i <= n; i++)
		for (s = 1; s in systems; s++) {
			split(order[i], part, SUBSEP)
			if ((order[i] SUBSEP systems[s]) in row)
				print part[1] "," part[4] "," systems[s] "," part[2] "," part[3] "," row[order[i], systems[s]]
		}
}
