$offing chekc support/good.yaml
