# The first token of one prompt: full attention over sparse, by length. From das.csv.
gpus = 'titan-x rtx-4090 h200'
gain(gpu, attention) = sprintf("< awk -F, '$1 == \"%s\" && $2 == \"%s\" { print $3 \",\" $6 }' das.csv", gpu, attention)
set key left top reverse Left samplen 3
set logscale x 2
set xrange [900:75000]
set xtics ('1 024' 1024, '2 048' 2048, '4 096' 4096, '8 192' 8192, '16 384' 16384, '32 768' 32768, '65 536' 65536)
set yrange [0.9:2.6]
set xlabel 'prompt [tokens]'
set ylabel 'full attention / sparse [time to first token]'
set label 1 'thin: the most that a causal mask of 128 x 64 can leave out' at graph 0.02, graph 0.72 font face.','.small textcolor rgb '#555555'
set arrow 1 from 4096, graph 0 to 4096, graph 1 nohead linewidth 1 linecolor rgb '#888888'
set label 2 "Llama 2's context " at 4096, graph 0.52 right font face.','.small textcolor rgb '#555555'
plot 1 with lines linewidth 1 linecolor rgb '#888888' dashtype 1 notitle, \
	for [i=1:3] gain(word(gpus, i), 'das-ceiling') using 1:2 with lines linetype i linewidth 0.8 notitle, \
	for [i=1:3] gain(word(gpus, i), 'das') using 1:2 with linespoints linetype i linewidth 2 pointsize marker title word(gpus, i)
