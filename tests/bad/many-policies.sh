(
	echo "{name: t, run: {horizon: 1 s}, sites: {a: {tier: edge}}, instances: {q: {site: a, service: 1 s}},"
	echo "users: {u: {arrivals: {process: poisson, rate: 1 /s}}},"
	echo "policies: {"
	seq 2000 | sed "s/.*/  p&: {name: fcfs},/"
	echo "}}"
) | $offing check -
