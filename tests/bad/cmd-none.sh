$offing
