$offing check support/good.yaml --plugin ./nowhere.so
