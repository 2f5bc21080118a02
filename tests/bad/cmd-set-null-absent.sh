$offing check support/good.yaml -s instances.clouds=null
