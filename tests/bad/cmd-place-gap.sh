$offing place support/place.yaml --gap 200%
