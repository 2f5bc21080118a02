$offing fit --scenario support/fit.yaml support/no-such-log.csv
