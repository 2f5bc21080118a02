$offing fit --scenario support/fit.yaml support/log-lists.json
