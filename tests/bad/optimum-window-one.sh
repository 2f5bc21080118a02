$offing optimum ../plan/by-hand.yaml --window 5
