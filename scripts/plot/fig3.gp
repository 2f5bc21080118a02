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
