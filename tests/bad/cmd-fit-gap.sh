$offing fit --scenario support/fit.yaml support/log-gap.json
