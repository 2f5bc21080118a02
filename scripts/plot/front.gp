# The front of Eq. 1 and where policies stand: more in time and less network time is better. From
# front.csv and front-policies.csv.
at(policy) = sprintf("< awk -F, '$1 == \"\\\"%s\\\"\" { print $2 \",\" 1000 * $4 }' front-policies.csv", policy)
shown = 'k-p-fcfs cloud-only edge-only fcfs random jsq max-weight perllm least-work'
set key left top Left reverse samplen 2
set xrange [0:*]
set yrange [0:800]
set xlabel 'tasks answered in time'
set ylabel 'their time on the network, T [ms]'
plot 'front.csv' using 1:(1000*$3) every ::1 with filledcurves x1 fillcolor rgb '#F2F2F2' notitle, \
	'front.csv' using 1:(1000*$3) every ::1 with lines linewidth 2 linecolor rgb '#444444' dashtype 1 title 'least possible (exact front)', \
	for [i=1:words(shown)] at(word(shown, i)) using 1:2 with points linetype policy_line(word(shown, i), 1) linewidth 1.5 pointsize 1.3*marker title word(shown, i)
