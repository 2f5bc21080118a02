$offing plan ../../scenarios/served.yaml
