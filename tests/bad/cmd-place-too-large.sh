$offing place support/place.yaml --form repaired --method exact -s sites.edge.count=20
