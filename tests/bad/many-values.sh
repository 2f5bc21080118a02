(echo "sites:"; seq 110000 | sed "s/.*/  s&: {tier: edge}/") | $offing check -
