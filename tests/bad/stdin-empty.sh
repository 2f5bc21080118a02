$offing check - </dev/null
