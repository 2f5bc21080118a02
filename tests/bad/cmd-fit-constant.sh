$offing fit --scenario support/fit.yaml --hold wieghts support/log-few.csv
