$offing fit --scenario support/fit.yaml support/log-twice.csv
