$offing place support/place.yaml --method guess
