$offing fit support/log-few.csv
