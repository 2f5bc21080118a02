# Latency of 13B over one, two and four cards by the bandwidth between them. From pipeline.csv.
latency(cards) = sprintf("< awk -F, '$1 == \"%s\" { print $2 \",\" $3 \",\" $4 \",\" $5 }' pipeline.csv", cards)
names = 'two four one'
titles(i) = word('two four one', i).(i == 3 ? ' card, with 4 of 40 layers on its host' : ' cards')
set key right top Left reverse samplen 3
set logscale xy
set xrange [0.9:1100]
set xtics (1, 2, 5, 10, 20, 50, 100, 200, 500, '1 000' 1000)
set yrange [50:2000]
set ytics (50, 100, 200, 500, '1 000' 1000, '2 000' 2000)
set xlabel 'rate of the links between the cards [Mbps]'
set ylabel 'latency [ms per output token]'
plot for [i=1:3] latency(word(names, i)) using 1:3:(0):($4-$3) with vectors nohead linetype i dashtype 1 linewidth 1.5 notitle, \
	for [i=1:3] latency(word(names, i)) using 1:2 with linespoints linetype i linewidth 2 pointsize marker title titles(i)
