$offing fit --scenario support/fit.yaml -
