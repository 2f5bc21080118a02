$offing optimum ../plan/by-hand.yaml --window '5 s,2 s'
