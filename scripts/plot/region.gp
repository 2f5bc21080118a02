# Largest stable rates of two kinds of requests under each policy. From region.csv.
edge(policy) = sprintf("< awk -F, '$1 == \"%s\" { print $6 \",\" $7 }' region.csv", policy)
shown = 'least-work max-weight k-p-fcfs fcfs random perllm cloud-only edge-only'
set key right top Left reverse samplen 3 title 'stable below' left
set xrange [0:*]
set yrange [0:*]
set xlabel 'code [requests per second: short prompts, long answers]'
set ylabel 'news [requests per second: long prompts, short answers]'
plot edge('bound') using 1:2 with filledcurves x1 fillcolor rgb '#F2F2F2' notitle, \
	edge('bound') using 1:2 with lines linewidth 2 linecolor rgb '#888888' dashtype 1 title 'what the machines can do at most', \
	for [i=1:words(shown)] edge(word(shown, i)) using 1:2 with linespoints linetype policy_line(word(shown, i), 1) linewidth 2 pointsize marker title word(shown, i)
