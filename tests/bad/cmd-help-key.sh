$offing help horizon
