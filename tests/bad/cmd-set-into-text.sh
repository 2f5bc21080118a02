$offing check support/good.yaml -s run.horizon.x=1
