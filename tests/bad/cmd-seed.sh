$offing check support/good.yaml --seed x
