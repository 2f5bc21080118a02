d=$(mktemp -d) && cd "$d" && truncate -s 95000000 large.yaml && $offing check large.yaml; s=$?; rm -r "$d"; exit $s
