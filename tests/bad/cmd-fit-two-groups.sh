$offing fit --scenario support/fit.yaml -s users.v='{model: chat, arrivals: {process: poisson, rate: 1 /s}, workload: {prompt_tokens: 10, output_tokens: 5}}' support/log-few.csv
