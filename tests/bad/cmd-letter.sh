$offing check -x support/good.yaml
