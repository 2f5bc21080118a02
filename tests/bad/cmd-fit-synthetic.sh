$offing fit --scenario support/fit.yaml -s instances.server=null -s instances.q='{site: lab, service: 1 s}' support/log-few.csv
