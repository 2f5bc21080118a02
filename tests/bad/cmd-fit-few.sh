$offing fit --scenario support/fit.yaml support/log-few.csv
