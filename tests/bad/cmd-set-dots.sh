$offing check support/good.yaml -s run..seed=3
