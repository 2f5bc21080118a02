$offing optimum ../plan/by-hand.yaml -s users.u.arrivals.process=closed -s users.u.arrivals.rate=null -s users.u.arrivals.think='1 s' -s users.u.count=3
