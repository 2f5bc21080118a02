yes "? ?" | head -c 3000000 | tr "\n" " " | $offing check -
