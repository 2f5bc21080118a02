# Measured against foretold, a dot a request, from the table `pair` of scripts/foretell.sh:
#   gnuplot -e "db='both.sqlite'; out='foretell.png'" scripts/plot/foretell.gp     (or foretell.svg)
name = 'foretell'
width = 900
height = 330
load ARG0[:strlen(ARG0)-strlen('foretell.gp')].'../../io/report/style.gp'
query(a, b) = sprintf("< sqlite3 -readonly '%s' 'SELECT 1e3 * %s, 1e3 * %s FROM pair WHERE %s > 0 AND %s > 0'", db, a, b, a, b)
set datafile separator '|'
set xtics ()
set ytics ()
set logscale xy
set size square
unset key
set xlabel 'measured, ms'
array titles[3] = ['first token', 'time per token', 'end to end']
do for [e=-1:5] { do for [m in '1 2 5'] {
	set xtics add (m * 10.0**e)
	set ytics add (m * 10.0**e)
} }
set multiplot layout 1,3 margins 0.065,0.985,0.17,0.9 spacing 0.075,0
set ylabel 'foretold, ms' offset 1.5
do for [k=1:3] {
	column = word('ttft tpot e2e', k)
	set title titles[k]
	ends = sprintf("sqlite3 -readonly '%s' 'SELECT 800 * min(min(%s), min(%s_f)), 1250 * max(max(%s), max(%s_f)) FROM pair WHERE %s > 0'", db, column, column, column, column, column)
	ends = system(ends)
	cut = strstrt(ends, '|')
	set xrange [real(ends[1:cut-1]):real(ends[cut+1:])]
	set yrange [real(ends[1:cut-1]):real(ends[cut+1:])]
	plot x with lines lw 1.2 lc rgb '#D55E00', \
		query(column, column.'_f') using 1:2 with points pt 7 ps 0.25 lc rgb '#600072B2'
	set ylabel ''
}
unset multiplot
