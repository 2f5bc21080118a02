$offing optimum ../plan/by-hand.yaml --tasks 5000
