# Fig. 2: latency and throughput of three systems by bandwidth, both models, one request on each
# device, devices as fast as the paper's (runtime paper). From fig2.csv.
systems = 'edge-cloud cloud-only edge-only'
models = 'llama2-7b llama2-13b'
names = 'Llama-2-7B Llama-2-13B'
titles(i) = i == 1 ? 'edge + cloud (k-p-fcfs)' : i == 2 ? 'cloud only' : 'edge only'
of(model, load, system) = sprintf("< awk -F, '$1 == \"%s\" && $2 == \"paper\" && $3 == \"%s\" && $5 == \"%s\" { print $4 \",\" $7 \",\" $8 \",\" $9 }' fig2.csv", model, load, system)
set multiplot layout 2,2 margins 0.095,0.985,0.11,0.85 spacing 0.075,0.1
set logscale xy
set xrange [0.9:1100]
set xtics (1, '' 2, 5, '' 10, 20, '' 50, 100, '' 200, 500, '' 1000)
unset key
# a legend by hand: one key cannot stand over four graphs
do for [i=1:3] {
	set arrow 10+i from screen 0.1+0.3*(i-1), screen 0.955 rto screen 0.05, 0 nohead linetype i linewidth 2
	set label 10+i titles(i) at screen 0.165+0.3*(i-1), screen 0.955 left
}
do for [row=1:2] {
	load = row == 1 ? 'filled' : 'one-by-one'
	if (row == 1) { set yrange [30:1500]; set ytics (30, 50, 100, 200, 500, '1 000' 1000) }
	else { set yrange [2:100]; set ytics (2, 5, 10, 20, 50, 100) }
	set format x (row == 1 ? '' : '%g')
	do for [col=1:2] {
		if (row == 1) { set label 1 word(names, col) at graph 0.5, graph 1.07 center }
		else { unset label 1; set xlabel 'rate of all links [Mbps]' }
		if (col == 1) { set ylabel (row == 1 ? 'latency [ms per output token]' : 'throughput [tokens/s]') }
		else { unset ylabel }
		plot for [i=1:3] of(word(models, col), load, word(systems, i)) using 1:3:(0):($4-$3) with vectors nohead linetype i dashtype 1 linewidth 1.5 notitle, \
			for [i=1:3] of(word(models, col), load, word(systems, i)) using 1:2 with linespoints linetype i linewidth 2 pointsize marker notitle
		do for [i=1:3] { unset arrow 10+i; unset label 10+i }
	}
}
unset multiplot
