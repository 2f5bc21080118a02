# Decoding in the cloud token by token over drafts at the edge, by the round trip between. From drafts.csv.
gpus = 'rtx-4090 a100 h200'
gain(gpu, drafts) = sprintf("< awk -F, '$1 == \"%s\" && $2 == \"%s\" { print $3 \",\" $4 \",\" $5 \",\" $6 }' drafts.csv", gpu, drafts)
set key right top Left reverse samplen 3 title 'verified by' left
set xrange [0:100]
set yrange [0:2.4]
set xlabel 'round trip between edge and cloud [ms]'
set ylabel 'gain over decoding in the cloud alone [times]'
set label 1 'thin: the drafts are made beside the model, in the cloud' at graph 0.33, graph 0.715 font face.','.small textcolor rgb '#555555'
set label 2 'above: drafts at the edge are faster' at 99, 1.05 right font face.','.small textcolor rgb '#555555'
plot 1 with lines linewidth 1 linecolor rgb '#888888' dashtype 1 notitle, \
	for [i=1:3] gain(word(gpus, i), 'cloud') using 1:2 with lines linetype i linewidth 0.8 notitle, \
	for [i=1:3] gain(word(gpus, i), 'edge') using 1:3:(0):($4-$3) with vectors nohead linetype i dashtype 1 linewidth 1.5 notitle, \
	for [i=1:3] gain(word(gpus, i), 'edge') using 1:2 with linespoints linetype i linewidth 2 pointsize marker title word(gpus, i)
