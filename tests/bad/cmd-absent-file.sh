$offing check nowhere.yaml
