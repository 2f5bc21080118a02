$offing fit --scenario support/fit.yaml support/log-starts.json
