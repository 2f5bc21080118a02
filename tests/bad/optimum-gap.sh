$offing optimum ../plan/by-hand.yaml --gap '120 %'
