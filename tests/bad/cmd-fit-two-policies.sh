$offing fit --scenario support/fit.yaml -s policy=null -s policies='{a: {name: fcfs}, b: {name: random}}' support/log-few.csv
