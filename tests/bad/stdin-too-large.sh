head -c 4000001 /dev/zero | tr "\0" "#" | $offing check -
