$offing fit --scenario support/fit.yaml support/log-early.csv
