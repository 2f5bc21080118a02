$offing check
