$offing fit --scenario support/fit.yaml support/log-null.json
