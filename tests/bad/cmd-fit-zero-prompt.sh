$offing fit --scenario support/fit.yaml support/log-prompt.csv
