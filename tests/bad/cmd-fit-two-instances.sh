$offing fit --scenario support/fit.yaml -s sites.two='{tier: cloud, gpu: rtx-4090}' -s instances.other='{site: two, model: chat}' support/log-few.csv
