$offing check support
