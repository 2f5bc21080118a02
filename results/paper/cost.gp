# Run by gnuplot where cost.csv is; out='cost.png' or 'cost.pdf' for other forms:
#	gnuplot -e "out='cost.png'" cost.gp
if (!exists('out')) { out = 'cost.svg' }
name = 'cost'; width = 760; height = 430
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
