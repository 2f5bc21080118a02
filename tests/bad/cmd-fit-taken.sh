$offing fit --scenario support/fit.yaml -o support/fit.yaml support/log-few.csv
