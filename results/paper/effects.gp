# Run by gnuplot where effects.csv is; out='effects.png' or 'effects.pdf' for other forms:
#	gnuplot -e "out='effects.png'" effects.gp
if (!exists('out')) { out = 'effects.svg' }
name = 'effects'; width = 760; height = 380
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
