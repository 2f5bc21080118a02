$offing fit --scenario support/fit.yaml support/log-negative.csv
