d=$(mktemp -d) && cd "$d" && mkfifo f && $offing check f; s=$?; rm -r "$d"; exit $s
