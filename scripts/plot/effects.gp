# The gain of each switch of Table 2 and of their pairs, by runtime. From effects.csv.
runtimes = 'fused llmint8 paper'
loads = 'light one-by-one saturated'
titles(i) = i == 1 ? 'latency, one request' : i == 2 ? 'throughput, one a device' : 'throughput, large batches'
of(runtime, load) = sprintf("< awk -F, '$1 == \"%s\" && $2 == \"%s\" { print ++n \",\" $4 \",\" $5 \",\" $6 }' effects.csv", runtime, load)
set multiplot layout 1,3 margins 0.085,0.985,0.235,0.83 spacing 0.04,0
set xrange [0.4:7.6]
set yrange [0.7:6]
set logscale y 2
set ytics (1, 2, 3, 4, 5)
set xtics rotate by 45 right ('DA' 1, 'Sche' 2, 'Dec' 3, 'DA x Sche' 4, 'DA x Dec' 5, 'Sche x Dec' 6, 'all three' 7)
set ylabel 'gain [times]' offset 0.5
unset key
# a legend by hand: one key cannot stand over three graphs
do for [i=1:3] {
	set label 10+i 'runtime '.word(runtimes, i) at screen 0.11+0.2*(i-1), screen 0.955 left point linetype i pointsize marker offset 1.2,0
}
do for [l=1:3] {
	set label 1 titles(l) at graph 0, graph 1.06 left
	set arrow 1 from first 3.5, graph 0 to first 3.5, graph 1 nohead linewidth 1 linecolor rgb '#BBBBBB'
	plot 1 with lines linewidth 1 linecolor rgb '#888888' dashtype 1 notitle, \
		for [i=1:3] of(word(runtimes, i), word(loads, l)) using ($1+0.22*(i-2)):3:(0):($4-$3) with vectors nohead linetype i dashtype 1 linewidth 2 notitle, \
		for [i=1:3] of(word(runtimes, i), word(loads, l)) using ($1+0.22*(i-2)):2 with points linetype i pointsize marker notitle
	do for [i=1:3] { unset label 10+i }
	unset ylabel
	set format y ''
}
unset multiplot
