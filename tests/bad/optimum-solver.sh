$offing optimum ../plan/by-hand.yaml --solver cplex
