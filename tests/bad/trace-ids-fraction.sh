$offing check support/trace.yaml -s users.u.arrivals.trace.file=support/ids-fraction.jsonl \
	-s users.u.arrivals.trace.format=mooncake -s instances.cloud.prefix_cache=true
