"$offing" design ../../scenarios/tiny.yaml --vary 'links.wna.rate=5 Mbps,10 Mbps'
