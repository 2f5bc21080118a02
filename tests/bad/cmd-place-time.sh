$offing place support/place.yaml --time-limit soon
