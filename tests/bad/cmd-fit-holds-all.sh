$offing fit --scenario support/fit.yaml --hold weights,context,tokens,attention,prompt,sequence,request,step support/log-few.csv
