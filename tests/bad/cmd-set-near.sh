"$offing" check ../../scenarios/tiny.yaml -s links.wna.rate='5 Mbps' -s users.ofice.arrivals.rate='5 /s' -s links.new.rate='5 Mbps'
