# effects.csv as Markdown: awk -f csv.awk -f page.awk -f effects_md.awk effects.csv
BEGIN {
	title["light"] = "Latency, one request at a time"
	title["one-by-one"] = "Throughput, saturated: one request at a time on each device"
	title["saturated"] = "Throughput, saturated: batches as large as the memory allows"
	split("light one-by-one saturated", loads, " ")
	split("attention scheduling offloading attention+scheduling attention+offloading scheduling+offloading all", effects, " ")
	title["attention"] = "DA for FA"
	title["scheduling"] = "Sche for Auto"
	title["offloading"] = "Dec for Ran"
	title["attention+scheduling"] = "DA x Sche"
	title["attention+offloading"] = "DA x Dec"
	title["scheduling+offloading"] = "Sche x Dec"
	title["all"] = "DA x Sche x Dec"
}
{
	at = f["load"] SUBSEP f["effect"] SUBSEP f["runtime"]
	times[at] = f["times"]
	low[at] = f["ci_low"]
	high[at] = f["ci_high"]
	n = f["n"]
}
function cell(at)
{
	return at in times ? sprintf("%.3f (%.3f to %.3f)", times[at], low[at], high[at]) : "-"
}
END {
	print "# Which mechanism gives which gain\n"
	print "Written by `scripts/paper.sh` from [effects.csv](effects.csv); do not edit. All eight combinations of Table 2's switches"
	print "([table2.md](table2.md)) on the same requests. A gain is how many times faster, or how many times as many tokens a second, the"
	print "system is with the switch on, the mean over both positions of the other two; below the line, how many times larger the gain of"
	print "one is where the other is on (1: they do not depend on each other). In brackets the 95 % interval over " n " replications (Student t on"
	print "logarithms, replication by replication)."
	for (l = 1; l <= 3; l++) {
		print "\n## " title[loads[l]] "\n"
		print "| switch | fused | llmint8 | runtime paper |"
		print "|--------|------:|--------:|--------------:|"
		for (e = 1; e <= 7; e++) {
			printf "| %s |", title[effects[e]]
			for (r = 1; r <= 3; r++)
				printf " %s |", cell(loads[l] SUBSEP effects[e] SUBSEP runtimes[r])
			print ""
		}
	}
}
