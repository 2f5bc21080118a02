# Run by gnuplot where beside.csv is; out='beside.png' or 'beside.pdf' for other forms:
#	gnuplot -e "out='beside.png'" beside.gp
if (!exists('out')) { out = 'beside.svg' }
name = 'beside'; width = 760; height = 580
face = 'Liberation Sans'
form = exists('form') ? form : strlen(out) > 3 ? out[strlen(out)-2:] : 'text'
text = form eq 'text'
small = '11'
big = '14'
marker = 1.35
if (form eq 'svg') {
	set terminal svg size width,height dynamic noenhanced font face.',Arial,Helvetica,sans-serif,12.5' name name background 'white'
	marker = 0.6
}
if (form eq 'png') {
	set terminal pngcairo size 3*width/2,3*height/2 noenhanced font face.',13' fontscale 1.2 linewidth 1.5
	small = '10.5'
}
if (form eq 'pdf') {
	set terminal pdfcairo size width/115.0,height/115.0 noenhanced font face.',16' linewidth 1.2
	marker = 0.6
	small = '14'
	big = '18'
}
if (text) {
	set encoding utf8 # for the width of names; pictures take it as it is
	set terminal dumb size width,height noenhanced
}
if (strlen(out) > 0) { set output out }

set linetype 1 linecolor rgb '#0072B2' dashtype 1 pointtype 7
set linetype 2 linecolor rgb '#D55E00' dashtype (12,6) pointtype 5
set linetype 3 linecolor rgb '#009E73' dashtype (3,5) pointtype 9
set linetype 4 linecolor rgb '#CC79A7' dashtype (14,5,3,5) pointtype 13
set linetype 5 linecolor rgb '#E69F00' dashtype (6,4) pointtype 11
set linetype 6 linecolor rgb '#56B4E9' dashtype 1 pointtype 15
set linetype 7 linecolor rgb '#8C510A' dashtype (12,4,3,4,3,4) pointtype 6
set linetype 8 linecolor rgb '#666666' dashtype (2,3) pointtype 4
set linetype 9 linecolor rgb '#000000' dashtype (9,3) pointtype 8
set linetype 10 linecolor rgb '#0072B2' dashtype (3,5) pointtype 12
set linetype 11 linecolor rgb '#D55E00' dashtype (14,5,3,5) pointtype 10
set linetype 12 linecolor rgb '#009E73' dashtype (12,6) pointtype 14
set linetype 13 linecolor rgb '#CC79A7' dashtype 1 pointtype 3
set linetype cycle 13
policies = 'k-p-fcfs cloud-only edge-only fcfs random jsq max-weight perllm least-work power-of-d round-robin locality separated'
policy_bound(policy) = sum [i = 1 : words(policies)] (word(policies, i) eq policy ? i : 0)
policy_line(policy, otherwise) = policy_bound(policy) > 0 ? policy_bound(policy) : otherwise

set datafile separator comma
if (!text) {
	set border 3 linewidth 1 linecolor rgb '#444444'
	set tics nomirror out scale 0.6 textcolor rgb '#222222'
	set grid linetype -1 linewidth 0.6 linecolor rgb '#DDDDDD' dashtype 1
}
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
