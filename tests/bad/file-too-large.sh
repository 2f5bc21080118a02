f=$(mktemp) && head -c 95000000 /dev/zero >"$f" && cd "${f%/*}" && mv "$f" offing-large.yaml && $offing check offing-large.yaml; s=$?; rm -f offing-large.yaml; exit $s
