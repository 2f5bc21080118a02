$offing help rum
