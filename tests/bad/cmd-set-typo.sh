$offing check support/good.yaml -s links.wan.rte="10 Mbps"
