$offing place support/place.yaml --prompt 4000 --output 400
