$offing place support/place.yaml --form neither
