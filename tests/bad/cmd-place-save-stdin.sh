$offing place - --save x.yaml <support/place.yaml
