$offing place support/place.yaml --model chatt
