$offing optimum ../plan/by-hand.yaml --policies fcsf
