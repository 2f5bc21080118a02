$offing fit --scenario support/fit.yaml support/log-short.csv
