$offing fit --scenario support/fit.yaml support/log-backwards.csv
