$offing check support/good.yaml -s links.wan.rate=10
