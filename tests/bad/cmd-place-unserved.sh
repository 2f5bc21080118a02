$offing place support/place.yaml --model spare
