$offing check --repl 3 support/good.yaml
