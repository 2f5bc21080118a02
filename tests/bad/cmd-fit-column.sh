$offing fit --scenario support/fit.yaml support/log-column.csv
