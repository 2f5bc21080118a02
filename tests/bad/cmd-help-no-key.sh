$offing help scenario horizn
