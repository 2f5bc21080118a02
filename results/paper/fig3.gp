# Run by gnuplot where fig3.csv is; out='fig3.png' or 'fig3.pdf' for other forms:
#	gnuplot -e "out='fig3.png'" fig3.gp
if (!exists('out')) { out = 'fig3.svg' }
name = 'fig3'; width = 760; height = 560
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
# Fig. 3: seconds of the cloud per task, cloud only and edge + cloud, both models and all data sets,
# devices as fast as the paper's (runtime paper). From fig3.csv.
loads = 'one-by-one saturated'
models = 'llama2-7b llama2-13b'
names = 'Llama-2-7B Llama-2-13B'
of(model, load, system) = sprintf("< awk -F, '$1 == \"%s\" && $3 == \"paper\" && $4 == \"%s\" && $5 == \"%s\" { print ++n \",\" $6 \",\" $7 \",\" $8 }' fig3.csv", model, load, system)
set multiplot layout 2,2 margins 0.09,0.985,0.1,0.85 spacing 0.075,0.13
unset key
set xrange [0.4:4.6]
set yrange [0:*]
set xtics ('HumanEval' 1, 'C-Eval' 2, 'SummEval' 3, 'WikiText-2' 4)
set grid noxtics
set boxwidth 0.36
set object 1 rectangle from screen 0.1, screen 0.945 to screen 0.13, screen 0.965 fillstyle solid 0.35 noborder fillcolor rgb '#D55E00'
set object 2 rectangle from screen 0.4, screen 0.945 to screen 0.43, screen 0.965 fillstyle solid 0.85 noborder fillcolor rgb '#0072B2'
set label 11 'cloud only' at screen 0.14, screen 0.955 left
set label 12 'edge + cloud' at screen 0.44, screen 0.955 left
do for [row=1:2] {
	do for [col=1:2] {
		set label 1 word(names, col).(row == 1 ? ', one request a device' : ', large batches') at graph 0.5, graph 1.07 center
		if (col == 1) { set ylabel 'cloud [s per task]' } else { unset ylabel }
		plot of(word(models, col), word(loads, row), 'cloud-only') using ($1-0.2):2 with boxes fillstyle solid 0.35 noborder linecolor rgb '#D55E00' notitle, \
			of(word(models, col), word(loads, row), 'edge-cloud') using ($1+0.2):2 with boxes fillstyle solid 0.85 noborder linecolor rgb '#0072B2' notitle, \
			of(word(models, col), word(loads, row), 'cloud-only') using ($1-0.2):3:(0):($4-$3) with vectors nohead linewidth 1.5 linecolor rgb '#222222' notitle, \
			of(word(models, col), word(loads, row), 'edge-cloud') using ($1+0.2):3:(0):($4-$3) with vectors nohead linewidth 1.5 linecolor rgb '#222222' notitle
		unset object
		unset label 11
		unset label 12
	}
}
unset multiplot
