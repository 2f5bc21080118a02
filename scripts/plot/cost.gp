# Energy and cost of 1 000 tokens by load. From cost.csv.
shown = 'k-p-fcfs cloud-only edge-only fcfs random'
of(policy, metric) = sprintf("< awk -F, '$1 == \"%s\" && $3 == \"%s\" { print $2 \",\" $4 \",\" $5 \",\" $6 }' cost.csv", policy, metric)
set xlabel 'load [requests per second]'
set xrange [0:6.8]
set yrange [0:*]
set multiplot layout 1,2 margins 0.1,0.98,0.15,0.95 spacing 0.11,0
unset key
set ylabel 'energy of 1 000 tokens [kJ]'
plot for [i=1:5] of(word(shown, i), 'energy_kJ') using 1:3:(0):($4-$3) with vectors nohead linetype i dashtype 1 linewidth 1.5 notitle, \
	for [i=1:5] of(word(shown, i), 'energy_kJ') using 1:2 with linespoints linetype i linewidth 2 pointsize marker title word(shown, i)
set key right top Left reverse samplen 3
set ylabel 'cost of 1 000 tokens [cents]'
plot for [i=1:5] of(word(shown, i), 'cost_usd') using 1:(100*$3):(0):(100*($4-$3)) with vectors nohead linetype i dashtype 1 linewidth 1.5 notitle, \
	for [i=1:5] of(word(shown, i), 'cost_usd') using 1:(100*$2) with linespoints linetype i linewidth 2 pointsize marker title word(shown, i)
unset multiplot
