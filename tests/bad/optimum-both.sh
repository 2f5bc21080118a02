$offing optimum ../plan/by-hand.yaml --tasks 4 --window '0 s,5 s'
