$offing place support/place.yaml --save x.yaml -s run.seed=2
