{
	echo 'name: many
run: {horizon: 10 s, warmup: 0 s}
sites: {edge: {tier: edge, count: 2000}}
links: {access: {between: [users, "edge*"], rate: 1 Mbps}}
instances: {edge: {site: edge, service: 0.1 s}}
policy: {name: fcfs}
users:'
	i=0
	while [ $i -lt 300 ]; do
		i=$((i + 1))
		echo "  u$i: {arrivals: {process: poisson, rate: 1 /s}}"
	done
} | "$offing" check -
