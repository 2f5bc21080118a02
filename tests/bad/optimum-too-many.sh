$offing optimum ../plan/by-hand.yaml --window '0 s,9000 s'
