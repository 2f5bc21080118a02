$offing check support/good.yaml -s "users.a={home: edge1"
