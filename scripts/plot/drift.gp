# How the backlog and its Lyapunov function change in a slot, by backlog, from the tables drift and
# drift_fit of results.sqlite; scripts/plot/drift.sh finds the run and calls
#   gnuplot -e "db='DIR/results.sqlite'; run=1; out='drift.png'" scripts/plot/drift.gp     (or .svg)
# Above the line at 0 the backlog grows, below it drains.
name = 'drift'
width = 760
height = 640
load ARG0[:strlen(ARG0)-strlen('drift.gp')].'../../io/report/style.gp'
marker = form eq 'svg' ? 0.6 : 1.2

ask(sql) = system('sqlite3 -readonly "'.db.'" "'.sql.'"')
rows(columns, known) = '< sqlite3 -readonly "'.db.'" "SELECT '.columns.' FROM drift WHERE replication IS NULL AND run = '.run." AND drift_low IS ".known.'NULL ORDER BY backlog_least"'
# and the first of all, beneath its dot if it has one: a plot of nothing would warn
rings(columns) = rows(columns, '')[:strstrt(rows(columns, ''), 'AND drift_low')-1].'AND (drift_low IS NULL OR backlog_least = (SELECT min(backlog_least) FROM drift WHERE replication IS NULL AND run = '.run."))\""
fit(column) = ask('SELECT '.column.' FROM drift_fit WHERE replication IS NULL AND run = '.run)
number(text) = strlen(text) > 0 ? real(text) : NaN
summary(column, name) = ask('SELECT '.column." FROM summary WHERE scope = '' AND name = '".name."' AND run = ".run)

threshold = number(fit('threshold'))
epsilon = number(fit('epsilon'))
B = number(fit('B'))
epsilon_half = number(fit('(epsilon_high - epsilon_low) / 2'))
B_half = number(fit('(B_high - B_low) / 2'))
fitted = epsilon_half == epsilon_half
verdict = summary('CAST(mean AS INTEGER)', 'lyapunov.verdict')
word = verdict eq '1' ? 'stable' : verdict eq '-1' ? 'unstable' : verdict eq '0' ? 'undecided' : 'no verdict'
name = ask('SELECT name FROM run WHERE id = '.run).', '.ask('SELECT policy FROM run WHERE id = '.run)
most = number(ask('SELECT max(backlog_mean) FROM drift WHERE replication IS NULL AND drift_low IS NOT NULL AND run = '.run))
most = most == most ? most : number(ask('SELECT max(backlog_mean) FROM drift WHERE replication IS NULL AND run = '.run))
most = most > 4 ? most : 4
slot = ask("SELECT value FROM setting WHERE key = 'record.queues' AND run = ".run)

set datafile separator '|'
set xrange [-0.02*most:1.05*most]
set lmargin at screen 0.12
set rmargin at screen 0.955
unset key
set multiplot
set label 1 name.': '.word noenhanced at screen 0.12, screen 0.965 left font face.','.big

# Of the part of the plane that says "grows", and of the one that says "drains"
grows = '#FBEDE6'
drains = '#E4F3EC'
set style fill solid 1.0 noborder

do for [part=1:2] {
	column = word('drift change', part)
	if (part == 1) {
		set tmargin at screen 0.90
		set bmargin at screen 0.53
		set format x ''
		set ylabel 'drift of L in a slot (Eq. 21)' offset 0.5
		set label 2 fitted ? sprintf('from %g requests on: %.3g (± %.2g) %s %.3g (± %.2g) × backlog', threshold, B, B_half, epsilon < 0 ? '+' : '−', abs(epsilon), epsilon_half) : sprintf('too few slots begin with %g requests or more for a line (Eq. 22)', threshold) at screen 0.955, screen 0.925 right tc rgb '#0072B2' noenhanced
	} else {
		set tmargin at screen 0.47
		set bmargin at screen 0.13
		set format x '%g'
		set xlabel 'backlog at the start of the slot [requests in all queues]' offset 0,0.35
		set ylabel 'change of the backlog [requests a slot]' offset 0.5
		unset label 1
		unset label 2
	}
	# the longest bars, of bins with hardly a slot, go beyond the picture
	mine = 'FROM drift WHERE replication IS NULL AND run = '.run.' AND slots >= 0.005 * (SELECT sum(slots) FROM drift WHERE replication IS NULL AND run = '.run.')'
	known = number(ask('SELECT count(*) FROM drift WHERE replication IS NULL AND drift_low IS NOT NULL AND run = '.run)) > 0
	low = number(ask('SELECT min('.(known ? column.'_low' : column.'_mean').') '.mine))
	high = number(ask('SELECT max('.(known ? column.'_high' : column.'_mean').') '.mine))
	low = low < 0 ? low : 0
	high = high > 0 ? high : 0
	room = 0.08 * (high - low > 0 ? high - low : 1)
	set yrange [low-2*room:high+2*room]
	set object 1 rectangle from graph 0, first 0 to graph 1, graph 1 behind fc rgb grows
	set object 2 rectangle from graph 0, graph 0 to graph 1, first 0 behind fc rgb drains
	set label 3 'grows' at graph 1.02, graph 0.98 right rotate by 90 tc rgb '#A34700'
	set label 4 'drains' at graph 1.02, graph 0.02 left rotate by 90 tc rgb '#00664B'
	if (part == 2) { set label 5 sprintf("dots: means of the slots that begin so (slots of %s); bars: 95 %% intervals; rings: too few slots for one", slot) at screen 0.12, screen 0.02 font face.','.small tc rgb '#555555' noenhanced }
	plot 0 with lines lw 1.5 lc rgb '#444444' dt 1, \
		part == 1 && fitted ? (x >= threshold ? B - epsilon * x : NaN) : NaN with lines lw 2 lc rgb '#0072B2' dt 1, \
		rings('backlog_mean, '.column.'_mean') using 1:2 with points pt 6 ps 0.7 * marker lc rgb '#777777', \
		rows('backlog_mean, '.column.'_low, '.column.'_high', 'NOT ') using 1:2:(0):($3-$2) with vectors nohead dt 1 lw 1.5 lc rgb '#000000', \
		rows('backlog_mean, '.column.'_mean', 'NOT ') using 1:2 with points pt 7 ps 0.7 * marker lc rgb '#000000'
}
unset multiplot
