# Table 1 beside ours: latency and throughput with one request on each device, under three device
# models, and the paper's values as open circles. From beside.csv.
models = 'llama2-7b llama2-13b'
names = 'Llama-2-7B Llama-2-13B'
runtimes = 'paper fused llmint8'
titles(i) = i == 1 ? 'fitted to the paper' : word(runtimes, i)
metrics = 'latency throughput'
of(model, metric, runtime) = sprintf("< awk -F, '$1 == \"%s\" && $4 == \"%s\" && $5 == \"%s\" { print 4 * int(n / 3) + n %% 3 + 1 \",\" $6 \",\" $7 \",\" $8; n++ }' beside.csv", model, metric, runtime)
set multiplot layout 2,2 margins 0.09,0.985,0.155,0.86 spacing 0.075,0.06
unset key
set logscale y
set xrange [0.2:15.8]
set grid noxtics
do for [i=1:3] {
	set label 10+i titles(i) at screen 0.115+0.2*(i-1), screen 0.96 left point linetype i pointsize marker offset 1.2,0
}
set label 14 'as the paper prints it' at screen 0.755, screen 0.96 left point pointtype 6 linecolor rgb '#000000' linewidth 1.5 pointsize 1.5*marker offset 1.4,0
do for [row=1:2] {
	metric = word(metrics, row)
	if (row == 1) { set yrange [8:400]; set ytics (10, 20, 50, 100, 200, 400) }
	else { set yrange [0.5:300]; set ytics (0.5, 1, 2, 5, 10, 20, 50, 100, 200) }
	if (row == 1) { set format x ''; set xtics ('' 1, '' 2, '' 3, '' 5, '' 6, '' 7, '' 9, '' 10, '' 11, '' 13, '' 14, '' 15) }
	else { set xtics rotate by 90 right ('edge' 1, 'cloud' 2, 'both' 3, 'edge' 5, 'cloud' 6, 'both' 7, 'edge' 9, 'cloud' 10, 'both' 11, 'edge' 13, 'cloud' 14, 'both' 15) }
	do for [col=1:2] {
		if (row == 1) { set label 1 word(names, col) at graph 0.5, graph 1.07 center }
		else {
			unset label 1
			set label 2 'HumanEval' at first 2, graph -0.32 center
			set label 3 'C-Eval' at first 6, graph -0.32 center
			set label 4 'SummEval' at first 10, graph -0.32 center
			set label 5 'WikiText-2' at first 14, graph -0.32 center
		}
		if (col == 1) { set ylabel (row == 1 ? 'latency [ms per output token]' : 'throughput [tokens/s]') } else { unset ylabel }
		plot for [i=1:3] of(word(models, col), metric, word(runtimes, i)) using 1:3:(0):($4-$3) with vectors nohead linetype i dashtype 1 linewidth 1.5 notitle, \
			for [i=1:3] of(word(models, col), metric, word(runtimes, i)) using 1:2 with points linetype i pointsize marker notitle, \
			of(word(models, col), metric, 'printed') using 1:2 with points pointtype 6 linecolor rgb '#000000' linewidth 1.5 pointsize 1.5*marker notitle
		do for [i=1:4] { unset label 10+i }
	}
}
unset multiplot
