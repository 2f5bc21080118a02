$offing frobnicate
