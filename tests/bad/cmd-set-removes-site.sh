$offing check support/good.yaml -s sites.edge2=null -s sites.cloud=null
