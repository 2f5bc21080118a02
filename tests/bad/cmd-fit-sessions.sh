$offing fit --scenario support/fit.yaml -s users.u.sessions='{turns: 3, think: 1 s}' support/log-few.csv
