$offing check --sed 3 support/good.yaml
