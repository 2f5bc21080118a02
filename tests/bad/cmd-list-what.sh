$offing list policy
