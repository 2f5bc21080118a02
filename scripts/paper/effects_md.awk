# effects.csv as Markdown
BEGIN {
	FS = ","
	title["light"] = "Latency, one request at a time"
	title["one-by-one"] = "Throughput, saturated: one request at a time on each device"
	title["saturated"] = "Throughput, saturated: batches as large as the memory allows"
	split("light one-by-one saturated", loads, " ")
	split("fused llmint8 paper", runtimes, " ")
	split("attention scheduling offloading attention+scheduling attention+offloading scheduling+offloading all", effects, " ")
	name["attention"] = "DA for FA"
	name["scheduling"] = "Sche for Auto"
	name["offloading"] = "Dec for Ran"
	name["attention+scheduling"] = "DA x Sche"
	name["attention+offloading"] = "DA x Dec"
	name["scheduling+offloading"] = "Sche x Dec"
	name["all"] = "DA x Sche x Dec"
}
NR > 1 {
	at = $2 SUBSEP $3 SUBSEP $1
	times[at] = $4
	low[at] = $5
	high[at] = $6
	n = $7
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
			printf "| %s |", name[effects[e]]
			for (r = 1; r <= 3; r++)
				printf " %s |", cell(loads[l] SUBSEP effects[e] SUBSEP runtimes[r])
			print ""
		}
	}
}
