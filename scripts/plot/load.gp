# Latency and goodput of five policies against load. From load.csv.
# Colours, dashes and markers are bound to policies. Thick with markers: the policy keeps up with
# the load; thin: it does not, and how late it is depends on how long the run is.
latency_x = form eq 'svg' ? 2 : 0.2
goodput_x = form eq 'svg' ? -1 : -1.1

# load, mean and limits of a metric, where the policy answers 99 % of what comes, and from there on
table = 'sqlite3 -cmd ".mode csv" -cmd ".import load.csv text" -cmd ".mode list" -cmd "CREATE TABLE point AS SELECT policy, metric, load_per_s + 0.0 AS load, mean + 0.0 AS mean, ci_low + 0.0 AS low, ci_high + 0.0 AS high FROM text" :memory: '
keeps_up = "(SELECT mean FROM point t WHERE t.load = p.load AND t.policy = p.policy AND t.metric = 'throughput.req_per_s') >= 0.99 * (SELECT mean FROM point t WHERE t.load = p.load AND t.policy = p.policy AND t.metric = 'offered.req_per_s')"
select(metric, policy) = sprintf("SELECT load, mean, low, high FROM point p WHERE metric = '%s' AND policy = '%s'", metric, policy)
query(sql) = '< '.table.'"'.sql.' ORDER BY load"'
steady(metric, policy) = query(select(metric, policy)." AND ".keeps_up)
beyond(metric, policy) = query(select(metric, policy)." AND load >= (SELECT max(load) FROM point p WHERE policy = '".policy."' AND ".keeps_up.")")
# what a policy delivers when all are overloaded
capacity(policy) = system(table.'"SELECT max(mean) FROM point WHERE metric = '."'throughput.req_per_s'".' AND policy = '."'".policy."'".'"') + 0

edge = capacity('edge-only')
cloud = capacity('cloud-only')
both = capacity('k-p-fcfs')

set datafile separator '|'
set xrange [0:8.2]
set xtics 1
set lmargin at screen 0.105
set rmargin at screen 0.975
unset key

set multiplot

# A legend by hand: the keys of the two terminals break their lines differently.
do for [i=1:5] {
	at = 0.105 + 0.18 * (i - 1)
	set arrow from screen at, screen 0.965 to screen at + 0.05, screen 0.965 nohead lt i lw 2
	set label '' at screen at + 0.025, screen 0.965 point lt i ps marker
	set label word(policies, i) at screen at + 0.062, screen 0.965 left
}

# Latency
do for [x in sprintf('%g %g %g', edge, cloud, both)] {
	set arrow from first x + 0, graph 0 to first x + 0, graph 1 nohead lw 1 lc rgb '#888888' back
}
set tmargin at screen 0.90
set bmargin at screen 0.525
set logscale y
set yrange [10:3000]
set ytics nomirror out scale 0.6 (10, 20, 50, 100, 200, 500, '1 000' 1000, '2 000' 2000)
set format x ''
set ylabel 'latency [ms per output token]' offset latency_x
set label sprintf('edge alone %.1f ', edge) at first edge, graph 1.035 right tc rgb '#555555'
set label sprintf(' %.1f cloud alone', cloud) at first cloud, graph 1.035 left tc rgb '#555555'
set label sprintf('all five machines %.1f ', both) at first both, graph 1.035 right tc rgb '#555555'
plot for [i=1:5] beyond('latency.mean_ms_per_token', word(policies, i)) using 1:2 with lines lt i lw 0.8, \
	for [i=1:5] steady('latency.mean_ms_per_token', word(policies, i)) using 1:3:(0):($4-$3) with vectors nohead lt i dt 1 lw 1.5, \
	for [i=5:1:-1] steady('latency.mean_ms_per_token', word(policies, i)) using 1:2 with linespoints lt i lw 2 ps marker

# Goodput
unset label
unset arrow
do for [x in sprintf('%g %g %g', edge, cloud, both)] {
	set arrow from first x + 0, graph 0 to first x + 0, graph 1 nohead lw 1 lc rgb '#888888' back
}
unset logscale y
set tmargin at screen 0.47
set bmargin at screen 0.1
set yrange [0:5]
set ytics nomirror out scale 0.6 1
set format x '%g'
set format y '%g'
set xlabel 'load [requests per second, four offices together]' offset 0,0.35
set ylabel 'goodput [answers in time per second]' offset goodput_x
set label 4 'all in time' at first 4.05, first 4.33 rotate by 37 tc rgb '#555555'
set label 5 "bars: 95 % intervals over replications; thin lines: the policy does not keep up, and latency grows with the length of the run" at screen 0.105, screen 0.015 font face.','.small tc rgb '#555555'
plot x < 5 ? x : NaN with lines lw 1 lc rgb '#888888' dt 1, \
	for [i=1:5] beyond('goodput.req_per_s', word(policies, i)) using 1:2 with lines lt i lw 0.8, \
	for [i=1:5] steady('goodput.req_per_s', word(policies, i)) using 1:3:(0):($4-$3) with vectors nohead lt i dt 1 lw 1.5, \
	for [i=5:1:-1] steady('goodput.req_per_s', word(policies, i)) using 1:2 with linespoints lt i lw 2 ps marker
unset multiplot
