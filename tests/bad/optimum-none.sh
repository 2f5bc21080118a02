$offing optimum ../plan/by-hand.yaml --window '0 s,0.5 s'
