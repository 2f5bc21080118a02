$offing check support/good.yaml support/good.yaml
