$offing completion zhs
